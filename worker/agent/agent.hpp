#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/asset_needs.hpp"
#include "worker/agent/crash_loop.hpp"

/// The core of an agent: slots wanted by the master against slots that run on this machine. Keeps a started, unbound
/// slot process (a spare) for each free slot, remembers deaths until they are acknowledged. design.md §2 and §4.
namespace slicebus::agent {

struct AgentConfig {
  NodeId node;
  ProcessId agent;
  std::string hostname;  ///< `advertise`
  std::string broker{};  ///< its endpoint, for the log
  std::uint32_t pid = 0;
  std::string version;
  std::uint32_t slots_total = 1;  ///< 1..1'024: slot processes that serve an execution at once, draining ones included
  Duration beat = 1s;
  Duration shutdown_timeout = 7s;  ///< what a draining slot gets before SIGKILL
  Duration broker_silence = 9s;    ///< after that long the broker's silence is said, once
  Duration refused_retry = 3s;     ///< between two tries to register under a node_id that another agent has
};

// ---- events ---------------------------------------------------------------------------------------------------------

/// From the broker or through it. Any of them shows that it is alive.
struct BrokerSaid {
  wire::Message message;  ///< SlotsWanted, SlotDeathAck, NodeRefused, AssetChunk, BrokerBeat; others are ignored
};
/// The connection to the broker was made or made again.
struct BrokerConnected {};
/// Answers StartSpare. It may be bound at once.
struct SpareStarted {
  std::uint64_t key = 0;
  std::uint32_t pid = 0;
  ProcessId process;  ///< fresh
};
struct SpareNotStarted {
  std::uint64_t key = 0;
  std::string reason;
};
/// A slot process, bound or spare, is gone for good.
struct ChildEnded {
  std::uint64_t key = 0;
  int signal = 0;  ///< 0: it exited
  int code = 0;
  bool out_of_memory = false;              ///< the kernel killed for memory in our cgroup since the last end of a child
  std::string how;                         ///< "signal 11 (Segmentation fault)", "exit code 3"
  std::optional<wire::SliceCopy> running;  ///< what its page says it ran
};
/// Answers LookForAsset.
struct AssetLooked {
  AssetId asset;
  bool there = false;
};
/// Answers UnpackAsset.
struct AssetPlaced {
  AssetId asset;
  std::string problem;  ///< empty: it is there
};
/// SIGTERM. The second one does not wait for draining slots.
struct Terminate {};
/// The agent's own loop stood still that long: what it waited for had as little time as it had itself.
struct StoodStill {
  Duration gap{};
};
struct AgentTick {};

using AgentEvent = std::variant<BrokerSaid, BrokerConnected, SpareStarted, SpareNotStarted, ChildEnded, AssetLooked,
                                AssetPlaced, Terminate, StoodStill, AgentTick>;

// ---- actions --------------------------------------------------------------------------------------------------------

struct SendToBroker {
  wire::Message message;  ///< NodeBeat
};
/// Through the broker, to the master.
struct SendToMaster {
  wire::AssetWanted wanted;
};
/// Through the broker, to the execution's controller.
struct SendDeath {
  wire::SlotDied death;
};
struct StartSpare {
  std::uint64_t key = 0;
};
/// Over the child's standard input.
struct TellSlot {
  std::uint64_t key = 0;
  wire::SlotBinding binding;
};
struct SignalChild {
  std::uint64_t key = 0;
  int signal = 0;
};
/// A state of the node changed: one line of the log.
struct Report {
  enum class Level : std::uint8_t { info, warn, error } level = Level::info;
  std::string event;  ///< past tense, "slot_died"
  std::vector<std::pair<std::string, std::string>> facts;
};
struct ExitAgent {};

using AgentAction = std::variant<SendToBroker, SendToMaster, SendDeath, StartSpare, TellSlot, SignalChild, LookForAsset,
                                 UnpackAsset, Report, ExitAgent>;
using AgentActions = std::vector<AgentAction>;

class Agent {
 public:
  explicit Agent(AgentConfig config) : config_(std::move(config)), assets_(config_.beat) {}

