#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/bus/zmq_parts.hpp"
#include "common/wire/codec.hpp"

namespace slicebus::bus {
namespace {

std::string_view port_text(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  return colon == std::string_view::npos ? std::string_view{} : endpoint.substr(colon + 1);
}

std::uint16_t port_of(std::string_view endpoint) {
  const std::string_view text = port_text(endpoint);
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

tl::unexpected<Error> bind_failure(const std::string& endpoint, int number) {
  const std::string where = "bind " + endpoint;
  const std::string port(port_text(endpoint));
  switch (number) {
    case EADDRINUSE:
      return fail(Errc::unavailable, where, "port " + port + " is taken",
                  "stop what listens there (`ss -ltnp sport = :" + port + "` shows it) or choose another port");
    case EADDRNOTAVAIL:
    case ENODEV:
      return fail(Errc::unavailable, where, "this machine has no such address",
                  "bind 127.0.0.1, 0.0.0.0 or an address that `ip -brief address` shows");
    case EACCES:
      return fail(Errc::unavailable, where, "ports below 1024 need privileges", "choose a port from 1024..65535");
    case EINVAL:
    case EPROTONOSUPPORT:
      return fail(Errc::invalid, where, "is no address to bind", "write tcp://<address>:<port>");
    default:
      return fail(Errc::unavailable, where, zmq_strerror(number));
  }
}

Result<void> sent(int number, std::string_view peer) {
  if (number == 0) {
    return {};
  }
  if (number == EAGAIN) {
    return fail(Errc::exhausted, "send", "the peer's queue is full");
  }
  std::string name;
  for (const char c : peer.substr(0, 64)) {
    name += c >= ' ' && c <= '~' ? c : '?';
  }
  return fail(Errc::unavailable, "send to \"" + name + "\"",
              number == EHOSTUNREACH ? "no such peer is connected" : zmq_strerror(number));
}

}  // namespace

Result<Router> Router::bind(Context& context, const std::string& endpoint) {
  try {
    auto impl = std::make_unique<Impl>(context, zmq::socket_type::router);
    impl->names_peers = true;
    set_common_options(impl->socket);
    impl->socket.set(zmq::sockopt::router_mandatory, true);
    impl->socket.set(zmq::sockopt::router_handover, true);
    impl->socket.bind(endpoint);
    impl->port = port_of(impl->socket.get(zmq::sockopt::last_endpoint));
    return Router(std::move(impl));
  } catch (const zmq::error_t& error) {
    return bind_failure(endpoint, error.num());
  }
}

std::uint16_t Router::port() const { return impl_->port; }

Result<void> Router::send(std::string_view peer, const wire::Message& message) {
  const wire::Encoded encoded = wire::encode(message);
  return sent(send_frames(impl_->socket, {peer, encoded.header, encoded.body}), peer);
}

Result<void> Router::send(std::string_view peer, std::string_view to, const wire::Message& message) {
  const wire::Encoded encoded = wire::encode(message);
  return sent(send_frames(impl_->socket, {peer, encoded.header, to, encoded.body}), peer);
}

Result<void> Router::probe(std::string_view peer, std::string_view to, const wire::Message& message) {
  try {
    // Asking for events makes ZeroMQ handle what its I/O thread has told the socket; a send alone skips that most of
    // the time.
    (void)impl_->socket.get(zmq::sockopt::events);
  } catch (const zmq::error_t&) {
    return fail(Errc::unavailable, "send", "the context is ending");
  }
  return send(peer, to, message);
}

Result<void> Router::forward(std::string_view peer, const Received& message) {
  return sent(send_frames(impl_->socket, {peer, message.header, message.to, message.body}), peer);
}

}  // namespace slicebus::bus
