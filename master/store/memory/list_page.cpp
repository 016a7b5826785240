#include "master/store/memory/list_page.hpp"

#include <algorithm>

namespace slicebus::store {
namespace {

SortValue owned(const Scalar& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return std::string(*text);
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    return *whole;
  }
  return {};
}

double as_number(const SortValue& value) {
  const auto* whole = std::get_if<std::int64_t>(&value);
  return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
}

/// Negative, zero or positive, as the order of a before b: nothing last whatever the direction, numbers before texts.
int compare(const SortValue& a, const SortValue& b, bool descending) {
  const bool no_a = std::holds_alternative<std::monostate>(a);
  const bool no_b = std::holds_alternative<std::monostate>(b);
  if (no_a || no_b) {
    return static_cast<int>(no_a) - static_cast<int>(no_b);
  }
  const auto* text_a = std::get_if<std::string>(&a);
  const auto* text_b = std::get_if<std::string>(&b);
  int order = static_cast<int>(text_a != nullptr) - static_cast<int>(text_b != nullptr);
  if (order == 0) {
    order = text_a != nullptr
                ? text_a->compare(*text_b)
                : static_cast<int>(as_number(a) > as_number(b)) - static_cast<int>(as_number(a) < as_number(b));
  }
  return descending ? -order : order;
}

}  // namespace

std::vector<SortValue> sort_values(const std::vector<SortKey>& keys, std::string_view document,
                                   const std::vector<Column>& columns) {
  std::vector<SortValue> values;
  for (const SortKey& key : keys) {
    const auto column = std::find_if(columns.begin(), columns.end(),
                                     [&](const Column& known) { return known.field == key.field.name; });
    values.push_back(column != columns.end() ? owned(column->value) : sort_value(document, key.field));
  }
  return values;
}

std::vector<std::size_t> page_of_rows(std::vector<OrderedRow> rows, const std::vector<SortKey>& keys,
                                      const ListQuery& query) {
  std::sort(rows.begin(), rows.end(), [&](const OrderedRow& a, const OrderedRow& b) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (const int order = compare(a.values[i], b.values[i], keys[i].descending); order != 0) {
        return order < 0;
      }
    }
    return a.index < b.index;
  });
  std::vector<std::size_t> page;
  const auto from = static_cast<std::size_t>(std::max<std::int64_t>(query.from, 0));
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(query.size, 0));
  for (std::size_t i = from; i < rows.size() && page.size() < size; ++i) {
    page.push_back(rows[i].index);
  }
  return page;
}

}  // namespace slicebus::store
