#include "common/operations/coerce.hpp"

#include <charconv>
#include <cmath>

#include "common/operations/date_text.hpp"
#include "common/operations/nearest.hpp"
#include "common/operations/options.hpp"
#include "common/record/json_text.hpp"

namespace slicebus::operations {
namespace {

using nlohmann::json;

constexpr std::size_t shown_bytes_max = 60;

std::string plain(double number) {
  return std::floor(number) == number && std::abs(number) < 1e18 ? std::to_string(static_cast<std::int64_t>(number))
                                                                 : json(number).dump();
}

template <class Number>
bool read_number(const std::string& text, json& value) {
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size()) {
    return false;
  }
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) {
      return false;
    }
  }
  value = number;
  return true;
}

bool to_integer(json& value) {
  if (value.is_string()) {
    return read_number<std::int64_t>(value.get<std::string>(), value);
  }
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::floor(number) != number || std::abs(number) > 9e15) {
      return false;
    }
    value = static_cast<std::int64_t>(number);
  }
  return value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
}

bool to_number(json& value) {
  return value.is_string() ? read_number<double>(value.get<std::string>(), value) : value.is_number();
}

bool to_boolean(json& value) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (text == "true" || text == "1") {
      value = true;
    } else if (text == "false" || text == "0") {
      value = false;
    }
  } else if (value.is_number_integer() && (value == 0 || value == 1)) {
    value = value == 1;
  }
  return value.is_boolean();
}

bool to_duration(json& value) {
  if (value.is_string()) {
    const auto ms = parse_duration_ms(value.get<std::string>());
    if (!ms) {
      return false;
    }
    value = *ms;
  }
  return to_integer(value) && value.get<std::int64_t>() >= 0;
}

bool is_text_list(const json& value) {
  if (!value.is_array() || value.empty()) {
    return false;
  }
  for (const auto& element : value) {
    if (!element.is_string() || element.get_ref<const std::string&>().empty()) {
      return false;
    }
  }
  return true;
}

bool is_date(json& value) {
  return value.is_string() ? parse_date(value.get<std::string>()).has_value() : to_integer(value);
}

/// @return what is wrong, empty: nothing; `value` is coerced
std::string wrong_type(const FieldSpec& field, json& value) {
  const std::string& type = field.type;
  if (type == "string") {
    if (!value.is_string() || (field.required && value.get_ref<const std::string&>().empty())) {
      return (field.required ? "This field is required and must be of type string, " : "must be a string, ") +
             got(value);
    }
  } else if (type == "integer") {
    if (!to_integer(value)) {
      return "must be an integer, " + got(value);
    }
  } else if (type == "number") {
    if (!to_number(value)) {
      return "must be a number, " + got(value);
    }
  } else if (type == "boolean") {
    if (!to_boolean(value)) {
      return "must be a boolean, " + got(value);
    }
  } else if (type == "duration") {
    if (!to_duration(value)) {
      return "must be a positive integer or human readable string containing a number and valid unit (\"5 "
             "minutes\"), " +
             got(value);
    }
  } else if (type == "date") {
    if (!is_date(value)) {
      return "must be a date (\"2018-02-03\", \"2018-02-03T04:05:06Z\" or milliseconds since 1970), " + got(value);
    }
  } else if (type == "object") {
    if (!value.is_object()) {
      return "must be an object, " + got(value);
    }
  } else if (type == "array") {
    if (!value.is_array()) {
      return "must be an array, " + got(value);
    }
  } else if (type == "array of strings") {
    if (!value.is_array() || (!value.empty() && !is_text_list(value))) {
      return "must be an array of strings, " + got(value);
    }
  } else if (type == "string or array of strings") {
    const bool text = value.is_string() && !value.get_ref<const std::string&>().empty();
    if (!text && !is_text_list(value)) {
      return "must be a string or an array of strings, " + got(value);
    }
  }
  return {};
}

std::string out_of_range(const FieldSpec& field, const json& value) {
  if (!field.one_of.empty() && value.is_string()) {
    std::string all;
    for (const std::string& allowed : field.one_of) {
      if (value == allowed) {
        return {};
      }
      all += (all.empty() ? "" : ",") + allowed;
    }
    return "must be one of the following: " + all + ", " + got(value) +
           did_you_mean(value.get<std::string>(), field.one_of);
  }
  if (!value.is_number()) {
    return {};
  }
  const double number = value.get<double>();
  if ((!field.min || number >= *field.min) && (!field.max || number <= *field.max)) {
    return {};
  }
  const std::string unit = field.type == "duration" ? " ms" : "";
  if (field.min && field.max) {
    return "must be between " + plain(*field.min) + " and " + plain(*field.max) + unit + ", " + got(value);
  }
  return field.min ? "must be at least " + plain(*field.min) + unit + ", " + got(value)
                   : "must be at most " + plain(*field.max) + unit + ", " + got(value);
}

}  // namespace

std::string got(const json& value) { return "got " + record::printable(json_text(value), shown_bytes_max); }

std::string coerce(const FieldSpec& field, json& value) {
  std::string wrong = wrong_type(field, value);
  return wrong.empty() ? out_of_range(field, value) : wrong;
}

}  // namespace slicebus::operations
