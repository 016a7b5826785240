#include "master/store/asset_store.hpp"

namespace slicebus::store {

bool fits_wildcard(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) {
    return true;
  }
  // Greedy with one way back, to the last star: linear in memory, and no pattern makes it exponential.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after_star = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size();
}

}  // namespace slicebus::store
