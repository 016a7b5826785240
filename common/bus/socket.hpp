#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "common/wire/messages.hpp"

/// ZeroMQ behind our words. Nothing outside common/bus includes zmq.hpp; no exception leaves this room.
namespace slicebus::bus {

/// The process's one ZeroMQ context. Make it after the signals are blocked (common/process/signals.hpp) and before any
/// socket; destroy it after all sockets.
class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// What came in. `peer` is the ROUTER's name for the sender (empty on a DEALER), `to` and `from` are the addresses of
/// control messages (empty between slot and controller).
struct Received {
  std::string peer;
  std::string to;
  std::string header;
  std::string body;
};

/// Frames of a control message: [peer] [header] [to] [body]; of a slice message: [peer] [header] [body].
/// Addresses: "broker", "master", "node/<node_id>", "ex/<ex_id>", "ex/*" (every controller).
class Socket {
 public:
  Socket(Socket&&) noexcept;
  Socket& operator=(Socket&&) noexcept;
  ~Socket();

  /// The file descriptor-like handle for Poll::watch.
  void* native();
  /// For epoll, by who has sockets by the thousand: readable when something may have come. It tells once, so receive
  /// until there is nothing, also after each send.
  int fd();
  /// One message if there is one, without waiting; nothing otherwise. Malformed frame counts are dropped and counted.
  std::optional<Received> receive();
  std::uint64_t malformed() const;
  /// Who sent the last one (a ROUTER's name for it; empty on a DEALER).
  const std::string& malformed_peer() const;

 protected:
  struct Impl;
  explicit Socket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The side that binds. ROUTER_MANDATORY and ROUTER_HANDOVER are on.
class Router : public Socket {
 public:
  /// @param endpoint "tcp://127.0.0.1:5680"; port 0 or "*" takes a free one.
  /// Errors: unavailable (the port is taken, the address is not this machine's), with the remedy.
  static Result<Router> bind(Context& context, const std::string& endpoint);
  /// The bound port.
  std::uint16_t port() const;
  /// Errors: unavailable (no such peer any more: EHOSTUNREACH), exhausted (its pipe is full: EAGAIN).
  Result<void> send(std::string_view peer, const wire::Message& message);
  /// Control: with the address it is for.
  Result<void> send(std::string_view peer, std::string_view to, const wire::Message& message);
  /// As send(), after a look at which connections broke: is the peer still there?
  Result<void> probe(std::string_view peer, std::string_view to, const wire::Message& message);
  /// Passes a control message on as it came, undecoded.
  Result<void> forward(std::string_view peer, const Received& message);

 private:
  using Socket::Socket;
};

/// The side that connects, and reconnects by itself (≥ 50 ms, with jitter).
class Dealer : public Socket {
 public:
  /// @param identity  unique per process start; empty: ZeroMQ makes one
  static Result<Dealer> connect(Context& context, const std::string& endpoint, const std::string& identity = {});
  /// Errors: exhausted (nothing takes messages and the pipe is full).
  Result<void> send(const wire::Message& message);
  Result<void> send(std::string_view to, const wire::Message& message);
  /// True once for each time the connection was (re)established since the last call. A slot says SlotHello then.
  bool reconnected();
  /// Handle of the connection monitor, for Poll::watch; readable when reconnected() may be true.
  void* monitor();
  /// The same for epoll; it tells once.
  int monitor_fd();

 private:
  using Socket::Socket;
};

/// Waits on sockets, file descriptors and one deadline. The actor's only blocking call.
class Poll {
 public:
  Poll();
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  /// Watches for readability until unwatch. @return a key, never reused
  int watch(void* socket);
  int watch_fd(int fd);
  void unwatch(int key);
  /// Returns when something is readable or the deadline is reached (nullopt: no deadline). EINTR is retried.
  void wait(std::optional<std::chrono::microseconds> timeout);
  /// Of the last wait.
  bool ready(int key) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slicebus::bus
