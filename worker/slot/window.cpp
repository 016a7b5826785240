#include "worker/slot/window.hpp"

#include <algorithm>

namespace slicebus::slot {

Window::Window(Duration target, std::uint32_t min, std::uint32_t max)
    : target_us_(static_cast<double>(target.count())),
      min_(std::max<std::uint32_t>(1, min)),
      max_(std::max(min_, max)),
      size_(min_) {}

void Window::add(Duration took) {
  const double us = std::max(1.0, static_cast<double>(took.count()));
  average_us_ = average_us_ < 0 ? us : average_us_ + (us - average_us_) / 8;
  const double wanted = target_us_ / average_us_;
  size_ = wanted >= static_cast<double>(max_) ? max_ : std::clamp(static_cast<std::uint32_t>(wanted), min_, max_);
}

std::size_t Window::end_within(Duration time, std::size_t most) const {
  if (average_us_ <= 0) {
    return 1;
  }
  const double count = static_cast<double>(time.count()) / average_us_;
  return count >= static_cast<double>(most) ? most : std::max<std::size_t>(1, static_cast<std::size_t>(count));
}

}  // namespace slicebus::slot
