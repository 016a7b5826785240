#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/time.hpp"
#include "master/store/records_store.hpp"

/// The port of the error records: what the journals of the lineages' ledgers say, where one query finds it. Blocking on
/// purpose; only the records actor's thread calls it.
namespace slicebus::store {

/// A slice that failed, and the execution in which it did: together they name the record.
struct ErrorRecord {
  ExecutionId ex_id;
  std::string slice_id;
  LineageId lineage;
  std::uint64_t number = 0;  ///< its last change in the lineage's journal
  std::string document;      ///< JSON text, whole as the API shows it (R-api-63)
  WallTime created{};
  WallTime updated{};

  bool operator==(const ErrorRecord&) const = default;
};

class ErrorStore {
 public:
  virtual ~ErrorStore() = default;
  /// Adds, or replaces by name. All of them or none, durable on return. Errors: unavailable, exhausted.
  virtual Result<void> put(const std::vector<ErrorRecord>& errors) = 0;
  virtual Result<std::optional<ErrorRecord>> get(const ExecutionId& ex_id, std::string_view slice_id) = 0;
  /// The highest number of the lineage's journal that is recorded; 0: nothing is.
  virtual Result<std::uint64_t> recorded(const LineageId& lineage) = 0;
  /// Of one execution, or of all. Of the query only page, order and filter count.
  virtual Result<std::vector<ErrorRecord>> list(const std::optional<ExecutionId>& ex_id, const ListQuery& query) = 0;
};

}  // namespace slicebus::store
