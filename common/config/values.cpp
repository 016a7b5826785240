#include <charconv>
#include <cmath>

#include "common/config/parts.hpp"

namespace slicebus::config {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr Unit units[] = {
    {"ms", 1},           {"millisecond", 1},  {"milliseconds", 1},  {"s", 1'000},       {"sec", 1'000},
    {"second", 1'000},   {"seconds", 1'000},  {"min", 60'000},      {"minute", 60'000}, {"minutes", 60'000},
    {"h", 3'600'000},    {"hour", 3'600'000}, {"hours", 3'600'000}, {"d", 86'400'000},  {"day", 86'400'000},
    {"days", 86'400'000}};
// A thousand years: beyond it arithmetic on deadlines would overflow.
constexpr double duration_ms_max = 31'536'000'000'000.0;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string duration_text(std::int64_t ms) {
  for (const auto& [name, size] : {Unit{" h", 3'600'000}, Unit{" min", 60'000}, Unit{" s", 1'000}}) {
    if (ms != 0 && ms % size == 0) {
      return std::to_string(ms / size) + std::string(name);
    }
  }
  return std::to_string(ms) + " ms";
}

std::string bound_text(const Field& field, std::int64_t bound) {
  return std::holds_alternative<milliseconds*>(field.target) ? duration_text(bound) : std::to_string(bound);
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

Result<void> in_range(const Field& field, std::int64_t value, const Written& written) {
  if (value < field.min || value > field.max) {
    return fail(Errc::invalid, written.where, in_quotes(written.text) + " is outside " + range_of(field));
  }
  return {};
}

struct Assign {
  const Field& field;
  const Written& written;

  Result<void> operator()(std::string* target) const {
    if (!field.choices.empty()) {
      bool known = false;
      for (const std::string& choice : field.choices) {
        known = known || choice == written.text;
      }
      if (!known) {
        const auto near = nearest(written.text, field.choices);
        return fail(Errc::invalid, written.where, in_quotes(written.text) + " is not " + range_of(field),
                    near ? "did you mean " + in_quotes(*near) + "?" : "");
      }
    }
    *target = written.text;
    return {};
  }
  Result<void> operator()(std::int64_t* target) const {
    const std::string_view text = trimmed(written.text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
      return fail(Errc::invalid, written.where, in_quotes(written.text) + " is outside " + range_of(field));
    }
    if (error != std::errc{} || end != text.data() + text.size()) {
      const std::string range = range_of(field);
      return fail(Errc::invalid, written.where, in_quotes(written.text) + " is no whole number",
                  range.empty() ? "" : "write one of " + range);
    }
    SB_TRY_VOID(in_range(field, value, written));
    *target = value;
    return {};
  }
  Result<void> operator()(bool* target) const {
    for (const std::string_view yes : {"true", "yes", "on", "1"}) {
      if (written.text == yes) {
        *target = true;
        return {};
      }
    }
    for (const std::string_view no : {"false", "no", "off", "0"}) {
      if (written.text == no) {
        *target = false;
        return {};
      }
    }
    return fail(Errc::invalid, written.where, in_quotes(written.text) + " is neither true nor false");
  }
  Result<void> operator()(milliseconds* target) const {
    const auto value = parse_duration(written.text);
    if (!value) {
      return fail(Errc::invalid, written.where, value.error().what, value.error().remedy);
    }
    SB_TRY_VOID(in_range(field, value->count(), written));
    *target = *value;
    return {};
  }
};

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  const auto invalid = [&](const char* what) {
    return fail(Errc::invalid, "duration", in_quotes(text) + what, "write it as 250ms, 5 s, 2 minutes or 1 hour");
  };
  const std::string_view whole = trimmed(text);
  double number = 0;
  const auto [end, error] =
      std::from_chars(whole.data(), whole.data() + whole.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number)) {
    return invalid(" is no duration");
  }
  const std::string_view unit = trimmed(whole.substr(static_cast<std::size_t>(end - whole.data())));
  double ms = -1;
  if (unit.empty()) {
    ms = number;
  }
  for (const Unit& known : units) {
    if (unit == known.name) {
      ms = number * static_cast<double>(known.ms);
    }
  }
  if (number < 0) {
    return invalid(" is negative");
  }
  if (ms < 0) {
    return invalid(" has an unknown unit");
  }
  if (ms > duration_ms_max) {
    return invalid(" is longer than a thousand years");
  }
  return milliseconds(std::llround(ms));
}

Result<void> assign(const Field& field, const Written& written) {
  return std::visit(Assign{field, written}, field.target);
}

std::string present_value(const Field& field) {
  struct Text {
    std::string operator()(const std::string* value) const { return *value; }
    std::string operator()(const std::int64_t* value) const { return std::to_string(*value); }
    std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
    std::string operator()(const milliseconds* value) const { return duration_text(value->count()); }
  };
  return std::visit(Text{}, field.target);
}

std::string range_of(const Field& field) {
  if (!field.range.empty()) {
    return field.range;
  }
  if (!field.choices.empty()) {
    std::string out = "one of ";
    for (const std::string& choice : field.choices) {
      out += (&choice == &field.choices.front() ? "" : ", ") + choice;
    }
    return out;
  }
  if (field.min == INT64_MIN && field.max == INT64_MAX) {
    return {};
  }
  return (field.min == INT64_MIN ? "" : bound_text(field, field.min)) + ".." +
         (field.max == INT64_MAX ? "" : bound_text(field, field.max));
}

std::string flag_name(const Field& field) {
  std::string out = field.name;
  for (char& c : out) {
    c = c == '_' ? '-' : c;
  }
  return out;
}

}  // namespace slicebus::config
