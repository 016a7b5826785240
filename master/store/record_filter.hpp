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
  /// Of words: what the text must hold, whatever its case, before it is worth cutting into words. Lower-case ASCII.
  std::vector<std::string> literals{};
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
  std::optional<std::size_t> brief_line{};  ///< of a term that is asked of a brief instead of a document
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
/// @param document  a brief, if the condition's terms have their lines
bool matches(const Condition& condition, std::string_view document, const std::vector<Column>& columns = {});

/// What the document says of `fields`: the JSON text of each on a line of its own, in their order; the line of an
/// absent one is empty. Empty of a document that is no JSON object.
std::string brief_of(std::string_view document, const Fields& fields);
/// Where a field stands in the briefs of `fields`; nothing: it does not.
std::optional<std::size_t> line_in_brief(const Fields& fields, std::string_view name);

/// The words of a document's text field (words_of), each once, for an index of them. The empty word stands alone for
/// a value that is too long to index: it may have any word.
std::vector<std::string> words_to_index(std::string_view document, std::string_view field);

/// A text that lives in the variant, for orders.
using SortValue = std::variant<std::monostate, std::int64_t, double, std::string>;
/// The value of a document's field, to sort by: of arrays the first element; nothing when it is absent, null or not of
/// its kind.
SortValue sort_value(std::string_view document, const Field& field);
SortValue brief_sort_value(std::string_view brief, std::size_t line, FieldKind kind);

}  // namespace slicebus::store
