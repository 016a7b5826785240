#include <algorithm>
#include <utility>

#include "common/overloaded.hpp"
#include "tests/sim/actors.hpp"

namespace slicebus::sim {

SimAgent::SimAgent(Cluster& cluster, std::string node)
    : Process(cluster.world, "agent", std::move(node)),
      cluster_(cluster),
      core_({.node = {this->node()},
             .agent = id(),
             .hostname = this->node(),
             .pid = static_cast<std::uint32_t>(uid()),
             .slots_total = cluster.slots_per_node,
             .beat = beat_time,
             .shutdown_timeout = shutdown_timeout}),
      broker_(
          cluster.network, *this, id().text, [this] { step(agent::BrokerConnected{}); },
          [this](const Letter& letter) { step(agent::BrokerSaid{*letter.message}); }) {
  broker_.connect(broker_endpoint);
  after(Duration{}, [this] { step(agent::AgentTick{}); });
}

void SimAgent::on_death(const std::string&) {
  broker_.close();
  for (const auto& [key, slot] : std::exchange(slots_, {})) {
    slot->end({.signal = 9}, "its agent is gone");
  }
  cluster_.restart_later([&cluster = cluster_, node = node()] { cluster.world.make<SimAgent>(cluster, node); });
}

void SimAgent::on_thaw(Duration gap) {
  if (gap > beat_time) {
    after(Duration{}, [this, gap] { step(agent::StoodStill{gap}); });
  }
}

void SimAgent::sigterm() { step(agent::Terminate{}); }

void SimAgent::child_ended(SimSlot& slot) {
  slots_.erase(slot.key());
  step(agent::ChildEnded{.key = slot.key(),
                         .signal = slot.ending().signal,
                         .code = slot.ending().code,
                         .how = slot.ending().text(),
                         .running = slot.page()});
}

void SimAgent::step(const agent::AgentEvent& event) {
  due_.push_back(event);
  while (!due_.empty()) {
    const agent::AgentEvent next = std::move(due_.front());
    due_.pop_front();
    for (const agent::AgentAction& action : core_.step(next, world_.now)) {
      if (!alive()) {
        return;
      }
      perform(action);
    }
  }
  schedule();
}

void SimAgent::perform(const agent::AgentAction& action) {
  std::visit(
      Overloaded{[&](const agent::SendToBroker& each) { broker_.send("broker", each.message); },
                 [&](const agent::SendToMaster& each) { broker_.send("master", each.wanted); },
                 [&](const agent::SendDeath& each) { broker_.send("ex/" + each.death.ex_id.text, each.death); },
                 [&](const agent::StartSpare& each) {
                   SimSlot& slot = world_.make<SimSlot>(cluster_, *this, each.key);
                   slots_[each.key] = &slot;
                   due_.emplace_back(agent::SpareStarted{each.key, static_cast<std::uint32_t>(slot.uid()), slot.id()});
                 },
                 [&](const agent::TellSlot& each) {
                   if (const auto slot = slots_.find(each.key); slot != slots_.end()) {
                     slot->second->tell(each.binding);
                   }
                 },
                 [&](const agent::SignalChild& each) {
                   if (const auto slot = slots_.find(each.key); slot != slots_.end()) {
                     slot->second->signal(each.signal);
                   }
                 },
                 [](const agent::LookForAsset&) {}, [](const agent::UnpackAsset&) {},
                 [&](const agent::Report& report) { world_.log(name() + " reports " + report.event); },
                 [&](const agent::ExitAgent&) { die("left"); }},
      action);
}

void SimAgent::schedule() {
  const auto next = core_.next_deadline();
  const std::uint64_t version = ++tick_version_;
  if (next && alive()) {
    after(std::max<Duration>(Duration{}, *next - world_.now), [this, version] {
      if (version == tick_version_) {
        step(agent::AgentTick{});
      }
    });
  }
}

}  // namespace slicebus::sim
