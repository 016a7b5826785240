#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "common/bus/pipe.hpp"
#include "common/bus/socket.hpp"
#include "common/process/signals.hpp"
#include "master/controller_processes.hpp"
#include "master/scheduler/scheduler.hpp"

namespace slicebus {

struct ControlConfig {
  scheduler::SchedulerConfig scheduler;
  std::string program;                            ///< path of this program, which is the controllers' too
  std::vector<std::string> controller_arguments;  ///< "controller", "--bind", …
  std::chrono::milliseconds shutdown_timeout{7'000};
  std::string broker;                               ///< its endpoint, as the log names it
  std::chrono::milliseconds broker_silence{9'000};  ///< after that long its silence is said, once
};

/// The master's first actor, on the main thread: the broker's word, signals, and the controllers, which it forks. The
/// shell around the scheduler.
class ControlActor {
 public:
  using ToMe = bus::Pipe<scheduler::ToRecords, scheduler::ToControl>;

  /// @param broker   connected to the broker; this process speaks there as "master"
  /// @param signals  SIGTERM and SIGINT end it in order
  ControlActor(ControlConfig config, bus::Dealer broker, process::SignalFd& signals, ToMe records);
  /// Until a signal, and the controllers are gone, and the records are closed.
  void run();

 private:
  void handle(const scheduler::SchedulerEvent& event);
  void perform(const scheduler::SchedulerAction& action);
  void take_signals();
  void take_records();
  void take_control();
  void take_deaths();
  void mind_the_clock(TimePoint due);
  void mind_the_broker();
  void tell_of_broker(bool heard);
  void shut_down_further();
  TimePoint next_wake() const;

  ControlConfig config_;
  bus::Poll poll_;
  bus::Dealer broker_;
  process::SignalFd& signals_;
  ToMe records_;
  scheduler::Scheduler scheduler_;
  ControllerProcesses processes_;
  std::vector<scheduler::SchedulerEvent> answers_;  ///< of actions that are answered at once
  TimePoint now_{};
  TimePoint broker_heard_{};
  bool silence_said_ = false;
  bool broker_told_ = false;          ///< what the records actor knows: whether the broker is heard
  std::optional<TimePoint> kill_at_;  ///< set: shutting down
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace slicebus
