#include "common/record/arena.hpp"

#include <algorithm>

namespace slicebus::record {
namespace {

constexpr std::size_t first_block_bytes = 1U << 12U;
constexpr std::size_t block_bytes_max = 1U << 20U;

}  // namespace

char* Arena::allocate(std::size_t size) {
  if (size > left_) {
    next_block_ = std::clamp(next_block_ * 2, first_block_bytes, block_bytes_max);
    const std::size_t block = std::max(size, next_block_);
    // Not make_unique: that would write zeros over a megabyte which is written again at once.
    blocks_.emplace_back(new char[block]);  // NOLINT
    free_ = blocks_.back().get();
    left_ = block;
  }
  char* taken = free_;
  free_ += size;
  left_ -= size;
  return taken;
}

}  // namespace slicebus::record
