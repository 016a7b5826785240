#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/record/record.hpp"
#include "common/result.hpp"

namespace slicebus::operations {

/// What becomes of a record that an operation cannot use, by its option `_dead_letter_action`: `throw` fails the slice,
/// `log` writes the record to stderr and drops it, `none` drops it.
class DeadLetter {
 public:
  /// @param operation  its name, for texts
  DeadLetter(const nlohmann::json& options, std::string operation);

  /// Errors: invalid, for `throw`. Otherwise the record is to be dropped, and is counted.
  Result<void> reject(std::string_view record, const Error& reason);
  /// Records dropped since the last call.
  std::uint64_t take_rejected();

 private:
  enum class Action : std::uint8_t { fail_slice, log, drop };
  std::string operation_;
  Action action_ = Action::fail_slice;
  std::uint64_t rejected_ = 0;
};

/// Runs `keep(record) -> Result<bool>` over a batch and takes out, in order, what it answers false for or what it fails
/// on and the dead letter action allows to drop. `after() -> Result<void>` runs after each record that stays; its
/// errors end the whole.
template <class Keep, class After>
Result<void> keep_records(record::RecordBatch& batch, DeadLetter& dead_letter, Keep&& keep, After&& after) {
  dead_letter.take_rejected();  // of an earlier batch that ended with an error
  auto& records = batch.records();
  std::size_t kept = 0;
  for (std::size_t at = 0; at < records.size(); ++at) {
    const Result<bool> stays = keep(records[at]);
    if (!stays) {
      SB_TRY_VOID(dead_letter.reject(records[at].bytes(), stays.error()));
      continue;
    }
    if (*stays) {
      if (kept != at) {
        records[kept] = std::move(records[at]);
      }
      ++kept;
      SB_TRY_VOID(after());
    }
  }
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(kept), records.end());
  return {};
}

template <class Keep>
Result<void> keep_records(record::RecordBatch& batch, DeadLetter& dead_letter, Keep&& keep) {
  return keep_records(batch, dead_letter, keep, []() -> Result<void> { return {}; });
}

}  // namespace slicebus::operations
