#include <nlohmann/json.hpp>

#include "master/api/body.hpp"
#include "master/api/endpoints.hpp"
#include "master/api/parameters.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;
using service::Json;
using service::RefusalKind;
using service::refuse;

namespace {

constexpr std::size_t id_length = 40;

constexpr Parameter blocking_parameter{
    "blocking", false_unless_said, "Read and without effect: a bundle is always checked and stored before the answer."};
constexpr Parameter asset_sort_parameter{"sort", R"({"type":"string","default":"_created:desc"})",
                                         "`field:asc` or `field:desc`, several with commas."};

Handled upload(Desk& desk, const Call& call) {
  if (const auto blocking = call.query.boolean("blocking", false); !blocking) {
    return tl::make_unexpected(blocking.error());
  }
  // R-api-111; what is meant as a zip has another type, or none.
  const std::string type = media_type(call.request.content_type);
  if (type == "application/json" || type == "application/x-www-form-urlencoded") {
    return refuse(RefusalKind::invalid, "/asset endpoints do not accept json");
  }
  if (const auto taken = desk.assets.submit(call.request.body, call.ticket); !taken) {
    return tl::make_unexpected(taken.error());
  }
  return std::nullopt;
}

Answer<store::AssetQuery> asset_query(const Call& call) {
  const auto page = page_query(call.query);
  const auto sort = call.query.text("sort");
  if (!page || !sort) {
    return tl::make_unexpected(!page ? page.error() : sort.error());
  }
  store::AssetQuery query;
  query.from = page->from;
  query.size = page->size;
  if (*sort && !(*sort)->empty()) {
    query.sort = **sort;
  }
  query.name = call.id;
  query.version = call.second;
  return query;
}

Handled list(Desk& desk, const Call& call) {
  const auto query = asset_query(call);
  return query ? handled(desk.assets.list(*query)) : tl::make_unexpected(query.error());
}

/// R-api-116: what is missing is blank, a description is cut.
Handled table(Desk& desk, const Call& call) {
  static const std::vector<std::string> columns{"name",        "version",      "id",       "_created",
                                                "description", "node_version", "platform", "arch"};
  constexpr std::size_t description_bytes_max = 30;
  const auto query = asset_query(call);
  auto rows = query ? desk.assets.list(*query) : tl::make_unexpected(query.error());
  if (!rows) {
    return tl::make_unexpected(rows.error());
  }
  for (Document& row : *rows) {
    Json& asset = row.json();
    for (const std::string& column : columns) {
      asset.emplace(column, "");
    }
    std::string description = asset.at("description").get<std::string>();
    std::size_t end = std::min(description.size(), description_bytes_max);
    while (end > 0 && end < description.size() && (static_cast<unsigned char>(description[end]) & 0xC0U) == 0x80U) {
      --end;  // not within a character
    }
    description.resize(end);
    asset["description"] = std::move(description);
  }
  return table_reply(call, columns, *rows);
}

Handled remove(Desk& desk, const Call& call) {
  if (call.id.size() != id_length) {  // R-api-71: a text as `error`, no message
    return Reply(
        Document(Json{{"error", "asset " + call.id + " is not formatted correctly, please provide the full asset_id"}}),
        400);
  }
  return handled(desk.assets.remove(AssetId{call.id}));
}

}  // namespace

std::vector<Route> asset_endpoints() {
  const std::vector<Parameter> page{from_parameter, size_parameter, asset_sort_parameter};
  std::vector<Parameter> table_page = page;
  table_page.push_back(fields_parameter);
  table_page.push_back(headers_parameter);
  return {
      {.method = "POST",
       .path = "/assets",
       .handler = upload,
       .summary = "Stores a bundle: a zip with asset.json. 201 when it is new, 200 when it is stored already.",
       .query = {blocking_parameter},
       .answer = "AssetId",
       .refusals = {409, 422},
       .body = "bytes",
       .successes = {200, 201}},
      {.method = "GET",
       .path = "/assets",
       .handler = list,
       .summary = "The stored bundles.",
       .query = page,
       .answer = "[Asset]",
       .cacheable = true},
      {.method = "GET",
       .path = "/assets/{asset}",
       .handler = list,
       .summary = "The stored bundles of this name; `*` stands for any run of characters.",
       .query = page,
       .answer = "[Asset]",
       .cacheable = true},
      {.method = "GET",
       .path = "/assets/{asset}/{version}",
       .handler = list,
       .summary = "The stored bundles of this name and version; `*` stands for any run of characters.",
       .query = page,
       .answer = "[Asset]",
       .cacheable = true},
      {.method = "DELETE",
       .path = "/assets/{asset}",
       .handler = remove,
       .summary = "Deletes a bundle; nodes that have it keep their copy.",
       .query = {},
       .answer = "AssetId",
       .refusals = {404},
       .id_schema = R"({"type":"string","pattern":"^[0-9a-f]{40}$"})",
       .answer_400 = "AssetRefusal"},
      {.method = "GET",
       .path = "/txt/assets",
       .handler = table,
       .summary = "The stored bundles, as a table.",
       .query = table_page,
       .answer = "text",
       .cacheable = true},
      {.method = "GET",
       .path = "/txt/assets/{asset}",
       .handler = table,
       .summary = "The stored bundles of this name, as a table.",
       .query = table_page,
       .answer = "text",
       .cacheable = true},
      {.method = "GET",
       .path = "/txt/assets/{asset}/{version}",
       .handler = table,
       .summary = "The stored bundles of this name and version, as a table.",
       .query = table_page,
       .answer = "text",
       .cacheable = true},
  };
}

}  // namespace slicebus::api
