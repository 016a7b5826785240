#pragma once
#include <cstdint>
#include <optional>
#include <utility>

#include "common/time.hpp"

namespace slicebus::scheduler {

/// When a dead controller starts again, and when it does not any more (design.md P1). Progress is what its beats say
/// about the ledger: slices planned and slices processed.
class RestartPolicy {
 public:
  static constexpr std::uint32_t own_deaths_max = 5;

  /// @param fresh  the ledger is known to be empty, so that the first slice is progress already
  explicit RestartPolicy(bool fresh) {
    if (fresh) {
      seen_ = {0, 0};
    }
  }
  void saw(std::uint64_t planned, std::uint64_t processed);

  struct Verdict {
    bool give_up = false;  ///< the fifth death of its own doing in a row without progress
    Duration wait{};       ///< else: start again after that; the first death since progress costs no wait
  };
  /// @param own  fatal signal or exit code; else from outside (SIGKILL, an orderly end), which only backs off
  Verdict died(bool own);
  std::uint32_t own_deaths() const { return own_deaths_; }

 private:
  std::optional<std::pair<std::uint64_t, std::uint64_t>> seen_;
  std::uint32_t own_deaths_ = 0;
  std::uint32_t deaths_ = 0;
};

}  // namespace slicebus::scheduler
