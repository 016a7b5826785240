#pragma once
#include <vector>

#include "master/store/error_store.hpp"

namespace slicebus::store {

/// Error records that last as long as their object, for tests.
class MemoryErrorStore final : public ErrorStore {
 public:
  Result<void> put(const std::vector<ErrorRecord>& errors) override;
  Result<std::optional<ErrorRecord>> get(const ExecutionId& ex_id, std::string_view slice_id) override;
  Result<std::uint64_t> recorded(const LineageId& lineage) override;
  Result<std::vector<ErrorRecord>> list(const std::optional<ExecutionId>& ex_id, const ListQuery& query) override;

 private:
  std::vector<ErrorRecord> errors_;  ///< in the order of insertion
};

}  // namespace slicebus::store
