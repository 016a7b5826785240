#include "master/scheduler/scheduler.hpp"

#include <algorithm>

namespace slicebus::scheduler {

Scheduler::Scheduler(SchedulerConfig config)
    : config_(std::move(config)), cluster_(config_.node_grace), ports_(config_.ports), number_(config_.first_number) {}

SchedulerActions Scheduler::step(const SchedulerEvent& event, TimePoint now) {
  now_ = now;
  actions_.clear();
  std::visit([this](const auto& happened) { on(happened); }, event);
  settle();
  return std::move(actions_);
}

TimePoint Scheduler::next_deadline() const {
  TimePoint next = next_beat_;
  for (const Execution& execution : executions_) {
    if (execution.foreman.state == Foreman::State::absent && execution.started && execution.foreman.not_before > now_) {
      next = std::min(next, execution.foreman.not_before);
    }
    if (execution.drain_at) {
      next = std::min(next, *execution.drain_at);
    }
  }
  return next;
}

// ---- what the records actor says
// ----------------------------------------------------------------------------------------

void Scheduler::on(const ExecutionWanted& wanted) {
  if (by_id_.contains(wanted.ex_id)) {
    return;
  }
  Execution& execution = executions_.emplace_back();
  by_id_[wanted.ex_id] = std::prev(executions_.end());
  execution.wanted = wanted;
  execution.started = wanted.started;
  execution.restarts = RestartPolicy(!wanted.started && !wanted.recovery);
  if (wanted.port != 0) {
    execution.port = wanted.port;
    ports_.keep(wanted.port);
    if (!wanted.host.empty()) {
      // Slots that outlived the last master wait there; the controller tries this port first.
      execution.endpoint = "tcp://" + wanted.host + ":" + std::to_string(wanted.port);
    }
  }
  execution.order_number = ++number_;
  set_desire(execution, wanted.desire);
}

void Scheduler::on(const DesireChanged& change) {
  if (Execution* execution = find(change.ex_id); execution != nullptr && !execution->ended) {
    set_desire(*execution, change.desire);
  }
}

void Scheduler::set_desire(Execution& execution, const Desire& desire) {
  const bool stops_now = desire.stopping;
  execution.wanted.desire = desire;
  execution.order_number = ++number_;
  if (stops_now && !execution.started) {
    actions_.push_back(TellRecords{ExecutionNeverRan{execution.wanted.ex_id}});
    return;
  }
  if (stops_now) {
    // Slots that are to go finish what they run, or lose it when the agent's patience ends: the stop's time less that
    // patience.
    execution.drain_at = now_ + std::max(Duration{0}, desire.stop_timeout - config_.drain_grace);
  }
  send_order(execution);
}

void Scheduler::on(const WorkersChanged& change) {
  if (Execution* execution = find(change.ex_id)) {
    execution->wanted.workers = change.workers;
  }
}

void Scheduler::on(const ExecutionEnded& ended) {
  Execution* execution = find(ended.ex_id);
  if (execution == nullptr) {
    return;
  }
  execution->ended = true;
  execution->shares.clear();
  execution->drain_at.reset();
  execution->foreman.heard = now_;
  execution->order_number = ++number_;
  send_order(*execution);
  drop_ended(ended.ex_id);
}

void Scheduler::on(const RecordsLoaded&) { loaded_ = true; }

// ---- what comes over the broker
// -------------------------------------------------------------------------------------------

void Scheduler::on(const wire::ClusterUpdate& update) {
  heard_broker();
  Cluster::Change change = cluster_.apply(update, now_);
  if (change.resync) {
    actions_.push_back(SendControl{"broker", wire::MasterBeat{config_.process, true}});
    return;
  }
  tell_cluster(std::move(change));
}

void Scheduler::on(const wire::ControllerBeat& beat) {
  heard_broker();
  Execution* execution = find(beat.ex_id);
  // A beat of an earlier controller may come late; only the process that we started counts.
  if (execution == nullptr || execution->foreman.state != Foreman::State::running ||
      execution->foreman.pid != beat.pid) {
    return;
  }
  Foreman& foreman = execution->foreman;
  foreman.heard = now_;
  if (execution->ended) {
    return;
  }
  const std::string endpoint = "tcp://" + beat.host + ":" + std::to_string(beat.port);
  if (!foreman.spoke || endpoint != execution->endpoint) {
    if (beat.port != execution->port) {
      ports_.give_back(execution->port);
      ports_.keep(beat.port);
      execution->port = beat.port;
    }
    execution->endpoint = endpoint;
    actions_.push_back(TellRecords{ControllerOpened{beat.ex_id, beat.host, beat.port}});
  }
  if (!foreman.spoke) {
    foreman.spoke = true;
    foreman.spoke_first = now_;
    send_order(*execution);
  }
  execution->restarts.saw(beat.slices_planned, beat.slices_processed);
  foreman.waiting = beat.waiting;
  foreman.final_proposed = !beat.final_status.empty();
  const std::uint64_t obeyed = beat.order_seen >= execution->order_number ? execution->wanted.desire.version : 0;
  actions_.push_back(TellRecords{ControllerSaid{beat, obeyed}});
}

void Scheduler::on(const wire::BrokerBeat&) { heard_broker(); }

void Scheduler::heard_broker() {
  if (!broker_alive()) {
    broker_since_ = now_;
  }
  broker_heard_ = now_;
}

bool Scheduler::broker_alive() const { return broker_heard_ && now_ - *broker_heard_ <= 3 * config_.beat; }

// ---- controllers
// ----------------------------------------------------------------------------------------------------------

void Scheduler::on(const ControllerStarted& started) {
  if (Execution* execution = find(started.ex_id)) {
    Foreman fresh;
    fresh.state = Foreman::State::running;
    fresh.pid = started.pid;
    fresh.heard = now_;
    execution->foreman = fresh;
  }
}

void Scheduler::on(const ControllerNotStarted& failed) {
  if (Execution* execution = find(failed.ex_id)) {
    lost_controller(*execution, false, failed.reason);
    execution->foreman.not_before = std::max(execution->foreman.not_before, now_ + config_.beat);
  }
}

void Scheduler::on(const ControllerDied& died) {
  Execution* execution = find(died.ex_id);
  if (execution == nullptr || execution->foreman.pid != died.pid ||
      execution->foreman.state != Foreman::State::running) {
    return;
  }
  if (execution->ended) {
    execution->foreman.state = Foreman::State::absent;
    drop_ended(died.ex_id);
    return;
  }
  lost_controller(*execution, died.own, died.how);
}

void Scheduler::lost_controller(Execution& execution, bool own, const std::string& how) {
  const RestartPolicy::Verdict verdict = terminating_ ? RestartPolicy::Verdict{} : execution.restarts.died(own);
  execution.foreman = Foreman{};
  execution.foreman.last_death = how;
  execution.foreman.not_before = now_ + verdict.wait;
  actions_.push_back(TellRecords{ControllerGone{execution.wanted.ex_id}});
  if (verdict.give_up) {
    // Terminal once the records actor has written it; until then nothing starts it again.
    execution.foreman.not_before = TimePoint::max();
    actions_.push_back(TellRecords{
        ExecutionBroke{execution.wanted.ex_id, "the controller of execution " + execution.wanted.ex_id.text + " died " +
                                                   std::to_string(RestartPolicy::own_deaths_max) +
                                                   " times in a row without any progress, at last by " + how +
                                                   "; its log says more, _recover tries again"}});
  }
}

void Scheduler::drop_ended(const ExecutionId& ex_id) {
  const auto found = by_id_.find(ex_id);
  if (found == by_id_.end() || !found->second->ended || found->second->foreman.state != Foreman::State::absent) {
    return;
  }
  ports_.give_back(found->second->port);
  executions_.erase(found->second);
  by_id_.erase(found);
}

void Scheduler::send_order(Execution& execution) {
  if (execution.foreman.state != Foreman::State::running || !execution.foreman.spoke) {
    return;  // its binding said what was wanted; the first beat is answered by an order
  }
  const Desire& desire = execution.wanted.desire;
  actions_.push_back(SendControl{"ex/" + execution.wanted.ex_id.text,
                                 wire::ControllerOrder{execution.wanted.ex_id, execution.order_number, desire.paused,
                                                       desire.stopping, execution.ended}});
}

// ---- time
// -----------------------------------------------------------------------------------------------------------------

void Scheduler::on(const Tick&) {
  tell_cluster(cluster_.expire(now_));
  for (Execution& execution : executions_) {
    if (execution.drain_at && now_ >= *execution.drain_at) {
      execution.drain_at.reset();
      execution.draining = true;
      execution.shares.clear();
    }
  }
  if (now_ < next_beat_) {
    return;
  }
  next_beat_ = now_ + config_.beat;
  actions_.push_back(SendControl{"broker", wire::MasterBeat{config_.process, !cluster_.known()}});
  const Duration limit = config_.silence_limit + config_.beat;
  for (Execution& execution : executions_) {
    send_order(execution);
    const Foreman& foreman = execution.foreman;
    if (foreman.state == Foreman::State::running && broker_alive() &&
        now_ - std::max(foreman.heard, broker_since_) > limit) {
      actions_.push_back(KillController{execution.wanted.ex_id, "silent for longer than its limit"});
    }
  }
  send_wishes(true);
}

void Scheduler::on(const StoodStill& stood) {
  broker_since_ += stood.gap;
  if (broker_heard_) {
    *broker_heard_ += stood.gap;
  }
  for (Execution& execution : executions_) {
    execution.foreman.heard += stood.gap;
  }
}

void Scheduler::on(const Terminate&) { terminating_ = true; }

Scheduler::Execution* Scheduler::find(const ExecutionId& ex_id) {
  const auto found = by_id_.find(ex_id);
  return found == by_id_.end() ? nullptr : &*found->second;
}

}  // namespace slicebus::scheduler
