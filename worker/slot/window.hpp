#pragma once
#include <cstdint>

#include "common/time.hpp"

namespace slicebus::slot {

/// How many slices a slot asks to hold: about `target` of work at the pace of late, so that slices of microseconds come
/// by the hundred and slices of seconds one by one. The size moves by the average of the last slices, about eight of
/// them.
class Window {
 public:
  /// @param min  at least 1 is used; @param max  at least min is used
  Window(Duration target, std::uint32_t min, std::uint32_t max);
  /// A slice took this long from its first record to its prepared output; negative counts as nothing.
  void add(Duration took);
  std::uint32_t size() const { return size_; }
  /// How many slices of late end within that time: 1..most, and 1 while none has ended.
  std::size_t end_within(Duration time, std::size_t most) const;

 private:
  double target_us_;
  std::uint32_t min_;
  std::uint32_t max_;
  std::uint32_t size_;
  double average_us_ = -1;  ///< negative: no slice has ended yet
};

}  // namespace slicebus::slot
