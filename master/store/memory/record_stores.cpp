#include "master/store/memory/record_stores.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "master/store/list_order.hpp"

namespace slicebus::store {
namespace {

using Json = nlohmann::ordered_json;

/// A value to order by, as SQLite orders: nothing last (SortKey), numbers before text; truth values are 0 and 1, and
/// what is no scalar is its text.
struct SortValue {
  int kind = 2;  ///< 0: number, 1: text, 2: nothing
  double number = 0;
  std::string text;
};

SortValue from_json(const Json& value) {
  if (value.is_number()) {
    return {0, value.get<double>(), {}};
  }
  if (value.is_boolean()) {
    return {0, value.get<bool>() ? 1.0 : 0.0, {}};
  }
  if (value.is_null()) {
    return {};
  }
  return {1, 0, value.is_string() ? value.get<std::string>() : value.dump()};
}

SortValue number(std::int64_t value) { return {0, static_cast<double>(value), {}}; }
SortValue from_wall(WallTime at) { return number(at.time_since_epoch().count()); }

std::optional<SortValue> column(const JobRecord& job, const std::string& field) {
  if (field == "job_id") {
    return SortValue{1, 0, job.job_id.text};
  }
  if (field == "active") {
    return number(job.active ? 1 : 0);
  }
  return std::nullopt;
}

std::optional<SortValue> column(const ExecutionRecord& execution, const std::string& field) {
  const std::map<std::string, const std::string*> texts{
      {"ex_id", &execution.ex_id.text}, {"job_id", &execution.job_id.text}, {"_status", &execution.status}};
  const auto text = texts.find(field);
  return text == texts.end() ? std::nullopt : std::optional(SortValue{1, 0, *text->second});
}

template <class Record>
SortValue value_of(const Record& record, const Json& document, const std::string& field) {
  if (field == "_created" || field == "_updated") {
    return from_wall(field == "_created" ? record.created : record.updated);
  }
  if (field == "_deleted") {
    return number(record.deleted ? 1 : 0);
  }
  if (auto value = column(record, field)) {
    return *value;
  }
  return document.is_object() && document.contains(field) ? from_json(document[field]) : SortValue{};
}

/// Negative, zero or positive, as the order of a before b.
int compare(const SortValue& a, const SortValue& b, bool descending) {
  if (a.kind == 2 || b.kind == 2) {
    return a.kind == b.kind ? 0 : (a.kind == 2 ? 1 : -1);
  }
  int order = a.kind - b.kind;
  if (order == 0) {
    order = a.kind == 0 ? (a.number < b.number ? -1 : static_cast<int>(a.number > b.number)) : a.text.compare(b.text);
  }
  return descending ? -order : order;
}

template <class Record>
Result<std::vector<Record>> page_of(const std::vector<Record>& matching, const ListQuery& query) {
  SB_TRY(keys, parse_sort(query.sort));
  std::vector<std::pair<std::vector<SortValue>, const Record*>> rows;
  for (const Record& record : matching) {
    const Json document = Json::parse(record.document, nullptr, false);
    std::vector<SortValue> values;
    for (const SortKey& key : keys) {
      values.push_back(value_of(record, document, key.field));
    }
    rows.emplace_back(std::move(values), &record);
  }
  std::stable_sort(rows.begin(), rows.end(), [&keys = keys](const auto& a, const auto& b) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (const int order = compare(a.first[i], b.first[i], keys[i].descending); order != 0) {
        return order < 0;
      }
    }
    return false;
  });
  std::vector<Record> page;
  const auto from = static_cast<std::size_t>(std::max<std::int64_t>(query.from, 0));
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(query.size, 0));
  for (std::size_t i = from; i < rows.size() && page.size() < size; ++i) {
    page.push_back(*rows[i].second);
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

Result<void> MemoryJobStore::insert(const JobRecord& job) {
  if (find_in(jobs_, [&](const JobRecord& known) { return known.job_id == job.job_id; }) != jobs_.end()) {
    return fail(Errc::conflict, "job " + job.job_id.text, "is in the store already");
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

Result<std::optional<JobRecord>> MemoryJobStore::get(const JobId& job_id) {
  const auto known = find_in(jobs_, [&](const JobRecord& job) { return job.job_id == job_id; });
  return known == jobs_.end() ? std::optional<JobRecord>() : *known;
}

Result<std::vector<JobRecord>> MemoryJobStore::list(const ListQuery& query) {
  return page_of(those(jobs_,
                       [&](const JobRecord& job) {
                         return job.deleted == query.deleted && job.active == query.active.value_or(job.active);
                       }),
                 query);
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
                 query);
}

}  // namespace slicebus::store
