#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/operations/query/query.hpp"
#include "common/result.hpp"
#include "common/time.hpp"

/// Ports of the record stores. Blocking on purpose; only the records actor's thread calls them. Documents are JSON
/// text, whole as the API shows them; the columns beside them are what lists filter and sort by.
namespace slicebus::store {

struct JobRecord {
  JobId job_id;
  std::string document;  ///< as posted, plus job_id, _context, _created, _updated (R-api-74)
  bool active = true;
  bool deleted = false;
  WallTime created{};
  WallTime updated{};

  bool operator==(const JobRecord&) const = default;
};

struct ExecutionRecord {
  ExecutionId ex_id;
  JobId job_id;
  LineageId lineage;
  std::string status;    ///< R-ex-50…52
  std::string document;  ///< the execution record of execution.md §3
  std::string desired;   ///< what was ordered and not yet reached; survives a restart. Opaque here
  bool deleted = false;
  WallTime created{};
  WallTime updated{};

  bool operator==(const ExecutionRecord&) const = default;
};

/// What a list shows, its page and its order.
struct ListQuery {
  std::int64_t from = 0;
  std::int64_t size = 100;
  /// "field:asc|desc", comma list of scalar fields (record_fields.hpp). Errors: invalid, naming the field.
  std::string sort = "_updated:desc";
  std::optional<bool> active;  ///< jobs
  bool deleted = false;
  std::vector<std::string> status;  ///< executions; empty: all
  std::optional<JobId> job_id;      ///< executions
  /// Read in the dialect `lucene` (R-api-21), compared as record_filter.hpp says. Errors: invalid, naming the field.
  std::optional<operations::query::Node> filter;
};

class JobStore {
 public:
  virtual ~JobStore() = default;
  /// The job, and with it its first execution unless that is null: both or neither, durable on return. Errors: conflict
  /// (one of the ids exists), unavailable, exhausted.
  virtual Result<void> insert(const JobRecord& job, const ExecutionRecord* first = nullptr) = 0;
  /// Replaces by id. Errors: not_found, unavailable, exhausted.
  virtual Result<void> put(const JobRecord& job) = 0;
  /// Replaces the job by `deleted_job`, and marks all its executions deleted: in the column, and as `_deleted: true`
  /// and
  /// `_deleted_on` in their documents (R-api-78). All of it or nothing, durable on return. Errors: not_found,
  /// unavailable, exhausted.
  /// @param deleted_on  ISO 8601
  virtual Result<void> remove(const JobRecord& deleted_job, const std::string& deleted_on) = 0;
  virtual Result<std::optional<JobRecord>> get(const JobId& job_id) = 0;
  virtual Result<std::vector<JobRecord>> list(const ListQuery& query) = 0;
};

class ExecutionStore {
 public:
  virtual ~ExecutionStore() = default;
  virtual Result<void> insert(const ExecutionRecord& execution) = 0;
  /// Several at once, all or nothing, durable on return. Errors: not_found, unavailable, exhausted.
  virtual Result<void> put(const std::vector<ExecutionRecord>& executions) = 0;
  virtual Result<std::optional<ExecutionRecord>> get(const ExecutionId& ex_id) = 0;
  /// The newest by insertion of the job, deleted ones included.
  virtual Result<std::optional<ExecutionRecord>> latest_of(const JobId& job_id) = 0;
  /// The same for many jobs at once; jobs without an execution are not in the answer. O(jobs · log executions).
  virtual Result<std::map<JobId, ExecutionRecord>> latest_of(const std::vector<JobId>& job_ids) = 0;
  /// Every execution that is not terminal, oldest first: what a restarted master goes on with.
  virtual Result<std::vector<ExecutionRecord>> living() = 0;
  virtual Result<std::vector<ExecutionRecord>> of_lineage(const LineageId& lineage) = 0;
  virtual Result<std::vector<ExecutionRecord>> list(const ListQuery& query) = 0;
};

}  // namespace slicebus::store
