#include <algorithm>

#include "common/operations/catalog.hpp"
#include "common/operations/coerce.hpp"
#include "common/operations/nearest.hpp"
#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

using nlohmann::json;

/// One entry under check.
class EntryCheck {
 public:
  EntryCheck(std::string_view path, json& entry, std::vector<Problem>& problems)
      : path_(path), entry_(entry), problems_(problems) {}

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
    if (!wrong.empty()) {
      report(field.name, std::move(wrong));
    }
  }

  void report(const std::string& name, std::string message) {
    problems_.push_back({path_ + "." + name, std::move(message)});
  }

  void warn_of_unknown(const std::string& operation, std::vector<Problem>& warnings) const {
    for (const auto& [name, value] : entry_.items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end() && name != "api_name") {
        std::string text = "unknown option \"";
        text.append(name).append("\" of ").append(operation).append(" is ignored").append(did_you_mean(name, known_));
        warnings.push_back({path_ + "." + name, std::move(text)});
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
    check.report("_api_name",
                 "An operation with a _api_name keyword must link it to a valid api configuration on the job");
  } else if (linked && !spec.api.empty() && base_name(api_name) != spec.api) {
    check.report("_api_name", "must name an api " + spec.api + " (a tag may follow: \"" + spec.api + ":b\"), got \"" +
                                  api_name + "\"");
  }
  const auto own = [&](const std::string& name) {
    return std::any_of(spec.fields.begin(), spec.fields.end(),
                       [&](const FieldSpec& field) { return field.name == name; });
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
    const bool common_default =
        (name == "_encoding" && value == "json") || (name == "_dead_letter_action" && value == "throw");
    if (from_api && (common_default || value.is_null())) {
      continue;
    }
    options[name] = value;
  }
  return options;
}

}  // namespace slicebus::operations
