#include "master/service/job_check.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/config/config.hpp"
#include "common/operations/catalog.hpp"
#include "master/service/component_names.hpp"
#include "master/service/job_fields.hpp"

namespace slicebus::service {
namespace {

using operations::Operation;
using operations::OperationKind;
using operations::Problem;

/// A path as JSON: numbers are array positions.
Json json_path(const std::vector<std::string>& steps) {
  Json path = Json::array();
  for (const std::string& step : steps) {
    const bool position = !step.empty() && step.size() < 10 &&
                          std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; });
    path.push_back(position ? Json(std::stoul(step)) : Json(step));
  }
  return path;
}

/// `[{"path":["slicers"],"message":"…"}]`: what follows the dash of R-api-70.
std::string field_list(const std::vector<FieldProblem>& problems) {
  Json list = Json::array();
  for (const FieldProblem& problem : problems) {
    list.push_back({{"path", json_path(problem.path)}, {"message", problem.message}});
  }
  return compact(list);
}

/// Why a part does not pass: what POST answers, and the fields that are wrong, if it comes down to fields.
struct Failure {
  Failure(Refusal why) : refusal(std::move(why)) {}  // NOLINT: a refusal is a failure without fields
  Failure(Refusal why, std::vector<FieldProblem> where) : refusal(std::move(why)), fields(std::move(where)) {}
  Refusal refusal;
  std::vector<FieldProblem> fields{};
};
using Checked = tl::expected<void, Failure>;

tl::unexpected<Failure> failed_part(std::string_view part, const std::string& name,
                                    const std::vector<FieldProblem>& problems) {
  return tl::unexpected<Failure>(
      Failure{Refusal{RefusalKind::invalid_job, "Validation failed for " + std::string(part) + " config: " +
                                                    (name.empty() ? "undefined" : name) + " - " + field_list(problems)},
              problems});
}

/// "operations[2].size.max" → {"size", "max"}; "size" → {"size"}.
std::vector<std::string> path_inside(const std::string& path, const std::string& prefix) {
  std::string rest = path.rfind(prefix, 0) == 0 ? path.substr(prefix.size()) : path;
  std::vector<std::string> steps;
  std::string step;
  for (const char c : rest + ".") {
    if (c == '.' || c == '[' || c == ']') {
      if (!step.empty()) {
        steps.push_back(std::move(step));
      }
      step.clear();
    } else {
      step += c;
    }
  }
  return steps;
}

Json warning(const std::string& type, const std::string& kind, Json reason) {
  return {{"type", "JobValidation"}, {"reason", {{"type", type}, {"kind", kind}, {"reason", std::move(reason)}}}};
}

/// One check of one job; fills `config_` part by part.
class Check {
 public:
  Check(Json job, const AssetResolver& resolver, const Json* frozen_from)
      : config_(std::move(job)), resolver_(resolver), frozen_from_(frozen_from) {}

  /// The first part that fails is the answer.
  Answer<CheckedJob> run() {
    examine(false);
    if (!failures_.empty()) {
      return tl::make_unexpected(failures_.front().failure.refusal);
    }
    Json warnings{{"list", std::move(warnings_)}};
    return CheckedJob{Document(std::move(config_)), Document(std::move(warnings))};
  }

  /// Every part.
  Document report() {
    examine(true);
    Json errors = Json::array();
    for (const auto& [part, name, at, failure] : failures_) {
      const auto add = [&, &part = part, &name = name, &at = at](const std::vector<std::string>& inside,
                                                                 const std::string& message) {
        std::vector<std::string> path = at;
        path.insert(path.end(), inside.begin(), inside.end());
        errors.push_back({{"part", part}, {"name", name}, {"path", json_path(path)}, {"message", message}});
      };
      for (const FieldProblem& field : failure.fields) {
        add(field.path, field.message);
      }
      if (failure.fields.empty()) {
        add({}, failure.refusal.message);
      }
    }
    const bool valid = errors.empty();
    return Document(Json{{"valid", valid}, {"errors", std::move(errors)}, {"warnings", std::move(warnings_)}});
  }

 private:
  struct Failed {
    std::string part, name;
    std::vector<std::string> at;  ///< where the part stands; its fields' paths go on from there
    Failure failure;
  };

