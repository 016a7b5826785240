#include "master/scheduler/port_pool.hpp"

#include <charconv>

namespace slicebus::scheduler {
namespace {

bool read_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port > 0;
}

}  // namespace

Result<PortRange> parse_port_range(std::string_view text) {
  PortRange range;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !read_port(text.substr(0, colon), range.first) ||
      !read_port(text.substr(colon + 1), range.last) || range.first > range.last) {
    return fail(Errc::invalid, "slicer_port_range",
                "slicer_port_range is formatted incorrectly, got \"" + std::string(text) + "\"",
                "give start:end with 1 <= start <= end <= 65535, such as 25679:26678");
  }
  return range;
}

std::uint16_t PortPool::take() {
  const std::uint32_t size = static_cast<std::uint32_t>(range_.last) - range_.first + 1;
  for (std::uint32_t tried = 0; tried < size; ++tried) {
    const auto port = static_cast<std::uint16_t>(next_);
    next_ = next_ >= range_.last ? range_.first : next_ + 1;
    if (taken_.insert(port).second) {
      return port;
    }
  }
  return 0;
}

}  // namespace slicebus::scheduler
