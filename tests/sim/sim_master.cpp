#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/overloaded.hpp"
#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

scheduler::SchedulerConfig configuration(const Cluster& cluster, const ProcessId& process) {
  return {.beat = beat_time,
          .silence_limit = silence_limit,
          .node_grace = silence_limit,
          .ports = {30'000, 30'004},
          .broker = broker_endpoint,
          .ledger_folder = "ledgers",
          .process = process,
          .first_number = static_cast<std::uint64_t>(
              std::chrono::duration_cast<std::chrono::microseconds>(cluster.world.wall().time_since_epoch()).count())};
}

}  // namespace

SimMaster::SimMaster(Cluster& cluster)
    : Process(cluster.world, "master", "m"),
      cluster_(cluster),
      scheduler_(configuration(cluster, id())),
      broker_(
          cluster.network, *this, id().text, [] {}, [this](const Letter& letter) { hear(letter); }),
      stamps_([this] { return world_.wall(); }),
      executions_(cluster.executions,
                  {.wall = [this] { return world_.wall(); }, .new_id = [&cluster] { return cluster.new_id(); }},
                  stamps_, shutdown_timeout),
      errors_(cluster.errors, stamps_) {
  cluster_.master = this;
  broker_.connect(broker_endpoint);
  if (!executions_.load() || !errors_.load()) {
    throw Violation("a master cannot load its records");
  }
  on_records([] {});
  after(Duration{}, [this] { handle(scheduler::Tick{}); });
}

void SimMaster::on_death(const std::string&) {
  broker_.close();
  for (const auto& [ex, child] : children_) {
    if (cluster_.has_orphans && world_.chance.happens(0.3)) {
      child->orphan = true;
    } else {
      child->end({.signal = 9}, "its master is gone");
    }
  }
  cluster_.restart_later([&cluster = cluster_] { cluster.world.make<SimMaster>(cluster); });
}

void SimMaster::on_thaw(Duration gap) {
  if (gap > beat_time) {
    after(Duration{}, [this, gap] { handle(scheduler::StoodStill{gap}); });
  }
}

void SimMaster::sigterm() {
  if (kill_at_) {
    return;
  }
  kill_at_ = world_.now + shutdown_timeout;
  handle(scheduler::Terminate{});
  serving_ = false;
  for (const auto& [ex, child] : children_) {
    child->after(Duration{}, [child = child] { child->sigterm(); });
  }
  after(shutdown_timeout, [this] {
    for (const auto& [ex, child] : children_) {
      child->end({.signal = 9}, "did not end within the shutdown timeout");
    }
  });
  shut_down_further();
}

void SimMaster::shut_down_further() {
  if (kill_at_ && children_.empty() && !std::exchange(closing_, true)) {
    on_records([this] { after(1ms, [this] { die("SIGTERM obeyed"); }); });
  }
}

void SimMaster::child_died(SimController& controller) {
  const auto found = children_.find(controller.ex());
  if (found == children_.end() || found->second != &controller) {
    return;
  }
  children_.erase(found);
  handle(scheduler::ControllerDied{controller.ex(), static_cast<std::uint32_t>(controller.uid()),
                                   controller.ending().own(), controller.ending().text()});
  shut_down_further();
}

void SimMaster::handle(const scheduler::SchedulerEvent& event) {
  answers_.push_back(event);
  while (!answers_.empty()) {
    const scheduler::SchedulerEvent next = std::move(answers_.front());
    answers_.pop_front();
    for (const scheduler::SchedulerAction& action : scheduler_.step(next, world_.now)) {
      perform(action);
    }
  }
  schedule();
}

void SimMaster::schedule() {
  after(std::max<Duration>(Duration{}, scheduler_.next_deadline() - world_.now), [this, version = ++tick_version_] {
    if (version == tick_version_) {
      handle(scheduler::Tick{});
    }
  });
}

