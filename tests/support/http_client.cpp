#include "tests/support/http_client.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "common/descriptor.hpp"

namespace slicebus::support {

namespace {

using Clock = std::chrono::steady_clock;

bool wait_for(int fd, short what, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd one{fd, what, 0};
    const int ready = ::poll(&one, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) {
      return true;
    }
    if (ready == 0 || errno != EINTR) {
      return false;
    }
  }
}

/// Whether `received` is a whole answer by its Content-Length.
bool whole(const std::string& received) {
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string::npos) {
    return false;
  }
  std::string head = received.substr(0, end);
  for (char& c : head) {
    c = static_cast<char>(::tolower(static_cast<unsigned char>(c)));
  }
  const std::size_t at = head.find("content-length:");
  return at != std::string::npos && received.size() >= end + 4 + std::stoul(head.substr(at + 15));
}

}  // namespace

nlohmann::json HttpAnswer::json() const { return nlohmann::json::parse(body); }

std::optional<std::string> HttpClient::raw(const std::string& bytes, std::chrono::milliseconds patience) const {
  const Clock::time_point deadline = Clock::now() + patience;
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {  // NOLINT: sockets
    return std::nullopt;
  }
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t size = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) {
      return std::nullopt;
    }
    sent += static_cast<std::size_t>(size);
  }
  std::string received;
  std::array<char, 65'536> buffer{};
  while (wait_for(socket.get(), POLLIN, deadline)) {
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      return size == 0 && !received.empty() ? std::optional(received) : std::nullopt;
    }
    received.append(buffer.data(), static_cast<std::size_t>(size));
    if (whole(received)) {
      return received;
    }
  }
  return std::nullopt;
}

std::optional<HttpAnswer> HttpClient::request(const std::string& method, const std::string& target,
                                              const std::string& body, std::chrono::milliseconds patience) const {
  std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                      "\r\nConnection: close\r\nAccept: application/json\r\n";
  if (!body.empty()) {
    bytes += "Content-Type: application/json\r\n";
  }
  if (method != "GET") {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  const auto received = raw(bytes + "\r\n" + body, patience);
  const std::size_t end = received ? received->find("\r\n\r\n") : std::string::npos;
  if (end == std::string::npos || received->size() < 12) {
    return std::nullopt;
  }
  return HttpAnswer{std::stoi(received->substr(9, 3)), received->substr(0, end), received->substr(end + 4)};
}

}  // namespace slicebus::support
