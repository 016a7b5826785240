#pragma once
// Private to common/bus: what its files share. Nothing outside the room includes this, or zmq.hpp.
#include <array>
#include <string>
#include <string_view>
#include <zmq.hpp>

#include "common/bus/socket.hpp"

namespace slicebus::bus {

struct Context::Impl {
  zmq::context_t context;
};

struct Socket::Impl {
  zmq::socket_t socket;
  bool names_peers = false;  ///< a ROUTER: the first frame names the sender
  std::uint16_t port = 0;
  std::uint64_t malformed = 0;
  std::string malformed_peer;
  zmq::socket_t monitor;  ///< a DEALER's: where ZeroMQ tells of finished handshakes

  Impl(Context& context, zmq::socket_type type) : socket(context.impl().context, type) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();
};

/// Options of every socket that talks to another process.
void set_common_options(zmq::socket_t& socket);

/// Sends the frames as one message, without waiting. @return 0, or the errno that says why nothing was sent
int send_frames(zmq::socket_t& socket, std::initializer_list<std::string_view> frames);

}  // namespace slicebus::bus
