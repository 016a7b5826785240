#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/operations/operation.hpp"
#include "common/result.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/store/slice_ledger.hpp"

/// The core of an execution: slices in, assignments out, completions to the ledger. No clock, no I/O, no chance: same
/// events, same actions. The rules are design.md §4's; reference model: protocol-model `fixed()`.
namespace slicebus::execution {

struct ControllerConfig {
  Duration beat = 1s;         ///< how often slots and master hear from it
  Duration lease = 5s;        ///< silence about a slice after which it is given out again; of its whole slot 3/5 of it
  Duration probe_after = 2s;  ///< silence of a slot after which it is probed (an EHOSTUNREACH gives its slices out)
  /// Slices planned and not given out: more than the least while groups of the ledger take so long that slots finish
  /// more than a third of the line during one.
  std::size_t ready_least = 4'000, ready_max = 10'000;
  std::size_t ready_bytes_max = 64U << 20U;           ///< bytes of their requests
  std::size_t slot_bytes_max = 4U << 20U;             ///< of requests that one slot has or that are on their way to it
  std::size_t slots_bytes_max = 256U << 20U;          ///< and all slots; each may go beyond by one request
  std::uint32_t max_slot_deaths = 3;                  ///< deaths charged to a slice before it goes to error
  std::uint32_t max_redeliveries = 100;               ///< losses from outside before it goes to error
  Duration back_off_min = 200ms, back_off_max = 30s;  ///< of redeliveries and of a full disk
};

/// What the execution is; fixed for the life of the controller.
struct ControllerSetup {
  ExecutionId ex_id;
  JobId job_id;
  LineageId lineage;
  ProcessId process;
  std::uint32_t pid = 0;
  std::string host;  ///< advertised
  std::uint16_t port = 0;
  std::uint32_t slicers = 1;
  bool recovery = false;    ///< begins in `recovering` while slices of earlier executions are unfinished
  bool continues = true;    ///< slices on after what the ledger held
  bool persistent = false;  ///< lifecycle: never ends by itself
  std::string execution;    ///< JSON for SlotWelcome
  bool paused = false;      ///< the desired state at the start, as by a ControllerOrder with number 0
  bool stopping = false;
  std::string log_level{};  ///< of the job; empty: everyone logs as he was started
};

// ---- events ---------------------------------------------------------------------------------------------------------

/// The ledger is open under a new epoch. `unfinished` is complete.
struct LedgerOpened {
  store::OpenedLedger ledger;
  std::vector<store::PlannedSlice> unfinished;
  WallTime wall{};  ///< wall clock at this moment; the core counts on from it
};
/// The group is durable. One is in flight at a time.
struct GroupCommitted {
  std::uint64_t group = 0;
};
/// It is not. conflict: another controller has the lineage, exit. exhausted or unavailable: try the same group again
/// after a back-off, say so in `waiting`. internal: the ledger is corrupted, propose `failed` without it.
struct GroupFailed {
  std::uint64_t group = 0;
  Error error;
};
/// Answers ReadErrors: the journal of errors after number `after`; empty: it has no more.
struct ErrorsRead {
  std::uint64_t after = 0;
  std::vector<wire::FailedSlice> page;
};
struct ErrorsNotRead {
  Error error;
};
/// Answers AskSlicer.
struct Sliced {
  std::uint32_t slicer_id = 0;
  operations::SlicerStep step;
};
struct SlicerFailed {
  std::uint32_t slicer_id = 0;
  Error error;
};
/// A slot spoke on its ZeroMQ identity `peer`.
struct SlotSaid {
  std::string peer;
  wire::Message message;
};
/// A send to that peer found nobody.
struct PeerGone {
  std::string peer;
};
/// The broker passed on: ControllerOrder, SlotDied, AgentRestarted.
struct ControlSaid {
  wire::Message message;
};
/// The deadline of next_deadline() has come.
struct Tick {};
/// SIGTERM: assign nothing more, commit what waits, exit.
struct Terminate {};
/// The process's own loop stood still for `gap`: deadlines kept over others move by it. Delivered before what waited in
/// the inbox is timed.
struct StoodStill {
  Duration gap{};
};

using ControllerEvent = std::variant<LedgerOpened, GroupCommitted, GroupFailed, ErrorsRead, ErrorsNotRead, Sliced,
                                     SlicerFailed, SlotSaid, PeerGone, ControlSaid, Tick, Terminate, StoodStill>;

// ---- actions --------------------------------------------------------------------------------------------------------

struct SendToSlot {
  std::string peer;
  wire::Message message;
};
/// By way of the broker. @param to "master" or "node/<node_id>"
struct SendControl {
  std::string to;
  wire::Message message;
};
/// One group; answered by GroupCommitted or GroupFailed with the same number. Whoever writes it lets go of it before
/// he answers; while it is under way nobody changes it.
struct CommitGroup {
  std::uint64_t group = 0;
  std::shared_ptr<const store::LedgerBatch> batch = std::make_shared<store::LedgerBatch>();
};
/// One page of the ledger's journal of errors; answered by ErrorsRead or ErrorsNotRead, one question in flight.
struct ReadErrors {
  std::uint64_t after = 0;
};
/// At most `max` requests of this slicer; one question in flight per slicer.
struct AskSlicer {
  std::uint32_t slicer_id = 0;
  std::size_t max = 0;
};
/// The execution has ended: remove temporary files of dead attempts. To be done before any later action is performed:
/// once the master knows the final status a recovery may begin to prepare output, and so may that of a controller which
/// took this one's place while it stood still.
struct SweepOutput {
  std::uint64_t last_epoch = 0;  ///< attempts of later ones are not this controller's to judge
};
/// This process logs so from now on; its slots hear it with their assignments.
struct UseLogLevel {
  std::string level;
};
struct Exit {
  int code = 0;  ///< 0: orderly (final recorded, SIGTERM, another controller has the lineage)
  std::string why;
};

using ControllerAction =
    std::variant<SendToSlot, SendControl, CommitGroup, ReadErrors, AskSlicer, SweepOutput, UseLogLevel, Exit>;
using ControllerActions = std::vector<ControllerAction>;
// Else a vector that grows copies what it has, batches of slices among them.
static_assert(std::is_nothrow_move_constructible_v<ControllerAction>);

class Controller {
 public:
  Controller(ControllerConfig config, ControllerSetup setup);
  ~Controller();
  Controller(Controller&&) noexcept;

  ControllerActions step(ControllerEvent event, TimePoint now);
  /// When it wants a Tick at the latest; nothing before LedgerOpened.
  std::optional<TimePoint> next_deadline() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slicebus::execution
