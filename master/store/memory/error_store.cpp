#include "master/store/memory/error_store.hpp"

#include <algorithm>

#include "master/store/memory/list_page.hpp"
#include "master/store/record_fields.hpp"

namespace slicebus::store {
namespace {

std::vector<Column> columns_of(const ErrorRecord& error) {
  return {{"ex_id", std::string_view(error.ex_id.text)},
          {"slice_id", std::string_view(error.slice_id)},
          {"_created", std::int64_t{error.created.time_since_epoch().count()}},
          {"_updated", std::int64_t{error.updated.time_since_epoch().count()}}};
}

}  // namespace

Result<void> MemoryErrorStore::put(const std::vector<ErrorRecord>& errors) {
  for (const ErrorRecord& error : errors) {
    const auto known = std::find_if(errors_.begin(), errors_.end(), [&](const ErrorRecord& other) {
      return other.ex_id == error.ex_id && other.slice_id == error.slice_id;
    });
    if (known == errors_.end()) {
      errors_.push_back(error);
    } else {
      *known = error;
    }
  }
  return {};
}

Result<std::optional<ErrorRecord>> MemoryErrorStore::get(const ExecutionId& ex_id, std::string_view slice_id) {
  const auto known = std::find_if(errors_.begin(), errors_.end(), [&](const ErrorRecord& error) {
    return error.ex_id == ex_id && error.slice_id == slice_id;
  });
  return known == errors_.end() ? std::optional<ErrorRecord>() : *known;
}

Result<std::uint64_t> MemoryErrorStore::recorded(const LineageId& lineage) {
  std::uint64_t highest = 0;
  for (const ErrorRecord& error : errors_) {
    highest = error.lineage == lineage ? std::max(highest, error.number) : highest;
  }
  return highest;
}

Result<std::vector<ErrorRecord>> MemoryErrorStore::list(const std::optional<ExecutionId>& ex_id,
                                                        const ListQuery& query) {
  SB_TRY(keys, parse_sort(query.sort, error_fields()));
  SB_TRY(condition, query.filter ? bind(*query.filter, error_fields()) : Condition{});
  std::vector<OrderedRow> rows;
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    const std::vector<Column> columns = columns_of(errors_[i]);
    if ((!ex_id || errors_[i].ex_id == *ex_id) && matches(condition, errors_[i].document, columns)) {
      rows.push_back({sort_values(keys, errors_[i].document, columns), i});
    }
  }
  std::vector<ErrorRecord> page;
  for (const std::size_t row : page_of_rows(std::move(rows), keys, query)) {
    page.push_back(errors_[row]);
  }
  return page;
}

}  // namespace slicebus::store
