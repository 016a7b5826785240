#include "master/store/memory/record_stores.hpp"

#include <algorithm>

#include "master/store/list_order.hpp"
#include "master/store/memory/list_page.hpp"
#include "master/store/record_filter.hpp"

namespace slicebus::store {
namespace {

std::int64_t milliseconds(WallTime at) { return at.time_since_epoch().count(); }

std::vector<Column> columns_of(const JobRecord& job) {
  return {{"job_id", std::string_view(job.job_id.text)},
          {"active", std::int64_t{job.active}},
          {"_deleted", std::int64_t{job.deleted}},
          {"_created", milliseconds(job.created)},
          {"_updated", milliseconds(job.updated)}};
}

std::vector<Column> columns_of(const ExecutionRecord& execution) {
  return {{"ex_id", std::string_view(execution.ex_id.text)}, {"job_id", std::string_view(execution.job_id.text)},
          {"_status", std::string_view(execution.status)},   {"_deleted", std::int64_t{execution.deleted}},
          {"_created", milliseconds(execution.created)},     {"_updated", milliseconds(execution.updated)}};
}

/// What of `candidates` the filter lets through, in the wanted order, the wanted page of it.
template <class Record>
Result<std::vector<Record>> page_of(const std::vector<Record>& candidates, const ListQuery& query,
                                    const Fields& fields) {
  std::vector<OrderedRow> rows;
  SB_TRY(keys, parse_sort(query.sort, fields));
  SB_TRY(condition, query.filter ? bind(*query.filter, fields) : Condition{});
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::vector<Column> columns = columns_of(candidates[i]);
    if (matches(condition, candidates[i].document, columns)) {
      rows.push_back({sort_values(keys, candidates[i].document, columns), i});
    }
  }
  std::vector<Record> page;
  for (const std::size_t row : page_of_rows(std::move(rows), keys, query)) {
    page.push_back(candidates[row]);
  }
  return page;
}

template <class Record, class Same>
auto find_in(std::vector<Record>& records, Same same) {
  return std::find_if(records.begin(), records.end(), same);
}

template <class Record, class Wanted>
std::vector<Record> those(const std::vector<Record>& records, Wanted wanted) {
  std::vector<Record> found;
  std::copy_if(records.begin(), records.end(), std::back_inserter(found), wanted);
  return found;
}

}  // namespace

Result<void> MemoryJobStore::insert(const JobRecord& job, const ExecutionRecord* first) {
  if (find_in(jobs_, [&](const JobRecord& known) { return known.job_id == job.job_id; }) != jobs_.end()) {
    return fail(Errc::conflict, "job " + job.job_id.text, "is in the store already");
  }
  if (first != nullptr) {
    SB_TRY_VOID(executions_.insert(*first));
  }
  jobs_.push_back(job);
  return {};
}

Result<void> MemoryJobStore::put(const JobRecord& job) {
  const auto known = find_in(jobs_, [&](const JobRecord& other) { return other.job_id == job.job_id; });
  if (known == jobs_.end()) {
    return fail(Errc::not_found, "job " + job.job_id.text, "is not in the store");
  }
  *known = job;
  return {};
}

Result<void> MemoryJobStore::remove(const JobRecord& deleted_job, const std::string& deleted_on) {
  SB_TRY_VOID(put(deleted_job));
  for (ExecutionRecord& execution : executions_.executions_) {
    if (execution.job_id == deleted_job.job_id) {
      execution.deleted = true;
      execution.document = deleted_document(execution.document, deleted_on);
    }
  }
  return {};
}

Result<std::optional<JobRecord>> MemoryJobStore::get(const JobId& job_id) {
  const auto known = find_in(jobs_, [&](const JobRecord& job) { return job.job_id == job_id; });
  return known == jobs_.end() ? std::optional<JobRecord>() : *known;
}

Result<std::vector<JobRecord>> MemoryJobStore::list(const ListQuery& query) {
  return page_of(those(jobs_,
                       [&](const JobRecord& job) {
                         return job.deleted == query.deleted && job.active == query.active.value_or(job.active);
                       }),
                 query, job_fields());
}

Result<void> MemoryExecutionStore::insert(const ExecutionRecord& execution) {
  if (find_in(executions_, [&](const ExecutionRecord& known) { return known.ex_id == execution.ex_id; }) !=
      executions_.end()) {
    return fail(Errc::conflict, "execution " + execution.ex_id.text, "is in the store already");
  }
  executions_.push_back(execution);
  return {};
}

Result<void> MemoryExecutionStore::put(const std::vector<ExecutionRecord>& executions) {
  std::vector<ExecutionRecord> changed = executions_;
  for (const ExecutionRecord& execution : executions) {
    const auto known = find_in(changed, [&](const ExecutionRecord& other) { return other.ex_id == execution.ex_id; });
    if (known == changed.end()) {
      return fail(Errc::not_found, "execution " + execution.ex_id.text, "is not in the store");
    }
    *known = execution;
  }
  executions_ = std::move(changed);
  return {};
}

Result<std::optional<ExecutionRecord>> MemoryExecutionStore::get(const ExecutionId& ex_id) {
  const auto known = find_in(executions_, [&](const ExecutionRecord& execution) { return execution.ex_id == ex_id; });
  return known == executions_.end() ? std::optional<ExecutionRecord>() : *known;
}

Result<std::optional<ExecutionRecord>> MemoryExecutionStore::latest_of(const JobId& job_id) {
  const auto newest = std::find_if(executions_.rbegin(), executions_.rend(),
                                   [&](const ExecutionRecord& execution) { return execution.job_id == job_id; });
  return newest == executions_.rend() ? std::optional<ExecutionRecord>() : *newest;
}

Result<std::map<JobId, ExecutionRecord>> MemoryExecutionStore::latest_of(const std::vector<JobId>& job_ids) {
  std::map<JobId, ExecutionRecord> newest;
  for (const JobId& job_id : job_ids) {
    SB_TRY(latest, latest_of(job_id));
    if (latest) {
      newest.emplace(job_id, std::move(*latest));
    }
  }
  return newest;
}

Result<std::vector<ExecutionRecord>> MemoryExecutionStore::living() {
  return those(executions_, [](const ExecutionRecord& execution) { return !is_terminal(execution.status); });
}

Result<std::vector<ExecutionRecord>> MemoryExecutionStore::of_lineage(const LineageId& lineage) {
  return those(executions_, [&](const ExecutionRecord& execution) { return execution.lineage == lineage; });
}

Result<std::vector<ExecutionRecord>> MemoryExecutionStore::list(const ListQuery& query) {
  return page_of(those(executions_,
                       [&](const ExecutionRecord& execution) {
                         return execution.deleted == query.deleted &&
                                (!query.job_id || *query.job_id == execution.job_id) &&
                                (query.status.empty() || std::find(query.status.begin(), query.status.end(),
                                                                   execution.status) != query.status.end());
                       }),
                 query, execution_fields());
}

}  // namespace slicebus::store
