#pragma once
#include <cstdint>
#include <list>
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
/// What a column knows is compared by SQL, so that indexes count; the rest is asked of the document by a function of
/// ours.
namespace slicebus::store::sqlite {

/// Makes the functions known that lists call. Once per connection.
Result<void> define_list_functions(Database& database);

/// Fields of the API that are columns: field → column. The columns are NOT NULL; dates are ms, flags 0 or 1.
using KnownColumns = std::vector<std::pair<std::string_view, std::string_view>>;

/// The table has the columns `document` and `number` (the order of insertion) beside the known ones.
class ListSql {
 public:
  /// @param columns  what is read, and from where: "job_id, document FROM job"
  ListSql(std::string columns, const Fields& fields, KnownColumns known)
      : text_("SELECT " + std::move(columns)), fields_(fields), known_(std::move(known)) {}
  void where(std::string_view column, std::variant<std::int64_t, std::string> value);
  void where_any(std::string_view column, const std::vector<std::string>& values);
  /// Appends the query's filter, ORDER BY, LIMIT and OFFSET. Errors: invalid, naming the field.
  Result<void> page(const ListQuery& query);
  /// The statement, bound to values that this object owns.
  Result<Statement> prepare(Database& database) const;

 private:
  struct Object {
    const void* object;
    const char* function;  ///< that takes it
  };
  using Value = std::variant<std::int64_t, std::string, Object>;
  std::string parameter(Value value);
  void add_where(const std::string& term);
  std::string_view column_of(std::string_view field) const;
  bool names_column(const Condition& condition) const;
  std::string sql(const Condition& condition);
  std::string group(const Condition& condition);
  std::string of_document(Condition condition);
  std::string of_column(std::string_view column, const ValueTest& test);

  std::string text_;
  const Fields& fields_;
  KnownColumns known_;
  bool filtered_ = false;
  std::vector<Value> values_;
  std::vector<SortKey> keys_;
  std::list<Condition> conditions_;  ///< bound to the statement by address, and so are the keys
  std::list<ValueTest> tests_;
};

}  // namespace slicebus::store::sqlite
