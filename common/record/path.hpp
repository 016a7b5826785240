#pragma once
#include <cstdint>
#include <string_view>

#include "common/record/json_scan.hpp"
#include "common/record/value.hpp"

/// Where a path leads in an object, and where it would have to be written.
namespace slicebus::record {

/// A path is split at no more dots than this; further ones belong to the last key.
inline constexpr std::size_t path_dots_max = 15;

struct Place {
  enum class Kind : std::uint8_t {
    found,     ///< `value` is there
    absent,    ///< `rest` can be added at `tail` of `object`
    blocked,   ///< `value` stands where an object for `rest` would have to be
    malformed  ///< not a JSON object
  };
  Kind kind = Kind::malformed;
  std::string_view object;  ///< the innermost object that was reached
  std::string_view rest;    ///< the key in it, or what is left of the path
  std::string_view value;
  const char* tail = nullptr;  ///< just after the last value of `object`
  bool any = false;            ///< `object` has members
};

/// O(length of the object · nesting).
Place locate(std::string_view object, std::string_view path);

/// Whether a key as written between its quotes is `key`.
bool key_is(std::string_view written, bool escaped, std::string_view key);

/// Calls `see(Value)` with each value that `path` leads to; arrays on the way and at the end are gone through, as is an
/// array as a whole. Stops at, and returns, the first true. False if there is none, or on malformed text, which sets
/// `malformed`.
template <class See>
bool any_value(std::string_view object, std::string_view path, bool& malformed, See&& see);

namespace detail {

inline constexpr int array_depth_max = 32;

template <class See>
bool any_element(std::string_view json, int depth, See& see) {
  if (see(Value{json})) {
    return true;
  }
  if (json.empty() || json.front() != '[' || depth == array_depth_max) {
    return false;
  }
  for (Walk walk(json); walk.next();) {
    if (any_element(walk.value(), depth + 1, see)) {
      return true;
    }
  }
  return false;
}

/// The slow way, for a path that meets an array: each of its elements that is an object is asked.
template <class See>
bool any_through_arrays(std::string_view json, std::string_view path, int depth, See& see) {
  if (json.empty() || depth == array_depth_max) {
    return false;
  }
  if (json.front() == '[') {
    for (Walk walk(json); walk.next();) {
      if (any_through_arrays(walk.value(), path, depth + 1, see)) {
        return true;
      }
    }
    return false;
  }
  if (json.front() != '{') {
    return false;
  }
  const Place whole = locate(json, path);
  if (whole.kind == Place::Kind::found) {
    return any_element(whole.value, depth, see);
  }
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const Place first = locate(json, path.substr(0, dot));
    if (first.kind == Place::Kind::found && any_through_arrays(first.value, path.substr(dot + 1), depth + 1, see)) {
      return true;
    }
  }
  return false;
}

}  // namespace detail

template <class See>
bool any_value(std::string_view object, std::string_view path, bool& malformed, See&& see) {
  const Place place = locate(object, path);
  malformed = malformed || place.kind == Place::Kind::malformed;
  if (place.kind == Place::Kind::found) {
    return detail::any_element(place.value, 0, see);
  }
  if (place.kind != Place::Kind::blocked || place.value.front() != '[') {
    return false;
  }
  const char* start = skip_spaces(object.data(), object.data() + object.size());
  object.remove_prefix(static_cast<std::size_t>(start - object.data()));
  return detail::any_through_arrays(object, path, 0, see);
}

}  // namespace slicebus::record
