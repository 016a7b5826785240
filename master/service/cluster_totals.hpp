#pragma once
#include <deque>
#include <functional>
#include <map>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/service/answer.hpp"

namespace slicebus::service {

/// What all controllers have counted since this master started (R-api-58): sums of the differences between one beat
/// and the next. A controller that starts again counts its connections anew, which is no loss of the earlier ones.
class ClusterTotals {
 public:
  /// Of an execution that began before this object, only what comes after its first beat counts.
  explicit ClusterTotals(std::function<WallTime()> wall) : wall_(std::move(wall)), started_(wall_()) {}
  void on(const wire::ControllerBeat& beat);
  /// Its controller is not connected: what it had queued is nobody's until it beats again.
  void gone(const ExecutionId& ex_id);
  /// The seven counters, in the order of R-api-32.
  Json json() const;

 private:
  struct Counts {
    std::uint64_t processed = 0, failed = 0, joined = 0, disconnected = 0, reconnected = 0;
  };
  struct Known {
    Counts last;
    std::uint64_t queued = 0;
    bool ended = false;
  };
  /// Ended executions whose last beat may still be repeated; the oldest are forgotten.
  static constexpr std::size_t ended_max = 1'000;

  std::function<WallTime()> wall_;
  WallTime started_;
  std::map<ExecutionId, Known> known_;
  std::deque<ExecutionId> ended_;
  Counts total_;
  std::uint64_t seconds_ = 0;
};

}  // namespace slicebus::service
