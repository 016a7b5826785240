#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "master/store/slice_ledger.hpp"

namespace slicebus::store {

/// A ledger that lasts as long as its object: for the simulator, where it outlives the controllers that open it, and
/// for tests. Copyable: a copy is a snapshot.
class MemorySliceLedger final : public SliceLedger {
 public:
  Result<OpenedLedger> open(const ExecutionId& ex_id, Cleanup cleanup) override;
  Result<void> apply(const LedgerBatch& group) override;
  Result<std::vector<PlannedSlice>> unfinished(SlicePosition position, std::size_t limit) override;
  Result<std::vector<PlannedSlice>> requests(const std::vector<SlicePosition>& slices) override;
  Result<std::vector<wire::FailedSlice>> errors(std::uint64_t after, std::size_t limit, std::size_t bytes) override;
  Result<LedgerCounts> counts() override;

 private:
  enum class Mark : std::uint8_t { pending, completed, in_error };
  struct State {
    Mark mark = Mark::pending;
    std::uint64_t planned_by = 0;  ///< generation that planned it
    std::uint64_t chosen_by = 0;   ///< generation that took it out of its last error; 0: none
    std::uint64_t failed_in = 0;   ///< generation of its last error; 0: none
  };
  struct Slice {
    std::string request;
    State state;
  };
  struct Generation {
    ExecutionId ex_id;
    Cleanup cleanup = Cleanup::none;
    Tally tally;
    std::optional<FinalState> final_state;
  };
  struct Changes;

  bool owned(const State& state) const;
  Result<void> plan(const LedgerBatch& group, Changes& changes) const;
  Result<void> complete(const Completion& completion, Changes& changes) const;
  Result<void> fail_slice(const SliceError& error, Changes& changes) const;
  LedgerSums sums(const LedgerBatch& group, const Changes& changes) const;
  void repair(SlicePosition slice);

  std::uint64_t epoch_ = 0;
  std::uint64_t current_ = 0;  ///< 1 + index of the generation opened last
  std::vector<Generation> generations_;
  std::map<std::uint32_t, SlicerState> slicers_;
  std::map<SlicePosition, Slice> slices_;
  std::map<SlicePosition, Fence> unpublished_;
  std::map<SlicePosition, SlotDeaths> slot_deaths_;
  std::uint64_t error_changes_ = 0;
  std::map<std::pair<std::uint64_t, SlicePosition>, wire::FailedSlice> errors_;  ///< by generation and slice
};

}  // namespace slicebus::store
