#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slicebus::operations {

/// The nearest of `names` to a mistyped one (edit distance at most a third of its length, at least 1), or nothing.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& names);
/// `; did you mean "x"?` or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& names);

}  // namespace slicebus::operations
