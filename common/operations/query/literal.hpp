#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/record/value.hpp"

namespace slicebus::operations::query {

/// A value that a record's fields are compared with. Types are strict: the number 5 is not the text "5".
struct Literal {
  enum class Kind : std::uint8_t { null, boolean, number, text };
  Kind kind = Kind::null;
  bool flag = false;
  double number = 0;
  std::optional<std::int64_t> integer;  ///< exact, of a number that is one
  std::string text;                     ///< as written, of every kind but null
  std::optional<std::int64_t> date_ms;  ///< of a text that is an ISO 8601 date

  bool operator==(const Literal&) const = default;

  /// Unquoted: true, false, a number (a sign is fine), else text.
  static Literal of_word(std::string_view word);
  static Literal of_text(std::string text);
};

/// Same type and equal; large integers are compared exactly.
bool equals(const Literal& literal, const record::Value& value);

/// How a record's value stands to a literal: numbers by size, texts by instant when the literal is a date and else by
/// bytes. Unordered when the types differ, or the text is no date where the literal is one.
std::partial_ordering compare(const record::Value& value, const Literal& literal);

/// `pattern`: `?` stands for one character, `*` for any number of them, a backslash for the character after it.
/// O(text · pattern).
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace slicebus::operations::query
