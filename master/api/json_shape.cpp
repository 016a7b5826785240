#include "master/api/json_shape.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

namespace slicebus::api {
namespace {

struct Level {
  bool object = false;
  bool key_comes = false;
  std::unordered_set<std::string> keys = {};
};

/// Where the string that begins at `quote` ends: at its closing quote, or behind the text.
std::size_t end_of_string(std::string_view json, std::size_t quote) {
  std::size_t at = quote + 1;
  while (at < json.size() && json[at] != '"') {
    at += json[at] == '\\' ? 2 : 1;
  }
  return std::min(at, json.size());
}

/// The key as its object will have it: "\u0061" and "a" are one.
std::string unescaped(std::string_view key) {
  if (key.find('\\') == std::string_view::npos) {
    return std::string(key);
  }
  const auto text = nlohmann::json::parse('"' + std::string(key) + '"', nullptr, false);
  return text.is_string() ? text.get<std::string>() : std::string(key);
}

}  // namespace

JsonShape shape_of(std::string_view json) {
  JsonShape shape;
  std::vector<Level> levels;
  std::size_t comparisons = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    switch (json[at]) {
      case '"': {
        const std::size_t end = end_of_string(json, at);
        if (!levels.empty() && std::exchange(levels.back().key_comes, false)) {
          auto& keys = levels.back().keys;
          comparisons += keys.size();
          std::string key = unescaped(json.substr(at + 1, end - at - 1));
          if (comparisons > key_comparisons_max) {
            shape.too_many_keys = true;
            return shape;
          }
          if (!keys.insert(key).second) {
            shape.repeated_key = std::move(key);
            return shape;
          }
        }
        at = end;
        break;
      }
      case '{':
      case '[':
        levels.push_back({.object = json[at] == '{', .key_comes = json[at] == '{'});
        if (levels.size() > body_depth_max) {
          shape.too_deep = true;
          return shape;
        }
        break;
      case '}':
      case ']':
        if (!levels.empty()) {
          levels.pop_back();
        }
        break;
      case ',':
        if (!levels.empty()) {
          levels.back().key_comes = levels.back().object;
        }
        break;
      default:
        break;
    }
  }
  return shape;
}

}  // namespace slicebus::api
