#pragma once
#include <cstdint>
#include <string>

#include "common/bus/socket.hpp"

namespace slicebus::execution {

/// Binds the ROUTER for slots: `preferred` first (0: none), so that a restarted controller is found where it was, then
/// every port of the range, beginning at a place that `spread` chooses. Errors: unavailable (no port is free, no such
/// address), with the remedy.
Result<bus::Router> bind_slot_port(bus::Context& context, const std::string& address, std::uint16_t preferred,
                                   std::uint16_t first, std::uint16_t last, std::uint32_t spread);

/// "25679:26678"; a single port is a range of one. Errors: invalid.
Result<std::pair<std::uint16_t, std::uint16_t>> parse_port_range(const std::string& text);

}  // namespace slicebus::execution
