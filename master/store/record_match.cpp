#include <algorithm>

#include "common/operations/date_text.hpp"
#include "common/record/json_scan.hpp"
#include "common/record/json_text.hpp"
#include "common/record/path.hpp"
#include "master/store/record_filter.hpp"
#include "master/store/words.hpp"

namespace slicebus::store {
namespace {

using operations::query::Literal;
using operations::query::matches_wildcard;

Scalar number_in(std::string_view text) {
  const Literal number = Literal::of_word(text);
  if (number.kind != Literal::Kind::number) {
    return {};
  }
  return number.integer ? Scalar(*number.integer) : Scalar(number.number);
}

/// @param buffer  holds the text when it cannot be a view of the document
Scalar read(const record::Value& value, FieldKind kind, std::string& buffer) {
  std::optional<std::string_view> text;
  if (value.is_string()) {
    text = value.plain_text();
    if (!text) {
      buffer = value.text().value_or(std::string());
      text = buffer;
    }
  }
  switch (kind) {
    case FieldKind::keyword:
      return text ? Scalar(*text) : value.is_number() || value.is_bool() ? Scalar(value.json) : Scalar();
    case FieldKind::text:
      return text ? Scalar(*text) : Scalar();
    case FieldKind::integer:
      return text ? number_in(*text) : value.is_number() ? number_in(value.json) : Scalar();
    case FieldKind::flag:
      if (value.is_bool() || text == "true" || text == "false") {
        return Scalar(std::int64_t{value.json == "true" || text == "true"});
      }
      return {};
    case FieldKind::date: {
      const auto date = text ? operations::parse_date(*text) : value.integer();
      return date ? Scalar(*date) : Scalar();
    }
    case FieldKind::unknown:
      break;
  }
  return {};
}

bool in_range(const ValueTest& test, std::string_view text) {
  const bool above = !test.low || (test.low_included ? text >= *test.low : text > *test.low);
  return above && (!test.high || (test.high_included ? text <= *test.high : text < *test.high));
}

/// The patterns match words that stand one after another.
bool has_words(const std::vector<std::string>& patterns, const std::vector<std::string>& words) {
  if (patterns.empty()) {
    return false;
  }
  return std::search(words.begin(), words.end(), patterns.begin(), patterns.end(),
                     [](const std::string& word, const std::string& pattern) {
                       return matches_wildcard(pattern, word);
                     }) != words.end();
}

/// @param literal  lower-case ASCII
bool holds_ignoring_case(std::string_view text, std::string_view literal) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 0x20) : a) == b; };
  return std::search(text.begin(), text.end(), literal.begin(), literal.end(), same) != text.end();
}

bool text_passes(const ValueTest& test, std::string_view text) {
  switch (test.kind) {
    case ValueTest::Kind::exists:
      return true;
    case ValueTest::Kind::equals:
      return text == test.texts.front();
    case ValueTest::Kind::pattern:
      return matches_wildcard(test.texts.front(), text);
    case ValueTest::Kind::text_range:
      return in_range(test, text);
    case ValueTest::Kind::words:
      return std::all_of(test.literals.begin(), test.literals.end(),
                         [&](const std::string& literal) { return holds_ignoring_case(text, literal); }) &&
             has_words(test.texts, words_of(text));
    case ValueTest::Kind::word_range: {
      const std::vector<std::string> words = words_of(text);
      return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return in_range(test, word); });
    }
    case ValueTest::Kind::number_range:
    case ValueTest::Kind::loose:
      break;
  }
  return false;
}

bool value_passes(const ValueTest& test, FieldKind kind, const record::Value& value) {
  if (test.kind == ValueTest::Kind::exists) {
    return !value.is_null() && !value.is_array() && value.json != "{}";
  }
  if (test.kind == ValueTest::Kind::loose) {
    return std::any_of(test.loose.begin(), test.loose.end(),
                       [&](const auto& term) { return operations::query::satisfies(term, value); });
  }
  std::string buffer;
  return passes(test, read(value, kind, buffer));
}

/// Calls `see(test, kind)` if the term has a test for the kind.
bool test_for(const Condition& term, FieldKind kind, const record::Value& value) {
  const auto& test = term.tests.at(static_cast<std::size_t>(kind));
  return test && value_passes(*test, kind, value);
}

bool any_field_passes(const Condition& term, std::string_view document) {
  bool found = false;
  record::Walk walk(document);
  while (walk.next()) {
    const std::string key = walk.key_escaped() ? record::json_unescape(walk.key()) : std::string();
    const FieldKind kind = kind_of(*term.fields, walk.key_escaped() ? key : walk.key());
    const auto see = [&](const record::Value& value) { return test_for(term, kind, value); };
    found = found || record::detail::any_element(walk.value(), 0, see);
  }
  return found && !walk.malformed() && walk.is_object();
}