  /// Each part in the order of R-ex-30; the first that fails is the last, unless `all`.
  void examine(bool all) {
    const std::string posted_name = text_of(config_, "name");
    const auto goes_on = [&](const std::string& part, const std::string& name, std::vector<std::string> at,
                             Checked checked) {
      if (!checked) {
        failures_.push_back({part, name, std::move(at), std::move(checked).error()});
      }
      return all || failures_.empty();
    };
    if (!goes_on("assets", posted_name, {"assets"}, check_assets()) ||
        !goes_on("job", posted_name, {}, check_fields(posted_name))) {
      return;
    }
    warn_of_fields();
    for (std::size_t i = 0; i < size_of("operations"); ++i) {
      if (!goes_on("operation", text_of(config_["operations"][i], "_op"), {"operations", std::to_string(i)},
                   check_entry("operations", "operation", "_op", i))) {
        return;
      }
    }
    for (std::size_t i = 0; i < size_of("apis"); ++i) {
      if (!goes_on("api", text_of(config_["apis"][i], "_name"), {"apis", std::to_string(i)},
                   check_entry("apis", "api", "_name", i))) {
        return;
      }
    }
    if (!goes_on("job", text_of(config_, "name"), {}, check_links()) || !failures_.empty()) {
      return;  // what the operations say of their options makes sense only when all are of their types
    }
    for (std::size_t i = 0; i < size_of("operations"); ++i) {
      if (!goes_on("operation", text_of(config_["operations"][i], "_op"), {"operations", std::to_string(i)},
                   check_options(i))) {
        return;
      }
    }
  }

  /// Entries of `operations` or `apis`; 0 where it is no list.
  std::size_t size_of(const char* list) const {
    const auto found = config_.find(list);
    return found != config_.end() && found->is_array() ? found->size() : 0;
  }

  Checked check_fields(const std::string& posted_name) {
    if (const auto problems = check_job_fields(config_); !problems.empty()) {
      return failed_part("job", posted_name, problems);
    }
    return {};
  }

  Checked check_assets() {
    const auto listed = config_.find("assets");
    if (listed == config_.end()) {
      return {};
    }
    if (const Answer<void> resolved = assets_.resolve(*listed, resolver_); !resolved) {
      return tl::make_unexpected(resolved.error());
    }
    for (const std::string& reference : assets_.built_in_versions()) {
      const AssetReference asset = parse_asset(reference);
      warnings_.push_back(
          warning("jobProperty", "assetVersion",
                  {{"field", "assets"},
                   {"description", "\"" + asset.name + "\" is built in and satisfies every version; version \"" +
                                       asset.version + "\" is not looked at"}}));
    }
    return {};
  }

  /// A mistyped job field is kept, as every unknown one, and named; foreign fields without a neighbour pass in silence.
  void warn_of_fields() {
    for (const auto& [key, value] : config_.items()) {
      const auto& names = job_field_names();
      if (std::find(names.begin(), names.end(), key) != names.end()) {
        continue;
      }
      if (const auto near = config::nearest(key, names)) {
        warnings_.push_back(warning(
            "jobProperty", "unknownField",
            {{"field", key}, {"description", "unknown job field \"" + key + "\"; did you mean \"" + *near + "\"?"}}));
      }
    }
  }

