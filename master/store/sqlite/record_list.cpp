#include "master/store/sqlite/record_list.hpp"

#include <algorithm>

#include "master/store/list_order.hpp"

namespace slicebus::store::sqlite {

std::string ListSql::parameter(std::variant<std::int64_t, std::string> value) {
  values_.push_back(std::move(value));
  return "?" + std::to_string(values_.size());
}

void ListSql::where(std::string_view column, std::variant<std::int64_t, std::string> value) {
  text_ += filtered_ ? " AND " : " WHERE ";
  filtered_ = true;
  text_ += std::string(column) + " = " + parameter(std::move(value));
}

void ListSql::where_any(std::string_view column, const std::vector<std::string>& values) {
  text_ += std::string(filtered_ ? " AND " : " WHERE ") + std::string(column) + " IN (";
  filtered_ = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    text_ += (i == 0 ? "" : ", ") + parameter(values[i]);
  }
  text_ += ")";
}

Result<void> ListSql::page(const ListQuery& query,
                           const std::vector<std::pair<std::string_view, std::string_view>>& known) {
  SB_TRY(keys, parse_sort(query.sort));
  text_ += " ORDER BY ";
  for (const SortKey& key : keys) {
    const auto column =
        std::find_if(known.begin(), known.end(), [&](const auto& pair) { return pair.first == key.field; });
    // The quotes are safe: a field name has none (list_order.hpp).
    const std::string value = column != known.end()
                                  ? std::string(column->second)
                                  : "json_extract(document, " + parameter("$.\"" + key.field + "\"") + ")";
    text_ += value + (key.descending ? " DESC" : " ASC") + " NULLS LAST, ";
  }
  text_ += "number LIMIT " + parameter(std::max<std::int64_t>(query.size, 0));
  text_ += " OFFSET " + parameter(std::max<std::int64_t>(query.from, 0));
  return {};
}

Result<Statement> ListSql::prepare(Database& database) const {
  SB_TRY(statement, database.prepare(text_));
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const int parameter = static_cast<int>(i) + 1;
    if (const auto* number = std::get_if<std::int64_t>(&values_[i])) {
      statement.bind(parameter, *number);
    } else {
      statement.bind_text(parameter, std::get<std::string>(values_[i]));
    }
  }
  return std::move(statement);
}

}  // namespace slicebus::store::sqlite
