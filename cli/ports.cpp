#include "cli/ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <random>

#include "common/descriptor.hpp"

namespace slicebus::local {

namespace {

constexpr std::uint16_t first_port = 20'000;
constexpr std::uint16_t last_port = 25'678;

}  // namespace

bool port_taken(std::uint16_t port) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    return true;
  }
  // With it a port in TIME_WAIT counts as free, as it does for the program that will bind it.
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* bound = reinterpret_cast<const sockaddr*>(&address);  // NOLINT: sockets
  return ::bind(socket.get(), bound, sizeof address) != 0;
}

std::optional<std::uint16_t> free_port() {
  constexpr std::uint32_t count = last_port - first_port + 1;
  const std::uint32_t offset = std::random_device{}() % count;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(first_port + (offset + i) % count);
    if (!port_taken(port)) {
      return port;
    }
  }
  return std::nullopt;
}

}  // namespace slicebus::local