  /// One operation or api: the name is known, stands where it may, and its options fit the spec.
  Checked check_entry(const std::string& list, const std::string& part, const std::string& name_field, std::size_t i) {
    Json& entry = config_[list][i];
    if (!entry.is_object()) {
      return {};  // the fields' check has said so
    }
    const std::string posted = text_of(entry, name_field);
    if (posted.empty()) {
      return failed_part(part, "", {{{name_field}, "This field is required and must be of type string"}});
    }
    if (posted[0] == '.' || posted[0] == '_') {
      return refuse(RefusalKind::invalid_job, "Invalid name: " + posted + ", it is private or otherwise restricted");
    }
    const ComponentName name = parse_component(posted);
    const Operation* operation = operations::find_operation(name.name);
    const bool is_api = part == "api";
    const std::string kind = is_api ? "api" : i == 0 ? "reader" : "processor";
    if (auto refusal = assets_.refusal(posted, name, operation != nullptr, {part, name_field, kind})) {
      return tl::make_unexpected(std::move(*refusal));
    }
    if (const std::string other = assets_.also_in(name.name); operation != nullptr && !other.empty()) {
      warnings_.push_back(
          warning(is_api ? "assetAPIProperty" : "assetOperation", "builtIn",
                  {{is_api ? "api_name" : "_op", posted},
                   {"field", name_field},
                   {"description", "asset \"" + other + "\" has \"" + name.name + "\", too; the built-in one runs"}}));
    }
    if (operation == nullptr || (operation->spec->kind == OperationKind::api) != is_api) {
      return refuse(RefusalKind::invalid_job, unknown_module(name.name, is_api));
    }
    if (!is_api) {
      const bool reads = operation->spec->kind == OperationKind::reader;
      if (reads != (i == 0)) {
        return failed_part(part, posted,
                           {{{name_field},
                             reads ? "\"" + name.name + "\" is a reader and can only be the first operation"
                                   : "the first operation must be a reader, \"" + name.name + "\" is none"}});
      }
    }
    return check_spec(*operation, list, part, name_field, i);
  }

  Checked check_spec(const Operation& operation, const std::string& list, const std::string& part,
                     const std::string& name_field, std::size_t i) {
    Json& entry = config_[list][i];
    const std::string posted = text_of(entry, name_field);
    const std::string path = list + "[" + std::to_string(i) + "]";
    nlohmann::json checked(entry);
    checked[name_field] = parse_component(posted).without_asset();
    std::vector<Problem> problems;
    std::vector<Problem> warnings;
    operations::check_entry(*operation.spec, path, checked, problems, warnings);
    if (!problems.empty()) {
      std::vector<FieldProblem> fields;
      fields.reserve(problems.size());
      for (const Problem& problem : problems) {
        fields.push_back({path_inside(problem.path, path), problem.message});
      }
      return failed_part(part, posted, fields);
    }
    for (const Problem& warned : warnings) {
      const std::vector<std::string> steps = path_inside(warned.path, path);
      warnings_.push_back(warning(part == "api" ? "assetAPIProperty" : "assetOperation", "unknownField",
                                  {{part == "api" ? "api_name" : "_op", posted},
                                   {"field", steps.empty() ? "" : steps[0]},
                                   {"description", warned.message}}));
    }
    if (entry.contains("api_name")) {
      warnings_.push_back(warning("assetOperation", "deprecation",
                                  {{"_op", posted},
                                   {"field", "api_name"},
                                   {"description", "\"api_name\" is the older name of \"_api_name\"; use that"}}));
    }
    if (operation.freeze) {
      freeze(operation, checked, list, i);
    }
    entry = in_order_of(entry, checked, *operation.spec);
    return {};
  }

  /// What is drawn once (a seed) is drawn now and stored; a recovery keeps what the first execution drew.
  void freeze(const Operation& operation, nlohmann::json& entry, const std::string& list, std::size_t i) const {
    nlohmann::json drawn = entry;
    operation.freeze(drawn);
    if (frozen_from_ != nullptr) {
      const auto before = frozen_from_->find(list);
      if (before != frozen_from_->end() && before->is_array() && i < before->size() && (*before)[i].is_object() &&
          text_of((*before)[i], "_op") == drawn.value("_op", "")) {
        for (const auto& [key, value] : drawn.items()) {
          const bool is_drawn = !entry.contains(key) || entry[key] != value;
          if (is_drawn && (*before)[i].contains(key)) {
            value = nlohmann::json((*before)[i][key]);
          }
        }
      }
    }
    entry = std::move(drawn);
  }

  /// The entry as posted, then what was filled in, in the order of the spec.
  static Json in_order_of(const Json& posted, const nlohmann::json& checked, const operations::OperationSpec& spec) {
    Json entry = Json::object();
    const auto put = [&](const std::string& key) {
      if (const auto found = checked.find(key); found != checked.end() && !entry.contains(key)) {
        entry[key] = Json(*found);
      }
    };
    for (const auto& [key, value] : posted.items()) {
      put(key);
    }
    put("_encoding");
    put("_dead_letter_action");
    for (const operations::FieldSpec& field : spec.fields) {
      put(field.name);
    }
    for (const auto& [key, value] : checked.items()) {
      put(key);
    }
    return entry;
  }

