#pragma once
#include <string>
#include <vector>

#include "tests/sim/world.hpp"

namespace slicebus::sim {

/// One thing that goes wrong, or that people do. `time` is how long it lasts, `pick` whom it meets.
struct Fault {
  TimePoint at;  ///< World::start: a property of the whole run
  std::string kind;
  std::uint64_t pick;
  Duration time;
};

/// What goes wrong in the run of a seed until `end`. Each run has faults of its own few kinds: swarm testing reaches
/// states that a mix of all of them does not.
std::vector<Fault> faults_of(std::uint64_t seed, TimePoint end);

}  // namespace slicebus::sim
