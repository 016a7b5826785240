#pragma once
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/scheduler/cluster.hpp"
#include "master/scheduler/messages.hpp"
#include "master/scheduler/placement.hpp"
#include "master/scheduler/port_pool.hpp"
#include "master/scheduler/restart_policy.hpp"

/// The core of the control actor: which execution has which slots on which node, and that each living execution that
/// may run has one controller. No clock, no I/O, no chance.
namespace slicebus::scheduler {

struct SchedulerConfig {
  Duration beat = 1s;           ///< how often orders and wishes are repeated
  Duration silence_limit = 9s;  ///< a controller that is silent for longer (and a beat) is ended and started again
  Duration node_grace = 9s;     ///< how long a restarted broker may miss a node before it counts as lost
  PortRange ports;
  std::string broker;              ///< endpoint, for texts
  std::string ledger_folder;       ///< "DIR/ledgers"
  ProcessId process;               ///< this master's
  std::uint64_t first_number = 1;  ///< above any number of an earlier master: wall clock in µs
};

// ---- events beside those of ToControl and the wire
// --------------------------------------------------------------------

/// Answers StartController.
struct ControllerStarted {
  ExecutionId ex_id;
  std::uint32_t pid = 0;
};
struct ControllerNotStarted {
  ExecutionId ex_id;
  std::string reason;
};
/// A controller process that was started has ended.
struct ControllerDied {
  ExecutionId ex_id;
  std::uint32_t pid = 0;
  bool own = false;  ///< fatal signal or exit code; else SIGKILL, SIGTERM or an orderly exit
  std::string how;   ///< "signal 11 (Segmentation fault)"
};
/// The deadline of next_deadline() has come.
struct Tick {};
/// The loop stood still for that long: deadlines kept over others move by it.
struct StoodStill {
  Duration gap{};
};
/// SIGTERM: start nothing any more. The shell ends the controllers.
struct Terminate {};

using SchedulerEvent =
    std::variant<ExecutionWanted, DesireChanged, WorkersChanged, LogLevelChanged, ErrorsRecorded, ExecutionEnded,
                 RecordsLoaded, wire::ClusterUpdate, wire::ControllerBeat, wire::SlicesFailed, wire::BrokerBeat,
                 ControllerStarted, ControllerNotStarted, ControllerDied, Tick, StoodStill, Terminate>;

// ---- actions
// ----------------------------------------------------------------------------------------------------------

/// Bind a spare controller to the execution, or start one. Answered by ControllerStarted or ControllerNotStarted.
struct StartController {
  wire::ControllerBinding binding;
};
/// SIGKILL; its death is told by ControllerDied.
struct KillController {
  ExecutionId ex_id;
  std::string why;
};
/// By way of the broker. @param to "broker", "ex/<ex_id>" or "node/<node_id>"
struct SendControl {
  std::string to;
  wire::Message message;
};
struct TellRecords {
  ToRecords message;
};

using SchedulerAction = std::variant<StartController, KillController, SendControl, TellRecords>;
using SchedulerActions = std::vector<SchedulerAction>;

class Scheduler {
 public:
  explicit Scheduler(SchedulerConfig config);

  SchedulerActions step(const SchedulerEvent& event, TimePoint now);
  /// When it wants a Tick at the latest.
  TimePoint next_deadline() const;

