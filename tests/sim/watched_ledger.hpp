#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "master/store/memory/slice_ledger.hpp"
#include "tests/sim/world.hpp"

namespace slicebus::sim {

/// A lineage's ledger, and beside it what the simulator knows must be true of every group. A breach is a Violation.
/// What is written outlives its controller; what is not synced does not outlive the power.
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

  Result<store::OpenedLedger> open(const ExecutionId& ex_id, store::Cleanup cleanup);
  /// Written, not synced yet.
  Result<void> apply(const ExecutionId& ex_id, store::LedgerBatch group);
  void sync() { synced_.reset(); }
  void lose_power();
  std::vector<store::PlannedSlice> unfinished();
  std::vector<wire::FailedSlice> errors(std::uint64_t after, std::size_t limit);

  bool keeps_synced = false;  ///< power may fail: remember what was synced
  std::uint64_t epoch() const { return now_.epoch; }
  const std::map<SlicePosition, Entry>& entries() const { return now_.entries; }
  bool is_accepted(const wire::SliceCopy& copy) const;
  const std::vector<std::uint64_t>& lengths() const { return lengths_; }
  std::uint64_t planned(std::uint32_t slicer) const;
  /// Every slice is planned, and none is pending.
  bool is_done() const;
  std::size_t unpublished() const { return now_.unpublished.size(); }
  std::size_t pending() const;
  std::uint64_t commits() const { return commits_; }
  /// The accepted attempts of an execution: names and fences.
  const std::map<SlicePosition, Fence>& accepted_in(const ExecutionId& ex_id) const;
  /// How its controller ended it, if that is written; or nullptr.
  const std::string* final_status(const ExecutionId& ex_id) const;

 private:
  struct Execution {
    std::map<SlicePosition, Fence> accepted;
    std::uint64_t processed = 0;
    std::uint64_t failed = 0;
    std::optional<std::string> final_status;
  };
  struct State {
    store::MemorySliceLedger ledger;
    std::uint64_t epoch = 0;
    std::map<SlicePosition, Entry> entries;
    std::map<SlicePosition, Fence> unpublished;
    std::map<std::uint32_t, std::uint64_t> planned;
    std::map<ExecutionId, Execution> executions;
  };
  void watch(const ExecutionId& ex_id, const store::LedgerBatch& group);
  void about_to_write();

  std::vector<std::uint64_t> lengths_;
  bool epoch_check_;
  std::uint64_t commits_ = 0;
  State now_;
  std::optional<State> synced_;  ///< if that is not what is written
};

}  // namespace slicebus::sim
