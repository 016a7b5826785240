#include "master/api/openapi.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "common/version.hpp"
#include "master/api/routes.hpp"
#include "master/api/schemas.hpp"

namespace slicebus::api {

using service::Document;
using service::Json;

namespace {

constexpr std::string_view about =
    "Runs jobs: a reader cuts data into slices, operations work on them, a sender writes them out. Every path exists "
    "bare and under /v1, but those of /txt only bare. Paths match whatever their case and ignore one trailing slash; "
    "HEAD is answered as GET without the body, OPTIONS with the methods as text. An unknown path, or a method that a "
    "path does not have, is answered with 405. A body is read as JSON when its media type is application/json or "
    "application/x-www-form-urlencoded, or when it begins with { or [. Errors have the status in `error` and the text "
    "in `message`.";

struct PathParameter {
  std::string_view name;
  std::string_view help;
};
constexpr std::array path_parameters{
    PathParameter{"job_id", "Id of the job."}, PathParameter{"ex_id", "Id of the execution."},
    PathParameter{"operation", "Name of the operation or api."},
    PathParameter{"asset", "Name of the bundle, in which `*` stands for any run of characters; to DELETE, its id."},
    PathParameter{"version", "Version of the bundle, in which `*` stands for any run of characters."}};

struct StatusText {
  int status;
  std::string_view text;
};
constexpr std::array status_texts{
    StatusText{200, "Done."},
    StatusText{201, "Stored."},
    StatusText{400, "The request is wrong: a parameter, the body, or the job that it holds."},
    StatusText{404, "There is no such thing."},
    StatusText{405, "No such path, or not with this method."},
    StatusText{408, "The request came too slowly."},
    StatusText{409, "Not in the state that it is in."},
    StatusText{410, "The job is deleted."},
    StatusText{413, "The body is larger than the limit."},
    StatusText{422, "Well-formed, and never allowed."},
    StatusText{500, "The records cannot be read or written, or there is nobody to ask at this moment."},
    StatusText{503, "Not now: the master is starting, ending, or has too much to do."}};

std::string_view text_of_status(int status) {
  const auto found = std::find_if(status_texts.begin(), status_texts.end(),
                                  [&](const StatusText& entry) { return entry.status == status; });
  return found == status_texts.end() ? "See the message." : found->text;
}

Json reference(std::string_view schema) { return {{"$ref", "#/components/schemas/" + std::string(schema)}}; }

/// The schema of an answer: "[Name]" is a list of these.
Json answer_schema(std::string_view answer) {
  if (answer.front() == '[') {
    return {{"type", "array"}, {"items", reference(answer.substr(1, answer.size() - 2))}};
  }
  return reference(answer);
}

Json content_of(std::string_view answer) {
  if (answer == "text") {
    return {{"text/plain", {{"schema", {{"type", "string"}}}}}};
  }
  if (answer == "bytes") {
    return {{"application/octet-stream", {{"schema", {{"type", "string"}, {"format", "binary"}}}}}};
  }
  return {{"application/json", {{"schema", answer_schema(answer)}}}};
}

Json parameters_of(const Route& route) {
  Json list = Json::array();
  for (std::size_t at = route.path.find('{'); at != std::string_view::npos; at = route.path.find('{', at + 1)) {
    const std::string_view name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    const std::string_view schema = list.empty() ? route.id_schema : R"({"type":"string","minLength":1})";
    list.push_back({{"name", name},
                    {"in", "path"},
                    {"required", true},
                    {"description", path_parameter_help(name)},
                    {"schema", Json::parse(schema, nullptr, false)}});
  }
  for (const Parameter& parameter : route.query) {
    list.push_back({{"name", parameter.name},
                    {"in", "query"},
                    {"required", parameter.required},
                    {"description", parameter.help},
                    {"schema", Json::parse(parameter.schema, nullptr, false)}});
  }
  return list;
}

Json responses_of(const Route& route) {
  std::set<int> refusals{400, 405, 408, 413, 500, 503};
  refusals.insert(route.refusals.begin(), route.refusals.end());
  Json responses = Json::object();
  for (const int status : route.successes) {
    refusals.erase(status);
    responses[std::to_string(status)] = {
        {"description", status == 503 ? "It cannot, for the reason given." : text_of_status(status)},
        {"content", content_of(route.answer)}};
  }
  for (const int status : refusals) {
    responses[std::to_string(status)] = {{"$ref", "#/components/responses/Refused" + std::to_string(status)}};
  }
  if (route.answer_400 != "Error") {
    responses["400"] = {{"description", text_of_status(400)}, {"content", content_of(route.answer_400)}};
  }
  return responses;
}

/// "GET /jobs/{job_id}/ex" → "get_jobs_job_id_ex"
std::string operation_id(const Route& route) {
  std::string id = lower(route.method);
  for (const char c : route.path) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      id += c;
    } else if (id.back() != '_') {
      id += '_';
    }
  }
  if (id.back() == '_') {
    id.pop_back();
  }
  return id;
}

Json operation_of(const Route& route) {
  Json operation{{"operationId", operation_id(route)},
                 {"summary", route.summary},
                 {"parameters", parameters_of(route)},
                 {"responses", responses_of(route)}};
  if (route.body == "bytes") {
    operation["requestBody"] = {{"required", true}, {"content", content_of("bytes")}};
  } else if (!route.body.empty()) {
    operation["requestBody"] = {{"required", true}, {"content", content_of(route.body)}};
  }
  return operation;
}

Json refused_responses() {
  Json responses = Json::object();
  std::set<int> statuses{400, 405, 408, 413, 500, 503};
  for (const Route& route : routes()) {
    statuses.insert(route.refusals.begin(), route.refusals.end());
  }
  for (const int status : statuses) {
    responses["Refused" + std::to_string(status)] = {{"description", text_of_status(status)},
                                                     {"content", content_of("Error")}};
  }
  return responses;
}

}  // namespace

std::string_view path_parameter_help(std::string_view name) {
  const auto found = std::find_if(path_parameters.begin(), path_parameters.end(),
                                  [&](const PathParameter& entry) { return entry.name == name; });
  return found == path_parameters.end() ? "" : found->help;
}

namespace {

Document made_from_routes() {
  Json paths = Json::object();
  for (const Route& route : routes()) {
    Json& item = paths[std::string(route.path)];
    if (route.path.substr(0, 5) == "/txt/") {
      item["servers"] = Json::array({Json{{"url", "/"}}});
    }
    item[lower(route.method)] = operation_of(route);
  }
  return Document(Json{{"openapi", "3.1.0"},
                       {"info", {{"title", "Slicebus"}, {"version", version}, {"description", about}}},
                       {"servers", {{{"url", "/"}}, {{"url", "/v1"}}}},
                       {"paths", std::move(paths)},
                       {"components", {{"schemas", std::move(schemas().json())}, {"responses", refused_responses()}}}});
}

}  // namespace

const Document& openapi() {
  // As text, which is shown as it is.
  static const Document document = Document::unread(made_from_routes().text(), "the OpenAPI document").value();
  return document;
}

}  // namespace slicebus::api
