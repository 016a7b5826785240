// §6 of rest-api.md: bundles. The world has stored `words` 1.0.0 as {asset}.
#include "tests/integration/rest_table/rows.hpp"
#include "tests/support/zip_builder.hpp"

namespace slicebus::rest_table {

using support::bundle_zip;

namespace {

constexpr const char* zip_type = "application/octet-stream";

std::string zipped(const std::string& name, const std::string& content) {
  return support::zip_of({{.name = name, .content = content}}).bytes;
}

}  // namespace

std::vector<Row> asset_rows() {
  const std::string second = bundle_zip("second", "1.0.0");
  return {
      {53, "GET /v1/assets", 200, {R"("id": "{asset}")"}},
      {110, "POST /assets?blocking=true", 201, {"asset_id"}, second, zip_type},
      {110, "POST /v1/assets?blocking=true", 200, {"asset_id"}, second, zip_type},
      {111, "POST /assets", 400, {"/asset endpoints do not accept json"}, "{}"},
      {111, "POST /assets", 400, {"/asset endpoints do not accept json"}, second, "application/x-www-form-urlencoded"},
      {111, "POST /assets", 200, {"asset_id"}, second, "text/plain"},
      {112, "POST /assets?blocking=yes", 200, {"asset_id"}, second, zip_type},
      {112,
       "POST /assets?blocking=false",
       400,
       {"Failed to save asset. File type not recognized as zip."},
       "words",
       zip_type},
      {112, "POST /assets?blocking=perhaps", 400, {"blocking"}, second, zip_type},
      {113,
       "POST /assets?blocking=true",
       400,
       {"Failed to save asset. File type not recognized as zip."},
       "words",
       zip_type},
      {113,
       "POST /assets?blocking=true",
       422,
       {"asset.json was not found in root directory of asset bundle"},
       zipped("a.txt", "a"),
       zip_type},
      {113,
       "POST /assets?blocking=true",
       422,
       {"Failure parsing asset.json, please ensure that's it formatted correctly"},
       zipped("asset.json", "{"),
       zip_type},
      {113,
       "POST /assets?blocking=true",
       400,
       {"Missing name"},
       zipped("asset.json", R"({"version":"1.0.0"})"),
       zip_type},
      {113, "POST /assets?blocking=true", 400, {R"(Invalid version \"one\")"}, bundle_zip("third", "one"), zip_type},
      {113,
       "POST /assets?blocking=true",
       400,
       {"Asset requires teraslice version 99.0.0 or greater."},
       bundle_zip("third", "1.0.0", R"(,"minimum_teraslice_version":"99.0.0")"),
       zip_type},
      {113,
       "POST /assets?blocking=true",
       409,
       {R"(Asset name:\"second\" AND version:\"1.0.0\" already exists, please increment the version and send again)"},
       bundle_zip("second", "1.0.0", R"(,"description":"other")"),
       zip_type},
      {113, "POST /assets?blocking=true", 400, {"../a"}, zipped("../a", "a"), zip_type},
      {114,
       "GET /assets/words",
       200,
       {"_created", R"("name": "words")", R"("version": "1.0.0")", R"("id": "{asset}")", "not: second"}},
      {114, "GET /assets/words/1.0.0", 200, {"{asset}"}},
      {114, "GET /assets/words/2.0.0", 200, {"[]"}},
      {114, "GET /assets/wor*/1.*", 200, {"{asset}"}},
      {114, "GET /assets?size=1&sort=_created:asc", 200, {"{asset}", "not: second"}},
      {114, "GET /assets?size=1", 200, {"second", "not: {asset}"}},
      {116,
       "GET /txt/assets",
       200,
       {"name ", "  version ", "  id ", "  _created ", "  description ", "  node_version  platform  arch", "{asset}",
        "head: Content-Type: text/plain"}},
      {116, "GET /txt/assets/words/1.0.0?fields=id&headers=false", 200, {"{asset}\n", "not: second"}},
      {135, "GET /v1/assets/words", 200, {R"("version": "1.0.0")"}},
      {135, "POST /v1/assets?blocking=true", 201, {"asset_id"}, bundle_zip("second", "1.0.1"), zip_type},
      {136, "POST /v1/assets?blocking=true", 422, {"asset.json was not found"}, zipped("a.txt", "a"), zip_type},
      {71,
       "DELETE /assets/words",
       400,
       {R"("error": "asset words is not formatted correctly, please provide the full asset_id")", "not: message"}},
      {115, "DELETE /assets/{asset}", 200, {R"("asset_id": "{asset}")"}},
      {115, "DELETE /assets/{asset}", 404, {"Unable to find asset {asset}"}},
      {136, "DELETE /v1/assets/{asset}", 404, {"Unable to find asset"}},
  };
}

}  // namespace slicebus::rest_table
