#include "master/scheduler/scheduler.hpp"

#include <algorithm>

namespace slicebus::scheduler {

namespace {

/// Executions that ended, remembered for slots that slept over it. Of older ones the agent ends the slots by their
/// grace, and what these had prepared stays.
constexpr std::size_t settled_max = 1'000;

}  // namespace

Scheduler::Scheduler(SchedulerConfig config)
    : config_(std::move(config)), cluster_(config_.node_grace), ports_(config_.ports), number_(config_.first_number) {}

SchedulerActions Scheduler::step(const SchedulerEvent& event, TimePoint now) {
  now_ = now;
  actions_.clear();
  // Beats are by far the most of what happens, and seldom news; their handlers know.
  no_slots_.reset();
  plan_due_ = !std::holds_alternative<wire::ControllerBeat>(event) && !std::holds_alternative<wire::BrokerBeat>(event);
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
  execution.age = ++number_;
  execution.wanted = wanted;
  execution.started = wanted.started;
  execution.restarts = RestartPolicy(!wanted.started && !wanted.recovery && !wanted.kept);
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
  execution.wanted.desire = desire;
  execution.order_number = ++number_;
  // Whether one that was kept has never run, its ledger knows; a controller reads that, and ends it accordingly.
  execution.started = execution.started || (desire.stopping && execution.wanted.kept);
  if (desire.stopping && !execution.started) {
    actions_.emplace_back(TellRecords{ExecutionNeverRan{execution.wanted.ex_id}});
    return;
  }
  if (desire.stopping) {
    // Its slots finish what they run, or lose it when the stop's time is over. A stop that is ordered again sets its
    // own time; the slot that publishes what others left unpublished is left alone.
    if (!execution.drain) {
      execution.drain.emplace(Execution::Drain{.since = now_});
      while (!execution.shares.empty()) {
        share(execution, execution.shares.begin()->first, 0);
      }
    }
    execution.drain->grace = now_ - execution.drain->since + desire.stop_timeout;
    make_stale(execution);
  }
  send_order(execution);
}

void Scheduler::on(const WorkersChanged& change) {
  if (Execution* execution = find(change.ex_id)) {
    execution->wanted.workers = change.workers;
    execution->workers_version = change.version;
    execution->workers_reached = false;
  }
}

/// Neither of these is an order that a beat has to answer: they travel with the orders, under the number of the last.
void Scheduler::on(const LogLevelChanged& change) {
  if (Execution* execution = find(change.ex_id)) {
    execution->wanted.log_level = change.level;
    send_order(*execution);
  }
}

void Scheduler::on(const ErrorsRecorded& recorded) {
  if (Execution* execution = find(recorded.ex_id)) {
    execution->errors_recorded = recorded.number;
    send_order(*execution);
  }
}

void Scheduler::on(const ExecutionEnded& ended) {
  Execution* execution = find(ended.ex_id);
  if (execution == nullptr) {
    return;
  }
  execution->ended = true;
  if (ended.settled) {
    settled_.push_back(ended.ex_id);
    if (settled_.size() > settled_max) {
      settled_.pop_front();
    }
  }
  execution->shares.clear();
  make_stale(*execution);
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
    actions_.emplace_back(SendControl{"broker", wire::MasterBeat{config_.process, true}});
    return;
  }
  follow(std::move(change));
}

