#pragma once
#include <algorithm>
#include <functional>
#include <string>

#include "common/time.hpp"

namespace slicebus::service {

/// Where time and ids come from; tests bring their own.
struct Sources {
  std::function<WallTime()> wall;
  std::function<std::string()> new_id;  ///< UUID v4
};

/// `_created` and `_updated`: later than every stamp before, whatever the clock does (design.md §5).
class Stamps {
 public:
  explicit Stamps(std::function<WallTime()> wall) : wall_(std::move(wall)) {}
  /// Stamps of earlier masters count too.
  void saw(WallTime stamp) { last_ = std::max(last_, stamp); }
  WallTime next() {
    last_ = std::max(wall_(), last_ + std::chrono::milliseconds(1));
    return last_;
  }

 private:
  std::function<WallTime()> wall_;
  WallTime last_{};
};

}  // namespace slicebus::service
