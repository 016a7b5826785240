#include <algorithm>
#include <utility>

#include "master/execution/controller_state.hpp"

namespace slicebus::execution {

namespace {

constexpr Duration publish_again_after = 2s;
/// A cluster without slots for this long says so.
constexpr int beats_without_slots = 2;

const std::string nothing;
const std::string no_slots = "no slot is free or connected for this execution";
const std::string errors_untold = "its errors are not in the master's records yet";

}  // namespace

void Controller::State::on(const ControlSaid& event, TimePoint now) {
  if (const auto* order = std::get_if<wire::ControllerOrder>(&event.message)) {
    if (order->ex_id == setup.ex_id) {
      if (opened) {
        obey(*order, now);
      } else {
        early_order = *order;
      }
    }
  } else if (const auto* death = std::get_if<wire::SlotDied>(&event.message)) {
    if (opened && !terminating && death->ex_id == setup.ex_id) {
      hear_death(*death, now);
    }
  } else if (const auto* restarted = std::get_if<wire::AgentRestarted>(&event.message)) {
    if (!opened || terminating) {
      return;
    }
    std::vector<ProcessId> dead;
    for (const ProcessId& agent : restarted->former) {
      if (agent == restarted->agent) {
        continue;
      }
      slots.bury_agent(agent);
      for (const auto& [process, index] : slots.all()) {
        if (slots.at(index)->agent == agent) {
          dead.push_back(process);
        }
      }
    }
    for (const ProcessId& process : dead) {
      slot_is_dead(process, now);
    }
  }
}

void Controller::State::obey(const wire::ControllerOrder& order, TimePoint now) {
  if (order.number < order_seen) {
    return;
  }
  order_seen = order.number;
  if (order.final_recorded) {
    exit(0, final_state ? "the final status is recorded" : "the execution has ended without this controller");
    return;
  }
  errors.recorded(order.errors_recorded);
  use_log_level(order.log_level);
  if (order.stopping && !stopping) {
    stopping = true;
    recall_all(now);
  }
  if (order.paused && !pause_wanted) {
    recall_all(now);
  }
  pause_wanted = order.paused;
}

void Controller::State::use_log_level(const std::string& level) {
  if (!level.empty() && level != log_level) {
    log_level = level;
    out.emplace_back(UseLogLevel{level});
  }
}

/// A death that is charged is acknowledged once the charge is durable: until then the agent repeats it, to whoever
/// controls the execution by then.
void Controller::State::hear_death(const wire::SlotDied& death, TimePoint now) {
  if (!slots.is_dead(death.process)) {
    if (death.cause == wire::DeathCause::own && !death.running.empty()) {
      Slice* slice = queue.find(death.running.front().slice);
      // Another controller may have charged this death, and ended before it was acknowledged.
      if (slice != nullptr && slice->state != SliceState::committing &&
          (!slice->charged || slice->charged->last != death.process)) {
        slice->charged = std::make_unique<store::SlotDeaths>(
            store::SlotDeaths{slice->at, slice->slot_deaths() + 1, death.process, death.how.substr(0, 1'024)});
        accounting.charge(*slice->charged);
        charged.push_back({accounting.next_number(), death.node, death.process});
        // Somebody else has it by now: it is spared, and goes to error when it comes back.
        if (slice->slot_deaths() >= config.max_slot_deaths && slice->state != SliceState::assigned &&
            slice->state != SliceState::held) {
          give_again(*slice, Return::given_back, now);
        }
      }
    }
    slot_is_dead(death.process, now);
  }
  const bool is_charged = std::any_of(charged.begin(), charged.end(),
                                      [&](const ChargedDeath& each) { return each.process == death.process; });
  if (!is_charged) {
    acknowledge_death(death.node, death.process);
  }
}

void Controller::State::acknowledge_death(const NodeId& node, const ProcessId& process) {
  out.emplace_back(SendControl{"node/" + node.text, wire::SlotDeathAck{node, setup.ex_id, process}});
}

void Controller::State::slot_is_dead(const ProcessId& process, TimePoint now) {
  if (SlotView* slot = slots.by_process(process)) {
    disconnected += slot->peer.empty() ? 0 : 1;
    give_all_again(*slot, Return::lost, now);
    publishing.forsake(slot->index, now);
  }
  slots.bury(process);
}

void Controller::State::on(const StoodStill& event, TimePoint) {
  // The others were not silent: this process did not listen.
  for (const auto& [process, index] : slots.all()) {
    SlotView& slot = *slots.at(index);
    slot.heard_at += event.gap;
    for (Slice* slice = slot.has.front(); slice != nullptr; slice = slice->next) {
      slice->until += event.gap;
    }
  }
}

void Controller::State::on(const Tick&, TimePoint now) {
  if (!opened) {
    return;
  }
  if (commit_again_at && now >= *commit_again_at) {
    commit_again_at.reset();
    out.emplace_back(CommitGroup{accounting.number(), accounting.under_way()});
  }
  if (now >= watch_at) {
    watch_at = now + config.beat / 4;
    watch_slots(now);
    ask_to_publish(now);
    ask_ledger(now);
  }
  if (now >= beat_at) {
    beat_at = now + config.beat;
    errors.retry();
    tell_errors();
    tell_master(now, true);
  }
}

/// Leases that ended, slots that say nothing.
void Controller::State::watch_slots(TimePoint now) {
  publish_trouble.clear();
  for (const auto& [process, index] : slots.all()) {
    SlotView& slot = *slots.at(index);
    while (!slot.has.empty() && slot.has.front()->until <= now) {
      give_again(*slot.has.front(), Return::lost, now);
    }
    if (slot.peer.empty()) {
      continue;
    }
    const Duration silence = now - slot.heard_at;
    const bool is_lost = silence > config.lease * 3 / 5;  // it beats five times in a lease, or twice with nothing
    slots_seen_at = is_lost ? slots_seen_at : now;
    if (publish_trouble.empty() && !slot.waiting.empty()) {
      publish_trouble = slot.node.text + ": " + slot.waiting;
    }
    if (is_lost) {
      // Its connection stays for its return: that of a process that stands still does not break. What it answers then
      // counts where it is the first.
      slot.recall_at.reset();
      give_all_again(slot, Return::lost, now);
    }
    // One that has nothing beats half as often.
    if (is_lost || (!slot.has.empty() && silence > config.probe_after)) {
      slot.silent = true;
      if (now - slot.probed_at > config.probe_after / 2) {
        slot.probed_at = now;
        send(slot, wire::SlicePublish{});  // asks for nothing; tells whether anybody is there
      }
    }
    slots.refresh(slot);
  }
}

void Controller::State::ask_to_publish(TimePoint now) {
  if (!publishing.next_due() || *publishing.next_due() > now) {
    return;
  }
  std::vector<SlotView*> able;
  for (const auto& [process, index] : slots.all()) {
    SlotView* slot = slots.at(index);
    if (!slot->peer.empty() && !slot->silent) {
      able.push_back(slot);
    }
  }
  if (able.empty()) {
    return;
  }
  // Another one each time: the one before may be unable to.
  SlotView& slot = *able[stamp++ % able.size()];
  send(slot, wire::SlicePublish{publishing.due(now, now + publish_again_after, wire::batch_slices_max)});
}

/// One that was replaced, and has nothing to write, would not hear of it otherwise: it would keep its slots, and find
/// nothing for them to do.
void Controller::State::ask_ledger(TimePoint now) {
  if (accounting.idle() && !final_state && !terminating && now - committed_at >= config.lease) {
    accounting.ask();
  }
}

void Controller::State::tell_errors() {
  if (!errors.page().empty()) {
    out.emplace_back(
        SendControl{"master", wire::SlicesFailed{setup.ex_id, setup.lineage, errors.after(), errors.page()}});
  }
}

void Controller::State::tell_master(TimePoint now, bool is_beat) {
  if (!pause_wanted) {
    paused = false;
  } else if (!paused) {
    paused = std::none_of(slots.all().begin(), slots.all().end(),
                          [&](const auto& each) { return slots.at(each.second)->recall_at; });
  }
  const bool recovering = chosen_left > 0;
  const bool failing = accounting.durable().failed > 0;
  const std::string& status = final_state && errors.drained() ? final_state->status : nothing;
  const std::string& reason = final_state ? final_state->reason : failure;
  const std::string& waiting = waiting_for(now);
  const bool news = told.epoch != epoch || told.order_seen != order_seen || told.recovering != recovering ||
                    told.paused != paused || told.failing != failing || told.final_status != status ||
                    told.failure_reason != reason || told.waiting != waiting;
  if (!news && !is_beat) {
    return;
  }
  const store::Tally& sums = accounting.durable();
  told = {.ex_id = setup.ex_id,
          .process = setup.process,
          .pid = setup.pid,
          .epoch = epoch,
          .host = setup.host,
          .port = setup.port,
          .order_seen = order_seen,
          .slicing = !final_state,
          .recovering = recovering,
          .paused = paused,
          .failing = failing,
          .final_status = status,
          .failure_reason = reason,
          .waiting = waiting,
          .slices_planned = sums.processed + queue.size(),
          .slices_processed = sums.processed,
          .slices_failed = sums.failed,
          .slices_queued = queue.queued(),
          .workers_joined = joined,
          .workers_reconnected = reconnected,
          .workers_disconnected = disconnected,
          .slicers = setup.slicers,
          .started_ms = sums.started_ms,
          .queuing_complete_ms = sums.queuing_complete_ms,
          .counts = sums.counts,
          .settled = settled};
  for (const auto& [process, index] : slots.all()) {
    const SlotView& slot = *slots.at(index);
    told.slots_connected += slot.peer.empty() || slot.silent ? 0 : 1;
    told.slots_active += slot.assigned > 0 ? 1 : 0;
  }
  out.emplace_back(SendControl{"master", told});
}

const std::string& Controller::State::waiting_for(TimePoint now) const {
  if (final_state) {
    return !errors.drained() && now - ended_at > config.beat * beats_without_slots ? errors_untold : nothing;
  }
  if (!commit_trouble.empty()) {
    return commit_trouble;
  }
  if (!output_trouble.empty()) {
    return output_trouble;
  }
  if (!publish_trouble.empty()) {
    return publish_trouble;
  }
  const bool has_work = queue.size() > 0 || !publishing.empty();
  return has_work && now - slots_seen_at > config.beat * beats_without_slots ? no_slots : nothing;
}

std::optional<TimePoint> Controller::State::next_deadline() const {
  if (!opened || exited) {
    return std::nullopt;
  }
  TimePoint next = std::min(beat_at, watch_at);
  const auto at = [&](TimePoint when) { next = std::min(next, when); };
  if (commit_again_at) {
    at(*commit_again_at);
  }
  if (final_state || proposing || terminating) {
    return next;
  }
  if (const auto wake = queue.next_wake()) {
    at(*wake);
  }
  if (queue.next_ready() != nullptr && has_room() && !pause_wanted && !ending()) {
    at(std::max(hold_until, assign_at));
  }
  if (slots.any_idle() && assigned > busy_slots && queue.next_ready() == nullptr && !pause_wanted && !ending()) {
    at(std::max(steal_at, assign_at));
  }
  return next;
}

}  // namespace slicebus::execution