void SimMaster::perform(const scheduler::SchedulerAction& action) {
  std::visit(Overloaded{[&](const scheduler::StartController& each) { start(each); },
                        [&](const scheduler::KillController& each) {
                          const auto child = children_.find(each.ex_id);
                          if (child == children_.end()) {
                            return;
                          }
                          SimController& victim = *child->second;
                          world_.log(name() + " kills " + victim.name() + ": " + each.why);
                          if (cluster_.has_orphans) {  // a kernel that does not end it: only the epoch is left
                            victim.orphan = true;
                            after(5ms, [this, &victim] { child_died(victim); });
                          } else {
                            victim.end({.signal = 9}, "killed by the master");
                          }
                        },
                        [&](const scheduler::SendControl& each) { broker_.send(each.to, each.message); },
                        [&](const scheduler::TellRecords& each) { tell_records(each.message); }},
             action);
}

void SimMaster::start(const scheduler::StartController& action) {
  const ExecutionId& ex = action.binding.ex_id;
  if (world_.now < cluster_.heal_at && world_.chance.happens(0.02)) {
    answers_.emplace_back(scheduler::ControllerNotStarted{ex, "fork: Resource temporarily unavailable"});
    return;
  }
  SimController& child = world_.make<SimController>(cluster_, *this, action.binding);
  children_[ex] = &child;
  answers_.emplace_back(scheduler::ControllerStarted{ex, static_cast<std::uint32_t>(child.uid())});
}

void SimMaster::hear(const Letter& letter) {
  std::visit(Overloaded{[&](const wire::ClusterUpdate& each) { handle(each); },
                        [&](const wire::ControllerBeat& each) { handle(each); },
                        [&](const wire::SlicesFailed& each) { handle(each); },
                        [&](const wire::BrokerBeat& each) { handle(each); }, [](const auto&) {}},
             *letter.message);
}

// -- the records' thread ----------------------------------------------------------------------------------------------

void SimMaster::ask(Request request) {
  on_records([this, request = std::move(request)] {
    if (serving_) {
      request(executions_);
    }
  });
}

void SimMaster::tell_records(const scheduler::ToRecords& message) {
  on_records([this, message] { record(message); });
}

/// In order, and after each batch what changed is written and told.
void SimMaster::on_records(std::function<void()> what) {
  to_records_at_ = std::max(to_records_at_ + 1us, world_.now + world_.chance.time(0, 0.004));
  after(
      to_records_at_ - world_.now,
      [this, what = std::move(what)] {
        what();
        finish_round();
      },
      true);
}

void SimMaster::record(const scheduler::ToRecords& message) {
  std::visit(Overloaded{[&](const scheduler::ExecutionPlaced& each) { executions_.on(each); },
                        [&](const scheduler::ControllerOpened& each) { executions_.on(each); },
                        [&](const scheduler::ControllerSaid& each) { executions_.on(each); },
                        [&](const scheduler::ControllerGone& each) { executions_.on(each); },
                        [&](const scheduler::WorkersReached& each) { executions_.on(each); },
                        [&](const scheduler::ExecutionNeverRan& each) { executions_.on(each); },
                        [&](const scheduler::ExecutionBroke& each) { executions_.on(each); },
                        [&](const scheduler::WaitingChanged& each) { executions_.on(each); },
                        [&](const wire::SlicesFailed& each) { (void)errors_.record(each); }, [](const auto&) {}},
             message);
}

void SimMaster::finish_round() {
  if (!executions_.flush() && !std::exchange(writes_again_, true)) {
    after(
        1s,
        [this] {
          writes_again_ = false;
          finish_round();
        },
        true);
  }
  std::vector<scheduler::ToControl> told = executions_.outbox();
  for (scheduler::ToControl& answer : errors_.outbox()) {
    told.push_back(std::move(answer));
  }
  executions_.settled();
  for (scheduler::ToControl& message : told) {
    to_control_at_ = std::max(to_control_at_ + 1us, world_.now + world_.chance.time(0, 0.004));
    after(to_control_at_ - world_.now, [this, message = std::move(message)] {
      std::visit(
          [this](const auto& each) {
            using Told = std::decay_t<decltype(each)>;
            if constexpr (!std::is_same_v<Told, scheduler::AssetRead> &&
                          !std::is_same_v<Told, scheduler::RecordsClosed>) {
              handle(each);
            }
          },
          message);
    });
  }
}

}  // namespace slicebus::sim
