#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "common/log/log.hpp"

namespace slicebus::log {

/// The level that a text names; anything else means info.
Level level_named(std::string_view text);

/// What follows the time in a line: `level=info program=slicebus-broker event=node_lost node=n1 cause="silent for 9
/// s"`. A value that is empty or has blanks, quotes or `=` is quoted; control characters are escaped, so that an event
/// is always one line.
std::string line(Level level, std::string_view program, std::string_view event, std::span<const Fact> facts);
inline std::string line(Level level, std::string_view program, std::string_view event,
                        std::initializer_list<Fact> facts) {
  return line(level, program, event, std::span<const Fact>(facts.begin(), facts.size()));
}

}  // namespace slicebus::log
