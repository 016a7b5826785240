#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/switchboard.hpp"
#include "master/execution/controller.hpp"
#include "master/scheduler/scheduler.hpp"
#include "master/service/executions.hpp"
#include "master/service/slice_errors.hpp"
#include "tests/sim/cluster.hpp"
#include "worker/agent/agent.hpp"
#include "worker/slot/slot.hpp"

/// The processes: each the very core that runs in production, and around it what its shell does, on the virtual clock.
namespace slicebus::sim {

inline constexpr Duration beat_time = 1s;
inline constexpr Duration lease_time = 5s;
inline constexpr Duration silence_limit = 9s;
inline constexpr Duration shutdown_timeout = 7s;
inline const std::string broker_endpoint = "tcp://b:5680";

/// How a process was ended.
struct Ending {
  int signal = 0;  ///< 0: it exited
  int code = 0;
  bool own() const { return signal == 0 ? code != 0 : signal != 9 && signal != 15; }
  std::string text() const { return signal != 0 ? "signal " + std::to_string(signal) : "exit " + std::to_string(code); }
};

class SimBroker final : public Process {
 public:
  explicit SimBroker(Cluster& cluster);

 private:
  void on_death(const std::string& cause) override;
  void hear(const std::string& peer, const Letter& letter);
  void step(const broker::Event& event, const Letter* current);
  void send(const std::string& peer, Letter letter);
  void schedule();

  Cluster& cluster_;
  broker::Switchboard core_;
  Router router_;
  std::deque<broker::Event> due_;
  std::uint64_t tick_version_ = 0;
};

/// A slot process: the core on its I/O thread, a model of the operations on theirs.
class SimSlot final : public Process {
 public:
  SimSlot(Cluster& cluster, SimAgent& agent, std::uint64_t key);
  /// Its standard input.
  void tell(const wire::SlotBinding& binding);
  void signal(int number);
  void end(Ending how, const std::string& cause);
  std::uint64_t key() const { return key_; }
  const Ending& ending() const { return ending_; }
  const std::optional<wire::SliceCopy>& page() const { return page_; }

 private:
  struct Command {
    enum class Kind { run, flush, discard } kind;
    wire::AssignedSlice slice{};
  };
  void on_death(const std::string& cause) override;
  void drain();
  void hear(const Letter& letter);
  void step(const slot::SlotEvent& event);
  void schedule();
  void perform(const slot::SlotAction& action);
  void say(wire::Message message);
  void check_window(const wire::SlotBeat& beat) const;
  void work();
  void revoke();
  void run(const wire::AssignedSlice& slice);
  void computed(const wire::AssignedSlice& slice, int attempt);
  void leave();
  void prepared(const std::vector<Piece>& pieces, const std::vector<wire::SliceCopy>& members);
  void finish(slot::SlotEvent event);
  void publish(const wire::SliceCopy& copy);
  void rename(const wire::SliceCopy& copy);

  Cluster& cluster_;
  SimAgent& agent_;
  std::uint64_t key_;
  std::uint32_t window_min_, window_max_;
  Duration took_;  ///< as its operations say of each slice: how many are handed to them at once depends on it
  wire::SlotBinding binding_;
  TimePoint told_at_{};
  Job* job_ = nullptr;
  std::optional<slot::Slot> core_;
  Dealer controller_;
  bool draining_ = false;
  bool exits_ = false;
  bool over_ = false;  ///< its agent knows that the execution is settled
  Ending ending_;
  std::uint64_t tick_version_ = 0;
  // the operations
  std::deque<Command> commands_;
  bool busy_ = false;
  bool revokes_ = false;                                           ///< asked for by the core within a step
  std::vector<std::pair<wire::SliceCopy, std::uint64_t>> inside_;  ///< held, with the nonce of the attempt
  std::optional<wire::SliceCopy> page_;
  // for mutations
  std::uint64_t next_batch_ = 1;
  std::set<wire::SliceCopy> said_;
};

/// A controller process: the core, and models of its start, its ledger thread and its slicers.
class SimController final : public Process {
 public:
  SimController(Cluster& cluster, SimMaster& master, wire::ControllerBinding binding);
  void sigterm();
  void end(Ending how, const std::string& cause);
  const ExecutionId& ex() const { return binding_.ex_id; }
  const Ending& ending() const { return ending_; }
  /// Another has opened the ledger since.
  bool is_replaced() const { return core_ && epoch_ != job_.ledger.epoch(); }
  bool orphan = false;  ///< its master takes it for dead, or is dead itself