 private:
  /// A controller process; `absent` until StartController is answered.
  struct Foreman {
    enum class State : std::uint8_t { absent, starting, running } state = State::absent;
    std::uint32_t pid = 0;
    bool spoke = false;
    TimePoint spoke_first{};
    TimePoint heard{};       ///< last beat, or the start
    TimePoint not_before{};  ///< absent: start no earlier
    std::string last_death;
    std::string waiting;  ///< of its last beat
    bool final_proposed = false;
    bool needs_no_slot = false;  ///< all that was accepted is visible
  };
  struct Execution {
    ExecutionWanted wanted;
    std::uint64_t age = 0;  ///< smaller is older
    bool started = false;   ///< a controller was asked for, in this life or an earlier one
    bool ended = false;     ///< terminal and recorded; stays until its controller is gone
    std::uint16_t port = 0;
    std::string endpoint;  ///< what slots connect to; empty: not known yet
    std::uint64_t order_number = 0;
    std::uint64_t errors_recorded = 0;  ///< as its orders say
    Shares shares;                      ///< changed by share(), until the end
    std::set<NodeId> touched;           ///< nodes whose wishes name it, or did
    /// A stop takes the slots away: when it began to, and how long each may take for its slice from then on.
    struct Drain {
      TimePoint since{};
      Duration grace{};
      bool over = false;  ///< the last of them is gone
      TimePoint ended{};  ///< and that was then
    };
    std::optional<Drain> drain;
    std::uint64_t workers_version = 0;  ///< of the last WorkersChanged
    bool workers_reached = true;        ///< and it was said that it is so
    RestartPolicy restarts{true};
    Foreman foreman;
    std::string waiting_told;
  };
  /// What a node was told, and of which executions it may still have something to tell.
  struct Place {
    std::set<ExecutionId> named;
    std::uint64_t number = 0;  ///< of the last SlotsWanted; 0: none yet
    std::vector<wire::WantedSlots> wishes;
    std::vector<ExecutionId> settled;
  };

  void on(const ExecutionWanted& wanted);
  void on(const DesireChanged& change);
  void on(const WorkersChanged& change);
  void on(const LogLevelChanged& change);
  void on(const ErrorsRecorded& recorded);
  void on(const ExecutionEnded& ended);
  void on(const RecordsLoaded&);
  void on(const wire::ClusterUpdate& update);
  void on(const wire::ControllerBeat& beat);
  void on(const wire::SlicesFailed& told);
  void on(const wire::BrokerBeat& beat);
  void on(const ControllerStarted& started);
  void on(const ControllerNotStarted& failed);
  void on(const ControllerDied& died);
  void on(const Tick&);
  void on(const StoodStill& stood);
  void on(const Terminate&);

  void settle();
  void plan();
  void adopt_and_shed(Execution& execution);
  void take_back_from(const NodeId& node);
  std::uint32_t demand(const Execution& execution) const;
  bool keeps_a_place(const Execution& execution) const;
  FreeSlots free_slots() const;
  void share(Execution& execution, NodeId node, std::uint32_t slots);
  void start_controllers();
  void send_wishes(bool repeat);
  std::vector<wire::WantedSlots> wishes_for(const NodeId& node, const wire::NodeEntry& entry, const Place& place);
  std::vector<ExecutionId> settled_on(const wire::NodeEntry& entry) const;
  void name(Execution& execution, const NodeId& node);
  void make_stale(const Execution& execution);
  void tell_reached();
  void send_order(Execution& execution);
  void set_desire(Execution& execution, const Desire& desire);
  void lost_controller(Execution& execution, bool own, const std::string& how);
  void drop_ended(const ExecutionId& ex_id);
  void tell_controllers();
  void tell_waiting();
  void tell_waiting(Execution& execution);
  void follow(Cluster::Change change);
  void heard_broker();
  bool broker_alive() const;
  std::string waiting_for(const Execution& execution);
  std::string waiting_for_slots() const;
  const std::string& no_slots();
  Execution* find(const ExecutionId& ex_id);

  SchedulerConfig config_;
  Cluster cluster_;
  PortPool ports_;
  std::list<Execution> executions_;  ///< oldest first
  std::map<ExecutionId, std::list<Execution>::iterator> by_id_;
  std::map<NodeId, Place> places_;
  std::deque<ExecutionId> settled_;  ///< ended by their controllers' word, newest last
  std::set<NodeId> stale_;           ///< nodes whose wishes may have to change
  std::set<NodeId> troubled_;        ///< connected nodes that say that slots do not start
  std::vector<ControllerProcess> controllers_told_;
  std::uint64_t number_;
  TimePoint now_{};
  TimePoint next_beat_{};
  std::optional<TimePoint> broker_heard_;
  TimePoint broker_since_{};  ///< it has answered without a gap since then
  bool loaded_ = false;
  bool terminating_ = false;
  bool plan_due_ = true;                 ///< something that a plan looks at has changed in this step
  bool controllers_due_ = true;          ///< a controller has begun to run, or ended
  std::optional<std::string> no_slots_;  ///< of this step: why nobody gets a slot
  SchedulerActions actions_;
};

}  // namespace slicebus::scheduler
