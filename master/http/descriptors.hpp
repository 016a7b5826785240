#pragma once
#include <cstddef>
#include <cstdint>

namespace slicebus::http {

/// Raises the process's soft limit of open files so that `wanted` more fit beside those of its other rooms, as far as
/// the hard limit allows.
/// @return  how many of `wanted` fit; at least 1
std::size_t make_room_for(std::size_t wanted);

/// The socket of this process that listens on TCP port `port`; -1: none. Pistache keeps it to itself.
int listening_socket(std::uint16_t port);

/// Closes the listening socket `fd` for new connections at once, and leaves its number to an unconnected socket until
/// the owner closes that: the owner's thread may be inside of accept(), which now fails as if nobody had called.
void silence(int fd);
/// Closes every connection that came in by this port. Only when nobody serves them any more.
void close_connections(std::uint16_t port);

}  // namespace slicebus::http