void Scheduler::follow(Cluster::Change change) {
  for (const wire::NodeEntry& entry : change.nodes) {
    const NodeId& node = entry.beat.node;
    stale_.insert(node);
    if (entry.connected && !entry.beat.trouble.empty()) {
      troubled_.insert(node);
    } else {
      troubled_.erase(node);
    }
    take_back_from(node);
  }
  for (const NodeId& node : change.removed) {
    take_back_from(node);
    if (const auto place = places_.extract(node)) {
      for (const ExecutionId& ex_id : place.mapped().named) {
        if (Execution* execution = find(ex_id)) {
          execution->touched.erase(node);
        }
      }
    }
    stale_.erase(node);
    troubled_.erase(node);
  }
  if (!change.nodes.empty() || !change.removed.empty()) {
    actions_.emplace_back(TellRecords{ClusterChanged{std::move(change.nodes), std::move(change.removed)}});
  }
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
    make_stale(*execution);
    actions_.emplace_back(TellRecords{ControllerOpened{beat.ex_id, beat.host, beat.port}});
  }
  if (!foreman.spoke) {
    foreman.spoke = true;
    foreman.spoke_first = now_;
    plan_due_ = true;
    send_order(*execution);
  }
  execution->restarts.saw(beat.slices_planned, beat.slices_processed);
  foreman.waiting = beat.waiting;
  foreman.final_proposed = !beat.final_status.empty();
  // It is settled before the end is proposed: the records may have to take its errors first.
  const bool needs_no_slot = beat.settled || foreman.final_proposed;
  plan_due_ |= foreman.needs_no_slot != needs_no_slot;
  foreman.needs_no_slot = needs_no_slot;
  const std::uint64_t obeyed = beat.order_seen >= execution->order_number ? execution->wanted.desire.version : 0;
  actions_.emplace_back(TellRecords{ControllerSaid{beat, obeyed}});
  tell_waiting(*execution);
}

/// Whichever controller says it: it says what is in the ledger, and the records know what they have.
void Scheduler::on(const wire::SlicesFailed& told) {
  heard_broker();
  if (find(told.ex_id) != nullptr) {
    actions_.emplace_back(TellRecords{told});
  }
}

void Scheduler::on(const wire::BrokerBeat&) { heard_broker(); }

void Scheduler::heard_broker() {
  if (!broker_alive()) {
    broker_since_ = now_;
    plan_due_ = true;  // what executions wait for reads differently now
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
    controllers_due_ = true;
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
  controllers_due_ = true;
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
  actions_.emplace_back(TellRecords{ControllerGone{execution.wanted.ex_id}});
  if (verdict.give_up) {
    // Terminal once the records actor has written it; until then nothing starts it again.
    execution.foreman.not_before = TimePoint::max();
    actions_.emplace_back(TellRecords{
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
  for (const NodeId& node : found->second->touched) {
    if (const auto place = places_.find(node); place != places_.end()) {
      place->second.named.erase(ex_id);
    }
  }
  executions_.erase(found->second);
  by_id_.erase(found);
}

void Scheduler::send_order(Execution& execution) {
  if (execution.foreman.state != Foreman::State::running || !execution.foreman.spoke) {
    return;  // its binding said what was wanted; the first beat is answered by an order
  }
  const Desire& desire = execution.wanted.desire;
  actions_.emplace_back(
      SendControl{"ex/" + execution.wanted.ex_id.text,
                  wire::ControllerOrder{execution.wanted.ex_id, execution.order_number, desire.paused, desire.stopping,
                                        execution.ended, execution.errors_recorded, execution.wanted.log_level}});
}

// ---- time
// -----------------------------------------------------------------------------------------------------------------

void Scheduler::on(const Tick&) {
  follow(cluster_.expire(now_));
  if (now_ < next_beat_) {
    return;
  }
  next_beat_ = now_ + config_.beat;
  actions_.emplace_back(SendControl{"broker", wire::MasterBeat{config_.process, !cluster_.known()}});
  const Duration limit = config_.silence_limit + config_.beat;
  for (Execution& execution : executions_) {
    send_order(execution);
    const Foreman& foreman = execution.foreman;
    if (foreman.state == Foreman::State::running && broker_alive() &&
        now_ - std::max(foreman.heard, broker_since_) > limit) {
      actions_.emplace_back(KillController{execution.wanted.ex_id, "silent for longer than its limit"});
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
    execution.foreman.spoke_first += stood.gap;
    if (execution.drain) {
      execution.drain->ended += stood.gap;
    }
  }
}

void Scheduler::on(const Terminate&) { terminating_ = true; }

Scheduler::Execution* Scheduler::find(const ExecutionId& ex_id) {
  const auto found = by_id_.find(ex_id);
  return found == by_id_.end() ? nullptr : &*found->second;
}

}  // namespace slicebus::scheduler
