#include <algorithm>
#include <vector>

#include "common/config/config.hpp"

namespace slicebus::config {
namespace {

// A name longer than this is no typing mistake, and costs time squared.
constexpr std::size_t name_bytes_max = 128;

/// Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours, one each.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > name_bytes_max) {
    return std::nullopt;
  }
  std::optional<std::string> best;
  std::size_t best_distance = name.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > name_bytes_max) {
      continue;
    }
    const std::size_t d = distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace slicebus::config
