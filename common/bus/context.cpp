#include "common/bus/zmq_parts.hpp"

namespace slicebus::bus {

namespace {
// Of one process: bench peers and simulations by the thousand fit, a leak of sockets does not.
constexpr int sockets_max = 8'192;
}  // namespace

Context::Context() : impl_(std::make_unique<Impl>()) {
  // One I/O thread moves millions of slices a second here (dependencies.md §3), and a second one costs memory in every
  // process.
  impl_->context.set(zmq::ctxopt::io_threads, 1);
  impl_->context.set(zmq::ctxopt::max_sockets, sockets_max);
}

Context::~Context() = default;

}  // namespace slicebus::bus