  AgentActions step(const AgentEvent& event, TimePoint now);
  std::optional<TimePoint> next_deadline() const;

 private:
  enum class Phase : std::uint8_t { starting, spare, bound, draining };
  /// A slot process. Keys grow, so the newest is the last.
  struct Child {
    Phase phase = Phase::starting;
    TimePoint since{};  ///< started, or bound
    wire::SlotState slot{};
    wire::SlotBinding binding{};
    std::optional<TimePoint> kill_at{};  ///< it was told to end
    Duration grace{};                    ///< of `kill_at`, when it drains
    bool killed = false;                 ///< by us, because it did not
  };

  struct Death {
    wire::SlotDied news;
    bool said = false;  ///< once at least
  };

  void on(const BrokerSaid& event, TimePoint now);
  void on(const BrokerConnected& event, TimePoint now);
  void on(const SpareStarted& event, TimePoint now);
  void on(const SpareNotStarted& event, TimePoint now);
  void on(const ChildEnded& event, TimePoint now);
  void on(const AssetLooked& event, TimePoint now);
  void on(const AssetPlaced& event, TimePoint now);
  void on(const Terminate& event, TimePoint now);
  void on(const StoodStill& event, TimePoint now);
  void on(const AgentTick& event, TimePoint now);
  void hear(const wire::SlotsWanted& wanted, TimePoint now);
  void hear(const wire::SlotDeathAck& ack);
  void hear(const wire::NodeRefused& refused);
  void hear_accepted();

  void reconcile(TimePoint now);
  void drain_what_is_not_wanted(TimePoint now);
  void end_what_is_settled(TimePoint now);
  void follow_graces();
  void follow_controllers();
  void fetch_assets(TimePoint now);
  void bind_what_is_wanted(TimePoint now);
  void start_spares(TimePoint now);
  void kill_what_overstays(TimePoint now);
  void leave_when_empty();
  void drain(std::uint64_t key, Child& child, TimePoint now);
  void bind(std::uint64_t key, Child& child, const wire::WantedSlots& execution, TimePoint now);
  void lose_spare(const std::string& how, Duration lived, TimePoint now);
  void bury(const Child& child, const ChildEnded& event, TimePoint now);
  void beat_if_due(TimePoint now);
  void report(Report::Level level, std::string event, std::vector<std::pair<std::string, std::string>> facts);

  Duration grace_of(const ExecutionId& ex_id) const;
  std::uint32_t running(const ExecutionId& ex_id) const;
  std::uint32_t bound() const;
  std::uint32_t spares() const;
  wire::NodeBeat present() const;
  std::string trouble() const;

  AgentConfig config_;
  AgentActions out_;  ///< of the step that runs
  std::map<std::uint64_t, Child> children_;
  std::uint64_t last_key_ = 0;
  std::uint32_t last_worker_id_ = 0;

  std::uint64_t wanted_number_ = 0;
  TimePoint wanted_at_{};  ///< when what is wanted was heard last
  std::map<ExecutionId, wire::WantedSlots> wanted_;
  std::set<ExecutionId> settled_;
  AssetNeeds assets_;          ///< of what is wanted
  std::vector<Death> deaths_;  ///< not acknowledged, oldest first; at most deaths_max

  std::map<ExecutionId, CrashLoop> crash_loops_;
  CrashLoop spare_crashes_;

  TimePoint now_{};                     ///< of the last step
  std::optional<wire::NodeBeat> said_;  ///< the last beat
  TimePoint next_beat_{};
  std::optional<TimePoint> heard_;  ///< from the broker; empty: this is the first step
  bool silence_said_ = false;
  std::string refused_;  ///< why the broker does not take us, or empty
  bool terminating_ = false;
  bool left_ = false;
};

}  // namespace slicebus::agent
