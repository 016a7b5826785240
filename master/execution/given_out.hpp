#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "common/ids.hpp"

namespace slicebus::execution {

struct FenceHash {
  std::size_t operator()(const Fence& fence) const noexcept {
    return std::hash<std::uint64_t>{}(fence.number * 0x9E3779B97F4A7C15ULL + fence.epoch);
  }
};

/// Copies that take a place in a slot's window: given, and not reported held, answered or returned; with the bytes of
/// their requests, which may still be on their way to it. A fence names one copy. Mostly they are answered in the order
/// in which they were given, which is that of their fences: O(1); O(log n) out of order.
class GivenOut {
 public:
  /// @param bytes  of the request; 0 for a copy that the slot has run already
  void insert(const Fence& fence, std::size_t bytes) {
    if (copies_.empty() || copies_.back().fence < fence) {
      copies_.push_back({fence});
      count(copies_.back(), bytes);
      return;
    }
    auto at = place_of(fence);
    if (at->fence != fence) {
      at = copies_.insert(at, Copy{fence});
    }
    if (at->is_gone) {
      first_ = std::min(first_, static_cast<std::size_t>(at - copies_.begin()));
      count(*at, bytes);
    }
  }
  void erase(const Fence& fence) {
    const auto at = place_of(fence);
    if (at == copies_.end() || at->fence != fence || at->is_gone) {
      return;
    }
    discount(*at);
    tidy();
  }
  bool contains(const Fence& fence) {
    const auto at = place_of(fence);
    return at != copies_.end() && at->fence == fence && !at->is_gone;
  }
  /// All but these are forgotten.
  void keep(const std::unordered_set<Fence, FenceHash>& fences) {
    for (Copy& copy : copies_) {
      if (!copy.is_gone && !fences.contains(copy.fence)) {
        discount(copy);
      }
    }
    tidy();
  }
  void clear() { *this = GivenOut(); }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Copy {
    Fence fence;
    std::size_t bytes = 0;
    bool is_gone = true;
  };
  /// Gone ones that are not worth moving the others for.
  static constexpr std::size_t gone_max = 64;

  void count(Copy& copy, std::size_t bytes) {
    copy.is_gone = false;
    copy.bytes = bytes;
    bytes_ += bytes;
    ++size_;
  }
  void discount(Copy& copy) {
    copy.is_gone = true;
    bytes_ -= copy.bytes;
    --size_;
  }
  std::vector<Copy>::iterator place_of(const Fence& fence) {
    const auto first = copies_.begin() + static_cast<std::ptrdiff_t>(first_);
    if (first != copies_.end() && first->fence == fence) {
      return first;
    }
    return std::lower_bound(copies_.begin(), copies_.end(), fence,
                            [](const Copy& copy, const Fence& value) { return copy.fence < value; });
  }
  void tidy() {
    while (first_ < copies_.size() && copies_[first_].is_gone) {
      ++first_;
    }
    if (copies_.size() - size_ > size_ + gone_max) {
      std::erase_if(copies_, [](const Copy& copy) { return copy.is_gone; });
      first_ = 0;
    }
  }

  std::vector<Copy> copies_;  ///< ascending by fence, those that are gone among them
  std::size_t first_ = 0;     ///< all before it are gone
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace slicebus::execution
