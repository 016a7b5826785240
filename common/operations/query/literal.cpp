#include "common/operations/query/literal.hpp"

#include <charconv>
#include <cmath>

#include "common/operations/date_text.hpp"
#include "common/record/json_text.hpp"

namespace slicebus::operations::query {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/// Calls `with` with the text of a string value, copied only if it holds escapes.
template <class With>
auto with_text(const record::Value& value, With&& with) {
  if (const auto plain = value.plain_text()) {
    return with(*plain);
  }
  const std::string text = value.text().value_or(std::string());
  return with(std::string_view(text));
}

}  // namespace

Literal Literal::of_text(std::string text) {
  Literal literal{.kind = Kind::text, .text = std::move(text)};
  literal.date_ms = parse_date(literal.text);
  return literal;
}

Literal Literal::of_word(std::string_view word) {
  if (word == "true" || word == "false") {
    return {.kind = Kind::boolean, .flag = word == "true", .text = std::string(word)};
  }
  const std::size_t sign = !word.empty() && word.front() == '-' ? 1 : 0;
  if (word.size() > sign && is_digit(word[sign])) {
    const char* end = word.data() + word.size();
    double number = 0;
    const auto [stop, error] = std::from_chars(word.data(), end, number);
    if (error == std::errc{} && stop == end && std::isfinite(number)) {
      Literal literal{.kind = Kind::number, .number = number, .text = std::string(word)};
      std::int64_t integer = 0;
      const auto [whole_stop, whole_error] = std::from_chars(word.data(), end, integer);
      if (whole_error == std::errc{} && whole_stop == end) {
        literal.integer = integer;
      }
      return literal;
    }
  }
  return of_text(std::string(word));
}

std::partial_ordering compare(const record::Value& value, const Literal& literal) {
  if (literal.kind == Literal::Kind::number) {
    if (literal.integer) {
      if (const auto integer = value.integer()) {
        return *integer <=> *literal.integer;
      }
    }
    const auto number = value.number();
    return number ? *number <=> literal.number : std::partial_ordering::unordered;
  }
  if (literal.kind != Literal::Kind::text || !value.is_string()) {
    return std::partial_ordering::unordered;
  }
  return with_text(value, [&](std::string_view text) -> std::partial_ordering {
    if (literal.date_ms) {
      const auto date = parse_date(text);
      return date ? *date <=> *literal.date_ms : std::partial_ordering::unordered;
    }
    return text <=> std::string_view(literal.text);
  });
}

bool equals(const Literal& literal, const record::Value& value) {
  switch (literal.kind) {
    case Literal::Kind::null:
      return value.is_null();
    case Literal::Kind::boolean:
      return value.boolean() == literal.flag;
    case Literal::Kind::number:
      return compare(value, literal) == std::partial_ordering::equivalent;
    case Literal::Kind::text:
      return value.is_string() && with_text(value, [&](std::string_view text) { return text == literal.text; });
  }
  return false;
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  // Characters, not bytes, so that `?` is one of them in any script.
  const auto step = [&](std::size_t at) { return std::max<std::size_t>(1, record::utf8_length(text.substr(at))); };
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t += step(t);
    } else if (const std::size_t literal = p + (p + 1 < pattern.size() && pattern[p] == '\\' ? 1 : 0);
               literal < pattern.size() && pattern[literal] == text[t]) {
      p = literal + 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      resume += step(resume);
      t = resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size();
}

}  // namespace slicebus::operations::query
