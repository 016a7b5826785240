#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/small_vector.hpp"
#include "common/wire/messages.hpp"

/// The port of the slice ledger: one per lineage, one writer (the lineage's running controller), blocking on purpose;
/// only the ledger actor's thread calls it.
namespace slicebus::store {

/// A slice as planned: where it is in its slicer, and what to run.
struct PlannedSlice {
  SlicePosition slice;
  std::string request;

  bool operator==(const PlannedSlice&) const = default;
};

/// One slicer's durable position.
struct SlicerState {
  std::uint32_t slicer_id = 0;
  std::uint64_t planned = 0;          ///< its highest slicer_order written; 0: none
  std::optional<std::string> cursor;  ///< as SlicerStep::cursor; nothing: it has not sliced yet
  bool done = false;                  ///< nothing more will come

  bool operator==(const SlicerState&) const = default;
};

/// A completion that is accepted: the first committed one of its slice.
struct Completion {
  SmallVector<SlicePosition, 1> slices{};  ///< leave together; the last one names the output
  Fence fence;                                                ///< accepted; kept until published
  bool has_output = false;                                    ///< wait for `published`

  bool operator==(const Completion&) const = default;
};

struct SliceError {
  SlicePosition slice;
  std::string error;
  std::uint32_t retries = 0;

  bool operator==(const SliceError&) const = default;
};

/// Slots that died by their own doing while they ran an unfinished slice (design.md §4, poison). Forgotten once the
/// slice is completed or in error.
struct SlotDeaths {
  SlicePosition slice;
  std::uint32_t count = 0;
  ProcessId last;   ///< whose death is the last one counted
  std::string how;  ///< and what it died of

  bool operator==(const SlotDeaths&) const = default;
};

/// Sums of one execution, replaced as a whole in each group that changes them.
struct Tally {
  std::uint64_t processed = 0;  ///< completed + failed of this execution
  std::uint64_t failed = 0;
  std::int64_t started_ms = 0;
  std::int64_t queuing_complete_ms = 0;
  wire::OperationCounts counts{};

  bool operator==(const Tally&) const = default;
};

/// How an execution ended, as its controller proposed it.
struct FinalState {
  std::string status;  ///< "completed", "failed", "stopped"
  std::string reason;

  bool operator==(const FinalState&) const = default;
};

/// One group: planned slices with their cursors, completions with their accepted fence, errors, published outputs,
/// tally, final state.
struct LedgerBatch {
  std::uint64_t epoch = 0;            ///< the writer's; another one in the ledger: conflict, nothing is applied
  std::vector<PlannedSlice> planned;  ///< per slicer in order, without holes after SlicerState::planned
  std::vector<SlicerState> slicers;   ///< of slicers that moved in this group
  std::vector<Completion> completed;
  std::vector<SliceError> errors;
  std::vector<SlotDeaths> slot_deaths;   ///< replace what was said of their slices; looked at before completions
  std::vector<SlicePosition> published;  ///< names of outputs now visible
  std::optional<Tally> tally;
  std::optional<FinalState> final_state;

  bool operator==(const LedgerBatch&) const = default;
};

/// Which slices a new execution of the lineage runs again (R-ex-120b; "pending" means every unfinished one).
enum class Cleanup : std::uint8_t {
  none,    ///< unfinished and failed ones, then slicing goes on
  all,     ///< unfinished and failed ones, then it ends
  errors,  ///< failed ones, then it ends
  pending  ///< unfinished ones, then it ends
};

/// What a controller finds when it opens its lineage's ledger for its execution.
struct OpenedLedger {
  std::uint64_t epoch = 0;  ///< the new one, already durable
  std::vector<SlicerState> slicers;
  std::vector<std::pair<SlicePosition, Fence>> unpublished;  ///< accepted outputs that may not be visible yet, by name
  std::vector<SlotDeaths> slot_deaths;                       ///< of unfinished slices
  Tally tally;                                               ///< of this execution
  std::optional<FinalState> final_state;                     ///< of this execution, if it was proposed before
  std::uint64_t unfinished = 0;  ///< slices that this execution has to run of those already planned
  std::uint64_t in_error = 0;    ///< slices in error that count for this execution's end status
};

struct LedgerCounts {
  std::uint64_t planned = 0;
  std::uint64_t completed = 0;
  std::uint64_t in_error = 0;
  std::uint64_t unpublished = 0;

  bool operator==(const LedgerCounts&) const = default;
};

/// What the parts of a ledger say of its slices, each counted where it is kept.
struct LedgerSums {
  std::uint64_t planned = 0;     ///< by the slicers
  std::uint64_t processed = 0;   ///< by the executions' tallies; a slice that failed and ran again counts twice
  std::uint64_t failed = 0;      ///< of `processed`
  std::uint64_t in_error = 0;    ///< by the errors
  std::uint64_t unfinished = 0;  ///< by the slices

  /// P4, or what is wrong: each slice completes once, so that the tallies know how many have.
  std::optional<std::string> contradiction() const {
    if (failed <= processed && planned == processed - failed + in_error + unfinished) {
      return std::nullopt;
    }
    return std::to_string(planned) + " slices were planned, but " + std::to_string(in_error) + " are in error, " +
           std::to_string(unfinished) + " unfinished, and of " + std::to_string(processed) +
           " that the executions processed " + std::to_string(failed) + " failed";
  }
};

class SliceLedger {
 public:
  virtual ~SliceLedger() = default;
  /// Starts the next epoch for `ex_id` by compare-and-set, durable on return. The first open of an ex_id also makes its
  /// generation: the slices that `cleanup` chooses become unfinished for it, in the same transaction. A later open of
  /// the same ex_id finds its generation as it is. With `errors` (and `pending`), slices that were not chosen are not
  /// this execution's: unfinished() leaves them out. Errors: unavailable, exhausted, internal (corrupted: the text says
  /// what and where).
  virtual Result<OpenedLedger> open(const ExecutionId& ex_id, Cleanup cleanup) = 0;
  /// Applies one group: all of it or nothing, durable on return. Applying it twice changes nothing (a completion of a
  /// completed slice under the same fence, a planned slice that is there, a published one that is gone). Errors:
  /// unavailable, exhausted (disk full), conflict (another epoch; a completion or a death of a slice that was never
  /// planned; a completion of one that is in error, or is completed under another fence that is still kept: an adapter
  /// may forget the fence of what has no output or is published, and takes such a completion for a repeat); internal (a
  /// final state while planned slices are not the sum of those in error, the unfinished ones, and those that the
  /// tallies of all executions say are completed).
  virtual Result<void> apply(const LedgerBatch& group) = 0;
  /// One page of this execution's slices neither completed nor in error, in slice order (slicer_id, then slicer_order),
  /// after `position`, at most `limit` (1..10'000).
  virtual Result<std::vector<PlannedSlice>> unfinished(SlicePosition position, std::size_t limit) = 0;
  /// Requests of these slices, unfinished or in error. Errors: not_found (never planned; completed ones may be
  /// forgotten).
  virtual Result<std::vector<PlannedSlice>> requests(const std::vector<SlicePosition>& slices) = 0;
  /// The lineage's journal of errors: what changed after number `after`, by number. An entry is a slice and the
  /// execution in which it failed; its failure and its repair each give it the next number. At most `limit` (1..10'000)
  /// entries, and no more than one of them beyond `bytes` bytes of text.
  virtual Result<std::vector<wire::FailedSlice>> errors(std::uint64_t after, std::size_t limit, std::size_t bytes) = 0;
  virtual Result<LedgerCounts> counts() = 0;
};

}  // namespace slicebus::store
