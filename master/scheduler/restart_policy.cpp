#include "master/scheduler/restart_policy.hpp"

#include <algorithm>

namespace slicebus::scheduler {

void RestartPolicy::saw(std::uint64_t planned, std::uint64_t processed) {
  const std::pair now_seen{planned, processed};
  if (seen_ && *seen_ != now_seen) {
    own_deaths_ = 0;
    deaths_ = 0;
  }
  seen_ = now_seen;
}

RestartPolicy::Verdict RestartPolicy::died(bool own) {
  ++deaths_;
  own_deaths_ += own ? 1 : 0;
  if (own_deaths_ >= own_deaths_max) {
    return {.give_up = true};
  }
  if (deaths_ == 1) {
    return {};
  }
  constexpr Duration first = 100ms;
  constexpr Duration longest = 10s;
  return {.wait = std::min(longest, first * (1U << std::min(deaths_ - 1, 10U)))};
}

}  // namespace slicebus::scheduler
