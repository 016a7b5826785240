#include "tests/sim/faults.hpp"

#include <algorithm>
#include <utility>

#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

constexpr const char* kinds[] = {"kill_slot",    "kill_controller",
                                 "kill_master",  "kill_agent",
                                 "kill_broker",  "crash_controller",
                                 "freeze_slot",  "freeze_controller",
                                 "freeze_agent", "freeze_master",
                                 "freeze_node",  "freeze_broker",
                                 "term_slot",    "term_controller",
                                 "term_agent",   "term_master",
                                 "term_broker",  "rolling",
                                 "reset",        "reset_all",
                                 "cut_node",     "cut_slots",
                                 "cut_broker",   "cut_master",
                                 "ledgers_full", "records_full",
                                 "output_full",  "power",
                                 "clock",        "storm",
                                 "pause",        "stop",
                                 "scale"};

/// Properties of a whole run: each with its chance and the values that it may have, in parts of 10,000.
struct Property {
  const char* kind;
  double chance;
  std::vector<std::uint64_t> values;
};
const std::vector<Property>& properties() {
  static const std::vector<Property> all{{"loses", 0.5, {50, 1'000}}, {"doubles", 0.3, {100, 1'000}},
                                         {"slow", 0.6, {200, 3'000}}, {"ghosts", 0.3, {3'000}},
                                         {"late_notice", 0.5, {1}},   {"keeps_unsent", 0.5, {1}},
                                         {"snipe_slots", 0.3, {500}}, {"snipe_controllers", 0.3, {100, 300}}};
  return all;
}

}  // namespace

std::vector<Fault> faults_of(std::uint64_t seed, TimePoint end) {
  Chance chance{seed * 7 + 3};
  std::vector<Fault> faults;
  for (const Property& property : properties()) {
    if (chance.happens(property.chance)) {
      faults.push_back({World::start, property.kind, property.values[chance.next() % property.values.size()], {}});
    }
  }
  std::vector<std::string> chosen;
  for (const char* kind : kinds) {
    if (chance.happens(0.2)) {
      chosen.emplace_back(kind);
    }
  }
  const double every = chance.one_of({0.15, 0.4, 1.0, 2.5});
  const std::size_t most = faults.size() + 60;
  for (TimePoint at = World::start; !chosen.empty() && faults.size() < most;) {
    at += seconds(chance.exponential(every));
    if (at > end) {
      break;
    }
    const std::string& kind = chosen[chance.whole(0, chosen.size() - 1)];
    const double time = chance.one_of({chance.between(0.05, 1), chance.between(1, 12), chance.between(5, 28)});
    faults.push_back({at, kind, chance.next() >> 16U, seconds(time)});
  }
  return faults;
}

namespace {

void kill(Process& process, int signal) {
  if (auto* slot = dynamic_cast<SimSlot*>(&process)) {
    slot->end({.signal = signal}, "killed");
  } else if (auto* controller = dynamic_cast<SimController*>(&process)) {
    controller->end({.signal = signal}, "killed");
  } else {
    process.die("killed");
  }
}

void terminate(Process& process) {
  if (auto* slot = dynamic_cast<SimSlot*>(&process)) {
    slot->signal(15);
    return;
  }
  process.after(Duration{}, [&process] {
    if (auto* controller = dynamic_cast<SimController*>(&process)) {
      controller->sigterm();
    } else if (auto* agent = dynamic_cast<SimAgent*>(&process)) {
      agent->sigterm();
    } else if (auto* master = dynamic_cast<SimMaster*>(&process)) {
      master->sigterm();
    } else {
      process.die("SIGTERM obeyed");
    }
  });
}

}  // namespace

