#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/operations/query/query.hpp"
#include "common/result.hpp"
#include "master/store/record_fields.hpp"

/// ListQuery::filter made ready for one kind of record: every value read as its field's kind. The adapters agree here.
namespace slicebus::store {

/// Terms of one filter, as in Lucene.
inline constexpr std::size_t filter_terms_max = 1'024;

/// A value of a record, read as its field's kind: nothing, a number (of dates, ms since 1970; of flags 0 or 1), a text.
using Scalar = std::variant<std::monostate, std::int64_t, double, std::string_view>;

/// What one value must be.
struct ValueTest {
  enum class Kind : std::uint8_t { exists, equals, pattern, text_range, number_range, words, word_range, loose };
  Kind kind = Kind::exists;
  std::vector<std::string> texts{};  ///< equals, pattern: one; words: patterns of consecutive words
  std::optional<std::string> low{};  ///< of a text or word range; nothing: open
  std::optional<std::string> high{};
  bool low_included = true;
  bool high_included = true;
  std::int64_t first = 0;  ///< of a number range, both ends included
  std::int64_t last = 0;
  std::vector<operations::query::Node> loose{};  ///< terms of which one must hold
};

struct Condition {
  enum class Kind : std::uint8_t { everything, all_of, any_of, none_of, term };
  Kind kind = Kind::everything;
  std::vector<Condition> children{};
  std::string field{};             ///< of a term; empty: any top-level field
  const Fields* fields = nullptr;  ///< of a term
  /// Of a term, by FieldKind; a kind without a test matches nothing.
  std::array<std::optional<ValueTest>, field_kinds> tests{};
};

/// @param fields  lives as long as the condition. Errors: invalid: a value that its field cannot have, an operator that
///                its field does not know, more than filter_terms_max terms; each names the field
Result<Condition> bind(const operations::query::Node& filter, const Fields& fields);

/// Whether a value passes; nothing (monostate) never does. Not for loose tests.
bool passes(const ValueTest& test, const Scalar& value);

/// A field that is kept beside the document, and wins over it. Dates are ms, flags 0 or 1.
struct Column {
  std::string_view field;
  Scalar value;
};

/// Whether a record is as the condition wants it. A document that is no JSON object has no fields.
bool matches(const Condition& condition, std::string_view document, const std::vector<Column>& columns = {});

/// A text that lives in the variant, for orders.
using SortValue = std::variant<std::monostate, std::int64_t, double, std::string>;
/// The value of a document's field, to sort by: of arrays the first element; nothing when it is absent, null or not of
/// its kind.
SortValue sort_value(std::string_view document, const Field& field);

}  // namespace slicebus::store
