#include <array>
#include <charconv>
#include <cmath>

#include "common/operations/catalog.hpp"
#include "common/operations/date_text.hpp"
#include "common/operations/nearest.hpp"
#include "common/operations/options.hpp"
#include "common/record/json_text.hpp"

namespace slicebus::operations {
namespace {

using nlohmann::json;

constexpr std::size_t shown_bytes_max = 60;

const std::vector<std::string> encodings{"json", "raw"};
const std::vector<std::string> dead_letter_actions{"throw", "log", "none"};

/// What an operation's record does with bad records, and the like: R-ex-28.
const std::array<FieldSpec, 5>& operation_fields() {
  static const std::array<FieldSpec, 5> fields = {
      FieldSpec{.name = "_op", .type = "string", .help = "Name of the operation.", .required = true},
      FieldSpec{.name = "_encoding", .type = "string", .range = "json, raw", .fallback = "\"json\"",
                .help = "How records are encoded.", .one_of = encodings},
      FieldSpec{.name = "_dead_letter_action", .type = "string", .range = "throw, log, none", .fallback = "\"throw\"",
                .help = "What becomes of a bad record: `throw` fails the slice, `log` writes it to the slot's log and drops it, `none` drops it.",
                .one_of = dead_letter_actions},
      FieldSpec{.name = "_api_name", .type = "string", .help = "Entry of `apis` that holds the connector options."},
      FieldSpec{.name = "_connection", .type = "string", .range = "default", .help = "Connector configuration of the cluster."}};
  return fields;
}

const std::array<FieldSpec, 4>& api_fields() {
  static const std::array<FieldSpec, 4> fields = {
      FieldSpec{.name = "_name", .type = "string", .help = "Name of the api; a tag may follow it (`file_reader_api:b`).", .required = true},
      FieldSpec{.name = "_encoding", .type = "string", .range = "json, raw", .help = "How records are encoded.", .one_of = encodings},
      FieldSpec{.name = "_dead_letter_action", .type = "string", .range = "throw, log, none", .fallback = "\"throw\"",
                .help = "What becomes of a bad record, as on operations.", .one_of = dead_letter_actions},
      FieldSpec{.name = "_connection", .type = "string", .range = "default", .help = "Connector configuration of the cluster."}};
  return fields;
}

std::string got(const json& value) { return "got " + record::printable(json_text(value), shown_bytes_max); }

std::string plain(double number) {
  return std::floor(number) == number && std::abs(number) < 1e18 ? std::to_string(static_cast<std::int64_t>(number)) : json(number).dump();
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

bool to_number(json& value) { return value.is_string() ? read_number<double>(value.get<std::string>(), value) : value.is_number(); }

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
std::string coerce(const FieldSpec& field, json& value) {
  const std::string& type = field.type;
  if (type == "string") {
    if (!value.is_string() || (field.required && value.get_ref<const std::string&>().empty())) {
      return (field.required ? "This field is required and must be of type string, " : "must be a string, ") + got(value);
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
      return "must be a positive integer or human readable string containing a number and valid unit (\"5 minutes\"), " + got(value);
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
    return "must be one of the following: " + all + ", " + got(value) + did_you_mean(value.get<std::string>(), field.one_of);
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

/// One entry under check.
class EntryCheck {
 public:
  EntryCheck(std::string_view path, json& entry, std::vector<Problem>& problems) : path_(path), entry_(entry), problems_(problems) {}

  void check(const FieldSpec& field, bool only_present, const std::string& missing_hint = {}) {
    known_.push_back(field.name);
    const auto at = entry_.find(field.name);
    if (at == entry_.end() || at->is_null()) {
      if (only_present) {
        return;
      }
      if (!field.fallback.empty()) {
        entry_[field.name] = json::parse(field.fallback, nullptr, false);
      } else if (field.required) {
        const std::string type = field.type == "any" ? std::string("not null") : "of type " + field.type;
        report(field.name, "This field is required and must be " + type + missing_hint);
      }
      return;
    }
    std::string wrong = coerce(field, *at);
    if (wrong.empty()) {
      wrong = out_of_range(field, *at);
    }
    if (!wrong.empty()) {
      report(field.name, std::move(wrong));
    }
  }

  void report(const std::string& name, std::string message) { problems_.push_back({path_ + "." + name, std::move(message)}); }

  void warn_of_unknown(const std::string& operation, std::vector<Problem>& warnings) const {
    for (const auto& [name, value] : entry_.items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end() && name != "api_name") {
        warnings.push_back({path_ + "." + name, "unknown option \"" + name + "\" of " + operation + " is ignored" + did_you_mean(name, known_)});
      }
    }
  }

 private:
  std::string path_;
  json& entry_;
  std::vector<Problem>& problems_;
  std::vector<std::string> known_;
};

/// "file_reader_api:b" → "file_reader_api"
std::string base_name(const std::string& name) { return name.substr(0, name.find_first_of("@:")); }

}  // namespace

std::span<const FieldSpec> common_fields(OperationKind kind) {
  if (kind == OperationKind::api) {
    return api_fields();
  }
  return operation_fields();
}

void check_entry(const OperationSpec& spec, std::string_view path, json& entry, std::vector<Problem>& problems,
                 std::vector<Problem>& warnings) {
  if (!entry.is_object()) {
    problems.push_back({std::string(path), "must be an object, " + got(entry)});
    return;
  }
  EntryCheck check(path, entry, problems);
  if (entry.contains("api_name") && !entry.contains("_api_name")) {
    entry["_api_name"] = entry["api_name"];  // the older spelling
  }
  const bool linked = entry.contains("_api_name");
  const std::string api_name = text_option(entry, "_api_name", "");
  if (linked && api_name.empty()) {
    check.report("_api_name", "An operation with a _api_name keyword must link it to a valid api configuration on the job");
  } else if (linked && !spec.api.empty() && base_name(api_name) != spec.api) {
    check.report("_api_name", "must name an api " + spec.api + " (a tag may follow: \"" + spec.api + ":b\"), got \"" + api_name + "\"");
  }
  const auto own = [&](const std::string& name) {
    return std::any_of(spec.fields.begin(), spec.fields.end(), [&](const FieldSpec& field) { return field.name == name; });
  };
  for (const FieldSpec& field : common_fields(spec.kind)) {
    if (!own(field.name)) {
      check.check(field, field.name == "_api_name");
    }
  }
  if (const auto connection = text_option(entry, "_connection"); connection && *connection != "default") {
    check.report("_connection", spec.name + " refers to connection \"" + *connection + "\" which is unavailable");
  }
  for (const FieldSpec& field : spec.fields) {
    check.check(field, false);
  }
  if (const Operation* api = spec.api.empty() ? nullptr : find_operation(spec.api)) {
    for (const FieldSpec& field : api->spec->fields) {
      if (!own(field.name)) {
        check.check(field, linked, "; give it here, or name with _api_name an entry of apis that has it");
      }
    }
  }
  check.warn_of_unknown(spec.name, warnings);
}

json effective_options(const json& execution, std::size_t operation) {
  json options = json::object();
  if (!execution.is_object()) {
    return options;
  }
  const auto operations = execution.find("operations");
  if (operations == execution.end() || !operations->is_array() || operation >= operations->size() ||
      !(*operations)[operation].is_object()) {
    return options;
  }
  const json& own = (*operations)[operation];
  const std::string api_name = text_option(own, "_api_name", "");
  const auto apis = execution.find("apis");
  if (!api_name.empty() && apis != execution.end() && apis->is_array()) {
    for (const json& api : *apis) {
      if (text_option(api, "_name", "") == api_name) {
        options = api;
        options.erase("_name");
        break;
      }
    }
  }
  for (const auto& [name, value] : own.items()) {
    const bool from_api = options.contains(name) && !options[name].is_null();
    const bool common_default = (name == "_encoding" && value == "json") || (name == "_dead_letter_action" && value == "throw");
    if (from_api && (common_default || value.is_null())) {
      continue;
    }
    options[name] = value;
  }
  return options;
}

}  // namespace slicebus::operations
