#include "common/record/path.hpp"

#include <array>
#include <string>

#include "common/record/json_text.hpp"

namespace slicebus::record {
namespace {

Place locate_plain(std::string_view object, std::string_view key) {
  Place place{.kind = Place::Kind::absent, .object = object, .rest = key};
  Walk walk(object);
  while (walk.next()) {
    if (walk.key().size() >= key.size() && key_is(walk.key(), walk.key_escaped(), key)) {
      place.kind = Place::Kind::found;
      place.value = walk.value();
    }
  }
  place.tail = walk.tail();
  place.any = walk.any();
  if (walk.malformed() || !walk.is_object()) {
    place.kind = Place::Kind::malformed;
  }
  return place;
}

}  // namespace

bool key_is(std::string_view written, bool escaped, std::string_view key) {
  return escaped ? json_unescape(written) == key : written == key;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the path has dots, of which path_dots_max count
Place locate(std::string_view object, std::string_view path) {
  if (path.find('.') == std::string_view::npos) {
    return locate_plain(object, path);
  }
  // How the path may begin here: its first key, its first two with the dot between them, …, all of it.
  std::array<std::size_t, path_dots_max + 1> lengths{};
  std::array<std::string_view, path_dots_max + 1> values{};
  std::size_t ways = 0;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos && ways < path_dots_max;
       dot = path.find('.', dot + 1)) {
    lengths[ways++] = dot;
  }
  lengths[ways++] = path.size();

  Walk walk(object);
  while (walk.next()) {
    for (std::size_t way = 0; way < ways; ++way) {
      if (key_is(walk.key(), walk.key_escaped(), path.substr(0, lengths[way]))) {
        values[way] = walk.value();
        break;
      }
    }
  }
  if (walk.malformed() || !walk.is_object()) {
    return {};
  }
  if (!values[ways - 1].empty()) {
    return {Place::Kind::found, object, path, values[ways - 1], walk.tail(), walk.any()};
  }
  Place best{Place::Kind::absent, object, path, {}, walk.tail(), walk.any()};
  bool chosen = false;
  for (std::size_t way = ways - 1; way-- > 0;) {
    if (values[way].empty()) {
      continue;
    }
    const std::string_view rest = path.substr(lengths[way] + 1);
    Place inner{Place::Kind::blocked, object, rest, values[way], nullptr, true};
    if (values[way].front() == '{') {
      inner = locate(values[way], rest);
      if (inner.kind == Place::Kind::found || inner.kind == Place::Kind::malformed) {
        return inner;
      }
    }
    // An object that the path can be written into is better than one that is in the way.
    if (!chosen || (best.kind == Place::Kind::blocked && inner.kind == Place::Kind::absent)) {
      best = inner;
      chosen = true;
    }
  }
  return best;
}

}  // namespace slicebus::record
