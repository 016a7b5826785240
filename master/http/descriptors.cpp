#include "master/http/descriptors.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <vector>

#include "common/descriptor.hpp"

namespace slicebus::http {
namespace {

/// Stores, bus, controllers' pipes and logs of the same process.
constexpr std::size_t other_files = 256;

/// Whether it is a socket that has this TCP port here, and listens, or does not.
bool is_of(int fd, std::uint16_t port, bool listening) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || (listens != 0) != listening) {
    return false;
  }
  sockaddr_storage address{};
  size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {  // NOLINT: the socket API's own cast
    return false;
  }
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port) == port;  // NOLINT
  }
  return address.ss_family == AF_INET6 &&
         ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port) == port;  // NOLINT
}

std::vector<int> sockets_of(std::uint16_t port, bool listening) {
  std::vector<int> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (fd >= 0 && is_of(fd, port, listening)) {
      found.push_back(fd);
    }
  }
  return found;
}

}  // namespace

std::size_t make_room_for(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return wanted;
  }
  const rlim_t needed = wanted + other_files;
  if (limit.rlim_cur < needed) {
    limit.rlim_cur = std::min(needed, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  const auto open_max = static_cast<std::size_t>(limit.rlim_cur);
  return open_max >= needed ? wanted
                            : std::max<std::size_t>(open_max > other_files ? open_max - other_files : open_max / 2, 1);
}

int listening_socket(std::uint16_t port) {
  const std::vector<int> found = sockets_of(port, true);
  return found.empty() ? -1 : found.front();
}

void close_connections(std::uint16_t port) {
  for (const int fd : sockets_of(port, false)) {
    ::close(fd);
  }
}

void silence(int fd) {
  if (const Descriptor quiet(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); quiet.is_open()) {
    ::dup3(quiet.get(), fd, O_CLOEXEC);
  }
}

}  // namespace slicebus::http
