#include "common/bundle/bundle.hpp"

#include <array>
#include <map>

#include "common/bundle/zip.hpp"

namespace slicebus::bundle {
namespace {

constexpr std::string_view asset_json = "asset.json";

/// "asset/words/processor.js" → "words"; empty: this file makes no component.
std::string component_of(std::string_view path) {
  static constexpr std::array<std::string_view, 5> parts{"processor", "fetcher", "slicer", "api", "observer"};
  static constexpr std::array<std::string_view, 4> endings{".js", ".mjs", ".cjs", ".ts"};
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || path.find("node_modules/") != std::string_view::npos) {
    return {};
  }
  const std::string_view file = path.substr(slash + 1);
  for (const std::string_view part : parts) {
    for (const std::string_view ending : endings) {
      if (file.size() == part.size() + ending.size() && file.starts_with(part) && file.ends_with(ending)) {
        const std::string_view folder = path.substr(0, slash);
        return std::string(folder.substr(folder.rfind('/') + 1));
      }
    }
  }
  return {};
}

}  // namespace

tl::expected<Bundle, Problem> check(std::string_view zip, const Limits& limits) {
  Bundle found;
  std::map<std::string, std::string> asset_jsons;  // by the directory they lie in: "" or one of the first level
  std::set<std::string> tops;
  std::string* reading = nullptr;
  Visitor visitor;
  visitor.entry = [&](const Entry& entry) -> tl::expected<void, Problem> {
    ++found.entries;
    const std::size_t slash = entry.path.find('/');
    tops.insert(entry.path.substr(0, slash) + (slash == std::string::npos && !entry.directory ? "" : "/"));
    if (std::string component = component_of(entry.path); !component.empty()) {
      found.components.insert(std::move(component));
    }
    reading = nullptr;
    const std::string_view file = std::string_view(entry.path).substr(slash == std::string::npos ? 0 : slash + 1);
    // Only the first of the first-level ones can count: with two such directories there is no "one".
    if (file == asset_json && !entry.directory && (slash == std::string::npos || asset_jsons.size() < 2)) {
      reading = &asset_jsons[slash == std::string::npos ? "" : entry.path.substr(0, slash)];
    }
    return {};
  };
  visitor.bytes = [&](std::string_view bytes) -> tl::expected<void, Problem> {
    found.unpacked_bytes += bytes.size();
    if (reading != nullptr) {
      if (reading->size() + bytes.size() > limits.asset_json_bytes_max) {
        return tl::make_unexpected(
            Problem{Problem::Kind::refused_entry,
                    "entry \"asset.json\" is larger than " + std::to_string(limits.asset_json_bytes_max) + " bytes"});
      }
      reading->append(bytes);
    }
    return {};
  };
  if (auto walked = walk(zip, limits, visitor); !walked) {
    return tl::make_unexpected(walked.error());
  }
  auto chosen = asset_jsons.find("");
  if (chosen == asset_jsons.end() && tops.size() == 1) {
    chosen = asset_jsons.find(tops.begin()->substr(0, tops.begin()->find('/')));
  }
  if (chosen == asset_jsons.end()) {
    return tl::make_unexpected(Problem{Problem::Kind::no_asset_json, "asset.json is missing"});
  }
  found.asset_json = std::move(chosen->second);
  return found;
}

}  // namespace slicebus::bundle
