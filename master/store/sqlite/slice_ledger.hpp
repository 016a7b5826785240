#pragma once
#include <memory>
#include <string>

#include "master/store/slice_ledger.hpp"

namespace slicebus::store {

/// The ledger of one lineage in one SQLite file. Planned slices lie in batch rows with a bitmap; a batch that
/// everything has left shrinks into a range row, so that neither file nor memory grows with the number of finished
/// slices. ledger_tables.hpp has the layout.
class SqliteSliceLedger final : public SliceLedger {
 public:
  /// Opens or makes the file. Errors: as the port; a file of a newer shape is unavailable, a damaged one internal.
  static Result<std::unique_ptr<SqliteSliceLedger>> open_file(const std::string& path);
  ~SqliteSliceLedger() override;

  Result<OpenedLedger> open(const ExecutionId& ex_id, Cleanup cleanup) override;
  Result<void> apply(const LedgerBatch& group) override;
  Result<std::vector<PlannedSlice>> unfinished(SlicePosition position, std::size_t limit) override;
  Result<std::vector<PlannedSlice>> requests(const std::vector<SlicePosition>& slices) override;
  Result<std::vector<wire::FailedSlice>> errors(std::uint64_t after, std::size_t limit, std::size_t bytes) override;
  Result<LedgerCounts> counts() override;

 private:
  struct State;
  explicit SqliteSliceLedger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slicebus::store
