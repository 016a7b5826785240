#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "master/store/record_fields.hpp"

/// What the record stores' adapters agree on beside the ports: how a list is ordered, when an execution is over, and
/// how a document says that it is deleted.
namespace slicebus::store {

/// One key of an order. Records without the field come last, whichever the direction; what is left equal goes by
/// insertion.
struct SortKey {
  Field field;  ///< its name is that of the list of fields
  bool descending = false;
};

/// Reads "field:asc|desc" or a comma list of it (at most 8), as ListQuery::sort. Without a direction it is ascending,
/// as in Elasticsearch. Errors: invalid, naming the field; of an unknown one also the nearest of `fields`.
Result<std::vector<SortKey>> parse_sort(std::string_view sort, const Fields& fields);

/// R-ex-52: nothing changes any more.
bool is_terminal(std::string_view status);

/// The document with `_deleted: true` and `_deleted_on`, everything else byte for byte; one that is no JSON object
/// stays as it is.
std::string deleted_document(const std::string& document, const std::string& deleted_on);

}  // namespace slicebus::store
