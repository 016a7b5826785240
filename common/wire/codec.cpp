#include "common/wire/codec.hpp"

#include <array>
#include <exception>
#include <sstream>
#include <utility>

namespace slicebus::wire {
namespace {

constexpr std::size_t body_bytes_max = 64U << 20U;
// Deeper or longer than any message of ours; keeps a hostile body from taking the memory of the process.
const msgpack::unpack_limit limits{/*array*/ 16U << 20U, /*map*/ 1U << 10U, body_bytes_max,
                                   body_bytes_max,       1U << 10U,         /*depth*/ 32};

/// Packed in a buffer of the thread first, so that the body is allocated once, at its size.
std::string packed(const Message& message) {
  thread_local msgpack::sbuffer buffer;
  constexpr std::size_t bytes_kept = 256U << 10U;
  buffer.clear();
  std::visit([&](const auto& value) { msgpack::pack(buffer, value); }, message);
  std::string body(buffer.data(), buffer.size());
  if (buffer.size() > bytes_kept) {
    buffer = msgpack::sbuffer();
  }
  return body;
}

/// The thread's one, for the time of a message: a fresh one each time is an allocation of a size for which malloc
/// tidies up all its small blocks first.
class Zone {
 public:
  Zone() = default;
  ~Zone() { get().clear(); }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;
  static msgpack::zone& get() {
    thread_local msgpack::zone zone(zone_bytes);
    return zone;
  }

 private:
  static constexpr std::size_t zone_bytes = 64U << 10U;  // of a batch of usual size; more is given back
};

/// Texts are copied once, into the message.
bool stays_in_body(msgpack::type::object_type /*type*/, std::size_t /*size*/, void* /*user*/) { return true; }

constexpr std::size_t message_types = std::variant_size_v<Message>;

template <std::size_t I>
Message decode_as(const msgpack::object& object) {
  std::variant_alternative_t<I, Message> value;
  object.convert(value);
  return value;
}

using Decoder = Message (*)(const msgpack::object&);

template <std::size_t... I>
constexpr std::array<Decoder, sizeof...(I)> decoders(std::index_sequence<I...>) {
  return {&decode_as<I>...};
}

constexpr std::array<std::string_view, message_types> names{
    "SlotHello",         "SlotWelcome",    "SliceAssign",    "SliceReport",     "SliceAck",    "SlicePublished",
    "SlicePublish",      "SliceRecall",    "SliceReturned",  "SliceFlush",      "SlotBeat",    "SlotBeatAck",
    "NodeBeat",          "NodeRefused",    "ControllerBeat", "ControllerOrder", "SlotsWanted", "SlotDied",
    "SlotDeathAck",      "AgentRestarted", "ClusterUpdate",  "MasterBeat",      "BrokerBeat",  "SlotBinding",
    "ControllerBinding", "AssetWanted",    "AssetChunk",     "SlicesFailed"};

}  // namespace

std::string_view message_name(const Message& message) { return names[message.index()]; }

Encoded encode(const Message& message) {
  return {.header = {'S', 'B', static_cast<char>(protocol_version), static_cast<char>(message.index())},
          .body = packed(message)};
}

Result<Message> decode(std::string_view header, std::string_view body) {
  if (header.size() != header_bytes || header[0] != 'S' || header[1] != 'B') {
    return fail(Errc::invalid, "wire header", "is not a Slicebus frame", "check what connects to this port");
  }
  if (static_cast<std::uint8_t>(header[2]) != protocol_version) {
    return fail(Errc::invalid, "wire header",
                "protocol " + std::to_string(static_cast<std::uint8_t>(header[2])) + ", this process speaks " +
                    std::to_string(protocol_version),
                "run the same Slicebus version on every machine");
  }
  const auto type = static_cast<std::uint8_t>(header[3]);
  if (type >= message_types) {
    return fail(Errc::invalid, "wire header", "unknown message type " + std::to_string(type));
  }
  if (body.size() > body_bytes_max) {
    return fail(Errc::invalid, std::string(names[type]),
                std::to_string(body.size()) + " bytes (limit " + std::to_string(body_bytes_max) + " bytes)");
  }
  try {
    static constexpr auto table = decoders(std::make_index_sequence<message_types>{});
    const Zone zone;
    return table[type](msgpack::unpack(zone.get(), body.data(), body.size(), stays_in_body, nullptr, limits));
  } catch (const std::exception& error) {
    return fail(Errc::invalid, std::string(names[type]), std::string("malformed body: ") + error.what());
  }
}

std::string pack_whole(const Message& message) {
  Encoded encoded = encode(message);
  return std::move(encoded.header) + encoded.body;
}

Result<Message> unpack_whole(std::string_view bytes) {
  if (bytes.size() < header_bytes) {
    return fail(Errc::invalid, "wire header", "shorter than " + std::to_string(header_bytes) + " bytes");
  }
  return decode(bytes.substr(0, header_bytes), bytes.substr(header_bytes));
}

}  // namespace slicebus::wire
