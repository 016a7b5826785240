#pragma once
#include <optional>
#include <string>
#include <vector>

#include "master/store/sqlite/record_list.hpp"

/// Where an index says that few records can match a filter, the list looks at those alone. Where it says that many can,
/// going through the records in their order fills the page sooner.
namespace slicebus::store::sqlite {

/// Rows of an index from `low` to before `end`, byte by byte.
struct IndexRange {
  std::string table;
  std::string column;
  std::string low;
  std::string end;

  /// What gives the numbers of their records, some perhaps twice. @param from, before  how SQL calls `low` and `end`
  std::string sql(const std::string& from, const std::string& before) const;
};

/// Ranges which together have all records that match, and perhaps others; nothing: these are not few, or no index
/// knows. Errors: of the database
Result<std::optional<std::vector<IndexRange>>> few_candidates(Database& database, const ListedTable& table,
                                                              const Condition& filter);

}  // namespace slicebus::store::sqlite
