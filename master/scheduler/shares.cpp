// The scheduler's other half: after each event, what should run where, and who has to hear of it.
#include <algorithm>

#include "master/scheduler/scheduler.hpp"

namespace slicebus::scheduler {

void Scheduler::settle() {
  if (terminating_) {
    return;
  }
  if (loaded_) {
    plan();
    start_controllers();
    send_wishes(false);
  }
  tell_controllers();
  tell_waiting();
}

std::uint32_t Scheduler::demand(const Execution& execution) const {
  const Foreman& foreman = execution.foreman;
  if (execution.ended || execution.draining || foreman.not_before == TimePoint::max()) {
    return 0;
  }
  if (!execution.wanted.desire.stopping) {
    return execution.wanted.workers;
  }
  // A stop takes no new slots, unless its controller goes on without an end: then accepted output waits for a slot to
  // publish it.
  const bool needs_one = foreman.spoke && !foreman.final_proposed &&
                         now_ - std::max(foreman.spoke_first, execution.drained) > config_.beat;
  return std::max(total(execution.shares), needs_one ? 1U : 0U);
}

void Scheduler::adopt_and_shed() {
  for (Execution& execution : executions_) {
    if (execution.draining && std::none_of(cluster_.nodes().begin(), cluster_.nodes().end(), [&](const auto& node) {
          return node.second.connected && cluster_.reported(node.first, execution.wanted.ex_id, true) > 0;
        })) {
      execution.draining = false;
      execution.drained = now_;
    }
    std::erase_if(execution.shares, [this](const auto& share) {
      const auto node = cluster_.nodes().find(share.first);
      return node == cluster_.nodes().end() || !node->second.connected;
    });
    const std::uint32_t wanted = execution.wanted.desire.stopping && !execution.draining && !execution.ended
                                     ? execution.wanted.workers
                                     : demand(execution);
    if (execution.started) {
      // Slots that run already are kept where they are: after a restart of this master, or when a lost node is back.
      for (const auto& [node, entry] : cluster_.nodes()) {
        const std::uint32_t runs = entry.connected ? cluster_.reported(node, execution.wanted.ex_id, false) : 0;
        while (total(execution.shares) < wanted && execution.shares[node] < runs) {
          ++execution.shares[node];
        }
        if (execution.shares[node] == 0) {
          execution.shares.erase(node);
        }
      }
    }
    shed(execution.shares, wanted);
  }
  // A node that came back with fewer slots than were given out on it: the newest executions lose theirs.
  for (const auto& [node, entry] : cluster_.nodes()) {
    std::uint32_t given = 0;
    for (Execution& execution : executions_) {
      const auto share = execution.shares.find(node);
      if (share == execution.shares.end()) {
        continue;
      }
      share->second = std::min(share->second, entry.beat.slots_total - std::min(given, entry.beat.slots_total));
      given += share->second;
      if (share->second == 0) {
        execution.shares.erase(share);
      }
    }
  }
}

FreeSlots Scheduler::free_slots() const {
  FreeSlots free;
  for (const auto& [node, entry] : cluster_.nodes()) {
    if (!entry.connected) {
      continue;
    }
    // A slot on its way out still takes its place; a share that does not run yet takes it already.
    std::map<ExecutionId, std::uint32_t> taken;
    for (const wire::SlotState& slot : entry.beat.slots) {
      ++taken[slot.ex_id];
    }
    for (const Execution& execution : executions_) {
      if (const auto share = execution.shares.find(node); share != execution.shares.end()) {
        std::uint32_t& slots = taken[execution.wanted.ex_id];
        slots = std::max(slots, share->second);
      }
    }
    std::uint32_t sum = 0;
    for (const auto& [ex_id, slots] : taken) {
      sum += slots;
    }
    if (sum < entry.beat.slots_total) {
      free[node] = entry.beat.slots_total - sum;
    }
  }
  return free;
}

void Scheduler::plan() {
  adopt_and_shed();
  std::vector<Demand> demands;
  for (const Execution& execution : executions_) {
    // A stop that came before the start is being recorded; nothing starts for it.
    const bool cancelled = !execution.started && execution.wanted.desire.stopping;
    if (const std::uint32_t wanted = demand(execution); wanted > total(execution.shares) && !cancelled) {
      demands.push_back({execution.wanted.ex_id, wanted, total(execution.shares), execution.started});
    }
  }
  if (demands.empty()) {
    return;
  }
  for (const Allocation& given : place(demands, free_slots())) {
    Execution& execution = *find(given.ex_id);
    ++execution.shares[given.node];
    if (!execution.started) {
      execution.started = true;
      actions_.push_back(TellRecords{ExecutionPlaced{given.ex_id}});
    }
  }
}

void Scheduler::start_controllers() {
  for (Execution& execution : executions_) {
    if (!execution.started || execution.ended || execution.foreman.state != Foreman::State::absent ||
        now_ < execution.foreman.not_before) {
      continue;
    }
    if (execution.port == 0) {
      execution.port = ports_.take();
    }
    execution.foreman.state = Foreman::State::starting;
    const ExecutionWanted& wanted = execution.wanted;
    wire::ControllerBinding binding;
    binding.ex_id = wanted.ex_id;
    binding.job_id = wanted.job_id;
    binding.lineage = wanted.lineage;
    binding.ledger_path = config_.ledger_folder + "/" + wanted.lineage.text + ".db";
    binding.cleanup = wanted.cleanup;
    binding.recovery = wanted.recovery;
    binding.continues = wanted.continues;
    binding.port = execution.port;
    binding.execution = wanted.execution;
    binding.paused = wanted.desire.paused;
    binding.stopping = wanted.desire.stopping;
    actions_.push_back(StartController{std::move(binding)});
  }
}

void Scheduler::send_wishes(bool repeat) {
  std::erase_if(sent_, [this](const auto& sent) { return !cluster_.nodes().contains(sent.first); });
  if (!loaded_) {
    return;  // an execution that is not listed is over: before all are known, silence is the only safe word
  }
  for (const auto& [node, entry] : cluster_.nodes()) {
    if (!entry.connected) {
      continue;
    }
    std::vector<wire::WantedSlots> wishes;
    for (Execution& execution : executions_) {
      if (execution.ended || execution.endpoint.empty() || !execution.started) {
        continue;
      }
      const auto share = execution.shares.find(node);
      const std::uint32_t slots = share == execution.shares.end() ? 0 : share->second;
      if (slots > 0) {
        execution.touched.insert(node);
      }
      // Of an execution that an earlier master started, any node may still have a death to tell.
      if (slots > 0 || execution.wanted.started || execution.touched.contains(node) ||
          cluster_.reported(node, execution.wanted.ex_id, true) > 0) {
        wishes.push_back(
            {execution.wanted.ex_id, execution.wanted.job_id, execution.wanted.lineage, execution.endpoint, slots});
      }
    }
    SentWishes& sent = sent_[node];
    const bool changed = sent.number == 0 || sent.executions != wishes;
    if (changed) {
      sent.number = ++number_;
      sent.executions = std::move(wishes);
    }
    if (changed || repeat) {
      actions_.push_back(SendControl{"node/" + node.text, wire::SlotsWanted{node, sent.number, sent.executions}});
    }
  }
}

void Scheduler::tell_controllers() {
  std::vector<ControllerProcess> controllers;
  for (const Execution& execution : executions_) {
    if (execution.foreman.state == Foreman::State::running) {
      controllers.push_back({execution.wanted.ex_id, execution.wanted.job_id, execution.foreman.pid});
    }
  }
  if (controllers != controllers_told_) {
    controllers_told_ = controllers;
    actions_.push_back(TellRecords{ControllersChanged{std::move(controllers)}});
  }
}

void Scheduler::tell_cluster(Cluster::Change change) {
  if (!change.nodes.empty() || !change.removed.empty()) {
    actions_.push_back(TellRecords{ClusterChanged{std::move(change.nodes), std::move(change.removed)}});
  }
}

void Scheduler::tell_waiting() {
  for (Execution& execution : executions_) {
    std::string text = waiting_for(execution);
    if (text != execution.waiting_told) {
      execution.waiting_told = text;
      actions_.push_back(TellRecords{WaitingChanged{execution.wanted.ex_id, std::move(text)}});
    }
  }
}

std::string Scheduler::waiting_for(const Execution& execution) const {
  const Foreman& foreman = execution.foreman;
  if (execution.ended || foreman.final_proposed || foreman.not_before == TimePoint::max()) {
    return {};
  }
  if (execution.started && foreman.state == Foreman::State::absent && foreman.not_before > now_) {
    return "its controller ended by " + foreman.last_death + " and starts again within 10 s";
  }
  if (!execution.wanted.desire.stopping && execution.shares.empty()) {
    return waiting_for_slots(execution);
  }
  for (const auto& [node, slots] : execution.shares) {
    const wire::NodeEntry& entry = cluster_.nodes().at(node);
    if (!entry.beat.trouble.empty() && cluster_.reported(node, execution.wanted.ex_id, false) == 0) {
      return "slots on node " + node.text + " do not start: " + entry.beat.trouble;
    }
  }
  return foreman.waiting;
}

std::string Scheduler::waiting_for_slots(const Execution&) const {
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
