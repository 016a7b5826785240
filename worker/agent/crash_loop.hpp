#pragma once
#include <cstdint>
#include <string>

#include "common/time.hpp"

namespace slicebus::agent {

/// How long to wait before a process that keeps dying is started again: 100 ms after the first death, doubling to 10 s,
/// forgotten once one lives for 10 s. Part of a core.
class CrashLoop {
 public:
  /// A death. `lived`: since the process was bound or started.
  void died(const std::string& why, Duration lived, TimePoint now);
  /// One lives that was bound or started at `since`.
  void lives(TimePoint since, TimePoint now);

  bool may_start(TimePoint now) const { return now >= not_before_; }
  TimePoint not_before() const { return not_before_; }
  bool troubled() const { return deaths_ > 0; }
  std::uint32_t deaths() const { return deaths_; }  ///< in a row
  const std::string& why() const { return why_; }

 private:
  std::uint32_t deaths_ = 0;
  TimePoint last_death_{};
  TimePoint not_before_{};
  std::string why_;
};

}  // namespace slicebus::agent
