#include "master/service/asset_upload.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/bundle/asset_id.hpp"
#include "common/bundle/bundle.hpp"
#include "common/version.hpp"
#include "master/service/document.hpp"
#include "master/service/semver.hpp"

namespace slicebus::service {
namespace {

constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t description_bytes_max = 10'000;
constexpr std::string_view unparsable =
    "Failure parsing asset.json, please ensure that's it formatted correctly";  // R-api-113

Refusal refusal_of(const bundle::Problem& problem) {
  switch (problem.kind) {
    case bundle::Problem::Kind::not_a_zip:
      return {RefusalKind::invalid, "Failed to save asset. File type not recognized as zip. (" + problem.text + ")"};
    case bundle::Problem::Kind::refused_entry:
      return {RefusalKind::invalid, "Failed to save asset: " + problem.text};
    case bundle::Problem::Kind::no_asset_json:
      break;
  }
  return {RefusalKind::unprocessable, "asset.json was not found in root directory of asset bundle"};
}

/// What JavaScript calls falsy restricts nothing (R-op-84).
bool restricts(const Json& json, std::string_view field) {
  const auto value = json.find(field);
  return value != json.end() && !value->is_null() && *value != false && *value != "" && *value != 0;
}

/// The name goes into references: `name:version`, `op@name`, and into paths of the API.
bool is_name(const std::string& name) {
  return name.size() <= name_bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) > ' ' &&
                  std::string_view("*/\\:@\x7f").find(c) == std::string_view::npos;
         });
}

/// 22, "22", "v22.4.0" → 22; nothing: it is none.
std::optional<std::uint32_t> node_major(const Json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() < 100'000) {
    return value.get<std::uint32_t>();
  }
  std::string text = value.is_string() ? value.get<std::string>() : "";
  if (const auto version = parse_version(text)) {
    return version->numbers[0] < 100'000 ? std::optional(static_cast<std::uint32_t>(version->numbers[0]))
                                         : std::nullopt;
  }
  const bool digits = !text.empty() && text.size() < 6 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::optional(static_cast<std::uint32_t>(std::stoul(text))) : std::nullopt;
}

Answer<void> check_minimum(const Json& json) {
  if (!restricts(json, "minimum_teraslice_version")) {
    return {};
  }
  const std::string wanted = text_of(json, "minimum_teraslice_version");
  const auto version = parse_version(wanted);
  if (!version) {
    return refuse(RefusalKind::invalid,
                  "Invalid minimum_teraslice_version \"" + wanted + "\"; it must be like \"3.1.0\"");
  }
  if (version > parse_version(teraslice_version)) {
    return refuse(RefusalKind::invalid, "Asset requires teraslice version " + wanted + " or greater.");
  }
  return {};
}

Answer<void> take_restrictions(const Json& json, store::AssetRecord& asset) {
  if (restricts(json, "node_version")) {
    const auto major = node_major(json.at("node_version"));
    if (!major) {
      return refuse(RefusalKind::invalid, "Invalid node_version " + compact(json.at("node_version")) +
                                              "; it must be a major number such as 22");
    }
    asset.node_version = *major;
  }
  for (const auto& [field, into] : {std::pair{"platform", &asset.platform}, std::pair{"arch", &asset.arch}}) {
    if (restricts(json, field)) {
      *into = text_of(json, field);
      if (into->empty() || into->size() > name_bytes_max) {
        return refuse(RefusalKind::invalid, std::string("Invalid ") + field + " " +
                                                compact(json.at(field)).substr(0, 200) + "; it must be a text");
      }
    }
  }
  return {};
}

}  // namespace

Answer<store::AssetRecord> parse_asset_json(std::string_view text) {
  // As every document: deeper ones would cost stack when they are read.
  constexpr int depth_max = 100;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > depth_max;
    return !too_deep;
  };
  const Json json = Json::parse(text, watch, false);
  if (too_deep || !json.is_object()) {
    return refuse(RefusalKind::unprocessable, std::string(unparsable));
  }
  store::AssetRecord asset;
  asset.name = text_of(json, "name");
  if (asset.name.empty()) {
    return refuse(RefusalKind::invalid, "Missing name");
  }
  if (!is_name(asset.name)) {
    return refuse(RefusalKind::invalid, "Invalid name \"" + asset.name.substr(0, name_bytes_max) +
                                            "\"; at most 200 bytes, without blanks and * / \\ : @");
  }
  const auto said = json.find("version");
  const std::string written = said == json.end()  ? "undefined"
                              : said->is_string() ? said->get<std::string>()
                                                  : compact(*said);
  const auto version = parse_version(written);
  if (!version) {
    return refuse(RefusalKind::invalid, "Invalid version \"" + written.substr(0, name_bytes_max) + "\"");
  }
  asset.version = version->text();
  asset.description = text_of(json, "description").substr(0, description_bytes_max);
  if (const Answer<void> minimum = check_minimum(json); !minimum) {
    return tl::make_unexpected(minimum.error());
  }
  if (const Answer<void> taken = take_restrictions(json, asset); !taken) {
    return tl::make_unexpected(taken.error());
  }
  return asset;
}

CheckedUpload check_upload(const Upload& upload, store::AssetBlobs& blobs) {
  CheckedUpload checked{upload.ticket, upload.source, store::AssetRecord{}};
  const auto found = bundle::check(upload.bytes);
  if (!found) {
    checked.asset = tl::make_unexpected(refusal_of(found.error()));
    return checked;
  }
  checked.asset = parse_asset_json(found->asset_json);
  if (!checked.asset) {
    return checked;
  }
  checked.asset->id = bundle::asset_id_of(upload.bytes);
  checked.asset->components.assign(found->components.begin(), found->components.end());
  checked.asset->size = upload.bytes.size();
  if (const auto kept = blobs.keep(checked.asset->id, upload.bytes); !kept) {
    checked.asset = refuse(kept.error());
  }
  return checked;
}

}  // namespace slicebus::service
