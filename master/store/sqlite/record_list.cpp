#include "master/store/sqlite/record_list.hpp"

#include <algorithm>

#include "master/store/sqlite/few_candidates.hpp"

namespace slicebus::store::sqlite {
namespace {

constexpr const char* document_matches = "document_matches";
constexpr const char* column_matches = "column_matches";
constexpr const char* document_value = "document_value";
constexpr const char* brief_value = "brief_value";

/// "((a OR b) OR (c OR d))": no deeper than SQLite allows, however many there are.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the logarithm of the count
std::string joined(const std::vector<std::string>& parts, std::string_view word, std::size_t from, std::size_t to) {
  if (to - from == 1) {
    return parts[from];
  }
  const std::size_t middle = from + (to - from) / 2;
  return "(" + joined(parts, word, from, middle) + std::string(word) + joined(parts, word, middle, to) + ")";
}

}  // namespace

std::string_view find_column(const KnownColumns& columns, std::string_view field) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& pair) { return pair.first == field; });
  return found == columns.end() ? std::string_view() : found->second;
}

Result<void> define_list_functions(Database& database) {
  SB_TRY_VOID(database.define(document_matches, [](const void* object, std::string_view document) -> Computed {
    return std::int64_t{matches(*static_cast<const Condition*>(object), document)};
  }));
  SB_TRY_VOID(database.define(column_matches, [](const void* object, std::string_view text) -> Computed {
    return std::int64_t{passes(*static_cast<const ValueTest*>(object), text)};
  }));
  SB_TRY_VOID(database.define(brief_value, [](const void* object, std::string_view brief) -> Computed {
    const auto& key = *static_cast<const ListSql::BriefKey*>(object);
    return brief_sort_value(brief, key.line, key.kind);
  }));
  return database.define(document_value, [](const void* object, std::string_view document) -> Computed {
    return sort_value(document, *static_cast<const Field*>(object));
  });
}

std::string ListSql::parameter(Value value) {
  values_.push_back(std::move(value));
  return "?" + std::to_string(values_.size());
}

void ListSql::add_where(const std::string& term) { where_ += (where_.empty() ? " WHERE " : " AND ") + term; }

void ListSql::where(std::string_view column, std::variant<std::int64_t, std::string> value) {
  const auto to_value = [](auto&& held) { return Value(std::forward<decltype(held)>(held)); };
  add_where(std::string(column) + " = " + parameter(std::visit(to_value, std::move(value))));
}

void ListSql::where_any(std::string_view column, const std::vector<std::string>& values, bool look_up) {
  std::string list;
  for (const std::string& value : values) {
    list += (list.empty() ? "" : ", ") + parameter(value);
  }
  add_where((look_up ? "" : "+") + std::string(column) + " IN (" + list + ")");
}

std::string_view ListSql::column_of(std::string_view field) const { return find_column(table_.known, field); }

// NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
bool ListSql::names_column(const Condition& condition) const {
  return !column_of(condition.field).empty() ||
         std::any_of(condition.children.begin(), condition.children.end(),
                     [this](const Condition& child) { return names_column(child); });
}

// NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
bool ListSql::brief_knows(const Condition& condition) const {
  const bool known =
      condition.kind != Condition::Kind::term || line_in_brief(table_.brief, condition.field).has_value();
  return known && std::all_of(condition.children.begin(), condition.children.end(),
                              [this](const Condition& child) { return brief_knows(child); });
}

std::string ListSql::of_document(Condition condition) {
  if (condition.kind == Condition::Kind::everything) {
    return "1";
  }
  const bool of_brief = brief_knows(condition);
  if (of_brief) {
    give_lines(condition);
  }
  conditions_.push_back(std::move(condition));
  return std::string(document_matches) + "(" + parameter(Object{&conditions_.back(), document_matches}) + ", " +
         (of_brief ? "brief)" : "document)");
}

// NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
void ListSql::give_lines(Condition& condition) const {
  condition.brief_line = line_in_brief(table_.brief, condition.field);
  for (Condition& child : condition.children) {
    give_lines(child);
  }
}

std::string ListSql::sort_value_of(const Field& field) {
  const auto line = line_in_brief(table_.brief, field.name);
  if (!line) {
    return std::string(document_value) + "(" + parameter(Object{&field, document_value}) + ", document)";
  }
  brief_keys_.push_back({*line, field.kind});
  return std::string(brief_value) + "(" + parameter(Object{&brief_keys_.back(), brief_value}) + ", brief)";
}