std::string_view line_of(std::string_view brief, std::size_t line) {
  std::size_t from = 0;
  for (; line > 0 && from < brief.size(); --line) {
    from = std::min(brief.find('\n', from), brief.size() - 1) + 1;
  }
  const std::string_view rest = brief.substr(from);
  return rest.substr(0, rest.find('\n'));
}

bool term_matches(const Condition& term, std::string_view document, const std::vector<Column>& columns) {
  if (term.field.empty()) {
    return any_field_passes(term, document);
  }
  const FieldKind kind = kind_of(*term.fields, term.field);
  if (term.brief_line) {
    const std::string_view value = line_of(document, *term.brief_line);
    const auto see = [&](const record::Value& each) { return test_for(term, kind, each); };
    return !value.empty() && record::detail::any_element(value, 0, see);
  }
  for (const Column& column : columns) {
    if (column.field == term.field) {
      const auto& test = term.tests.at(static_cast<std::size_t>(kind));
      return test && passes(*test, column.value);
    }
  }
  bool malformed = false;
  return record::any_value(document, term.field, malformed,
                           [&](const record::Value& value) { return test_for(term, kind, value); });
}

}  // namespace

bool passes(const ValueTest& test, const Scalar& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return text_passes(test, *text);
  }
  if (std::holds_alternative<std::monostate>(value)) {
    return false;
  }
  if (test.kind == ValueTest::Kind::exists) {
    return true;
  }
  if (test.kind != ValueTest::Kind::number_range) {
    return false;
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    return *whole >= test.first && *whole <= test.last;
  }
  const double number = std::get<double>(value);
  return number >= static_cast<double>(test.first) && number <= static_cast<double>(test.last);
}

// NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
bool matches(const Condition& condition, std::string_view document, const std::vector<Column>& columns) {
  const auto holds = [&](const Condition& child) { return matches(child, document, columns); };
  const std::vector<Condition>& children = condition.children;
  switch (condition.kind) {
    case Condition::Kind::everything:
      return true;
    case Condition::Kind::all_of:
      return std::all_of(children.begin(), children.end(), holds);
    case Condition::Kind::any_of:
      return std::any_of(children.begin(), children.end(), holds);
    case Condition::Kind::none_of:
      return std::none_of(children.begin(), children.end(), holds);
    case Condition::Kind::term:
      return term_matches(condition, document, columns);
  }
  return false;
}

std::string brief_of(std::string_view document, const Fields& fields) {
  std::vector<std::string_view> values(fields.size());
  record::Walk walk(document);
  while (walk.next()) {
    const std::string key = walk.key_escaped() ? record::json_unescape(walk.key()) : std::string();
    if (const auto line = line_in_brief(fields, walk.key_escaped() ? key : walk.key())) {
      values[*line] = walk.value();  // of equal keys the last one counts
    }
  }
  if (!walk.is_object()) {
    return {};
  }
  std::string brief;
  for (const std::string_view value : values) {
    brief += value;
    std::replace(brief.end() - static_cast<std::ptrdiff_t>(value.size()), brief.end(), '\n', ' ');  // white space
    brief += '\n';
  }
  return brief;
}

std::optional<std::size_t> line_in_brief(const Fields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - fields.begin()));
}

std::vector<std::string> words_to_index(std::string_view document, std::string_view field) {
  constexpr std::size_t indexed_bytes_max = 1'024;
  std::vector<std::string> words;
  bool malformed = false;
  static_cast<void>(record::any_value(document, field, malformed, [&](const record::Value& value) {
    const auto text = value.is_string() ? value.text() : std::nullopt;
    if (text) {
      const auto found = text->size() > indexed_bytes_max ? std::vector<std::string>{""} : words_of(*text);
      words.insert(words.end(), found.begin(), found.end());
    }
    return false;
  }));
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

namespace {

/// Takes the first value that can be sorted by.
struct SortValueOf {
  FieldKind kind;
  SortValue found{};

  bool operator()(const record::Value& value) {
    std::string buffer;
    const Scalar scalar = read(value, kind, buffer);
    if (const auto* text = std::get_if<std::string_view>(&scalar)) {
      found = std::string(*text);
    } else if (const auto* whole = std::get_if<std::int64_t>(&scalar)) {
      found = *whole;
    } else if (const auto* number = std::get_if<double>(&scalar)) {
      found = *number;
    }
    return !std::holds_alternative<std::monostate>(scalar);
  }
};

}  // namespace

SortValue sort_value(std::string_view document, const Field& field) {
  SortValueOf sorted{field.kind};
  bool malformed = false;
  static_cast<void>(record::any_value(document, field.name, malformed, sorted));
  return std::move(sorted.found);
}

SortValue brief_sort_value(std::string_view brief, std::size_t line, FieldKind kind) {
  SortValueOf sorted{kind};
  static_cast<void>(record::detail::any_element(line_of(brief, line), 0, sorted));
  return std::move(sorted.found);
}

}  // namespace slicebus::store
