#include "master/service/job_fields.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "common/config/config.hpp"
#include "master/service/document.hpp"

namespace slicebus::service {
namespace {

constexpr std::int64_t count_max = 100'000;  // of workers and slicers; ten times the planned cluster

/// A number that is whole ("3", 3, 3.0), or nothing.
std::optional<std::int64_t> whole(const Json& value, bool text_allowed) {
  if (value.is_number_integer()) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX
               ? std::nullopt
               : std::optional(value.get<std::int64_t>());
  }
  if (value.is_number_float()) {
    const double number = value.get<double>();
    const bool fits = number >= -9e15 && number <= 9e15;
    const auto cut = fits ? static_cast<std::int64_t>(number) : 0;
    return fits && static_cast<double>(cut) == number ? std::optional(cut) : std::nullopt;
  }
  if (text_allowed && value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
  }
  return std::nullopt;
}

/// Collects problems and fills one field after the other, in the order of the execution record.
class Form {
 public:
  explicit Form(const Json& posted) : posted_(posted) {}

  void name() {
    take("name", Json("Custom Job"), [](Json& value) -> std::string {
      return value.is_string() && !value.get_ref<const std::string&>().empty()
                 ? ""
                 : "This field is required and must be of type string";
    });
  }
  void lifecycle() {
    take("lifecycle", Json("once"), [](Json& value) -> std::string {
      return value == "once" || value == "persistent" ? "" : "must be one of the following: once,persistent";
    });
  }
  void boolean(const char* field, bool fallback) {
    take(field, Json(fallback), [](Json& value) -> std::string {
      if (value == true || value == "true" || value == 1 || value == "1") {
        value = true;
        return "";
      }
      if (value == false || value == "false" || value == 0 || value == "0") {
        value = false;
        return "";
      }
      return "must be true or false";
    });
  }
  void positive(const char* field, std::int64_t fallback) {
    take(field, Json(fallback), [](Json& value) -> std::string {
      const auto number = whole(value, true);
      if (!number || *number < 1) {
        return "must be valid integer greater than zero";
      }
      if (*number > count_max) {
        return "must be valid integer greater than zero and at most " + std::to_string(count_max);
      }
      value = *number;
      return "";
    });
  }
  void max_retries() {
    take("max_retries", Json(3), [](Json& value) -> std::string {
      const auto number = whole(value, false);
      if (!value.is_number() || !number || *number < 0 || *number > count_max) {
        return "must be a number, an integer, and greater than or equal to zero";
      }
      value = *number;
      return "";
    });
  }
  void duration(const char* field, std::int64_t fallback) {
    take(field, Json(fallback), [](Json& value) -> std::string {
      if (const auto number = whole(value, true); number && *number >= 0) {
        value = *number;
        return "";
      }
      if (value.is_string()) {
        if (const auto parsed = config::parse_duration(value.get_ref<const std::string&>());
            parsed && parsed->count() >= 0) {
          value = parsed->count();
          return "";
        }
      }
      return "must be a positive integer or human readable string containing a number and valid unit";
    });
  }
  void assets() {
    take("assets", Json(nullptr), [](Json& value) -> std::string {
      if (value.is_null()) {
        return "";
      }
      if (!value.is_array()) {
        return "assets need to be of type array";
      }
      const bool texts = std::all_of(value.begin(), value.end(), [](const Json& entry) { return entry.is_string(); });
      return texts ? "" : "assets needs to be an array of strings";
    });
  }
  void env_vars() {
    take("env_vars", Json::object(), [](Json& value) -> std::string {
      if (!value.is_object()) {
        return "must be object";
      }
      for (const auto& [key, entry] : value.items()) {
        if (key.empty()) {
          return "key must be not empty";
        }
        if (entry.is_null() || entry == "") {
          return "value for key \"" + key + "\" must be not empty";
        }
      }
      return "";
    });
  }
  void labels() {
    take("labels", Json(nullptr),
         [](Json& value) -> std::string { return value.is_null() || value.is_object() ? "" : "must be object"; });
  }
  void log_level() {
    take("log_level", Json(nullptr), [](Json& value) -> std::string {
      static const std::set<std::string> levels{"trace", "debug", "info", "warn", "error", "fatal"};
      return value.is_null() || (value.is_string() && levels.contains(value.get<std::string>()))
                 ? ""
                 : "must be one of the following: trace,debug,info,warn,error,fatal";
    });
  }
  void apis() {
    take("apis", Json::array(), [this](Json& value) -> std::string {
      if (!value.is_array()) {
        return "APIs is required to be an array";
      }
      std::set<std::string> names;
      for (std::size_t i = 0; i < value.size(); ++i) {
        const std::string at = std::to_string(i);
        const Json& entry = value[i];
        const std::string named = entry.is_object() ? text_of(entry, "_name") : "";
        if (!entry.is_object()) {
          problems_.push_back({{"apis", at}, "Invalid API config in apis, got " + type_name(entry)});
        } else if (named.empty()) {
          problems_.push_back({{"apis", at, "_name"}, "API requires an _name"});
        } else if (!names.insert(named).second) {
          problems_.push_back({{"apis", at, "_name"}, "Duplicate API configurations for " + named + " found"});
        } else {
          connection(entry, {"apis", at, "_connection"}, "API " + named);
        }
      }
      return "";
    });
  }
  void operations() {
    take("operations", Json::array(), [this](Json& value) -> std::string {
      if (!value.is_array() || value.size() < 2) {
        return "Operations need to be of type array with at least two operations in it";
      }
      for (std::size_t i = 0; i < value.size(); ++i) {
        const std::string at = std::to_string(i);
        if (!value[i].is_object()) {
          problems_.push_back(
              {{"operations", at}, "Invalid Operation config in operations, got " + type_name(value[i])});
        } else {
          connection(value[i], {"operations", at, "_connection"}, "Operation " + text_of(value[i], "_op"));
        }
      }
      return "";
    });
  }

