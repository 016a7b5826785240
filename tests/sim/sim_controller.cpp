#include <algorithm>
#include <utility>

#include "common/overloaded.hpp"
#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

execution::ControllerConfig configuration(const Cluster& cluster) {
  execution::ControllerConfig config{.beat = beat_time, .lease = lease_time, .ready_max = cluster.ready_max};
  if (cluster.mutation == Mutation::never_given_out_again) {
    config.lease = 24h;
  }
  return config;
}

}  // namespace

SimController::SimController(Cluster& cluster, Master& master, ExecutionId ex, bool paused, bool stopping)
    : Process(cluster.world, "controller", ""),
      cluster_(cluster),
      master_(master),
      ex_(std::move(ex)),
      core_(configuration(cluster), {.ex_id = ex_,
                                     .job_id = {"job"},
                                     .lineage = {"ex1"},
                                     .process = id(),
                                     .slicers = static_cast<std::uint32_t>(cluster.ledger.lengths().size()),
                                     .recovery = ex_ != ExecutionId{"ex1"},
                                     .execution = "{}",
                                     .paused = paused,
                                     .stopping = stopping}) {
  after(world_.chance.time(0.01, 0.15), [this] { start(); });
}

void SimController::on_death(const std::string&) {
  for (auto& [identity, connection] : routes_) {
    if (world_.chance.happens(0.5)) {
      connection->dead = true;
    }
    if (connection->slot->alive() && connection->slot->connection() == connection) {
      connection->slot->connection_lost();
    }
  }
  if (master_.alive()) {
    master_.after(world_.chance.time(0.001, 0.05), [this] { master_.child_died(*this); });
  }
}

void SimController::on_thaw(Duration gap) {
  if (gap > beat_time) {
    after(Duration{}, [this, gap] { step(execution::StoodStill{gap}); });
  }
}

void SimController::start() {
  if (cluster_.locked) {
    if (cluster_.lock_holder != nullptr && cluster_.lock_holder != this && cluster_.lock_holder->alive()) {
      after(50ms, [this] { start(); });
      return;
    }
    cluster_.lock_holder = this;
  }
  world_.at(world_.chance.time(0.001, 0.012), nullptr, [this] { open(); });
}

