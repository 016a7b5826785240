#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace slicebus::scheduler {

/// A range of TCP ports, both ends included.
struct PortRange {
  std::uint16_t first = 25'679;
  std::uint16_t last = 26'678;
};
/// "25679:26678". Errors: invalid, in the words of R-ex-142.
Result<PortRange> parse_port_range(std::string_view text);

/// One port per execution; it stays with it until the execution is terminal.
class PortPool {
 public:
  explicit PortPool(PortRange range) : range_(range), next_(range.first) {}
  /// A port that no execution has, in turn, so that a port is not used again soon after; 0: all are taken.
  std::uint16_t take();
  /// The execution has this one already (a restarted master), or had to take it. Ports outside the range are remembered
  /// too.
  void keep(std::uint16_t port) { taken_.insert(port); }
  void give_back(std::uint16_t port) { taken_.erase(port); }

 private:
  PortRange range_;
  std::uint32_t next_;
  std::set<std::uint16_t> taken_;
};

}  // namespace slicebus::scheduler
