#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/operations/query/literal.hpp"
#include "common/record/record.hpp"
#include "common/result.hpp"

/// The query language: `delay:>60 AND (carrier:"AA" OR NOT time:[6 TO 12})`.
/// - NOT (or !) binds closer than AND (&&), that closer than OR (||); words in capitals. `a NOT b` means a AND NOT b.
/// Two terms without
///   a word between them are an error.
/// - `field:value` the same type and equal; "quotes" make text of anything; `?` and `*` in an unquoted text are
/// wildcards.
///   `field:*` and `_exists_:field`: there and not null. `field:(a OR b)`: the field counts for all in the parentheses.
/// - `>`, `>=`, `<`, `<=`, `[a TO b]`, `{a TO b}`, mixed; `*` is an open end. Texts that are ISO dates are compared as
/// instants.
/// - Without a field the value is compared with every top-level field. `*` alone is every record.
/// - A field is a path (`properties.mag`); of arrays on it, and at its end, any element counts. A name with spaces is
/// quoted. Not supported, and refused with their names: regular expressions, functions, variables, boosts, fuzziness,
/// field patterns.
/// The above is how the operation `filter` reads a query; lists (R-api-21) read it as Elasticsearch's query_string
/// does: see Dialect.
namespace slicebus::operations::query {

inline constexpr std::size_t query_bytes_max = 64U << 10U;
inline constexpr std::size_t depth_max = 64;

enum class Dialect : std::uint8_t {
  strict,
  /// Terms without a word between them mean OR; of them, `+a` must match, `-a`, `!a` and `NOT a` must not, and beside a
  /// `+a` the unsigned ones are idle. A backslash takes its meaning from any character, in words, quotes and names of
  /// fields. Only double quotes quote; $, @, =, < and the like are letters inside a word.
  lucene
};

struct Node {
  enum class Kind : std::uint8_t { everything, all_of, any_of, none_of, exists, equals, range, wildcard };
  Kind kind = Kind::everything;
  std::vector<Node> children{};  ///< of all_of, any_of (2 or more), none_of (1)
  std::string field{};           ///< of a term; empty: any top-level field
  Literal value{};               ///< of equals; of wildcard, the pattern (matches_wildcard)
  std::optional<Literal> low{};  ///< of a range; nothing: open
  std::optional<Literal> high{};
  bool low_included = true;
  bool high_included = true;
};

/// Errors: invalid, "character 7: …" (counted from 1).
Result<Node> parse(std::string_view text, Dialect dialect = Dialect::strict);

/// Whether a value is as a term (exists, equals, range, wildcard) wants it, by the value's own type.
bool satisfies(const Node& term, const record::Value& value);

/// Errors: invalid (the record is not a JSON object).
Result<bool> matches(const Node& query, const record::Record& record);

}  // namespace slicebus::operations::query
