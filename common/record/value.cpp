#include "common/record/value.hpp"

#include <charconv>

#include "common/record/json_text.hpp"

namespace slicebus::record {
namespace {

template <class Number>
std::optional<Number> whole(std::string_view json) {
  Number number{};
  const char* end = json.data() + json.size();
  const auto [stop, error] = std::from_chars(json.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional<Number>(number) : std::nullopt;
}

}  // namespace

std::optional<double> Value::number() const {
  if (!is_number()) {
    return std::nullopt;
  }
  // Most numbers are short integers: a double holds up to 15 digits exactly.
  if (json.size() <= 15) {
    if (const auto small = whole<std::int64_t>(json)) {
      return static_cast<double>(*small);
    }
  }
  return whole<double>(json);
}

std::optional<std::int64_t> Value::integer() const { return is_number() ? whole<std::int64_t>(json) : std::nullopt; }

std::optional<bool> Value::boolean() const { return is_bool() ? std::optional<bool>(json == "true") : std::nullopt; }

std::optional<std::string_view> Value::plain_text() const {
  if (!is_string() || json.size() < 2 || json.find('\\') != std::string_view::npos) {
    return std::nullopt;
  }
  return json.substr(1, json.size() - 2);
}

std::optional<std::string> Value::text() const {
  if (!is_string() || json.size() < 2) {
    return std::nullopt;
  }
  return json_unescape(json.substr(1, json.size() - 2));
}

}  // namespace slicebus::record
