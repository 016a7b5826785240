#include "worker/agent/agent.hpp"

#include <algorithm>
#include <csignal>

namespace slicebus::agent {

namespace {

/// Deaths that wait for their acknowledgement. Of more, the oldest are left to the leases.
constexpr std::size_t deaths_max = 4'096;
/// Beats within which a message may come late.
constexpr int late_beats_max = 3;

/// By the process's own doing: charged to the slice that it ran. We and the kernel, short of memory elsewhere, kill by
/// SIGKILL.
bool own_doing(const ChildEnded& event, bool killed_by_us) {
  if (event.signal == 0) {
    return event.code != 0;
  }
  if (event.signal == SIGKILL) {
    return event.out_of_memory && !killed_by_us;
  }
  return event.signal != SIGTERM;
}

std::string seconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

std::string milliseconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

}  // namespace

AgentActions Agent::step(const AgentEvent& event, TimePoint now) {
  if (left_) {
    return {};
  }
  now_ = now;
  heard_ = heard_.value_or(now);
  std::visit([this, now](const auto& some) { on(some, now); }, event);
  reconcile(now);
  beat_if_due(now);
  leave_when_empty();
  return std::exchange(out_, {});
}

std::optional<TimePoint> Agent::next_deadline() const {
  if (left_) {
    return std::nullopt;
  }
  TimePoint next = next_beat_;
  const auto consider = [&](TimePoint at) {
    // What is past was done in the last step, or waits for an event.
    if (at > now_) {
      next = std::min(next, at);
    }
  };
  for (const auto& [key, child] : children_) {
    if (child.kill_at && !child.killed) {
      consider(*child.kill_at);
    }
  }
  for (const auto& [ex_id, loop] : crash_loops_) {
    consider(loop.not_before());
  }
  consider(spare_crashes_.not_before());
  consider(assets_.next_deadline().value_or(next));
  return next;
}

void Agent::on(const BrokerSaid& event, TimePoint now) {
  heard_ = now;
  if (std::exchange(silence_said_, false)) {
    report(Report::Level::info, "broker_heard_again", {});
  }
  if (const auto* wanted = std::get_if<wire::SlotsWanted>(&event.message)) {
    hear(*wanted, now);
  } else if (const auto* ack = std::get_if<wire::SlotDeathAck>(&event.message)) {
    hear(*ack);
  } else if (const auto* refused = std::get_if<wire::NodeRefused>(&event.message)) {
    hear(*refused);
  } else if (const auto* chunk = std::get_if<wire::AssetChunk>(&event.message)) {
    assets_.hear(*chunk, now);
  } else if (std::holds_alternative<wire::BrokerBeat>(event.message)) {
    hear_accepted();
  }
}

void Agent::on(const BrokerConnected& /*event*/, TimePoint now) { next_beat_ = now; }

void Agent::on(const AgentTick& /*event*/, TimePoint now) {
  if (!silence_said_ && now - *heard_ >= config_.broker_silence) {
    silence_said_ = true;
    report(Report::Level::warn, "broker_silent",
           {{"broker", config_.broker},
            {"silent_for", seconds(now - *heard_)},
            {"limit", seconds(config_.broker_silence)},
            {"remedy", "trying on; slots keep their slices; check the broker's host and the firewall between"}});
  }
  for (const auto& [key, child] : children_) {
    if (child.phase == Phase::spare) {
      spare_crashes_.lives(child.since, now);
    } else if (const auto loop = crash_loops_.find(child.slot.ex_id); loop != crash_loops_.end()) {
      loop->second.lives(child.since, now);
    }
  }
}

void Agent::on(const StoodStill& event, TimePoint /*now*/) {
  *heard_ += event.gap;
  for (auto& [key, child] : children_) {
    if (child.kill_at) {
      *child.kill_at += event.gap;
    }
  }
}

void Agent::on(const AssetLooked& event, TimePoint /*now*/) { assets_.looked(event.asset, event.there); }

void Agent::on(const AssetPlaced& event, TimePoint now) {
  assets_.unpacked(event.asset, event.problem, now);
  if (event.problem.empty()) {
    report(Report::Level::info, "asset_unpacked", {{"asset", event.asset.text}});
  } else {
    report(Report::Level::warn, "asset_not_unpacked",
           {{"asset", event.asset.text}, {"cause", event.problem}, {"remedy", "it is fetched again, with pauses"}});
  }
}

void Agent::on(const Terminate& /*event*/, TimePoint now) {
  const bool again = std::exchange(terminating_, true);
  report(Report::Level::info, again ? "agent_hurried" : "agent_drains", {{"slots", std::to_string(bound())}});
  for (auto& [key, child] : children_) {
    if (again) {
      child.kill_at = now;
    } else if (child.phase == Phase::bound) {
      drain(key, child, now);
    } else if (child.phase == Phase::draining) {
      child.kill_at = std::min(*child.kill_at, now + config_.shutdown_timeout);
    } else if (child.phase == Phase::spare) {
      out_.emplace_back(SignalChild{key, SIGTERM});
      child.kill_at = now + config_.shutdown_timeout;
    }
  }
}

void Agent::on(const SpareStarted& event, TimePoint now) {
  const auto found = children_.find(event.key);
  if (found == children_.end()) {
    return;
  }
  Child& child = found->second;
  child.phase = Phase::spare;
  child.since = now;
  child.slot.pid = event.pid;
  child.slot.process = event.process;
  if (terminating_) {
    out_.emplace_back(SignalChild{event.key, SIGTERM});
    child.kill_at = now + config_.shutdown_timeout;
  }
}

void Agent::on(const SpareNotStarted& event, TimePoint now) {
  children_.erase(event.key);
  lose_spare(event.reason, Duration{0}, now);
}

void Agent::on(const ChildEnded& event, TimePoint now) {
  const auto found = children_.find(event.key);
  if (found == children_.end()) {
    return;
  }
  const Child child = std::move(found->second);
  children_.erase(found);
  if (child.phase == Phase::bound || child.phase == Phase::draining) {
    bury(child, event, now);
  } else if (!terminating_) {
    lose_spare(event.how, now - child.since, now);
  }
}

void Agent::lose_spare(const std::string& how, Duration lived, TimePoint now) {
  spare_crashes_.died(how, lived, now);
  report(Report::Level::error, "spare_slot_lost",
         {{"cause", how},
          {"in_a_row", std::to_string(spare_crashes_.deaths())},
          {"remedy", "run `slicebus-worker slot --help` on this machine; it must print its options"}});
}

void Agent::bury(const Child& child, const ChildEnded& event, TimePoint now) {
  const ExecutionId& ex_id = child.slot.ex_id;
  const bool own = own_doing(event, child.killed);
  std::string how = event.how;
  if (own && event.signal == SIGKILL) {
    how += ", out of memory in its cgroup";
  } else if (child.killed) {
    how += ", still running " + milliseconds(child.grace) + " after it was told to drain";
  }
  const bool orderly = child.phase == Phase::draining && !own && !child.killed;
  report(orderly ? Report::Level::info : Report::Level::warn, "slot_ended",
         {{"ex", ex_id.text},
          {"worker_id", std::to_string(child.slot.worker_id)},
          {"pid", std::to_string(child.slot.pid)},
          {"how", how}});
  if (!wanted_.contains(ex_id)) {
    return;  // over: nobody waits for what this slot had
  }
  // Whoever kills from outside does not do it because of the execution: back off only from those that hardly began.
  const Duration lived = now - child.since;
  if (own || (child.phase == Phase::bound && lived < 1s)) {
    crash_loops_[ex_id].died(how, lived, now);
  }
  wire::SlotDied death;
  death.ex_id = ex_id;
  death.node = config_.node;
  death.process = child.slot.process;
  death.cause = own ? wire::DeathCause::own : wire::DeathCause::outside;
  death.how = how;
  if (event.running) {
    death.running.push_back(*event.running);
  }
  deaths_.push_back({std::move(death)});
  if (deaths_.size() > deaths_max) {
    deaths_.erase(deaths_.begin());
  }
}

/// A master begins its numbers with its clock, and somebody may have set that back: an older number is a message that
/// comes late only as long as newer ones come with each beat.
void Agent::hear(const wire::SlotsWanted& wanted, TimePoint now) {
  const bool late = wanted.number < wanted_number_ && now - wanted_at_ < config_.beat * late_beats_max;
  if (wanted.node != config_.node || late) {
    return;
  }
  wanted_number_ = wanted.number;
  wanted_at_ = now;
  wanted_.clear();
  std::set<AssetId> assets;
  for (const wire::WantedSlots& execution : wanted.executions) {
    wanted_.insert_or_assign(execution.ex_id, execution);
    if (execution.slots > 0) {
      assets.insert(execution.assets.begin(), execution.assets.end());
    }
  }
  settled_ = {wanted.settled.begin(), wanted.settled.end()};
  assets_.want(std::move(assets));
  std::erase_if(deaths_, [this](const Death& death) { return !wanted_.contains(death.news.ex_id); });
  std::erase_if(crash_loops_, [this](const auto& loop) { return !wanted_.contains(loop.first); });
}

void Agent::hear(const wire::SlotDeathAck& ack) {
  std::erase_if(deaths_, [&](const Death& death) { return death.news.process == ack.process; });
}

void Agent::hear(const wire::NodeRefused& refused) {
  if (refused_.empty()) {
    report(Report::Level::error, "node_refused",
           {{"node", config_.node.text},
            {"cause", refused.reason},
            {"remedy", "--node-id names this machine; trying again every " + seconds(config_.refused_retry)}});
  }
  refused_ = refused.reason.empty() ? "refused" : refused.reason;
  next_beat_ = now_ + config_.refused_retry;
}

void Agent::hear_accepted() {
  if (!std::exchange(refused_, {}).empty()) {
    report(Report::Level::info, "node_accepted", {{"node", config_.node.text}});
  }
}

void Agent::beat_if_due(TimePoint now) {
  const bool due = now >= next_beat_;
  if (due) {
    next_beat_ = now + (refused_.empty() ? config_.beat : config_.refused_retry);
  }
  wire::NodeBeat beat = present();
  if (due || (refused_.empty() && said_ != beat)) {
    said_ = beat;
    out_.emplace_back(SendToBroker{std::move(beat)});
  }
  for (Death& death : deaths_) {
    if (due || !death.said) {
      death.said = true;
      out_.emplace_back(SendDeath{death.news});
    }
  }
}

void Agent::leave_when_empty() {
  if (!terminating_ || !children_.empty()) {
    return;
  }
  wire::NodeBeat beat = present();
  beat.leaving = true;
  out_.emplace_back(SendToBroker{std::move(beat)});
  report(Report::Level::info, "agent_left", {{"node", config_.node.text}});
  out_.emplace_back(ExitAgent{});
  left_ = true;
}

void Agent::report(Report::Level level, std::string event, std::vector<std::pair<std::string, std::string>> facts) {
  out_.emplace_back(Report{level, std::move(event), std::move(facts)});
}

}  // namespace slicebus::agent
