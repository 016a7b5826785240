#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "master/execution/controller.hpp"
#include "tests/sim/cluster.hpp"
#include "worker/slot/slot.hpp"

namespace slicebus::sim {

inline constexpr Duration beat_time = 1s;
inline constexpr Duration lease_time = 5s;
inline constexpr Duration silence_limit = 9s;
inline constexpr Duration shutdown_timeout = 7s;

/// A slot process: the real core on its I/O thread, a model of the operations on theirs.
class SimSlot final : public Process {
 public:
  SimSlot(Cluster& cluster, Agent& agent, ExecutionId ex);
  void deliver(Connection& connection, const wire::Message& message);
  void connection_lost();
  void drain();
  void end_as_over();
  bool over() const { return over_; }
  const ExecutionId& ex() const { return ex_; }
  bool draining() const { return draining_; }
  Connection* connection() const { return connection_; }

 private:
  struct Command {
    enum class Kind { run, flush, discard } kind;
    wire::AssignedSlice slice{};
  };
  void on_death(const std::string& cause) override;
  void reconnect();
  void step(const slot::SlotEvent& event);
  void schedule();
  void perform(const slot::SlotAction& action);
  void say(wire::Message message);
  void work();
  void computed(const wire::AssignedSlice& slice, int attempt);
  void leave();
  void prepared(const std::vector<Piece>& pieces, const std::vector<wire::SliceCopy>& members);
  void finish(slot::SlotEvent event);
  void publish(const wire::SliceCopy& copy);

  Cluster& cluster_;
  Agent& agent_;
  ExecutionId ex_;
  std::uint32_t window_;
  slot::Slot core_;
  Connection* connection_ = nullptr;
  std::deque<wire::Message> unsent_;
  bool draining_ = false;
  bool exits_ = false;
  bool over_ = false;  ///< its agent knows that the execution is settled
  std::uint64_t tick_version_ = 0;
  // the operations
  std::deque<Command> commands_;
  bool busy_ = false;
  std::vector<std::pair<wire::SliceCopy, std::uint64_t>> inside_;  ///< held, with the nonce of the attempt
  std::optional<wire::SliceCopy> page_;
  std::uint64_t next_batch_ = 1;  ///< for a mutation
};

/// A controller process: the real core, models of its ledger thread and its slicers.
class SimController final : public Process {
 public:
  SimController(Cluster& cluster, Master& master, ExecutionId ex, bool paused, bool stopping);
  void deliver(Connection& connection, const wire::Message& message);
  void hear(const wire::Message& message);
  void sigterm();
  const ExecutionId& ex() const { return ex_; }
  std::map<std::string, Connection*>& routes() { return routes_; }

 private:
  void on_death(const std::string& cause) override;
  void on_thaw(Duration gap) override;
  void start();
  void open();
  void step(const execution::ControllerEvent& event);
  void schedule();
  void perform(const execution::ControllerAction& action);
  void commit(const execution::CommitGroup& group);
  void read_errors(std::uint64_t after);
  void slice(const execution::AskSlicer& ask);
  void send(const execution::SendToSlot& send);

  Cluster& cluster_;
  Master& master_;
  ExecutionId ex_;
  execution::Controller core_;
  std::map<std::string, Connection*> routes_;
  std::map<std::uint32_t, std::uint64_t> sliced_;  ///< where its slicers stand
  bool speaks_ = false;
  TimePoint commits_at_{};
  bool known_to_broker_ = false;
  std::uint64_t tick_version_ = 0;
};

class Agent final : public Process {
 public:
  Agent(Cluster& cluster, std::string node);
  void slot_died(SimSlot& slot, bool own, const std::optional<wire::SliceCopy>& page);
  void acknowledged(const ProcessId& process) { deaths_.erase(process); }
  void want(std::map<ExecutionId, std::uint32_t> wanted, std::set<ExecutionId> settled) {
    wanted_ = std::move(wanted);
    settled_ = std::move(settled);
  }
  void sigterm();
  std::vector<SimSlot*> slots() const;

 private:
  void on_death(const std::string& cause) override;
  void beat();
  void tell(const wire::SlotDied& death);

  Cluster& cluster_;
  std::vector<SimSlot*> slots_;
  std::map<ExecutionId, std::uint32_t> wanted_;
  std::set<ExecutionId> settled_;
  std::map<ProcessId, wire::SlotDied> deaths_;
  bool terminating_ = false;
};

class Master final : public Process {
 public:
  explicit Master(Cluster& cluster);
  void hear(SimController& controller, const wire::ControllerBeat& beat);
  void hear(SimController& controller, const wire::SlicesFailed& told);
  void child_died(SimController& controller);
  void sigterm();

 private:
  void on_death(const std::string& cause) override;
  void loop();
  void start(const ExecutionId& ex);
  void order(SimController& controller, bool final_recorded);

  Cluster& cluster_;
  std::map<ExecutionId, SimController*> children_;
  std::map<ExecutionId, TimePoint> heard_;
  std::set<ExecutionId> settled_;  ///< ended by a controller's word that this process heard
  TimePoint born_{}, last_loop_{};
  std::uint64_t errors_recorded_ = 0;  ///< as its orders say: what the records have, once it was asked
  bool terminating_ = false;
};

}  // namespace slicebus::sim