void Cluster::strike(const Fault& fault) {
  if (fault.at != World::start) {
    world.log("FAULT " + fault.kind);
  }
  const std::string& kind = fault.kind;
  const double value = static_cast<double>(fault.pick) / 10'000;
  const std::string verb = kind.substr(0, kind.find('_'));
  if (kind == "loses") {
    network.faults.loses = value;
  } else if (kind == "doubles") {
    network.faults.doubles = value;
  } else if (kind == "slow") {
    network.faults.slow_s = value;
  } else if (kind == "ghosts") {
    network.faults.ghosts = value;
  } else if (kind == "late_notice") {
    network.faults.late_notice = true;
  } else if (kind == "keeps_unsent") {
    network.faults.keeps_unsent = true;
  } else if (kind == "snipe_slots") {
    snipes_slots_ = value;
  } else if (kind == "snipe_controllers") {
    snipes_controllers_ = value;
  } else if (kind == "freeze_node") {
    const std::size_t which = fault.pick % (nodes.size() + 1);
    for (Process* process : world.living_on(which == nodes.size() ? "m" : nodes[which])) {
      process->freeze(fault.time);
    }
  } else if (verb == "kill" || verb == "crash" || verb == "freeze" || verb == "term") {
    strike_process(verb, kind.substr(verb.size() + 1), fault);
  } else if (verb == "reset" || verb == "cut") {
    strike_network(fault);
  } else if (kind == "storm") {
    for (int i = 0; i < 6; ++i) {
      world.at(80ms * i, nullptr, [this, fault] { strike_process("kill", "controller", fault); });
    }
  } else if (kind == "ledgers_full") {
    ledgers_full_until = world.now + fault.time;
  } else if (kind == "records_full") {
    executions.full_until = world.now + fault.time;
  } else if (kind == "output_full") {
    output_full_until = world.now + fault.time;
  } else if (kind == "power") {
    lose_power();
  } else if (kind == "clock") {
    world.wall_ahead += (fault.pick % 2 == 0 ? 1 : -1) * fault.time * 600;
  } else if (kind == "rolling") {
    rolling_restart();
  } else if (kind == "pause") {
    Job& job = *jobs[fault.pick % jobs.size()];
    job.wants_pause = true;
    world.at(fault.time, nullptr, [&job] { job.wants_pause = false; });
  } else if (kind == "stop") {
    Job& job = *jobs[fault.pick % jobs.size()];
    job.wants_stop = job.generation < 6;
    job.patience = std::min<Duration>(fault.time, 6s);
  } else if (kind == "scale") {
    Job& job = *jobs[fault.pick % jobs.size()];
    job.workers = static_cast<std::uint32_t>(1 + fault.pick % (2 * nodes.size()));
    order([&job](service::Executions& office) { (void)office.change_workers(job.current, {.count = job.workers}, 0); });
  }
}

void Cluster::strike_process(const std::string& verb, const std::string& kind, const Fault& fault) {
  const std::vector<Process*> candidates = world.living(kind);
  if (candidates.empty()) {
    return;
  }
  Process& victim = *candidates[fault.pick % candidates.size()];
  if (verb == "kill") {
    kill(victim, 9);
  } else if (verb == "freeze") {
    victim.freeze(fault.time);
  } else if (verb == "term") {
    terminate(victim);
  } else if (crashes_left_-- > 0) {
    kill(victim, 11);
  }
}

