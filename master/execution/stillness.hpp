#pragma once
#include <algorithm>
#include <optional>

#include "common/time.hpp"

namespace slicebus::execution {

/// Tells a loop that stood still (SIGSTOP, a machine that slept, swapping) from one that had nothing to do. The loop
/// never waits longer than half a beat, so a turn that took a beat more than it was to wait did not run.
class Stillness {
 public:
  Stillness(Duration beat, TimePoint now) : beat_(beat), turned_(now) {}

  /// How long to wait for at most; `deadline` as the core wants it.
  Duration wait_for(std::optional<TimePoint> deadline, TimePoint now) {
    const Duration longest = beat_ / 2;
    waiting_ = deadline ? std::clamp(std::chrono::duration_cast<Duration>(*deadline - now), Duration::zero(), longest)
                        : longest;
    return waiting_;
  }
  /// After the wait. @return the gap in which the process did not run, if it is longer than a beat
  std::optional<Duration> turn(TimePoint now) {
    const Duration gap = std::chrono::duration_cast<Duration>(now - turned_) - waiting_;
    turned_ = now;
    return gap > beat_ ? std::optional(gap) : std::nullopt;
  }

 private:
  Duration beat_;
  TimePoint turned_;
  Duration waiting_{};
};

}  // namespace slicebus::execution
