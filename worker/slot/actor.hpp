#pragma once
#include <optional>

#include "common/bus/socket.hpp"
#include "common/process/channel.hpp"
#include "common/process/signals.hpp"
#include "worker/slot/slot.hpp"
#include "worker/slot/workbench.hpp"

namespace slicebus::slot {

/// Reads what the agent says on standard input.
struct AgentWord {
  std::optional<wire::SlotBinding> binding;  ///< the newest one that came
  bool gone = false;                         ///< the agent is no more
};
AgentWord listen(process::Channel& agent);

/// The shell of a bound slot: the core, the DEALER to the controller, the two threads that may block. One thread, one
/// poller; its beats come however long an operation computes.
class SlotActor {
 public:
  /// Connects nothing yet.
  /// @param operation_nice  niceness of what computes, 0..19
  /// @param agent, signals, page  outlive the actor
  SlotActor(SlotConfig config, int operation_nice, wire::SlotBinding binding, process::Channel& agent,
            process::SignalFd& signals, PageWriter& page);
  ~SlotActor();

  /// Until the core says exit; ends the process then. Errors: of the first connect (invalid endpoint).
  Result<void> run();

 private:
  Result<void> connect();
  void wait();
  void hear_agent();
  void hear_signals();
  void hear_controller();
  void hear_workbench();
  void step(SlotEvent event);
  void drain();
  void end_as_over();
  void use_log_level(const std::string& level);
  void log_slice(std::string_view what, const wire::SliceCopy& copy) const;
  [[noreturn]] static void end_at_once(int code);

  void perform(const SendToController& action);
  void perform(const BuildPipeline& action);
  void perform(RunSlices& action);
  void perform(const RevokeHanded& action);
  void perform(const FlushOperations& action);
  void perform(const DiscardHeld& action);
  void perform(const PublishOutput& action);
  void perform(const DropOutput& action);
  void perform(const Reconnect& action);
  void perform(const ExitSlot& action);

  wire::SlotBinding binding_;
  process::Channel& agent_;
  process::SignalFd& signals_;
  bus::Context context_;
  bus::Poll poll_;
  int agent_key_ = 0;
  int signal_key_ = 0;
  int operations_key_ = 0;
  int publisher_key_ = 0;
  std::optional<bus::Dealer> controller_;
  int controller_key_ = 0;
  int monitor_key_ = 0;
  OperationsActor operations_;
  std::optional<PublisherActor> publisher_;
  Slot core_;
  bool drains_ = false;
  bool over_ = false;
  bool reconnects_ = false;  ///< asked for by the core within a step
  bool revokes_ = false;     ///< likewise
  std::string log_level_;    ///< used last of those that the controller ordered
  std::optional<ExitSlot> exit_;
};

}  // namespace slicebus::slot
