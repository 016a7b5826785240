#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace slicebus::local {

/// Whether something listens on `port` of the loopback address (or of all addresses).
bool port_taken(std::uint16_t port);

/// A port of the loopback address that nobody has now, out of 20000..25678: below the system's ephemeral range, where a
/// client that reconnects to a dead port can connect to itself and keep it, and below the controllers' range. Nothing
/// when all are taken. Whoever is given it keeps it over restarts.
std::optional<std::uint16_t> free_port();

}  // namespace slicebus::local
