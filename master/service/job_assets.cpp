#include "master/service/job_assets.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace slicebus::service {
namespace {

std::string shown(const store::AssetRecord& asset) { return asset.name + ":" + asset.version; }

}  // namespace

Answer<void> JobAssets::resolve(Json& assets, const AssetResolver& resolver) {
  if (!assets.is_array()) {
    return {};
  }
  for (Json& entry : assets) {
    if (!entry.is_string() || entry == "") {
      continue;
    }
    const std::string reference = entry.get<std::string>();
    const AssetReference named = parse_asset(reference);
    if (is_built_in_bundle(named.name)) {
      if (!named.version.empty()) {
        built_in_versions_.push_back(reference);
      }
      continue;
    }
    Answer<store::AssetRecord> found =
        resolver
            ? resolver(reference)
            : Answer<store::AssetRecord>(refuse(RefusalKind::not_found, "No assets found for \"" + reference + "\""));
    if (!found) {
      const bool ours = found.error().kind == RefusalKind::failed;
      return refuse(ours ? RefusalKind::failed : RefusalKind::invalid_job,
                    "Failure to get assets, caused by " + found.error().message + "; built in are " +
                        built_in_bundles_text() + ", GET /assets lists all others");
    }
    entry = found->id.text;
    assets_.push_back(std::move(*found));
  }
  return {};
}

std::vector<const store::AssetRecord*> JobAssets::having(const std::string& name) const {
  std::vector<const store::AssetRecord*> found;
  for (const store::AssetRecord& asset : assets_) {
    if (std::binary_search(asset.components.begin(), asset.components.end(), name)) {
      found.push_back(&asset);
    }
  }
  return found;
}

std::optional<Refusal> JobAssets::refusal(const std::string& posted, const ComponentName& name, bool built_in,
                                          const Place& place) const {
  const auto refused = [](std::string text) { return Refusal{RefusalKind::invalid_job, std::move(text)}; };
  const auto not_ours = [&](const store::AssetRecord& asset) {
    return refused("Unable to find module for operation: " + posted + "; asset \"" + shown(asset) +
                   "\" has it, as JavaScript, which Slicebus does not run; GET /operations lists what it runs");
  };
  if (!name.asset.empty()) {
    const AssetReference wanted = parse_asset(name.asset);
    if (is_built_in_bundle(wanted.name)) {
      return std::nullopt;
    }
    const auto asset = std::find_if(assets_.begin(), assets_.end(), [&](const store::AssetRecord& known) {
      return known.id.text == wanted.name ||
             (known.name == wanted.name && (wanted.version.empty() || wanted.version == known.version));
    });
    if (asset == assets_.end()) {
      return refused("Invalid " + place.part + " name for " + place.field + ": " + posted +
                     ", could not find the hashID for asset identifier " + name.asset);
    }
    if (std::binary_search(asset->components.begin(), asset->components.end(), name.name)) {
      return not_ours(*asset);
    }
    return refused("Unable to find module for operation: " + posted + "; asset \"" + shown(*asset) +
                   "\" has none of this name");
  }
  if (built_in) {
    return std::nullopt;
  }
  const auto holders = having(name.name);
  if (holders.size() > 1) {
    return refused("Multiple assets containing the same " + place.kind + " name " + place.field + ": \"" + name.name +
                   "\", please specify which specific asset to use on its name");
  }
  return holders.empty() ? std::nullopt : std::optional(not_ours(*holders.front()));
}

std::string JobAssets::also_in(const std::string& name) const {
  const auto holders = having(name);
  return holders.empty() ? "" : shown(*holders.front());
}

}  // namespace slicebus::service
