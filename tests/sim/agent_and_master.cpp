#include <algorithm>
#include <utility>

#include "tests/sim/actors.hpp"

namespace slicebus::sim {

Agent::Agent(Cluster& cluster, std::string node) : Process(cluster.world, "agent", std::move(node)), cluster_(cluster) {
  cluster_.agents[this->node()] = this;
  after(world_.chance.time(0.1, 0.4), [this] { beat(); });
}

std::vector<SimSlot*> Agent::slots() const { return slots_; }

void Agent::on_death(const std::string&) {
  for (SimSlot* slot : std::exchange(slots_, {})) {
    slot->die("agent gone");
  }
  world_.at(world_.chance.time(0.1, 2), nullptr,
            [&cluster = cluster_, node = node()] { cluster.world.make<Agent>(cluster, node); });
}

void Agent::beat() {
  cluster_.agent_registers(*this);
  for (SimSlot* slot : slots_) {
    if (settled_.contains(slot->ex()) && !slot->over()) {
      slot->after(1ms, [slot] { slot->end_as_over(); });
    }
  }
  if (!terminating_) {
    for (const auto& [ex, wanted] : wanted_) {
      std::vector<SimSlot*> mine;
      std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(mine),
                   [&, &of = ex](SimSlot* slot) { return slot->ex() == of && !slot->draining(); });
      for (std::size_t i = wanted; i < mine.size(); ++i) {
        mine[i]->after(1ms, [slot = mine[i]] { slot->drain(); });
      }
      for (std::size_t i = mine.size(); i < wanted; ++i) {
        slots_.push_back(&world_.make<SimSlot>(cluster_, *this, ex));
      }
    }
  }
  std::erase_if(deaths_, [&](const auto& each) { return cluster_.is_terminal(each.second.ex_id); });
  for (const auto& [process, death] : deaths_) {
    tell(death);
  }
  after(seconds(world_.chance.between(0.5, 1)), [this] { beat(); });
}

void Agent::tell(const wire::SlotDied& death) {
  const auto found = cluster_.listening.find(death.ex_id);
  if (found != cluster_.listening.end()) {
    cluster_.relay(node(), found->second, [controller = found->second, death] { controller->hear(death); });
  }
}

void Agent::slot_died(SimSlot& slot, bool own, const std::optional<wire::SliceCopy>& page) {
  std::erase(slots_, &slot);
  wire::SlotDied death{slot.ex(), {node()}, slot.id(), own ? wire::DeathCause::own : wire::DeathCause::outside,
                       "signal",  {}};
  if (page) {
    death.running.push_back(*page);
  }
  deaths_[slot.id()] = death;
  tell(death);
}

void Agent::sigterm() {
  terminating_ = true;
  for (SimSlot* slot : slots_) {
    slot->after(1ms, [slot] { slot->drain(); });
  }
  after(shutdown_timeout + 1s, [this] { die("SIGTERM obeyed"); });
}

// -- the master -------------------------------------------------------------------------------------------------------

Master::Master(Cluster& cluster) : Process(cluster.world, "master", ""), cluster_(cluster) {
  cluster_.master = this;
  born_ = last_loop_ = world_.now;
  after(50ms, [this] { loop(); });
}

