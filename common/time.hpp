#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace slicebus {

using namespace std::chrono_literals;  // NOLINT: durations are written with their unit everywhere

/// The time that cores are told: monotonic, microseconds since an arbitrary start. It has no now(); shells read the
/// system clock (monotonic_now) and the simulator counts its own.
struct MonotonicClock {
  using duration = std::chrono::microseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicClock::time_point;
using Duration = MonotonicClock::duration;

/// Wall time for records: milliseconds since 1970, UTC.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// For shells only; a core is given its time.
TimePoint monotonic_now();
WallTime wall_now();

/// "2026-08-03T09:12:44.120Z"
std::string iso8601(WallTime at);

}  // namespace slicebus