void Cluster::strike_network(const Fault& fault) {
  const std::vector<Connection*> connections = network.living();
  if (fault.kind == "reset") {
    if (!connections.empty()) {
      network.reset(*connections[fault.pick % connections.size()]);
    }
    return;
  }
  if (fault.kind == "reset_all") {
    for (Connection* connection : connections) {
      network.reset(*connection);
    }
    return;
  }
  const TimePoint until = std::min(world.now + fault.time, std::max(heal_at, world.now + 10ms));
  const std::string& node = nodes[fault.pick % nodes.size()];
  std::set<std::pair<std::string, std::string>> cuts;
  if (fault.kind == "cut_node") {
    cuts = {{node, "m"}, {node, "b"}};
  } else if (fault.kind == "cut_slots") {
    cuts = {{node, "m"}};
  } else if (fault.kind == "cut_master") {
    cuts = {{"m", "b"}};
    for (const std::string& each : nodes) {
      cuts.insert({each, "m"});
    }
  } else {
    cuts = {{"m", "b"}};
    for (const std::string& each : nodes) {
      cuts.insert({each, "b"});
    }
  }
  for (const auto& [one, other] : cuts) {
    network.cut(one, other, until);
  }
  for (Connection* connection : connections) {
    const std::string& one = connection->dealer->owner().node();
    const std::string& other = connection->router->owner().node();
    if (network.is_cut(one, other) && world.chance.happens(0.6)) {
      const double left = std::chrono::duration<double>(until - world.now).count();
      world.at(seconds(world.chance.between(0, left)), nullptr, [this, connection] { network.reset(*connection); });
    }
  }
}

/// Of everything: what is not synced is lost.
void Cluster::lose_power() {
  for (const auto& job : jobs) {
    job->ledger.lose_power();
    job->output.lose_power();
  }
  for (Process* process : world.living()) {
    kill(*process, 9);
  }
}

/// SIGTERM to one program after the other, as an upgrade does.
void Cluster::rolling_restart() {
  Duration when{};
  std::vector<std::pair<std::string, std::string>> programs{{"broker", "b"}, {"master", "m"}};
  for (const std::string& node : nodes) {
    programs.emplace_back("agent", node);
  }
  for (const auto& [kind, node] : programs) {
    world.at(when, nullptr, [this, kind = kind, node = node] {
      for (Process* process : world.living_on(node)) {
        if (process->kind() == kind) {
          terminate(*process);
        }
      }
    });
    when += seconds(world.chance.between(0.5, 5));
  }
}

void Cluster::restart_later(std::function<void()> what) {
  const bool slowly = world.now < heal_at && world.chance.happens(0.05);
  world.at(world.chance.time(0.1, slowly ? 12 : 2), nullptr, std::move(what));
}

/// Between preparing and reporting, or before the rename.
void Cluster::freeze_at_the_worst_moment(SimSlot& slot, const Job& job) {
  // Long enough for the end of its execution, too short for its agent to kill it.
  if (snipes_slots_ > 0 && late_sleeps_left_ > 0 && world.now < heal_at + lease_time && job.ledger.pending() <= 2 &&
      world.chance.happens(0.5)) {
    --late_sleeps_left_;
    slot.freeze(world.chance.time(6, 12));
    return;
  }
  if (world.now >= heal_at || snipes_slots_ == 0 || !world.chance.happens(snipes_slots_)) {
    return;
  }
  const Duration time = world.chance.time(0.5, 20);
  if (world.chance.happens(0.5)) {
    for (Process* process : world.living_on(slot.node())) {
      process->freeze(time);
    }
  } else {
    slot.freeze(time);
  }
}

/// Inside a commit: before it is written, before it is synced, before the controller hears of it.
void Cluster::snipe_controller(SimController& controller) {
  if (world.now >= heal_at || snipes_controllers_ == 0 || !world.chance.happens(snipes_controllers_)) {
    return;
  }
  if (world.chance.happens(0.3)) {
    controller.freeze(world.chance.time(0.5, 20));
  } else {
    world.at(world.chance.time(0, 0.004), nullptr, [&controller] { controller.end({.signal = 9}, "sniped"); });
  }
}

void Cluster::heal() {
  world.log("HEAL");
  network.heal();
  ledgers_full_until = output_full_until = executions.full_until = TimePoint{};
  for (Process* process : world.living()) {
    process->thaw();
  }
  for (const auto& job : jobs) {
    job->wants_pause = false;
    job->wants_stop = false;
  }
  if (late_pause_) {
    world.at(4s, nullptr, [this] { pause_when_quiet(*jobs.front()); });
  }
  world.at(20s, nullptr, [this] { quiet_ = true; });
}

}  // namespace slicebus::sim
