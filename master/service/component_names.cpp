#include "master/service/component_names.hpp"

#include <algorithm>
#include <array>

namespace slicebus::service {
namespace {

constexpr std::array<std::string_view, 2> bundles{"standard", "file"};

/// A version begins with a digit, or is "latest" or a range of digits: what else follows a colon is a tag.
bool looks_like_version(std::string_view text) {
  return !text.empty() &&
         (text == "latest" || std::string_view("0123456789^~<>=*").find(text[0]) != std::string_view::npos);
}

}  // namespace

ComponentName parse_component(std::string_view text) {
  ComponentName out;
  const std::size_t at = text.find('@');
  std::string_view head = text.substr(0, at);
  if (at == std::string_view::npos) {
    const std::size_t colon = head.find(':');
    out.name = head.substr(0, colon);
    if (colon != std::string_view::npos) {
      out.tag = head.substr(colon + 1);
    }
    return out;
  }
  out.name = head;
  std::string_view asset = text.substr(at + 1);
  const std::size_t first = asset.find(':');
  if (first == std::string_view::npos) {
    out.asset = asset;
    return out;
  }
  std::string_view rest = asset.substr(first + 1);
  const std::size_t second = rest.find(':');
  if (second != std::string_view::npos) {
    out.asset = asset.substr(0, first + 1 + second);
    out.tag = rest.substr(second + 1);
  } else if (looks_like_version(rest)) {
    out.asset = asset;
  } else {
    out.asset = asset.substr(0, first);
    out.tag = rest;
  }
  return out;
}

AssetReference parse_asset(std::string_view text) {
  const std::size_t colon = text.find(':');
  return {std::string(text.substr(0, colon)),
          colon == std::string_view::npos ? "" : std::string(text.substr(colon + 1))};
}

bool is_built_in_bundle(std::string_view name) {
  return std::find(bundles.begin(), bundles.end(), name) != bundles.end();
}

std::string built_in_bundles_text() {
  std::string text;
  for (const std::string_view bundle : bundles) {
    text += (text.empty() ? "\"" : " and \"") + std::string(bundle) + "\"";
  }
  return text;
}

}  // namespace slicebus::service
