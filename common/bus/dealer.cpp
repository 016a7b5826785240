#include <cerrno>

#include "common/bus/zmq_parts.hpp"
#include "common/wire/codec.hpp"

namespace slicebus::bus {
namespace {

void start_monitor(Context& context, zmq::socket_t& socket, zmq::socket_t& monitor) {
  const std::string name = "inproc://monitor-" + new_uuid();
  if (zmq_socket_monitor(socket.handle(), name.c_str(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0) {
    throw zmq::error_t();
  }
  monitor = zmq::socket_t(context.impl().context, zmq::socket_type::pair);
  // ZeroMQ's I/O thread waits, with all its connections, when this queue is full; it never is.
  monitor.set(zmq::sockopt::rcvhwm, 0);
  monitor.set(zmq::sockopt::linger, 0);
  monitor.connect(name);
}

Result<void> sent(int number) {
  if (number == 0) {
    return {};
  }
  if (number == EAGAIN) {
    return fail(Errc::exhausted, "send", "the connection takes no more messages");
  }
  return fail(Errc::unavailable, "send", zmq_strerror(number));
}

}  // namespace

Result<Dealer> Dealer::connect(Context& context, const std::string& endpoint, const std::string& identity) {
  try {
    auto impl = std::make_unique<Impl>(context, zmq::socket_type::dealer);
    set_common_options(impl->socket);
    if (!identity.empty()) {
      impl->socket.set(zmq::sockopt::routing_id, identity);
    }
    start_monitor(context, impl->socket, impl->monitor);
    impl->socket.connect(endpoint);
    return Dealer(std::move(impl));
  } catch (const zmq::error_t& error) {
    return fail(error.num() == EINVAL || error.num() == EPROTONOSUPPORT ? Errc::invalid : Errc::unavailable,
                "connect " + endpoint, error.what(), "write tcp://<host>:<port>");
  }
}

Result<void> Dealer::send(const wire::Message& message) {
  const wire::Encoded encoded = wire::encode(message);
  return sent(send_frames(impl_->socket, {encoded.header, encoded.body}));
}

Result<void> Dealer::send(std::string_view to, const wire::Message& message) {
  const wire::Encoded encoded = wire::encode(message);
  return sent(send_frames(impl_->socket, {encoded.header, to, encoded.body}));
}

bool Dealer::reconnected() {
  bool seen = false;
  try {
    zmq::message_t frame;
    while (impl_->monitor.recv(frame, zmq::recv_flags::dontwait)) {
      seen = true;  // it tells of nothing but finished handshakes
    }
  } catch (const zmq::error_t&) {
    return seen;  // EINTR, or the context is ending
  }
  return seen;
}

void* Dealer::monitor() { return impl_->monitor.handle(); }
int Dealer::monitor_fd() { return impl_->monitor.get(zmq::sockopt::fd); }

}  // namespace slicebus::bus
