#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/bus/socket.hpp"
#include "common/process/child.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"

namespace slicebus {

/// The controllers of this master and one warm spare, as processes. Main thread only: a child dies with the thread that
/// forked it.
class ControllerProcesses {
 public:
  /// @param arguments  after the program's name: "controller", "--bind", …
  ControllerProcesses(bus::Poll& poll, std::string program, std::vector<std::string> arguments);

  /// Binds the spare, or a new process when there is none. Errors: unavailable (it cannot be started). @return its pid
  Result<std::uint32_t> start(const wire::ControllerBinding& binding, TimePoint now);
  void kill(const ExecutionId& ex_id);
  /// SIGTERM to all of them, the spare included; no more spares.
  void terminate();
  void kill_all();

  struct Ended {
    ExecutionId ex_id;
    std::uint32_t pid = 0;
    process::Exit exit;
  };
  /// Those that have ended since the last call; without waiting.
  std::vector<Ended> reap(TimePoint now);
  /// Starts a spare when one is missing and its time has come. It waits a moment after a binding: the execution that
  /// was just started is to have the processors for itself.
  void keep_spare(TimePoint now);
  std::optional<TimePoint> spare_due() const {
    return terminating_ || spare_ ? std::nullopt : std::optional(spare_due_);
  }
  bool empty() const { return running_.empty() && !spare_; }

 private:
  struct Watched {
    process::Child child;
    int key = 0;
  };
  Result<Watched> spawn();

  bus::Poll& poll_;
  std::string program_;
  std::vector<std::string> arguments_;
  std::map<ExecutionId, Watched> running_;
  std::optional<Watched> spare_;
  TimePoint spare_due_{};
  std::uint32_t spares_failed_ = 0;
  bool terminating_ = false;
};

}  // namespace slicebus
