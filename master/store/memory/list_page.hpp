#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "master/store/list_order.hpp"
#include "master/store/record_filter.hpp"
#include "master/store/records_store.hpp"

/// Order and page of a list in memory, as SQLite would have them.
namespace slicebus::store {

struct OrderedRow {
  std::vector<SortValue> values;  ///< one of each key
  std::size_t index = 0;          ///< among the candidates, in the order of insertion
};

std::vector<SortValue> sort_values(const std::vector<SortKey>& keys, std::string_view document,
                                   const std::vector<Column>& columns);

/// The indices of the page, in order.
std::vector<std::size_t> page_of_rows(std::vector<OrderedRow> rows, const std::vector<SortKey>& keys,
                                      const ListQuery& query);

}  // namespace slicebus::store
