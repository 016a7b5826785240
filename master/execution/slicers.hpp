#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/operations/operation.hpp"
#include "master/store/slice_ledger.hpp"

namespace slicebus::execution {

/// The execution's slicers, made from its record by the catalog; each at its first question, from its cursor. May
/// block.
class Slicers {
 public:
  /// @param execution  the execution record, JSON text
  /// Errors: invalid (no such record, no reader, an operation that this program does not have).
  static Result<Slicers> from(const std::string& execution, LineageId lineage);

  /// How many the reader makes of the `slicers` asked for; at least 1.
  std::uint32_t count() const { return count_; }
  bool persistent() const { return persistent_; }
  /// R-ex-24; empty: as the process was started.
  const std::string& log_level() const { return log_level_; }
  /// Where an earlier controller left off; before the first next().
  void place(const std::vector<store::SlicerState>& states);
  /// At most `max` requests (1..1'000). Errors: whatever the reader says, and internal when its step breaks a limit.
  Result<operations::SlicerStep> next(std::uint32_t slicer_id, std::size_t max);
  /// Removes the temporary files that dead attempts of the lineage, up to that epoch, left under its senders.
  void sweep(std::uint64_t last_epoch);

 private:
  Slicers() = default;  // NOLINT(bugprone-exception-escape): an empty nlohmann::json throws nothing
  Result<operations::Slicer*> slicer(std::uint32_t slicer_id);

  nlohmann::json execution_;
  nlohmann::json reader_options_;
  const operations::Operation* reader_ = nullptr;
  LineageId lineage_;
  std::uint32_t count_ = 1;
  bool persistent_ = false;
  std::string log_level_;
  std::map<std::uint32_t, std::string> cursors_;
  std::map<std::uint32_t, std::unique_ptr<operations::Slicer>> slicers_;
};

}  // namespace slicebus::execution
