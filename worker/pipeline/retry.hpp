#pragma once
#include <cstdint>

#include "common/result.hpp"
#include "common/time.hpp"

namespace slicebus::pipeline {

/// What a failed attempt leads to.
enum class Retry : std::uint8_t {
  again,     ///< another attempt, from the fetcher, after a back-off
  stop,      ///< no attempt will do better: the slice fails at once
  give_back  ///< no failed attempt at all (no space under a sender): the slice goes back, with the reason
};

/// The one table from Errc to a retry decision. `from_sender`: a sender's prepare() said it.
Retry decide(Errc code, bool from_sender);

/// Pauses between attempts: about 0.2 s first, each 1.8–2.6 times the one before, at most 60 s (R-ex-105).
class BackOff {
 public:
  explicit BackOff(std::uint64_t seed) : state_(seed) {}
  Duration next();

 private:
  double between(double low, double high);
  std::uint64_t state_;
  Duration last_{0};
};

}  // namespace slicebus::pipeline
