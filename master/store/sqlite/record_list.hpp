#pragma once
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/store/list_order.hpp"
#include "master/store/record_filter.hpp"
#include "master/store/records_store.hpp"
#include "master/store/sqlite/database.hpp"

/// A list as parameterised SQL: nothing that a user wrote becomes part of the text, only of the values bound to it.
/// What a column knows is compared by SQL, so that indexes count; the rest is asked of the record's brief, or else of
/// its document, by a function of ours.
namespace slicebus::store::sqlite {

/// Makes the functions known that lists call. Once per connection.
Result<void> define_list_functions(Database& database);

/// Fields of the API that are columns: field → column. The columns are NOT NULL; dates are ms, flags 0 or 1.
using KnownColumns = std::vector<std::pair<std::string_view, std::string_view>>;
/// Empty: the field is none of them.
std::string_view find_column(const KnownColumns& columns, std::string_view field);

/// What is listed: a table with the columns `number` (the order of insertion) and `document` beside the known ones.
struct ListedTable {
  std::string_view name;
  const Fields& fields;
  KnownColumns known;
  Fields brief = {};         ///< of its column `brief`, which is brief_of(document, brief); empty: it has none
  KnownColumns sorted = {};  ///< of columns that are sort_value() of their field, or NULL, and stand in an index
  std::vector<std::string_view> ids = {};  ///< columns of which an index has the records in order
  /// Fields whose words_to_index() are rows (word, number) of a table: field → table. It may have more rows than that.
  KnownColumns words = {};
};

class ListSql {
 public:
  /// How long one list may look through records. All other requests wait for it.
  static constexpr std::chrono::milliseconds time_limit{250};

  /// @param table  lives as long as this object
  explicit ListSql(const ListedTable& table) : table_(table) {}
  void where(std::string_view column, std::variant<std::int64_t, std::string> value);
  /// @param look_up  few records have one of these values, or an index has those that have it in order. Otherwise the
  ///                 order is gone through until the page is full.
  void where_any(std::string_view column, const std::vector<std::string>& values, bool look_up);
  /// Appends the query's filter, ORDER BY, LIMIT and OFFSET. Errors: invalid, naming the field.
  Result<void> page(const ListQuery& query);
  /// The page's rows by `number`, in order. Their documents are read afterwards, row by row, so that neither the rows
  /// before the page nor a sort drag them along. Errors: of the database; timed_out after time_limit.
  Result<std::vector<std::int64_t>> numbers(Database& database);

 private:
  friend Result<void> define_list_functions(Database& database);
  struct Object {
    const void* object;
    const char* function;  ///< that takes it
  };
  struct BriefKey {
    std::size_t line;
    FieldKind kind;
  };
  using Value = std::variant<std::int64_t, std::string, Object>;
  std::string parameter(Value value);
  void add_where(const std::string& term);
  std::string_view column_of(std::string_view field) const;
  bool names_column(const Condition& condition) const;
  bool brief_knows(const Condition& condition) const;
  std::string sql(const Condition& condition);
  std::string group(const Condition& condition);
  std::string of_document(Condition condition);
  void give_lines(Condition& condition) const;
  std::string sort_value_of(const Field& field);
  std::string of_column(std::string_view column, const ValueTest& test);

  const ListedTable& table_;
  std::string where_;
  std::string order_;
  std::optional<Condition> filter_;
  std::vector<Value> values_;
  std::vector<SortKey> keys_;
  std::list<Condition> conditions_;  ///< bound to the statement by address, and so are the others
  std::list<ValueTest> tests_;
  std::list<BriefKey> brief_keys_;
};

}  // namespace slicebus::store::sqlite
