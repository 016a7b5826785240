// Slots wanted against slots running: after every event the difference becomes actions.
#include <algorithm>
#include <csignal>
#include <ranges>
#include <set>
#include <utility>

#include "worker/agent/agent.hpp"

namespace slicebus::agent {

void Agent::reconcile(TimePoint now) {
  end_what_is_settled(now);
  if (!terminating_) {
    drain_what_is_not_wanted(now);
  }
  follow_controllers();
  follow_graces();
  kill_what_overstays(now);
  if (!terminating_) {
    fetch_assets(now);
    bind_what_is_wanted(now);
    start_spares(now);
  }
}

void Agent::drain_what_is_not_wanted(TimePoint now) {
  std::map<ExecutionId, std::uint32_t> surplus;
  for (const auto& [key, child] : children_) {
    if (child.phase == Phase::bound) {
      ++surplus[child.slot.ex_id];
    }
  }
  for (auto& [ex_id, count] : surplus) {
    const auto wanted = wanted_.find(ex_id);
    count -= std::min(count, wanted == wanted_.end() ? 0U : wanted->second.slots);
  }
  // The newest first: it has the least to lose.
  for (auto& [key, child] : std::views::reverse(children_)) {
    if (child.phase == Phase::bound && surplus[child.slot.ex_id] > 0) {
      --surplus[child.slot.ex_id];
      drain(key, child, now);
    }
  }
}

/// Also while this process ends: nobody else sweeps what such a slot has prepared.
void Agent::end_what_is_settled(TimePoint now) {
  for (auto& [key, child] : children_) {
    const bool serves = child.phase == Phase::bound || child.phase == Phase::draining;
    if (!serves || child.binding.over || !settled_.contains(child.slot.ex_id)) {
      continue;
    }
    child.binding.over = true;
    if (child.phase == Phase::bound) {
      drain(key, child, now);
    } else {
      out_.emplace_back(TellSlot{key, child.binding});
    }
  }
}

void Agent::follow_controllers() {
  for (auto& [key, child] : children_) {
    const auto wanted = wanted_.find(child.slot.ex_id);
    const bool serves = child.phase == Phase::bound || child.phase == Phase::draining;
    if (!serves || wanted == wanted_.end() || wanted->second.endpoint.empty() ||
        wanted->second.endpoint == child.binding.endpoint) {
      continue;
    }
    child.binding.endpoint = wanted->second.endpoint;
    out_.emplace_back(TellSlot{key, child.binding});
  }
}

/// A stop may be given less time, or more, while its slots drain already. When this process ends, its own limit holds.
void Agent::follow_graces() {
  if (terminating_) {
    return;
  }
  for (auto& [key, child] : children_) {
    if (child.phase != Phase::draining || !wanted_.contains(child.slot.ex_id)) {
      continue;
    }
    const Duration grace = grace_of(child.slot.ex_id);
    *child.kill_at += grace - child.grace;
    child.grace = grace;
  }
}

void Agent::fetch_assets(TimePoint now) {
  while (auto step = assets_.next(now)) {
    if (const auto* ask = std::get_if<AskForAsset>(&*step)) {
      out_.emplace_back(SendToMaster{{config_.node, ask->asset, ask->offset}});
    } else if (const auto* look = std::get_if<LookForAsset>(&*step)) {
      out_.emplace_back(*look);
    } else {
      out_.emplace_back(std::get<UnpackAsset>(std::move(*step)));
    }
  }
}

void Agent::kill_what_overstays(TimePoint now) {
  for (auto& [key, child] : children_) {
    if (child.kill_at && *child.kill_at <= now && !std::exchange(child.killed, true)) {
      out_.emplace_back(SignalChild{key, SIGKILL});
    }
  }
}

void Agent::bind_what_is_wanted(TimePoint now) {
  auto spare = children_.begin();
  const auto next_spare = [&] {
    spare = std::find_if(spare, children_.end(), [](const auto& child) { return child.second.phase == Phase::spare; });
    return spare != children_.end();
  };
  for (const auto& [ex_id, execution] : wanted_) {
    const auto loop = crash_loops_.find(ex_id);
    if (execution.endpoint.empty() || (loop != crash_loops_.end() && !loop->second.may_start(now)) ||
        !assets_.has_all(execution.assets)) {
      continue;
    }
    for (std::uint32_t runs = running(ex_id); runs < execution.slots && bound() < config_.slots_total && next_spare();
         ++runs) {
      bind(spare->first, spare->second, execution, now);
    }
  }
}

void Agent::start_spares(TimePoint now) {
  if (!spare_crashes_.may_start(now)) {
    return;
  }
  for (std::uint32_t count = bound() + spares(); count < config_.slots_total; ++count) {
    children_.emplace(++last_key_, Child{.phase = Phase::starting, .since = now});
    out_.emplace_back(StartSpare{last_key_});
  }
}

void Agent::bind(std::uint64_t key, Child& child, const wire::WantedSlots& execution, TimePoint now) {
  child.phase = Phase::bound;
  child.since = now;
  child.slot.worker_id = ++last_worker_id_;
  child.slot.ex_id = execution.ex_id;
  child.slot.job_id = execution.job_id;
  child.slot.assets = execution.assets;
  child.binding = {.ex_id = execution.ex_id,
                   .lineage = execution.lineage,
                   .node = config_.node,
                   .agent = config_.agent,
                   .process = child.slot.process,
                   .worker_id = child.slot.worker_id,
                   .endpoint = execution.endpoint};
  out_.emplace_back(TellSlot{key, child.binding});
  report(Report::Level::info, "slot_started",
         {{"ex", execution.ex_id.text},
          {"worker_id", std::to_string(child.slot.worker_id)},
          {"pid", std::to_string(child.slot.pid)}});
}

void Agent::drain(std::uint64_t key, Child& child, TimePoint now) {
  child.phase = Phase::draining;
  child.slot.draining = true;
  child.binding.drain = true;
  child.grace = terminating_ ? config_.shutdown_timeout : grace_of(child.slot.ex_id);
  child.kill_at = now + child.grace;
  out_.emplace_back(TellSlot{key, child.binding});
}

/// What a slot of the execution gets for the slice it runs, once it is told to drain.
Duration Agent::grace_of(const ExecutionId& ex_id) const {
  const auto wanted = wanted_.find(ex_id);
  if (wanted == wanted_.end() || wanted->second.drain_grace_ms < 0) {
    return config_.shutdown_timeout;
  }
  // A peer may say anything; beyond a year nobody waits, and the sum with a time point stays in range.
  constexpr std::int64_t longest_ms = std::chrono::milliseconds(std::chrono::hours(24 * 365)).count();
  return std::chrono::milliseconds(std::min(wanted->second.drain_grace_ms, longest_ms));
}

std::uint32_t Agent::running(const ExecutionId& ex_id) const {
  return static_cast<std::uint32_t>(std::count_if(children_.begin(), children_.end(), [&](const auto& child) {
    return child.second.phase == Phase::bound && child.second.slot.ex_id == ex_id;
  }));
}

std::uint32_t Agent::bound() const {
  return static_cast<std::uint32_t>(std::count_if(children_.begin(), children_.end(), [](const auto& child) {
    return child.second.phase == Phase::bound || child.second.phase == Phase::draining;
  }));
}

std::uint32_t Agent::spares() const { return static_cast<std::uint32_t>(children_.size()) - bound(); }

wire::NodeBeat Agent::present() const {
  wire::NodeBeat beat;
  beat.node = config_.node;
  beat.agent = config_.agent;
  beat.hostname = config_.hostname;
  beat.pid = config_.pid;
  beat.version = config_.version;
  // One that drains has no place for anything new.
  beat.slots_total = terminating_ ? bound() : config_.slots_total;
  for (const auto& [key, child] : children_) {
    if (child.phase == Phase::bound || child.phase == Phase::draining) {
      beat.slots.push_back(child.slot);
    }
  }
  beat.trouble = trouble();
  std::set<ExecutionId> dead;
  for (const Death& death : deaths_) {
    dead.insert(death.news.ex_id);
  }
  beat.deaths.assign(dead.begin(), dead.end());
  return beat;
}

std::string Agent::trouble() const {
  if (spare_crashes_.deaths() > 1) {
    return "slot processes do not start: " + spare_crashes_.why() + ", " + std::to_string(spare_crashes_.deaths()) +
           " in a row";
  }
  if (std::string missing = assets_.trouble(); !missing.empty()) {
    return missing;
  }
  for (const auto& [ex_id, loop] : crash_loops_) {
    if (loop.deaths() > 1) {
      return "slots of execution " + ex_id.text + " die: " + loop.why() + ", " + std::to_string(loop.deaths()) +
             " in a row";
    }
  }
  return {};
}

}  // namespace slicebus::agent