/// Happens on the disk: the process may be frozen, or killed before it hears of it.
void SimController::open() {
  if (!alive()) {
    return;
  }
  if (world_.now < cluster_.disk_full_until) {
    after(300ms, [this] { start(); });
    return;
  }
  auto opened = cluster_.ledger.open(ex_);
  if (!opened) {
    throw Violation("open: " + opened.error().text());
  }
  for (const store::SlicerState& state : opened->slicers) {
    sliced_[state.slicer_id] = state.cursor ? std::stoull(*state.cursor) : 0;
  }
  execution::LedgerOpened event{*opened, cluster_.ledger.unfinished(), WallTime{1'000'000'000ms}};
  after(world_.chance.time(0, 0.006), [this, event] {
    speaks_ = true;
    cluster_.listening[ex_] = this;
    world_.log(name() + " speaks, epoch " + std::to_string(event.ledger.epoch));
    step(event);
  });
}

void SimController::deliver(Connection& connection, const wire::Message& message) {
  if (speaks_) {
    step(execution::SlotSaid{connection.identity, message});
  }
}

void SimController::hear(const wire::Message& message) {
  if (const auto* death = std::get_if<wire::SlotDied>(&message);
      death != nullptr && cluster_.mutation == Mutation::never_given_out_again) {
    perform(execution::SendControl{"node/" + death->node.text,
                                   wire::SlotDeathAck{death->node, death->ex_id, death->process}});
    return;
  }
  step(execution::ControlSaid{message});
}

void SimController::sigterm() {
  step(execution::Terminate{});
  after(shutdown_timeout, [this] { die("SIGTERM, too slow"); });
}

void SimController::step(const execution::ControllerEvent& event) {
  for (const execution::ControllerAction& action : core_.step(event, world_.now)) {
    if (!alive()) {
      return;
    }
    perform(action);
  }
  schedule();
}

void SimController::schedule() {
  const auto next = core_.next_deadline();
  const std::uint64_t version = ++tick_version_;
  if (next && alive()) {
    after(std::max(Duration{}, *next - world_.now), [this, version] {
      if (version == tick_version_) {
        step(execution::Tick{});
      }
    });
  }
}

void SimController::perform(const execution::ControllerAction& action) {
  std::visit(
      Overloaded{[&](const execution::SendToSlot& each) { send(each); },
                 [&](const execution::SendControl& each) {
                   if (const auto* beat = std::get_if<wire::ControllerBeat>(&each.message)) {
                     if (beat->slices_queued > cluster_.ready_max + 100) {
                       throw Violation("the line of ready slices has " + std::to_string(beat->slices_queued));
                     }
                     // Without the lock a controller that was replaced may speak on until it has something to
                     // commit.
                     if (beat->epoch >= cluster_.last_beats[ex_].epoch) {
                       cluster_.last_beats[ex_] = *beat;
                     }
                     cluster_.relay("", cluster_.master,
                                    [this, said = *beat, master = cluster_.master] { master->hear(*this, said); });
                     if (!std::exchange(known_to_broker_, cluster_.broker_up)) {
                       cluster_.agents_known_to(*this);
                     }
                   } else if (const auto* errors = std::get_if<wire::SlicesFailed>(&each.message)) {
                     cluster_.relay("", cluster_.master,
                                    [this, told = *errors, master = cluster_.master] { master->hear(*this, told); });
                   } else if (const auto* ack = std::get_if<wire::SlotDeathAck>(&each.message)) {
                     Agent* agent = cluster_.agents[ack->node.text];
                     cluster_.relay(ack->node.text, agent,
                                    [agent, process = ack->process] { agent->acknowledged(process); });
                   }
                 },
                 [&](const execution::CommitGroup& each) { commit(each); },
                 [&](const execution::ReadErrors& each) { read_errors(each.after); },
                 [&](const execution::AskSlicer& each) { slice(each); },
                 [&](const execution::SweepOutput&) {
                   if (cluster_.mutation == Mutation::sweep_after_the_end) {
                     world_.at(4s, nullptr, [this] { cluster_.output.sweep(); });
                   } else {
                     cluster_.output.sweep();
                   }
                 },
                 [](const execution::UseLogLevel&) {}, [&](const execution::Exit& each) { die("exit: " + each.why); }},
      action);
}

/// A group becomes durable at one moment; the controller hears of it later, or never.
void SimController::commit(const execution::CommitGroup& group) {
  if (cluster_.mutation == Mutation::acknowledge_before_commit) {
    after(Duration{}, [this, number = group.group] { step(execution::GroupCommitted{number}); });
  }
  commits_at_ = std::max(commits_at_ + 1us, world_.now + world_.chance.time(0.001, 0.012));
  world_.at(commits_at_ - world_.now, nullptr, [this, group] {
    if (!alive()) {
      return;
    }
    const bool mutated = cluster_.mutation == Mutation::acknowledge_before_commit;
    if (world_.now < cluster_.disk_full_until) {
      after(300ms, [this, number = group.group] {
        step(execution::GroupFailed{number, {Errc::exhausted, "ledger", "No space left on device", "free some"}});
      });
      return;
    }
    const auto applied = cluster_.ledger.apply(ex_, group.batch);
    if (!applied) {
      after(Duration{}, [this, number = group.group, error = applied.error()] {
        step(execution::GroupFailed{number, error});
      });
    } else if (!mutated) {
      after(world_.chance.time(0, 0.006), [this, number = group.group] { step(execution::GroupCommitted{number}); });
    }
  });
}

/// By small pages, so that a few failures make several of them.
void SimController::read_errors(std::uint64_t after) {
  commits_at_ = std::max(commits_at_ + 1us, world_.now + world_.chance.time(0.001, 0.012));
  world_.at(commits_at_ - world_.now, nullptr, [this, after] {
    if (alive()) {
      this->after(world_.chance.time(0, 0.006), [this, after, page = cluster_.ledger.errors(after, 2)] {
        step(execution::ErrorsRead{after, page});
      });
    }
  });
}

void SimController::slice(const execution::AskSlicer& ask) {
  after(world_.chance.time(0.001, 0.1), [this, ask] {
    const std::uint64_t length = cluster_.ledger.lengths().at(ask.slicer_id);
    std::uint64_t& at = sliced_[ask.slicer_id];
    operations::SlicerStep step_taken;
    const std::uint64_t count = std::min({length - at, static_cast<std::uint64_t>(ask.max), world_.chance.whole(0, 3)});
    for (std::uint64_t i = 0; i < count; ++i) {
      step_taken.requests.push_back(std::to_string(++at));
    }
    step_taken.cursor = std::to_string(at);
    step_taken.done = at == length && world_.chance.happens(0.7);
    step(execution::Sliced{ask.slicer_id, step_taken});
  });
}

void SimController::send(const execution::SendToSlot& each) {
  const auto route = routes_.find(each.peer);
  if (route != routes_.end() && !route->second->dead) {
    cluster_.send(*route->second, false, each.message);
    return;
  }
  // A connection that is gone is noticed by sending, though not always at once.
  if (cluster_.mutation != Mutation::never_given_out_again && world_.chance.happens(0.7)) {
    after(Duration{}, [this, peer = each.peer] {
      const auto again = routes_.find(peer);
      if (again == routes_.end() || again->second->dead) {
        step(execution::PeerGone{peer});
      }
    });
  }
}

}  // namespace slicebus::sim
