// The scheduler's third part: who has to hear of what should run, and of what people see of it.
#include <algorithm>
#include <set>

#include "master/scheduler/scheduler.hpp"

namespace slicebus::scheduler {

/// The node may have something to tell of the execution from now on: its wishes list it, until it ends.
void Scheduler::name(Execution& execution, const NodeId& node) {
  if (execution.touched.insert(node).second) {
    places_[node].named.insert(execution.wanted.ex_id);
  }
}

void Scheduler::make_stale(const Execution& execution) {
  stale_.insert(execution.touched.begin(), execution.touched.end());
}

void Scheduler::send_wishes(bool repeat) {
  if (!loaded_) {
    return;  // an execution that is not listed is over: before all are known, silence is the only safe word
  }
  const auto send = [this](const NodeId& node, const Place& place) {
    actions_.emplace_back(
        SendControl{"node/" + node.text, wire::SlotsWanted{node, place.number, place.wishes, place.settled}});
  };
  for (const NodeId& node : std::exchange(stale_, {})) {
    const auto found = cluster_.nodes().find(node);
    if (found == cluster_.nodes().end() || !found->second.connected) {
      continue;  // it is looked at again when it comes back
    }
    Place& place = places_[node];
    std::vector<wire::WantedSlots> wishes = wishes_for(node, found->second, place);
    std::vector<ExecutionId> settled = settled_on(found->second);
    if (place.number == 0 || wishes != place.wishes || settled != place.settled) {
      place.number = ++number_;
      place.wishes = std::move(wishes);
      place.settled = std::move(settled);
      if (!repeat) {
        send(node, place);
      }
    }
  }
  if (!repeat) {
    return;
  }
  for (const auto& [node, entry] : cluster_.nodes()) {
    if (const auto place = places_.find(node); entry.connected && place != places_.end() && place->second.number > 0) {
      send(node, place->second);
    }
  }
}

std::vector<wire::WantedSlots> Scheduler::wishes_for(const NodeId& node, const wire::NodeEntry& entry,
                                                     const Place& place) {
  // Of what an earlier master asked for, the node itself knows.
  for (const wire::SlotState& slot : entry.beat.slots) {
    if (Execution* execution = find(slot.ex_id)) {
      name(*execution, node);
    }
  }
  for (const ExecutionId& ex_id : entry.beat.deaths) {
    if (Execution* execution = find(ex_id)) {
      name(*execution, node);
    }
  }
  std::vector<wire::WantedSlots> wishes;
  for (const ExecutionId& ex_id : place.named) {
    const Execution* execution = find(ex_id);
    if (execution == nullptr || execution->ended || execution->endpoint.empty() || !execution->started) {
      continue;
    }
    const auto share = execution->shares.find(node);
    const Duration grace = execution->drain ? execution->drain->grace : Duration{-1ms};
    wishes.push_back({execution->wanted.ex_id, execution->wanted.job_id, execution->wanted.lineage, execution->endpoint,
                      share == execution->shares.end() ? 0 : share->second,
                      std::chrono::duration_cast<std::chrono::milliseconds>(grace).count(), execution->wanted.assets});
  }
  return wishes;
}

std::vector<ExecutionId> Scheduler::settled_on(const wire::NodeEntry& entry) const {
  std::set<ExecutionId> served;
  for (const wire::SlotState& slot : entry.beat.slots) {
    const auto living = by_id_.find(slot.ex_id);
    if ((living == by_id_.end() || living->second->ended) &&
        std::find(settled_.begin(), settled_.end(), slot.ex_id) != settled_.end()) {
      served.insert(slot.ex_id);
    }
  }
  return {served.begin(), served.end()};
}

void Scheduler::tell_reached() {
  for (Execution& execution : executions_) {
    if (execution.workers_reached || !cluster_.known()) {
      continue;
    }
    std::uint32_t runs = 0;
    for (const auto& [node, running] : cluster_.slots_of(execution.wanted.ex_id)) {
      runs += running.total();
    }
    if (runs <= execution.wanted.workers) {
      execution.workers_reached = true;
      actions_.emplace_back(TellRecords{WorkersReached{execution.wanted.ex_id, execution.workers_version}});
    }
  }
}

void Scheduler::tell_controllers() {
  if (!std::exchange(controllers_due_, false)) {
    return;
  }
  std::vector<ControllerProcess> controllers;
  for (const Execution& execution : executions_) {
    if (execution.foreman.state == Foreman::State::running) {
      controllers.push_back({execution.wanted.ex_id, execution.wanted.job_id, execution.foreman.pid});
    }
  }
  if (controllers != controllers_told_) {
    controllers_told_ = controllers;
    actions_.emplace_back(TellRecords{ControllersChanged{std::move(controllers)}});
  }
}

void Scheduler::tell_waiting() {
  for (Execution& execution : executions_) {
    tell_waiting(execution);
  }
}

void Scheduler::tell_waiting(Execution& execution) {
  std::string text = waiting_for(execution);
  if (text != execution.waiting_told) {
    execution.waiting_told = text;
    actions_.emplace_back(TellRecords{WaitingChanged{execution.wanted.ex_id, std::move(text)}});
  }
}

std::string Scheduler::waiting_for(const Execution& execution) {
  const Foreman& foreman = execution.foreman;
  if (execution.ended || foreman.final_proposed || foreman.not_before == TimePoint::max()) {
    return {};
  }
  if (execution.started && foreman.state == Foreman::State::absent && foreman.not_before > now_) {
    return "its controller ended by " + foreman.last_death + " and starts again within 10 s";
  }
  if (!execution.wanted.desire.stopping && execution.shares.empty()) {
    return no_slots();
  }
  for (const NodeId& node : troubled_) {
    const std::map<NodeId, SlotCount>& slots = cluster_.slots_of(execution.wanted.ex_id);
    const auto running = slots.find(node);
    if (execution.shares.contains(node) && (running == slots.end() || running->second.serving == 0)) {
      return "slots on node " + node.text + " do not start: " + cluster_.nodes().at(node).beat.trouble;
    }
  }
  return foreman.waiting;
}

const std::string& Scheduler::no_slots() {
  if (!no_slots_) {
    no_slots_ = waiting_for_slots();
  }
  return *no_slots_;
}

std::string Scheduler::waiting_for_slots() const {
  if (!broker_heard_) {
    return "the broker at " + config_.broker + " has not answered yet; start slicebus-broker there, or set --broker";
  }
  if (!broker_alive()) {
    return "the broker at " + config_.broker + " is silent; it is asked again every second";
  }
  std::uint32_t slots = 0;
  std::uint32_t nodes = 0;
  for (const auto& [node, entry] : cluster_.nodes()) {
    nodes += entry.connected ? 1 : 0;
    slots += entry.connected ? entry.beat.slots_total : 0;
  }
  if (nodes == 0) {
    return "no worker node is connected; start a slicebus-worker with --broker " + config_.broker;
  }
  return "no slot is free: all " + std::to_string(slots) + " slots of " + std::to_string(nodes) +
         (nodes == 1 ? " node" : " nodes") + " are taken";
}

}  // namespace slicebus::scheduler
