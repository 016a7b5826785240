#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slicebus::record {

/// A field's value as its JSON text, or a scalar made from it on demand.
struct Value {
  std::string_view
      json;  ///< `"text"`, `12.50`, `null`, `{"a":1}`: exactly the bytes of the record (number text is kept)

  bool is_null() const { return json == "null"; }
  bool is_string() const { return !json.empty() && json.front() == '"'; }
  bool is_number() const {
    return !json.empty() && (json.front() == '-' || (json.front() >= '0' && json.front() <= '9'));
  }
  bool is_bool() const { return json == "true" || json == "false"; }
  bool is_array() const { return !json.empty() && json.front() == '['; }
  bool is_object() const { return !json.empty() && json.front() == '{'; }

  std::optional<double> number() const;
  std::optional<std::int64_t> integer() const;  ///< exact; nothing unless it is written as an integer that fits
  std::optional<bool> boolean() const;
  std::optional<std::string> text() const;  ///< unescaped; nothing unless it is a string
  /// The text without a copy when it holds no escapes; nothing otherwise. Use text() then.
  std::optional<std::string_view> plain_text() const;
};

}  // namespace slicebus::record