  /// R-ex-29: `_api_name` (older: `api_name`) names an entry of `apis`.
  Checked check_links() {
    std::vector<FieldProblem> problems;
    static const Json none = Json::array();
    const Json& apis = size_of("apis") == 0 ? none : config_["apis"];
    for (std::size_t i = 0; i < size_of("operations"); ++i) {
      Json& entry = config_["operations"][i];
      if (!entry.is_object()) {
        continue;
      }
      const std::string field = entry.contains("_api_name") ? "_api_name" : "api_name";
      const auto link = entry.find(field);
      if (link == entry.end()) {
        continue;
      }
      const std::vector<std::string> path{"operations", std::to_string(i), field};
      if (!link->is_string() || apis.empty()) {
        problems.push_back(
            {path, "An operation with a _api_name keyword must link it to a valid api configuration on the job"});
        continue;
      }
      const std::string wanted = parse_component(link->get<std::string>()).without_asset();
      const bool found =
          std::any_of(apis.begin(), apis.end(), [&](const Json& api) { return text_of(api, "_name") == wanted; });
      if (!found) {
        problems.push_back({path, "Could not find the associated api for " + link->get<std::string>()});
        continue;
      }
      if (field == "api_name") {
        entry["_api_name"] = wanted;
      } else {
        *link = wanted;
      }
    }
    if (!problems.empty()) {
      return failed_part("job", text_of(config_, "name"), problems);
    }
    return {};
  }

  /// What the operations say about the options that they will run with, their api's included.
  Checked check_options(std::size_t i) const {
    const std::string name = text_of(config_["operations"][i], "_op");
    const Operation* operation = operations::find_operation(parse_component(name).name);
    if (operation == nullptr) {
      return {};
    }
    std::vector<FieldProblem> fields;
    if (operation->check) {
      const nlohmann::json options = operations::effective_options(nlohmann::json(config_), i);
      for (const auto& [option, message] : operation->check(options)) {
        fields.push_back({{option}, message});
      }
    }
    const std::string output = output_of(i);
    for (std::size_t before = 0; before < i && !output.empty(); ++before) {
      if (output_of(before) == output) {
        fields.push_back({{"path"},
                          "operations[" + std::to_string(i) + "] writes the same files as operations[" +
                              std::to_string(before) + "], \"" + output +
                              "\": each would overwrite the other's; give it a path of its own"});
        break;
      }
    }
    if (!fields.empty()) {
      return failed_part("operation", name, fields);
    }
    return {};
  }

  std::string output_of(std::size_t i) const {
    const Operation* operation =
        operations::find_operation(parse_component(text_of(config_["operations"][i], "_op")).name);
    return operation != nullptr && operation->output
               ? operation->output(operations::effective_options(nlohmann::json(config_), i))
               : std::string();
  }

  static std::string unknown_module(const std::string& name, bool is_api) {
    std::vector<std::string> names;
    for (const Operation& operation : operations::catalog()) {
      if ((operation.spec->kind == OperationKind::api) == is_api) {
        names.push_back(operation.spec->name);
      }
    }
    std::string text = "Unable to find module for operation: " + name;
    if (const auto near = config::nearest(name, names)) {
      return text + "; did you mean \"" + *near + "\"?";
    }
    std::sort(names.begin(), names.end());
    text += is_api ? "; known apis are" : "; known operations are";
    for (const std::string& known : names) {
      text += (known == names.front() ? " " : ", ") + known;
    }
    return text;
  }

  Json config_;
  const AssetResolver& resolver_;
  const Json* frozen_from_;
  JobAssets assets_;
  Json warnings_ = Json::array();
  std::vector<Failed> failures_;
};

}  // namespace

Answer<CheckedJob> check_job(const Json& job, const AssetResolver& assets, const Json* frozen_from) {
  return Check(job, assets, frozen_from).run();
}

Document report_on(const Json& job, const AssetResolver& assets) { return Check(job, assets, nullptr).report(); }

}  // namespace slicebus::service