  /// Unknown fields go behind the known ones.
  Json finish() {
    for (const auto& [key, value] : posted_.items()) {
      if (!filled_.contains(key)) {
        filled_[key] = value;
      }
    }
    return std::move(filled_);
  }
  std::vector<FieldProblem> problems() { return std::move(problems_); }

 private:
  template <class Check>
  void take(const char* field, Json fallback, Check check) {
    const auto found = posted_.find(field);
    Json& value = filled_[field];
    if (found == posted_.end()) {
      value = std::move(fallback);
    } else {
      value = *found;
    }
    const std::string got = in_quotes(value);
    if (std::string wrong = check(value); !wrong.empty()) {
      problems_.push_back({{field}, std::move(wrong) + ", got " + got});
    }
  }
  void connection(const Json& entry, std::vector<std::string> path, const std::string& who) {
    const auto found = entry.find("_connection");
    if (found == entry.end() || found->is_null() || *found == "" || *found == "default") {
      return;
    }
    const std::string named = found->is_string() ? found->get<std::string>() : in_quotes(*found);
    problems_.push_back({std::move(path), who + " refers to connection \"" + named + "\" which is unavailable"});
  }

  const Json& posted_;
  Json filled_ = Json::object();
  std::vector<FieldProblem> problems_;
};

std::int64_t workers_by_default() { return std::clamp<std::int64_t>(std::thread::hardware_concurrency(), 1, 5); }

}  // namespace

std::vector<FieldProblem> check_job_fields(Json& job) {
  Form form(job);
  form.name();
  form.lifecycle();
  form.boolean("active", true);
  form.boolean("analytics", true);
  form.assets();
  form.boolean("autorecover", false);
  form.apis();
  form.operations();
  form.max_retries();
  form.duration("probation_window", 300'000);
  form.positive("slicers", 1);
  form.positive("workers", workers_by_default());
  form.boolean("stateful", false);
  form.labels();
  form.env_vars();
  form.log_level();
  std::vector<FieldProblem> problems = form.problems();
  if (problems.empty()) {
    job = form.finish();
  }
  return problems;
}

const std::vector<std::string>& job_field_names() {
  static const std::vector<std::string> names{
      "name",    "lifecycle", "active",   "analytics", "assets",      "autorecover",      "apis",     "operations",
      "slicers", "workers",   "stateful", "labels",    "max_retries", "probation_window", "env_vars", "log_level"};
  return names;
}

std::string type_name(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "Null";
    case Json::value_t::object:
      return "Object";
    case Json::value_t::array:
      return "Array";
    case Json::value_t::string:
      return "String";
    case Json::value_t::boolean:
      return "Boolean";
    default:
      return "Number";
  }
}

std::string in_quotes(const Json& value) {
  std::string text = compact(value);
  if (text.size() > 80) {
    std::size_t end = 77;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;
    }
    text.resize(end);
    text += "...";
  }
  return text;
}

}  // namespace slicebus::service
