#pragma once
#include <pistache/peer.h>
#include <pistache/transport.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/descriptor.hpp"
#include "master/http/answer_cache.hpp"
#include "master/http/bridge.hpp"
#include "master/http/connection.hpp"

namespace slicebus::http {

/// Pistache's transport with its reading, writing and timers replaced (dependencies.md §2, F1–F5): the listener, the
/// epoll thread and the peers stay Pistache's; a peer's bytes go through a Connection of ours. Everything here runs on
/// Pistache's one thread, and whatever is thrown while an event is handled ends one connection, never the thread.
class GuardTransport : public Pistache::Tcp::Transport {
 public:
  /// Borrows the bridge, which outlives the listener.
  GuardTransport(const HttpConfig& config, HttpBridge& bridge);

  /// The reactor runs a clone for each of its threads, never the original.
  std::shared_ptr<Pistache::Aio::Handler> clone() const override;
  void registerPoller(Pistache::Polling::Epoll& poller) override;
  void onReady(const Pistache::Aio::FdSet& events) override;

  /// Called for each accepted connection, before Pistache polls its descriptor.
  void welcome(const std::shared_ptr<Pistache::Tcp::Peer>& peer);

 private:
  using Fd = Pistache::Fd;
  using Interest = Pistache::Polling::NotifyOn;
  using Event = Pistache::Aio::FdSet::Entry;

  struct Line {
    Line(const HttpConfig& config, Budgets& budgets, Now now) : connection(config, budgets, now) {}
    Connection connection;
    std::uint64_t batch = 0;                 ///< of events, in which it began
    std::uint64_t request = 0;               ///< the id of the request at the bridge; 0: none
    std::string cached_as;                   ///< its target, when its answer may be given again; empty: it may not
    Interest interest = Interest::Shutdown;  ///< what epoll is told; Shutdown: not told yet
    bool refused = false;                    ///< beyond the limit of connections, and not counted in it
  };

  template <class Work>
  void guarded(Fd fd, Work work);
  template <class Work>
  void for_each_line(Work work);
  void handle(const Event& event);
  void handle_line(Fd fd, Line& line, const Event& event);
  void pass_to_pistache(const Event& event);
  void settle_newcomers();
  void tick();
  void deliver_answers();
  void enter(HttpBridge::Stage stage);
  void settle(Fd fd, Line& line, Now at);
  void pump(Fd fd, Line& line, Now at);
  void hand_over(Fd fd, Line& line, Now at);
  void drop(Fd fd);
  void arm_timer(bool wanted);

  HttpConfig config_;
  HttpBridge& bridge_;
  Budgets budgets_;
  Descriptor timer_;
  bool timer_armed_ = false;
  std::uint64_t batch_ = 0;  ///< number of the batch of events at hand
  HttpBridge::Stage stage_ = HttpBridge::Stage::serving;
  std::unordered_map<Fd, Line> lines_;
  std::unordered_map<std::uint64_t, Fd> waiting_;  ///< by request id
  std::vector<Fd> newcomers_;
  AnswerCache cache_;
  std::size_t refused_ = 0;   ///< lines that are
  std::vector<char> buffer_;  ///< what one read takes, shared by all lines
};

}  // namespace slicebus::http
