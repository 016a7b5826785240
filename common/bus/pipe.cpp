#include "common/bus/pipe.hpp"

#include <atomic>

#include "common/bus/zmq_parts.hpp"

namespace slicebus::bus {
namespace {

/// What a message of the pipe carries. ZeroMQ frees it with the message, wherever that ends: read, unread or unsent.
struct Parcel {
  void* value;
  PointerPipe::Destroy destroy;
  // Sender and receiver meet here: thread sanitizers cannot see into libzmq.
  std::atomic<bool> sealed{false};

  ~Parcel() {
    if (value != nullptr) {
      destroy(value);
    }
  }
};

void free_parcel(void* data, void*) { delete static_cast<Parcel*>(data); }  // NOLINT: ZeroMQ owns it until here

}  // namespace

struct PointerPipe::Impl {
  zmq::socket_t socket;
};

PointerPipe::PointerPipe(Context& context, const std::string& name, bool binds)
    : impl_(std::make_unique<Impl>(Impl{zmq::socket_t(context.impl().context, zmq::socket_type::pair)})) {
  impl_->socket.set(zmq::sockopt::sndhwm, 0);
  impl_->socket.set(zmq::sockopt::rcvhwm, 0);
  impl_->socket.set(zmq::sockopt::linger, 0);
  if (binds) {
    impl_->socket.bind(name);
  } else {
    impl_->socket.connect(name);
  }
}

PointerPipe::~PointerPipe() = default;
PointerPipe::PointerPipe(PointerPipe&&) noexcept = default;
PointerPipe& PointerPipe::operator=(PointerPipe&&) noexcept = default;

void PointerPipe::send(void* pointer, Destroy destroy) {
  auto* parcel = new Parcel{pointer, destroy};  // NOLINT: owned by the message
  parcel->sealed.store(true, std::memory_order_release);
  try {
    zmq::message_t message(parcel, sizeof(Parcel), free_parcel);
    (void)impl_->socket.send(message, zmq::send_flags::dontwait);  // the other end is gone: the message frees the value
  } catch (const zmq::error_t&) {
    return;  // the context is ending
  }
}

void* PointerPipe::receive() {
  try {
    zmq::message_t message;
    if (!impl_ || !impl_->socket.recv(message, zmq::recv_flags::dontwait)) {
      return nullptr;
    }
    auto* parcel = message.data<Parcel>();
    (void)parcel->sealed.load(std::memory_order_acquire);
    return std::exchange(parcel->value, nullptr);
  } catch (const zmq::error_t&) {
    return nullptr;
  }
}

void* PointerPipe::native() { return impl_ ? impl_->socket.handle() : nullptr; }

}  // namespace slicebus::bus
