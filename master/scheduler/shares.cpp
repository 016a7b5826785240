// The scheduler's second part: after an event that may matter, which execution has which slots, and a controller.
#include <algorithm>

#include "master/scheduler/scheduler.hpp"

namespace slicebus::scheduler {

void Scheduler::settle() {
  if (terminating_) {
    return;
  }
  if (loaded_ && plan_due_) {
    plan();
    start_controllers();
    tell_reached();
  }
  if (loaded_) {
    send_wishes(false);
  }
  tell_controllers();
  if (plan_due_) {
    tell_waiting();
  }
}

std::uint32_t Scheduler::demand(const Execution& execution) const {
  const Foreman& foreman = execution.foreman;
  if (execution.ended || foreman.not_before == TimePoint::max()) {
    return 0;
  }
  if (!execution.wanted.desire.stopping) {
    return execution.wanted.workers;
  }
  // A stop takes no new slots, unless its controller goes on without an end: then accepted output waits for a slot to
  // publish it.
  if (!execution.drain || !execution.drain->over || foreman.needs_no_slot) {
    return 0;
  }
  const bool needs_one = foreman.spoke && now_ - std::max(foreman.spoke_first, execution.drain->ended) > config_.beat;
  return std::max(total(execution.shares), needs_one ? 1U : 0U);
}

/// A stop whose slots have gone may need one more, and others may hold what they get for ever: so a place is kept for
/// it until its controller has said that it needs none, or a new controller would have by now.
bool Scheduler::keeps_a_place(const Execution& execution) const {
  return execution.drain && execution.drain->over && !execution.foreman.needs_no_slot && !execution.ended &&
         now_ - execution.drain->ended <= 2 * config_.silence_limit && demand(execution) == 0;
}

/// The one place that changes a share, so that the node hears of it.
void Scheduler::share(Execution& execution, NodeId node, std::uint32_t slots) {
  const auto found = execution.shares.find(node);
  if ((found == execution.shares.end() ? 0 : found->second) == slots) {
    return;
  }
  if (slots == 0) {
    execution.shares.erase(found);
  } else {
    execution.shares[node] = slots;
  }
  name(execution, node);
  stale_.insert(std::move(node));
}

void Scheduler::adopt_and_shed(Execution& execution) {
  const std::map<NodeId, SlotCount>& slots = cluster_.slots_of(execution.wanted.ex_id);
  if (execution.drain && !execution.drain->over && cluster_.known() && slots.empty()) {
    execution.drain->over = true;
    execution.drain->ended = now_;
  }
  const std::uint32_t wanted = demand(execution);
  std::uint32_t has = total(execution.shares);
  if (execution.started) {
    // Slots that run already are kept where they are: after a restart of this master, or when a lost node is back.
    for (auto at = slots.begin(); at != slots.end() && has < wanted; ++at) {
      const auto found = execution.shares.find(at->first);
      const std::uint32_t given = found == execution.shares.end() ? 0 : found->second;
      if (at->second.serving > given) {
        const std::uint32_t more = std::min(at->second.serving - given, wanted - has);
        share(execution, at->first, given + more);
        has += more;
      }
    }
  }
  if (has > wanted) {
    Shares kept = execution.shares;
    shed(kept, wanted);
    const Shares before = execution.shares;
    for (const auto& [node, slots_before] : before) {
      const auto found = kept.find(node);
      share(execution, node, found == kept.end() ? 0 : found->second);
    }
  }
}

/// A node is gone, or came back with fewer slots than were given out on it: the newest executions lose theirs.
void Scheduler::take_back_from(const NodeId& node) {
  const auto place = places_.find(node);
  if (place == places_.end()) {
    return;
  }
  std::vector<Execution*> here;
  for (const ExecutionId& ex_id : place->second.named) {
    if (Execution* execution = find(ex_id); execution != nullptr && execution->shares.contains(node)) {
      here.push_back(execution);
    }
  }
  std::sort(here.begin(), here.end(), [](const Execution* a, const Execution* b) { return a->age < b->age; });
  const auto found = cluster_.nodes().find(node);
  std::uint32_t left = found != cluster_.nodes().end() && found->second.connected ? found->second.beat.slots_total : 0;
  for (Execution* execution : here) {
    const std::uint32_t kept = std::min(execution->shares.at(node), left);
    left -= kept;
    share(*execution, node, kept);
  }
}

/// A slot on its way out still takes its place; a share that does not run yet takes it already.
FreeSlots Scheduler::free_slots() const {
  FreeSlots free;
  for (const auto& [node, entry] : cluster_.nodes()) {
    if (entry.connected && entry.beat.slots.size() < entry.beat.slots_total) {
      free.emplace_hint(free.end(), node, entry.beat.slots_total - static_cast<std::uint32_t>(entry.beat.slots.size()));
    }
  }
  for (const Execution& execution : executions_) {
    const std::map<NodeId, SlotCount>& slots = cluster_.slots_of(execution.wanted.ex_id);
    auto running = slots.begin();  // both go by node
    for (const auto& [node, given] : execution.shares) {
      while (running != slots.end() && running->first < node) {
        ++running;
      }
      const std::uint32_t runs = running != slots.end() && running->first == node ? running->second.total() : 0;
      if (given <= runs) {
        continue;
      }
      if (const auto place = free.find(node); place != free.end()) {
        place->second -= std::min(place->second, given - runs);
      }
    }
  }
  return free;
}

/// O(executions + slots + nodes), and a logarithm of the nodes for each slot that changes hands or is kept.
void Scheduler::plan() {
  std::vector<Demand> demands;
  std::uint32_t kept = 0;
  for (Execution& execution : executions_) {
    adopt_and_shed(execution);
    kept += keeps_a_place(execution) ? 1 : 0;
    // A stop that came before the start is being recorded; nothing starts for it.
    const bool stopping = execution.wanted.desire.stopping;
    const bool cancelled = !execution.started && stopping;
    const std::uint32_t has = total(execution.shares);
    if (const std::uint32_t wanted = demand(execution); wanted > has && !cancelled) {
      demands.push_back({execution.wanted.ex_id, wanted, has, execution.started, stopping});
    }
  }
  if (demands.empty()) {
    return;
  }
  for (const Allocation& given : place(demands, free_slots(), kept)) {
    Execution& execution = *find(given.ex_id);
    const auto found = execution.shares.find(given.node);
    share(execution, given.node, found == execution.shares.end() ? 1 : found->second + 1);
    if (!execution.started) {
      execution.started = true;
      actions_.emplace_back(TellRecords{ExecutionPlaced{given.ex_id}});
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
    actions_.emplace_back(StartController{std::move(binding)});
  }
}

}  // namespace slicebus::scheduler
