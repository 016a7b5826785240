#include "worker/agent/crash_loop.hpp"

#include <algorithm>

namespace slicebus::agent {

namespace {
constexpr Duration shortest = 100ms;
constexpr Duration longest = 10s;
constexpr Duration healthy_after = 10s;
constexpr std::uint32_t doublings_max = 7;  // 100 ms · 2^7 > 10 s
}  // namespace

void CrashLoop::died(const std::string& why, Duration lived, TimePoint now) {
  why_ = why;
  if (now < not_before_) {
    return;  // of the same generation as the death that set it: what dies together backs off once
  }
  if (lived >= healthy_after) {
    deaths_ = 0;
  }
  not_before_ = now + std::min(longest, shortest * (1U << std::min(deaths_, doublings_max)));
  last_death_ = now;
  ++deaths_;
}

void CrashLoop::lives(TimePoint since, TimePoint now) {
  // One that was bound before the last death says nothing about those that die.
  if (deaths_ > 0 && since >= last_death_ && now - since >= healthy_after) {
    *this = CrashLoop{};
  }
}

}  // namespace slicebus::agent
