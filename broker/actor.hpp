#pragma once
#include <deque>
#include <set>
#include <string>

#include "broker/switchboard.hpp"
#include "common/bus/socket.hpp"
#include "common/process/signals.hpp"

namespace slicebus::broker {

/// The shell of the switchboard: one ROUTER, one loop, one thread. It decodes the beats, forwards the rest as it came,
/// and ends at the first SIGTERM or SIGINT.
class Actor {
 public:
  Actor(Switchboard core, bus::Router router, process::SignalFd& signals);
  /// Returns when a signal asks for the end.
  void run();

 private:
  void read_inbox();
  void take(const bus::Received& received);
  void garbage(const std::string& peer, const std::string& cause);
  /// @param current  what a Forward of this event sends on; may be null
  void step(const Event& event, const bus::Received* current);
  void perform(const Send& action);
  void perform(const Forward& action, const bus::Received* current);
  void perform(const Probe& action);
  void perform(const News& news);
  void sent(const Peer& peer, const Result<void>& result);
  /// The first time in a while that this was said.
  bool is_new(const std::string& text);

  Switchboard core_;
  bus::Router router_;
  process::SignalFd& signals_;
  std::deque<Event> due_;  ///< what performing actions brought about; empty between events
  std::uint64_t garbage_count_ = 0;
  std::uint64_t malformed_seen_ = 0;
  std::set<std::string> said_;
};

}  // namespace slicebus::broker
