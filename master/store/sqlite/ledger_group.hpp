#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "master/store/sqlite/ledger_tables.hpp"
#include "master/store/sqlite/slice_batch.hpp"

namespace slicebus::store::sqlite {

/// What an open ledger knows without asking its file: bounded by what is planned and unfinished.
struct LedgerIndex {
  std::uint64_t epoch = 0;
  std::uint64_t generation = 0;  ///< 0: not open
  Cleanup cleanup = Cleanup::none;
  std::map<std::uint32_t, std::uint64_t> started_at;  ///< planned per slicer when the generation began
  std::map<std::uint32_t, SlicerState> slicers;
  Batches batches;
  std::set<SlicePosition> slot_killers;  ///< slices with a row in slot_deaths

  /// Whether slices that begin at `first` are this execution's to run.
  bool owns(SlicePosition first) const {
    const auto start = started_at.find(first.slicer_id);
    return cleanup != Cleanup::errors || start == started_at.end() || first.slicer_order > start->second;
  }
  /// For statements that list chosen errors: 0 means those of any generation.
  std::uint64_t chosen_filter() const { return cleanup == Cleanup::errors ? generation : 0; }
};

/// One group being written. The index is changed by finish() only, so that a group that fails leaves it as the file is.
class LedgerGroup {
 public:
  LedgerGroup(LedgerTables& tables, const LedgerIndex& index)
      : tables_(tables), index_(index), slot_killers_(index.slot_killers) {}
  /// Within the caller's transaction. Errors: conflict (the group contradicts the ledger), and those of the file.
  Result<void> write(const LedgerBatch& group);
  /// After the commit.
  void finish(LedgerIndex& index);

 private:
  enum class Mark : std::uint8_t { unknown, in_batch, chosen, completed, in_error };
  struct Found {
    Mark mark = Mark::unknown;
    Batches::iterator batch;      ///< of in_batch
    std::uint64_t failed_in = 0;  ///< of in_error
  };

  SlicerState& slicer(std::uint32_t slicer_id);
  Result<void> plan(const std::vector<PlannedSlice>& planned);
  Result<void> add_batch(SlicePosition first, const std::vector<std::string_view>& requests);
  Result<void> move_slicers(const std::vector<SlicerState>& moved);
  Result<Found> find(SlicePosition at);
  Result<void> charge(const SlotDeaths& deaths);
  Result<void> forget_slot_deaths(SlicePosition at);
  Result<void> complete(const Completion& completion);
  Result<void> check_repeat(const Completion& completion);
  Result<void> fail_slice(const SliceError& error);
  Result<std::string> request_in_batch(SlicePosition first, const BatchBits& bits, SlicePosition at);
  Result<void> write_batches();
  Result<void> add_finished(SlicePosition first, std::uint64_t last);
  Result<void> check_sums();
  tl::unexpected<Error> refuse(SlicePosition at, std::string what) const;

  LedgerTables& tables_;
  const LedgerIndex& index_;
  Batches touched_;
  std::map<std::uint32_t, SlicerState> slicers_;
  std::set<SlicePosition> slot_killers_;
  SlicePosition cached_batch_;  ///< whose requests are in cached_requests_: failures come in runs
  std::string cached_requests_;
};

}  // namespace slicebus::store::sqlite
