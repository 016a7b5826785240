#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/store/records_store.hpp"
#include "master/store/sqlite/database.hpp"

/// A list as parameterised SQL: nothing that a user wrote becomes part of the text, only of the values bound to it.
namespace slicebus::store::sqlite {

class ListSql {
 public:
  /// @param columns  what is read, and from where: "job_id, document FROM job"
  explicit ListSql(std::string columns) : text_("SELECT " + std::move(columns)) {}
  void where(std::string_view column, std::variant<std::int64_t, std::string> value);
  void where_any(std::string_view column, const std::vector<std::string>& values);
  /// Appends ORDER BY, LIMIT and OFFSET. @param known  field of the API → column; other fields are looked up in
  /// `document`. Errors: invalid, naming the field.
  Result<void> page(const ListQuery& query, const std::vector<std::pair<std::string_view, std::string_view>>& known);
  /// The statement, bound to values that this object owns.
  Result<Statement> prepare(Database& database) const;

 private:
  std::string parameter(std::variant<std::int64_t, std::string> value);
  std::string text_;
  bool filtered_ = false;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

}  // namespace slicebus::store::sqlite
