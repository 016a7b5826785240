#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/wire/messages.hpp"
#include "master/store/slice_ledger.hpp"

namespace slicebus::execution {

/// What the ledger is told: at most one group is on its way, everything that comes up meanwhile is the next one. The
/// sums of an execution change with the outcomes that are taken, and travel in the group that takes them.
class Accounting {
 public:
  /// @param unfinished  how many slices were read of those that `ledger` counts
  void open(const store::OpenedLedger& ledger, std::size_t unfinished);

  void plan(std::vector<store::PlannedSlice> planned, store::SlicerState slicer);
  void complete(const wire::SliceOutcome& outcome, Fence fence);
  void fail(SlicePosition slice, std::string error, std::uint32_t retries);
  void charge(store::SlotDeaths deaths) {
    next_.slot_deaths.push_back(std::move(deaths));
    ++waiting_;
  }
  void publish(SlicePosition name) {
    next_.published.push_back(name);
    ++waiting_;
  }
  void set_started(std::int64_t at_ms);
  void set_queuing_complete(std::int64_t at_ms);
  void finish(store::FinalState state);
  /// Has a group written even if nothing is in it: the ledger says whether this is still its epoch.
  void ask() { ++waiting_; }

  /// Neither a group under way nor anything for the next one.
  bool idle() const { return !under_way_ && waiting_ == 0; }
  bool is_under_way() const { return under_way_ != nullptr; }
  /// The next group, if none is under way and there is something to say. Its number is number().
  std::shared_ptr<const store::LedgerBatch> begin();
  std::uint64_t number() const { return number_; }
  /// Of the group that what is said now will be in.
  std::uint64_t next_number() const { return number_ + 1; }
  std::shared_ptr<const store::LedgerBatch> under_way() const { return under_way_; }
  /// The group under way is durable. @return it
  store::LedgerBatch end();

  /// Sums of what is durable.
  const store::Tally& durable() const { return durable_; }
  /// Slices in error that count for the end status, those on their way to the ledger included.
  std::uint64_t in_error() const { return in_error_; }
  /// Planned slices that are not durable yet.
  std::size_t planning() const { return planning_; }
  std::size_t planning_bytes() const { return planning_bytes_; }
  /// P4: where the sums contradict each other, or nothing. What one operation gives out, the next one takes in, of each
  /// outcome and in all; planned slices are completed, in error or unfinished. To be asked when idle; that the ledger
  /// holds as many slices as these sums say is the ledger's to find when it is given the final state.
  /// @param unfinished  slices of this execution that are neither completed nor in error
  std::optional<std::string> contradiction(std::size_t unfinished) const;

 private:
  void check(const wire::SliceOutcome& outcome);
  void contradict(std::string where, std::string what);

  std::uint64_t epoch_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t in_error_ = 0;
  std::size_t planning_ = 0;
  std::size_t planning_bytes_ = 0;
  std::uint64_t planned_ = 0;  ///< slices that were given to this execution or planned by it, and are durable
  std::optional<std::string> contradiction_{};  ///< the first one that was seen on the way
  std::size_t waiting_ = 0;                     ///< things in next_
  bool tally_moved_ = false;
  store::Tally tally_{};
  store::Tally durable_{};
  store::LedgerBatch next_{};
  std::shared_ptr<store::LedgerBatch> under_way_{};
};

}  // namespace slicebus::execution
