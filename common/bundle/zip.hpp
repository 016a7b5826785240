#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "common/bundle/bundle.hpp"

namespace slicebus::bundle {

struct Entry {
  std::string path;  ///< relative, steps divided by one '/', none of them "." or ".."; unique in its zip
  bool directory = false;
  bool executable = false;
};

/// What is called for each entry, and for the bytes of the last one, in order. What it answers ends the walk.
struct Visitor {
  std::function<tl::expected<void, Problem>(const Entry&)> entry;
  std::function<tl::expected<void, Problem>(std::string_view bytes)> bytes;
};

/// Walks the entries that the zip's directory lists. Every entry is checked before the visitor sees it, every byte
/// against the entry's checksum and the limits.
tl::expected<void, Problem> walk(std::string_view zip, const Limits& limits, const Visitor& visitor);

}  // namespace slicebus::bundle
