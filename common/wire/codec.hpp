#pragma once
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::wire {

/// The frame before every body: four bytes, so that a router need not decode. 'S' 'B' protocol type.
inline constexpr std::size_t header_bytes = 4;

/// Header and body of one message.
struct Encoded {
  std::string header;
  std::string body;
};

Encoded encode(const Message& message);

/// Reads what a peer sent. Errors: invalid (not ours, another protocol, unknown type, a body that is no msgpack of that
/// shape, longer than the 64 MiB limit). Never throws, whatever the bytes.
Result<Message> decode(std::string_view header, std::string_view body);

/// Header and body in one string, for pipes that keep message boundaries by themselves.
std::string pack_whole(const Message& message);
Result<Message> unpack_whole(std::string_view bytes);

}  // namespace slicebus::wire
