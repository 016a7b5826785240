#pragma once
#include <string>
#include <string_view>

/// Names of components and assets as job-components.md §8 writes them: "op", "op@asset", "api:tag", "api@asset:tag",
/// "api@asset:1.2.3:tag"; "asset", "asset:1.2.3".
namespace slicebus::service {

struct ComponentName {
  std::string name;
  std::string asset;  ///< "asset" or "asset:version"; empty: none
  std::string tag;    ///< empty: none

  bool operator==(const ComponentName&) const = default;
  /// "op" or "api:tag": how the execution record names it; built-in bundles need no hash.
  std::string without_asset() const { return tag.empty() ? name : name + ":" + tag; }
};
ComponentName parse_component(std::string_view text);

struct AssetReference {
  std::string name;
  std::string version;  ///< empty: none was named

  bool operator==(const AssetReference&) const = default;
};
AssetReference parse_asset(std::string_view text);

/// `standard` and `file` are part of the programs and satisfy a job at any version.
bool is_built_in_bundle(std::string_view name);
/// "\"standard\" and \"file\"", for messages.
std::string built_in_bundles_text();

}  // namespace slicebus::service
