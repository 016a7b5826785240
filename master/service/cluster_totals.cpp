#include "master/service/cluster_totals.hpp"

#include <nlohmann/json.hpp>

#include "master/service/execution_document.hpp"

namespace slicebus::service {
namespace {

/// How much more there is now; a counter that fell began anew.
std::uint64_t more(std::uint64_t before, std::uint64_t now) { return now >= before ? now - before : now; }

}  // namespace

void ClusterTotals::on(const wire::ControllerBeat& beat) {
  const auto [at, is_new] = known_.try_emplace(beat.ex_id);
  Known& known = at->second;
  if (known.ended || beat.epoch == 0) {  // without an open ledger its counters say nothing
    return;
  }
  const Counts now{beat.slices_processed, beat.slices_failed, beat.workers_joined, beat.workers_disconnected,
                   beat.workers_reconnected};
  const bool from_earlier = beat.started_ms > 0 && beat.started_ms < started_.time_since_epoch().count();
  if (is_new && from_earlier) {
    known.last.processed = now.processed;
    known.last.failed = now.failed;
  }
  total_.processed += more(known.last.processed, now.processed);
  total_.failed += more(known.last.failed, now.failed);
  total_.joined += more(known.last.joined, now.joined);
  total_.disconnected += more(known.last.disconnected, now.disconnected);
  total_.reconnected += more(known.last.reconnected, now.reconnected);
  known.last = now;
  known.queued = beat.slices_queued;
  if (beat.final_status.empty()) {
    return;
  }
  known.ended = true;
  known.queued = 0;
  seconds_ += slicer_stats(beat, wall_().time_since_epoch().count()).at("job_duration").get<std::uint64_t>();
  ended_.push_back(beat.ex_id);
  if (ended_.size() > ended_max) {
    known_.erase(ended_.front());
    ended_.pop_front();
  }
}

void ClusterTotals::gone(const ExecutionId& ex_id) {
  if (const auto known = known_.find(ex_id); known != known_.end()) {
    known->second.queued = 0;
  }
}

Json ClusterTotals::json() const {
  std::uint64_t queued = 0;
  for (const auto& [ex_id, known] : known_) {
    queued += known.queued;
  }
  return {{"processed", total_.processed},
          {"failed", total_.failed},
          {"queued", queued},
          {"job_duration", seconds_},
          {"workers_joined", total_.joined},
          {"workers_disconnected", total_.disconnected},
          {"workers_reconnected", total_.reconnected}};
}

}  // namespace slicebus::service
