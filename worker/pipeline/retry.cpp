#include "worker/pipeline/retry.hpp"

#include <algorithm>

namespace slicebus::pipeline {

namespace {
constexpr double first_us = 200'000;
constexpr double longest_us = 60'000'000;
}  // namespace

Retry decide(Errc code, bool from_sender) {
  switch (code) {
    case Errc::invalid:
      return Retry::stop;
    case Errc::exhausted:
      return from_sender ? Retry::give_back : Retry::again;
    case Errc::not_found:  // a shared file system may show a file late
    case Errc::conflict:
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::internal:  // what an operation threw: user code may do better next time
      return Retry::again;
  }
  return Retry::stop;
}

double BackOff::between(double low, double high) {
  // splitmix64 (Steele, Lea, Flood 2014): a few lines where <random> would cost a second of build time.
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
  mixed ^= mixed >> 31U;
  return low + (high - low) * (static_cast<double>(mixed >> 11U) / 9007199254740992.0);  // 2^53
}

Duration BackOff::next() {
  const double us =
      last_ == Duration{0} ? first_us * between(0.9, 1.1) : static_cast<double>(last_.count()) * between(1.8, 2.6);
  last_ = Duration{static_cast<Duration::rep>(std::min(us, longest_us))};
  return last_;
}

}  // namespace slicebus::pipeline