void Master::loop() {
  if (world_.now - last_loop_ > 2 * beat_time) {
    born_ = world_.now;  // it did not listen: nobody was silent
  }
  last_loop_ = world_.now;
  for (const auto& [ex, status] : cluster_.records) {
    if (cluster_.is_terminal(ex)) {
      continue;
    }
    SimController* child = children_.contains(ex) ? children_[ex] : nullptr;
    if (child == nullptr || !child->alive()) {
      if (!terminating_) {
        start(ex);
      }
      continue;
    }
    const TimePoint since = std::max({heard_[ex], born_, cluster_.broker_since});
    if (world_.now - since > silence_limit + beat_time && cluster_.broker_up) {
      world_.log(name() + " finds " + child->name() + " silent");
      if (cluster_.mutation == Mutation::no_epoch_check || !cluster_.locked) {
        children_.erase(ex);
      } else {
        child->die("ended by the master");
      }
      start(ex);
    } else {
      order(*child, false);
    }
  }
  std::uint32_t want = cluster_.is_terminal(cluster_.current) ? 0 : cluster_.want_slots;
  for (const std::string& node : cluster_.nodes) {
    const bool lives = world_.now - cluster_.registered[node] < silence_limit || world_.now - born_ < silence_limit;
    const std::uint32_t here = lives ? std::min<std::uint32_t>(2, want) : 0;
    want -= here;
    std::map<ExecutionId, std::uint32_t> wanted;
    for (const auto& [ex, status] : cluster_.records) {
      wanted[ex] = ex == cluster_.current ? here : 0;
    }
    Agent* agent = cluster_.agents[node];
    cluster_.relay(node, agent, [agent, wanted, settled = settled_] { agent->want(wanted, settled); });
  }
  after(700ms, [this] { loop(); });
}

void Master::order(SimController& controller, bool final_recorded) {
  const wire::ControllerOrder order{.ex_id = controller.ex(),
                                    .number = static_cast<std::uint64_t>(world_.now.time_since_epoch().count()),
                                    .paused = cluster_.want_pause,
                                    .stopping = cluster_.records[controller.ex()] == "stopping",
                                    .final_recorded = final_recorded,
                                    .errors_recorded = errors_recorded_};
  cluster_.relay("", &controller, [to = &controller, order] { to->hear(order); });
}

void Master::start(const ExecutionId& ex) {
  if (cluster_.locked && cluster_.lock_holder != nullptr && cluster_.lock_holder->alive()) {
    cluster_.lock_holder->die("holder of the lock ended by the master");
  }
  children_[ex] =
      &world_.make<SimController>(cluster_, *this, ex, cluster_.want_pause, cluster_.records[ex] == "stopping");
  heard_[ex] = world_.now;
}

void Master::hear(SimController& controller, const wire::ControllerBeat& beat) {
  const ExecutionId& ex = controller.ex();
  if (children_[ex] == &controller) {
    heard_[ex] = world_.now;
  }
  if (beat.paused) {
    cluster_.pause_seen = true;
  }
  if (beat.final_status.empty()) {
    return;
  }
  if (!cluster_.is_terminal(ex)) {
    world_.log(ex.text + " recorded " + beat.final_status);
    cluster_.records[ex] = beat.final_status;
    if (beat.settled) {
      settled_.insert(ex);
    }
  }
  order(controller, true);
}

void Master::hear(SimController& controller, const wire::SlicesFailed& told) {
  if (told.after <= cluster_.errors_recorded) {
    for (const wire::FailedSlice& failed : told.slices) {
      if (failed.number > cluster_.errors_recorded) {
        cluster_.errors[{failed.ex_id, failed.slice}] = failed;
        cluster_.errors_recorded = failed.number;
      }
    }
  }
  errors_recorded_ = cluster_.errors_recorded;
  order(controller, false);
}

void Master::child_died(SimController& controller) {
  const ExecutionId ex = controller.ex();
  if (children_[ex] == &controller && !cluster_.is_terminal(ex) && !terminating_) {
    after(world_.chance.time(0.01, 0.3), [this, ex] {
      const SimController* child = children_[ex];
      if ((child == nullptr || !child->alive()) && !terminating_) {
        start(ex);
      }
    });
  }
}

void Master::sigterm() {
  terminating_ = true;
  for (const auto& [ex, child] : children_) {
    if (child->alive()) {
      child->after(Duration{}, [child = child] { child->sigterm(); });
    }
  }
  after(1500ms, [this] { die("SIGTERM obeyed"); });
}

void Master::on_death(const std::string&) {
  for (const auto& [ex, child] : children_) {
    if (child != nullptr && child->alive()) {
      child->die("PDEATHSIG");
    }
  }
  world_.at(world_.chance.time(0.1, 2), nullptr, [&cluster = cluster_] { cluster.world.make<Master>(cluster); });
}

}  // namespace slicebus::sim
