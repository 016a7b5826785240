#include "master/execution/slot_port.hpp"

#include <charconv>
#include <optional>

namespace slicebus::execution {
namespace {

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(port) : std::nullopt;
}

}  // namespace

Result<bus::Router> bind_slot_port(bus::Context& context, const std::string& address, std::uint16_t preferred,
                                   std::uint16_t first, std::uint16_t last, std::uint32_t spread) {
  const auto bind = [&](std::uint32_t port) {
    return bus::Router::bind(context, "tcp://" + address + ":" + std::to_string(port));
  };
  if (preferred != 0) {
    if (auto router = bind(preferred)) {
      return router;
    }
  }
  const std::uint32_t size = std::uint32_t{last} - first + 1;
  Error reason;
  for (std::uint32_t i = 0; i < size; ++i) {
    auto router = bind(first + (spread + i) % size);
    if (router) {
      return router;
    }
    reason = std::move(router).error();
  }
  return fail(Errc::unavailable, "slicer_port_range " + std::to_string(first) + ":" + std::to_string(last),
              "none of its " + std::to_string(size) + " ports can be bound; the last: " + reason.text(),
              "set a wider slicer_port_range, or a bind address of this machine");
}

Result<std::pair<std::uint16_t, std::uint16_t>> parse_port_range(const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto first = port_of(std::string_view(text).substr(0, colon));
  const auto last = colon == std::string::npos ? first : port_of(std::string_view(text).substr(colon + 1));
  if (!first || !last || *first == 0 || *last < *first) {
    return fail(Errc::invalid, "slicer_port_range", "\"" + text + "\" is no range of ports",
                "write first:last, for example 25679:26678");
  }
  return std::pair(*first, *last);
}

}  // namespace slicebus::execution
