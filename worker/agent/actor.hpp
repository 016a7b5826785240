#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "common/bus/socket.hpp"
#include "common/process/child.hpp"
#include "common/process/signals.hpp"
#include "worker/agent/agent.hpp"
#include "worker/agent/asset_folder.hpp"
#include "worker/agent/memory_kills.hpp"
#include "worker/slot/page.hpp"

namespace slicebus::agent {

struct ShellConfig {
  std::string broker;                     ///< "tcp://127.0.0.1:5680"
  std::string program;                    ///< path of slicebus-worker, for slots
  std::vector<std::string> slot_options;  ///< passed on to each slot
  std::string assets_directory;           ///< bundles are unpacked under it
  int ready_fd = -1;                      ///< told once the broker answers; -1: nobody asks
};

/// The shell of an agent: the core, the DEALER to the broker, its child processes. Runs on the main thread, which alone
/// may fork (common/process/child.hpp).
class AgentActor {
 public:
  AgentActor(AgentConfig config, ShellConfig shell, process::SignalFd& signals);

  /// Until all slots are gone after SIGTERM or SIGINT. @return the exit code. Errors: invalid (the broker's endpoint).
  Result<int> run();

 private:
  struct Slot {
    process::Child child;
    slot::PageReader page;
    int poll_key;
  };

  void wait();
  void hear_broker();
  void hear_children();
  void hear_assets();
  void hear_signals();
  void step(const AgentEvent& event);

  void perform(const SendToBroker& action);
  void perform(const SendToMaster& action);
  void perform(const SendDeath& action);
  void perform(const StartSpare& action);
  void perform(const TellSlot& action);
  void perform(const SignalChild& action);
  void perform(const LookForAsset& action);
  void perform(const UnpackAsset& action);
  void perform(const Report& action);
  void perform(const ExitAgent& action);
  Result<SpareStarted> start_spare(std::uint64_t key);

  Duration beat_;
  ShellConfig shell_;
  process::SignalFd& signals_;
  bus::Context context_;
  bus::Poll poll_;
  std::optional<bus::Dealer> broker_;
  std::string identity_;
  std::map<std::uint64_t, Slot> slots_;
  MemoryKills memory_kills_;
  AssetFolder assets_;
  Agent core_;
  std::deque<AgentEvent> due_;  ///< answers to actions of the step that runs
  bool exits_ = false;
};

}  // namespace slicebus::agent
