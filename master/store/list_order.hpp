#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

/// What the record stores' adapters agree on beside the ports: how a list is ordered, and when an execution is over.
namespace slicebus::store {

/// One key of an order. Records without the field come last, whichever the direction; what is left equal goes by
/// insertion.
struct SortKey {
  std::string field;  ///< letters, digits, '_', '-' and '.', at most 128; starts with a letter or '_'
  bool descending = false;

  bool operator==(const SortKey&) const = default;
};

/// Reads "field:asc|desc" or a comma list of it (at most 8), as ListQuery::sort. Without a direction it is ascending,
/// as in Elasticsearch. Errors: invalid, naming the field.
Result<std::vector<SortKey>> parse_sort(std::string_view sort);

/// R-ex-52: nothing changes any more.
bool is_terminal(std::string_view status);

}  // namespace slicebus::store
