#pragma once
#include <map>
#include <string>
#include <vector>

#include "master/store/memory/slice_ledger.hpp"
#include "tests/sim/world.hpp"

namespace slicebus::sim {

/// The lineage's ledger, and beside it what the simulator knows must be true of every group. A breach is a Violation.
class WatchedLedger {
 public:
  enum class Mark { pending, completed, in_error };
  struct Entry {
    Mark mark = Mark::pending;
    Fence accepted{};
    SlicePosition name{};  ///< of the outcome it left with
  };

  /// @param epoch_check  false: a mutation, groups of any epoch are taken
  WatchedLedger(std::vector<std::uint64_t> lengths, bool epoch_check)
      : lengths_(std::move(lengths)), epoch_check_(epoch_check) {}

  Result<store::OpenedLedger> open(const ExecutionId& ex_id);
  Result<void> apply(const ExecutionId& ex_id, store::LedgerBatch group);
  std::vector<store::PlannedSlice> unfinished();
  std::vector<wire::FailedSlice> errors(std::uint64_t after, std::size_t limit);

  const std::map<SlicePosition, Entry>& entries() const { return entries_; }
  const std::vector<std::uint64_t>& lengths() const { return lengths_; }
  std::uint64_t planned(std::uint32_t slicer) const;
  std::size_t unpublished() const { return unpublished_.size(); }
  std::uint64_t commits = 0;
  /// Sums of the accepted attempts of each execution, as the operations counted them.
  std::map<ExecutionId, std::map<SlicePosition, Fence>> accepted_in;

 private:
  void watch(const ExecutionId& ex_id, const store::LedgerBatch& group);

  store::MemorySliceLedger ledger_;
  std::vector<std::uint64_t> lengths_;
  bool epoch_check_;
  std::uint64_t epoch_ = 0;
  std::map<SlicePosition, Entry> entries_;
  std::map<SlicePosition, Fence> unpublished_;
  std::map<std::uint32_t, std::uint64_t> planned_;
};

}  // namespace slicebus::sim
