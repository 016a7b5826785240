#include <cerrno>

#include "common/bus/zmq_parts.hpp"

namespace slicebus::bus {
namespace {

using namespace std::chrono_literals;

// A peer that does not read for this many messages is answered `exhausted`; nothing is dropped silently
// (ROUTER_MANDATORY).
constexpr int messages_waiting_max = 10'000;
// Above the codec's limit of a body, so that the codec says what is wrong; a larger frame closes its connection.
constexpr std::int64_t frame_bytes_max = (64LL << 20U) + 4'096;
// At the end of a process: enough to say goodbye, too short to notice when nobody listens.
constexpr auto linger = 300ms;
// A machine that vanished, or a cut cable: the kernel ends the connection when nothing came for so long, or what was
// sent is not acknowledged. ZeroMQ's own heartbeats cost a walk through all timers of its thread for each (ADR 12).
constexpr auto unheard_limit = 2s;
constexpr auto keepalive_interval = 1s;
// Without it a SYN into a cut network is repeated for minutes, with growing pauses.
constexpr auto connect_limit = 2s;
constexpr auto handshake_limit = 5s;
constexpr auto reconnect_first = 50ms;  // ZeroMQ adds up to as much again, at random
constexpr auto reconnect_slowest = 500ms;
// Garbage is dropped in runs of at most this, so that a flood of it cannot keep the loop from its other sockets.
constexpr int malformed_run_max = 100;

int ms(std::chrono::milliseconds duration) { return static_cast<int>(duration.count()); }

std::string text_of(const zmq::message_t& frame) { return {static_cast<const char*>(frame.data()), frame.size()}; }

}  // namespace

void set_common_options(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::sndhwm, messages_waiting_max);
  socket.set(zmq::sockopt::rcvhwm, messages_waiting_max);
  socket.set(zmq::sockopt::maxmsgsize, frame_bytes_max);
  socket.set(zmq::sockopt::linger, ms(linger));
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, static_cast<int>(keepalive_interval.count()));
  socket.set(zmq::sockopt::tcp_keepalive_intvl, static_cast<int>(keepalive_interval.count()));
  socket.set(zmq::sockopt::tcp_maxrt, ms(unheard_limit));  // TCP_USER_TIMEOUT, of keep-alive, too
  socket.set(zmq::sockopt::handshake_ivl, ms(handshake_limit));
  socket.set(zmq::sockopt::connect_timeout, ms(connect_limit));
  socket.set(zmq::sockopt::reconnect_ivl, ms(reconnect_first));
  socket.set(zmq::sockopt::reconnect_ivl_max, ms(reconnect_slowest));
}

int send_frames(zmq::socket_t& socket, std::initializer_list<std::string_view> frames) {
  std::size_t left = frames.size();
  try {
    for (const std::string_view frame : frames) {
      const bool more = --left > 0;
      zmq::message_t message(frame.data(), frame.size());
      if (!socket.send(message,
                       zmq::send_flags::dontwait | (more ? zmq::send_flags::sndmore : zmq::send_flags::none))) {
        return EAGAIN;
      }
    }
    return 0;
  } catch (const zmq::error_t& error) {
    return error.num();
  }
}

Socket::Impl::~Impl() {
  if (monitor) {
    zmq_socket_monitor(socket.handle(), nullptr, 0);
  }
}

Socket::Socket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Socket::Socket(Socket&&) noexcept = default;
Socket& Socket::operator=(Socket&&) noexcept = default;
Socket::~Socket() = default;

void* Socket::native() { return impl_->socket.handle(); }
int Socket::fd() { return impl_->socket.get(zmq::sockopt::fd); }
std::uint64_t Socket::malformed() const { return impl_->malformed; }
const std::string& Socket::malformed_peer() const { return impl_->malformed_peer; }

std::optional<Received> Socket::receive() {
  const std::size_t peer_frames = impl_->names_peers ? 1 : 0;
  for (int dropped = 0; dropped < malformed_run_max; ++dropped) {
    std::array<std::string, 4> frames;
    std::size_t count = 0;
    try {
      zmq::message_t frame;
      bool more = true;
      while (more) {
        // The frames of a message arrive together: only the first can be missing.
        if (!impl_->socket.recv(frame, zmq::recv_flags::dontwait)) {
          return std::nullopt;
        }
        if (count < frames.size()) {
          frames[count] = text_of(frame);
        }
        ++count;
        more = frame.more();
      }
    } catch (const zmq::error_t&) {
      return std::nullopt;  // EINTR, or the context is ending: there is nothing to read now
    }
    if (count == peer_frames + 2 || count == peer_frames + 3) {
      Received received;
      std::size_t at = 0;
      if (impl_->names_peers) {
        received.peer = std::move(frames[at++]);
      }
      received.header = std::move(frames[at++]);
      if (count == peer_frames + 3) {
        received.to = std::move(frames[at++]);
      }
      received.body = std::move(frames[at]);
      return received;
    }
    ++impl_->malformed;
    impl_->malformed_peer = impl_->names_peers ? std::move(frames[0]) : std::string();
  }
  return std::nullopt;
}

}  // namespace slicebus::bus
