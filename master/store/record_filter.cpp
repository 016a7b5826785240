#include "master/store/record_filter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "common/operations/date_text.hpp"
#include "common/record/json_text.hpp"
#include "master/store/words.hpp"

namespace slicebus::store {
namespace {

using operations::query::Literal;
using operations::query::Node;
using Kind = ValueTest::Kind;

constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

/// The whole numbers that a text stands for: of "2" 2, of "2.5" those from 3 down to 2, which are none.
struct Span {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

std::optional<Span> number_span(const std::string& text) {
  const Literal number = Literal::of_word(text);
  if (number.kind != Literal::Kind::number) {
    return std::nullopt;
  }
  // Far from the ends of the type, so that one more or less is always a number.
  constexpr std::int64_t limit = 9'000'000'000'000'000'000;
  if (number.integer) {
    const std::int64_t whole = std::clamp(*number.integer, -limit, limit);
    return Span{whole, whole};
  }
  const double held = std::clamp(number.number, -9e18, 9e18);
  return Span{static_cast<std::int64_t>(std::ceil(held)), static_cast<std::int64_t>(std::floor(held))};
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The milliseconds that a date of that precision covers, as in Elasticsearch: of a day all of it. Long numbers are ms.
std::optional<Span> date_span(const std::string& text) {
  constexpr std::int64_t minute = 60'000;
  constexpr std::int64_t day = 1'440 * minute;
  if (is_digits(text) && text.size() == 4) {
    const auto first = operations::parse_date(text + "-01-01");
    const auto last = operations::parse_date(text + "-12-31");
    return first && last ? std::optional(Span{*first, *last + day - 1}) : std::nullopt;
  }
  if (is_digits(text)) {
    return number_span(text);
  }
  if (text.size() == 7 && text[4] == '-') {
    const auto first = operations::parse_date(text + "-01");
    for (const char* last_day : {"-31", "-30", "-29", "-28"}) {
      if (const auto last = operations::parse_date(text + last_day); first && last) {
        return Span{*first, *last + day - 1};
      }
    }
    return std::nullopt;
  }
  const auto at = operations::parse_date(text);
  if (!at) {
    return std::nullopt;
  }
  if (text.size() == 10) {
    return Span{*at, *at + day - 1};
  }
  const std::size_t clock = std::min(text.find_first_of("Zz+-", 11), text.size()) - 11;
  return Span{*at, *at + (clock == 5 ? minute : clock == 8 ? 1'000 : 1) - 1};
}

struct Reading {
  const char* what;  ///< "a number"
  const char* example;
  std::optional<Span> (*span)(const std::string& text);
};

const Reading number_reading{"a number", "write a number, such as 4", number_span};
const Reading flag_reading{"true or false", "write true or false", [](const std::string& text) -> std::optional<Span> {
                             if (text != "true" && text != "false") {
                               return std::nullopt;
                             }
                             const std::int64_t flag = text == "true" ? 1 : 0;
                             return Span{flag, flag};
                           }};
const Reading date_reading{"a date", "write it as 2026-08-03 or \"2026-08-03T09:12:40Z\"", date_span};

tl::unexpected<Error> wrong(const std::string& field, const std::string& what, const std::string& remedy) {
  return fail(Errc::invalid, "filter", "field \"" + record::printable(field, 64) + "\" " + what, remedy);
}

/// Numbers, flags and dates: each value is a span of whole numbers.
Result<ValueTest> number_test(const Node& node, const Reading& reading) {
  const auto span_of = [&](const std::string& text) -> Result<Span> {
    if (const auto span = reading.span(text)) {
      return *span;
    }
    return wrong(node.field, std::string("is ") + reading.what + ", got \"" + record::printable(text, 64) + "\"",
                 reading.example);
  };
  ValueTest test{.kind = Kind::number_range, .first = smallest, .last = largest};
  if (node.kind == Node::Kind::equals) {
    SB_TRY(span, span_of(node.value.text));
    test.first = span.first;
    test.last = span.last;
    return test;
  }
  if (node.kind == Node::Kind::wildcard) {
    return wrong(node.field, std::string("is ") + reading.what + ", which has no pattern", "use a range, or _exists_");
  }
  if (&reading == &flag_reading) {
    return wrong(node.field, "is true or false, which have no order", reading.example);
  }
  if (node.low) {
    SB_TRY(span, span_of(node.low->text));
    // Beyond 2.5 begins at 3, and so does beyond 2.
    test.first = node.low_included ? span.first : std::max(span.first, span.last + 1);
  }
  if (node.high) {
    SB_TRY(span, span_of(node.high->text));
    test.last = node.high_included ? span.last : std::min(span.last, span.first - 1);
  }
  return test;
}

ValueTest keyword_test(const Node& node) {
  if (node.kind != Node::Kind::range) {
    return {.kind = node.kind == Node::Kind::wildcard ? Kind::pattern : Kind::equals, .texts = {node.value.text}};
  }
  ValueTest test{.kind = Kind::text_range, .low_included = node.low_included, .high_included = node.high_included};
  if (node.low) {
    test.low = node.low->text;
  }
  if (node.high) {
    test.high = node.high->text;
  }
  return test;
}

/// The longest run of plain ASCII of each pattern that has one.
std::vector<std::string> literals_of(const std::vector<std::string>& patterns) {
  std::vector<std::string> literals;
  for (const std::string& pattern : patterns) {
    std::string_view longest;
    std::size_t length = 0;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
      const char c = pattern[at];
      const bool ends = c == '?' || c == '*' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
      length = ends ? 0 : length + 1;
      if (length > longest.size()) {
        longest = std::string_view(pattern).substr(at + 1 - length, length);
      }
    }
    if (!longest.empty()) {
      literals.emplace_back(longest);
    }
  }
  return literals;
}

ValueTest word_test(const Node& node) {
  if (node.kind != Node::Kind::range) {
    std::vector<std::string> words = words_of(node.value.text, node.kind == Node::Kind::wildcard);
    std::vector<std::string> literals = literals_of(words);
    return {.kind = Kind::words, .texts = std::move(words), .literals = std::move(literals)};
  }
  ValueTest test = keyword_test(node);
  test.kind = Kind::word_range;
  for (std::optional<std::string>* end : {&test.low, &test.high}) {
    if (*end) {
      const std::vector<std::string> words = words_of(**end);
      *end = words.empty() ? std::string() : words.front();
    }
  }
  return test;
}

/// A field that is not known: quotes make no difference, as for a known one.
ValueTest loose_test(const Node& node) {
  ValueTest test{.kind = Kind::loose, .loose = {node}};
  if (node.kind == Node::Kind::equals) {
    test.loose.front().value = Literal::of_text(node.value.text);
    test.loose.push_back(node);
    test.loose.back().value = Literal::of_word(node.value.text);
  }
  return test;
}

Result<ValueTest> test_of(const Node& node, FieldKind kind) {
  if (node.kind == Node::Kind::exists) {
    return ValueTest{.kind = Kind::exists};
  }
  switch (kind) {
    case FieldKind::keyword:
      return keyword_test(node);
    case FieldKind::text:
      return word_test(node);
    case FieldKind::integer:
      return number_test(node, number_reading);
    case FieldKind::flag:
      return number_test(node, flag_reading);
    case FieldKind::date:
      return number_test(node, date_reading);
    case FieldKind::unknown:
      break;
  }
  return loose_test(node);
}

class Binder {
 public:
  explicit Binder(const Fields& fields) : fields_(fields) {}

  // NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
  Result<Condition> bind(const Node& node) {
    Condition condition;
    switch (node.kind) {
      case Node::Kind::everything:
        return condition;
      case Node::Kind::all_of:
        condition.kind = Condition::Kind::all_of;
        break;
      case Node::Kind::any_of:
        condition.kind = Condition::Kind::any_of;
        break;
      case Node::Kind::none_of:
        condition.kind = Condition::Kind::none_of;
        break;
      default:
        return term(node);
    }
    for (const Node& child : node.children) {
      SB_TRY(bound, bind(child));
      condition.children.push_back(std::move(bound));
    }
    return condition;
  }

 private:
  Result<Condition> term(const Node& node) {
    if (++terms_ > filter_terms_max) {
      return fail(Errc::invalid, "filter", "has more than " + std::to_string(filter_terms_max) + " terms",
                  "split it into several requests");
    }
    Condition condition{.kind = Condition::Kind::term, .field = node.field, .fields = &fields_};
    if (!node.field.empty()) {
      const FieldKind kind = kind_of(fields_, node.field);
      SB_TRY(test, test_of(node, kind));
      condition.tests.at(static_cast<std::size_t>(kind)) = std::move(test);
      return condition;
    }
    for (std::size_t kind = 0; kind < field_kinds; ++kind) {
      if (auto test = test_of(node, static_cast<FieldKind>(kind))) {  // a word is no number: other fields may have it
        condition.tests.at(kind) = std::move(*test);
      }
    }
    return condition;
  }

  const Fields& fields_;
  std::size_t terms_ = 0;
};

}  // namespace

Result<Condition> bind(const Node& filter, const Fields& fields) { return Binder(fields).bind(filter); }

}  // namespace slicebus::store
