#include "worker/agent/asset_folder.hpp"

#include <algorithm>

#include "common/bundle/asset_id.hpp"
#include "common/bundle/bundle.hpp"

namespace slicebus::agent {
namespace {

namespace fs = std::filesystem;

/// What is unpacked lies under ".<id>.<node>.half" meanwhile. A node id is live once in a cluster, so what ends in ours
/// was left by an agent that is no more.
std::string half_ending(const NodeId& node) {
  std::string name = node.text.substr(0, 100);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '\0'; }, '_');
  return "." + name + ".half";
}

void sweep(const fs::path& directory, const std::string& ending) {
  std::error_code absent;
  for (fs::directory_iterator entry(directory, absent), end; !absent && entry != end; entry.increment(absent)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(".") && name.ends_with(ending)) {
      std::error_code ignored;
      fs::remove_all(entry->path(), ignored);
    }
  }
}

AssetUnpacked place(const fs::path& directory, const std::string& ending, const UnpackAsset& asset) {
  if (const AssetId id = bundle::asset_id_of(asset.bytes); id != asset.asset) {
    return {asset.asset, "the bytes that came have the id " + id.text};
  }
  const auto done =
      bundle::unpack(asset.bytes, directory / asset.asset.text, directory / ("." + asset.asset.text + ending));
  return {asset.asset, done ? "" : done.error().text()};
}

}  // namespace

AssetFolder::AssetFolder(bus::Context& context, fs::path directory, const NodeId& node)
    : directory_(std::move(directory)),
      thread_(context, [folder = directory_, ending = half_ending(node)](const UnpackAsset& asset) {
        return place(folder, ending, asset);
      }) {
  sweep(directory_, half_ending(node));
}

bool AssetFolder::has(const AssetId& asset) const {
  std::error_code absent;
  return bundle::is_asset_id(asset.text) && fs::is_directory(directory_ / asset.text, absent);
}

}  // namespace slicebus::agent
