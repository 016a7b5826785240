#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/descriptor.hpp"

namespace slicebus::support {

/// A client on a bare socket: sends what it is told, byte for byte.
class RawClient {
 public:
  struct Response {
    int status = 0;  ///< 0: the connection ended before a whole answer came
    std::string head;
    std::string body;
  };

  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const int at_once = 1;  // so that the pieces of a test are pieces on the wire
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const timeval limit{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;  // NOLINT
  }

  bool connected() const { return connected_; }
  /// False: the server has closed or reset.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Its end will be a reset instead of an orderly end.
  void reset_on_close() {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  void say_no_more() { ::shutdown(socket_.get(), SHUT_WR); }
  /// The next bytes; empty at the end of input, at a reset and after a minute of silence.
  std::string receive() {
    std::string bytes(64U << 10U, '\0');
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }
  /// Takes up to `count` bytes of what comes, and throws them away. False: the connection ended.
  bool take(std::size_t count) {
    while (count > 0) {
      std::string bytes(std::min<std::size_t>(count, 64U << 10U), '\0');
      const ssize_t taken = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (taken <= 0) {
        return false;
      }
      count -= static_cast<std::size_t>(taken);
    }
    return true;
  }
  /// Whether the server has ended the connection in an orderly way (waits for it).
  bool ended() {
    char byte = 0;
    return input_.empty() && ::recv(socket_.get(), &byte, 1, 0) == 0;
  }
  Response read(bool head_only = false) {
    Response response;
    std::size_t head_end = 0;
    while ((head_end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) {
        return {};
      }
    }
    response.head = input_.substr(0, head_end + 4);
    input_.erase(0, head_end + 4);
    const auto length = response.head.find("Content-Length: ");
    const std::size_t size =
        head_only || length == std::string::npos ? 0 : std::stoul(response.head.substr(length + 16));
    while (input_.size() < size) {
      if (!more()) {
        return {};
      }
    }
    response.body = input_.substr(0, size);
    input_.erase(0, size);
    response.status = std::stoi(response.head.substr(9, 3));
    return response;
  }
  Response ask(std::string_view request) { return send(request) ? read() : Response{}; }

 private:
  bool more() {
    const std::string bytes = receive();
    input_ += bytes;
    return !bytes.empty();
  }

  Descriptor socket_;
  bool connected_ = false;
  std::string input_;
};

inline std::string get(const std::string& target) {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: t\r\n\r\n");
}
inline std::string post(const std::string& target, const std::string& body) {
  return std::string("POST ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: t\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
}

}  // namespace slicebus::support
