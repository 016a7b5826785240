#pragma once
// Builders for the broker's tests.
#include <ostream>
#include <string>
#include <vector>

#include "broker/membership.hpp"
#include "common/time.hpp"

namespace slicebus::broker {

inline TimePoint at(Duration since_start) { return TimePoint{1h} + since_start; }

inline wire::NodeBeat beat_of(const std::string& node, const std::string& agent, std::uint32_t slots = 2) {
  return {.node = NodeId{node},
          .agent = ProcessId{agent},
          .hostname = "host-" + node,
          .pid = 7,
          .version = {},
          .slots_total = slots,
          .slots = {},
          .leaving = false,
          .trouble = {}};
}
/// Each agent speaks over a connection of its own.
inline NodeSpoke spoke(const std::string& node, const std::string& agent) {
  return {Peer{"peer-" + agent}, beat_of(node, agent)};
}
inline NodeSpoke leaves(const std::string& node, const std::string& agent) {
  NodeSpoke out = spoke(node, agent);
  out.beat.leaving = true;
  return out;
}

template <class Wanted, class Actions>
std::vector<Wanted> all(const Actions& actions) {
  std::vector<Wanted> out;
  for (const auto& action : actions) {
    if (const auto* wanted = std::get_if<Wanted>(&action)) {
      out.push_back(*wanted);
    }
  }
  return out;
}
template <class Wanted, class Actions>
bool has(const Actions& actions) {
  return !all<Wanted>(actions).empty();
}

}  // namespace slicebus::broker
