#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace slicebus::api {

/// Levels of nesting beyond which a body is refused: deeper ones would cost stack when they are written out again.
inline constexpr std::size_t body_depth_max = 200;
/// Comparisons of keys that reading a body may take. Objects keep their keys in order and look each one up in a row, so
/// n keys cost n²/2: this is one object of 10,000 keys, or thousands of a few hundred.
inline constexpr std::size_t key_comparisons_max = 50'000'000;

/// What a body would be, or cost, as a tree, found in one pass over its text.
struct JsonShape {
  bool too_deep = false;
  bool too_many_keys = false;
  std::optional<std::string> repeated_key;  ///< the first that an object has twice, unescaped
};

/// Reads text that should be JSON; where it is none the shape says nothing of it. Ends early at the first fault.
JsonShape shape_of(std::string_view json);

}  // namespace slicebus::api