std::string ListSql::of_column(std::string_view name, const ValueTest& test) {
  std::string column(name);
  const bool is_range = test.kind == ValueTest::Kind::number_range || test.kind == ValueTest::Kind::text_range;
  if (is_range && (keys_.empty() || column != column_of(keys_.front().field.name))) {
    // Many records may lie in it; an index of it would have all of them sorted. In their order the page is soon full.
    column = "+" + column;
  }
  switch (test.kind) {
    case ValueTest::Kind::exists:
      return "1";
    case ValueTest::Kind::equals:
      return column + " = " + parameter(test.texts.front());
    case ValueTest::Kind::number_range:
      return "(" + column + " BETWEEN " + parameter(test.first) + " AND " + parameter(test.last) + ")";
    case ValueTest::Kind::text_range: {
      std::string range = "1";
      if (test.low) {
        range = column + (test.low_included ? " >= " : " > ") + parameter(*test.low);
      }
      if (test.high) {
        range += " AND " + column + (test.high_included ? " <= " : " < ") + parameter(*test.high);
      }
      return "(" + range + ")";
    }
    case ValueTest::Kind::pattern:
    case ValueTest::Kind::words:
    case ValueTest::Kind::word_range:
    case ValueTest::Kind::loose:
      break;
  }
  tests_.push_back(test);
  return std::string(column_matches) + "(" + parameter(Object{&tests_.back(), column_matches}) + ", " + column + ")";
}

/// The children that a column answers as SQL; the others in one call for those that the brief answers, and one for the
/// rest.
// NOLINTNEXTLINE(misc-no-recursion)
std::string ListSql::group(const Condition& condition) {
  std::vector<std::string> parts;
  Condition of_brief{.kind = condition.kind};
  Condition rest{.kind = condition.kind};
  for (const Condition& child : condition.children) {
    if (names_column(child)) {
      parts.push_back(sql(child));
    } else {
      (brief_knows(child) ? of_brief : rest).children.push_back(child);
    }
  }
  for (Condition* part : {&of_brief, &rest}) {
    if (!part->children.empty()) {
      parts.push_back(of_document(std::move(*part)));
    }
  }
  return joined(parts, condition.kind == Condition::Kind::all_of ? " AND " : " OR ", 0, parts.size());
}

// NOLINTNEXTLINE(misc-no-recursion)
std::string ListSql::sql(const Condition& condition) {
  const bool is_mixed = condition.kind == Condition::Kind::all_of && !condition.children.empty();
  if (!names_column(condition) && !is_mixed) {
    return of_document(condition);
  }
  switch (condition.kind) {
    case Condition::Kind::all_of:
    case Condition::Kind::any_of:
      return group(condition);
    case Condition::Kind::none_of:
      return "(NOT " + sql(condition.children.front()) + ")";
    case Condition::Kind::everything:
    case Condition::Kind::term:
      break;
  }
  const auto& test = condition.tests.at(static_cast<std::size_t>(kind_of(table_.fields, condition.field)));
  return test ? of_column(column_of(condition.field), *test) : "0";
}

Result<void> ListSql::page(const ListQuery& query) {
  if (query.filter) {
    SB_TRY(bound, bind(*query.filter, table_.fields));
    filter_ = std::move(bound);
  }
  SB_TRY(keys, parse_sort(query.sort, table_.fields));
  keys_ = std::move(keys);
  if (filter_) {
    add_where(sql(*filter_));
  }
  order_ = " ORDER BY ";
  for (const SortKey& key : keys_) {
    const std::string column(column_of(key.field.name));
    const std::string direction = key.descending ? " DESC" : " ASC";
    if (!column.empty()) {
      order_ += column + direction + ", ";
    } else if (const std::string_view sorted = find_column(table_.sorted, key.field.name); !sorted.empty()) {
      order_ += std::string(sorted) + direction + " NULLS LAST, ";
    } else {
      order_ += sort_value_of(key.field) + direction + " NULLS LAST, ";
    }
  }
  order_ += "number LIMIT " + parameter(std::max<std::int64_t>(query.size, 0));
  order_ += " OFFSET " + parameter(std::max<std::int64_t>(query.from, 0));
  return {};
}

Result<std::vector<std::int64_t>> ListSql::numbers(Database& database) {
  std::string source(table_.name);
  if (filter_) {
    SB_TRY(few, few_candidates(database, table_, *filter_));
    if (few) {
      std::string candidates;
      for (const IndexRange& range : *few) {
        candidates += (candidates.empty() ? "" : " UNION ") + range.sql(parameter(range.low), parameter(range.end));
      }
      // CROSS: SQLite begins with the candidates, whatever it thinks of the other indices.
      source = "(" + candidates + ") CROSS JOIN " + source + " USING (number)";
    }
  }
  SB_TRY(statement, database.prepare("SELECT number FROM " + source + where_ + order_));
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const int parameter = static_cast<int>(i) + 1;
    if (const auto* number = std::get_if<std::int64_t>(&values_[i])) {
      statement.bind(parameter, *number);
    } else if (const auto* text = std::get_if<std::string>(&values_[i])) {
      statement.bind_text(parameter, *text);
    } else {
      const auto& object = std::get<Object>(values_[i]);
      statement.bind_pointer(parameter, object.object, object.function);
    }
  }
  const TimeLimit limit(database, time_limit);
  std::vector<std::int64_t> found;
  for (;;) {
    auto more = statement.step();
    if (!more && more.error().code == Errc::timed_out) {
      return fail(Errc::timed_out, "list",
                  "the records that match were not found within " + std::to_string(time_limit.count()) + " ms",
                  "use fewer terms, and fields such as job_id, name, _status, _created or _updated");
    }
    SB_TRY(row, std::move(more));
    if (!row) {
      return found;
    }
    found.push_back(statement.integer(0));
  }
}

}  // namespace slicebus::store::sqlite
