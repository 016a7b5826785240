#include <nlohmann/json.hpp>

#include "common/config/config.hpp"
#include "common/operations/catalog.hpp"
#include "master/api/endpoints.hpp"

namespace slicebus::api {

using operations::FieldSpec;
using operations::Operation;
using operations::OperationKind;
using service::Document;
using service::Json;
using service::RefusalKind;
using service::refuse;

namespace {

const char* kind_name(OperationKind kind) {
  switch (kind) {
    case OperationKind::reader:
      return "reader";
    case OperationKind::processor:
      return "processor";
    case OperationKind::sender:
      return "sender";
    case OperationKind::api:
      break;
  }
  return "api";
}

Json field_json(const FieldSpec& field) {
  Json json{{"name", field.name}, {"type", field.type}, {"required", field.required}};
  if (!field.fallback.empty()) {
    json["default"] = Json::parse(field.fallback, nullptr, false);
  }
  if (!field.range.empty()) {
    json["range"] = field.range;
  }
  if (!field.one_of.empty()) {
    json["one_of"] = field.one_of;
  }
  if (field.min) {
    json["min"] = *field.min;
  }
  if (field.max) {
    json["max"] = *field.max;
  }
  json["help"] = field.help;
  return json;
}

/// Its own options first, then those that every entry of its kind has.
Json operation_json(const Operation& operation) {
  Json options = Json::array();
  for (const FieldSpec& field : operation.spec->fields) {
    options.push_back(field_json(field));
  }
  for (const FieldSpec& field : operations::common_fields(operation.spec->kind)) {
    options.push_back(field_json(field));
  }
  Json json{{"name", operation.spec->name},
            {"kind", kind_name(operation.spec->kind)},
            {"summary", operation.spec->summary},
            {"options", std::move(options)}};
  if (!operation.spec->api.empty()) {
    json["api"] = operation.spec->api;
  }
  return json;
}

Handled list(Desk&, const Call&) {
  Json all = Json::array();
  for (const Operation& operation : operations::catalog()) {
    all.push_back(operation_json(operation));
  }
  return Reply(Document(std::move(all)));
}

Handled get(Desk&, const Call& call) {
  if (const Operation* operation = operations::find_operation(call.id)) {
    return Reply(Document(operation_json(*operation)));
  }
  std::vector<std::string> names;
  for (const Operation& operation : operations::catalog()) {
    names.push_back(operation.spec->name);
  }
  const auto near = config::nearest(call.id, names);
  return refuse(RefusalKind::not_found, "Could not find operation " + call.id +
                                            (near ? "; did you mean \"" + *near + "\"?"
                                                  : "; GET /operations lists all " + std::to_string(names.size())));
}

}  // namespace

std::vector<Route> operation_endpoints() {
  return {
      {.method = "GET",
       .path = "/operations",
       .handler = list,
       .summary = "Every operation and api that a job may name, with its options.",
       .query = {},
       .answer = "[Operation]"},
      {.method = "GET",
       .path = "/operations/{operation}",
       .handler = get,
       .summary = "One operation or api.",
       .query = {},
       .answer = "Operation",
       .refusals = {404}},
  };
}

}  // namespace slicebus::api