 private:
  void on_death(const std::string& cause) override;
  void on_thaw(Duration gap) override;
  void bind();
  void start();
  void open();
  void opened(const execution::LedgerOpened& event);
  void say_that_it_starts();
  void hear_slot(const std::string& peer, const Letter& letter);
  void hear_control(const Letter& letter);
  void step(const execution::ControllerEvent& event);
  void schedule();
  void perform_all();
  void perform(const execution::ControllerAction& action);
  void sweep(std::uint64_t last_epoch);
  void commit(const execution::CommitGroup& group);
  void write(const execution::CommitGroup& group);
  void answer(const execution::ControllerEvent& event, Duration within);
  void read_errors(std::uint64_t after);
  void slice(const execution::AskSlicer& ask);
  void send(const execution::SendToSlot& send);
  void check(const std::string& peer, const wire::Message& message);
  void drop_epochs(wire::Message& message, std::uint64_t to) const;

  Cluster& cluster_;
  SimMaster& master_;
  wire::ControllerBinding binding_;
  Job& job_;
  std::optional<execution::Controller> core_;
  Router slots_;
  Dealer broker_;
  std::uint16_t port_ = 0;
  std::uint64_t epoch_ = 0;
  Ending ending_;
  bool full_ = false;
  std::deque<execution::ControllerAction> actions_;
  bool sweeping_ = false;
  std::map<std::uint32_t, std::uint64_t> sliced_;  ///< where its slicers stand
  TimePoint commits_at_{};
  std::uint64_t tick_version_ = 0;
};

class SimAgent final : public Process {
 public:
  SimAgent(Cluster& cluster, std::string node);
  void child_ended(SimSlot& slot);
  void sigterm();

 private:
  void on_death(const std::string& cause) override;
  void on_thaw(Duration gap) override;
  void step(const agent::AgentEvent& event);
  void perform(const agent::AgentAction& action);
  void schedule();

  Cluster& cluster_;
  agent::Agent core_;
  Dealer broker_;
  std::map<std::uint64_t, SimSlot*> slots_;
  std::deque<agent::AgentEvent> due_;
  std::uint64_t tick_version_ = 0;
};

/// The master: the control actor around the scheduler on one thread, executions and errors on the records' thread, and
/// between them a pipe each way.
class SimMaster final : public Process {
 public:
  using Request = std::function<void(service::Executions&)>;

  explicit SimMaster(Cluster& cluster);
  /// What a user asks, on the records' thread.
  void ask(Request request);
  void child_died(SimController& controller);
  void sigterm();

 private:
  void on_death(const std::string& cause) override;
  void on_thaw(Duration gap) override;
  void handle(const scheduler::SchedulerEvent& event);
  void perform(const scheduler::SchedulerAction& action);
  void start(const scheduler::StartController& action);
  void hear(const Letter& letter);
  void schedule();
  void shut_down_further();
  // the records' thread
  void tell_records(const scheduler::ToRecords& message);
  void on_records(std::function<void()> what);
  void record(const scheduler::ToRecords& message);
  void finish_round();

  Cluster& cluster_;
  scheduler::Scheduler scheduler_;
  Dealer broker_;
  std::map<ExecutionId, SimController*> children_;
  std::deque<scheduler::SchedulerEvent> answers_;
  std::uint64_t tick_version_ = 0;
  std::optional<TimePoint> kill_at_;  ///< shutting down
  bool closing_ = false;

  service::Stamps stamps_;
  service::Executions executions_;
  service::SliceErrors errors_;
  TimePoint to_records_at_{}, to_control_at_{};
  bool serving_ = true;
  bool writes_again_ = false;
};

}  // namespace slicebus::sim
