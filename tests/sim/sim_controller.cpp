#include <algorithm>
#include <limits>
#include <utility>

#include "common/overloaded.hpp"
#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

execution::ControllerConfig configuration(const Cluster& cluster, const Job& job) {
  execution::ControllerConfig config{.beat = beat_time, .lease = lease_time, .ready_max = job.ready_max};
  if (cluster.mutation == Mutation::never_given_out_again) {
    config.lease = 24h;
  }
  return config;
}

store::Cleanup cleanup_of(const std::string& text) {
  return text == "all"       ? store::Cleanup::all
         : text == "errors"  ? store::Cleanup::errors
         : text == "pending" ? store::Cleanup::pending
                             : store::Cleanup::none;
}

std::string endpoint_of(std::uint16_t port) { return "tcp://m:" + std::to_string(port); }

}  // namespace

SimController::SimController(Cluster& cluster, SimMaster& master, wire::ControllerBinding binding)
    : Process(cluster.world, "controller", "m"),
      cluster_(cluster),
      master_(master),
      binding_(std::move(binding)),
      job_(cluster.job_of(binding_.lineage)),
      slots_(cluster.network, *this,
             [this](const std::string& peer, const Letter& letter) { hear_slot(peer, letter); }),
      broker_(
          cluster.network, *this, id().text, [] {}, [this](const Letter& letter) { hear_control(letter); }) {
  after(world_.chance.time(0.01, 0.15), [this] { bind(); });
}

void SimController::on_death(const std::string&) {
  slots_.close();
  broker_.close();
  if (master_.alive()) {
    master_.after(world_.chance.time(0.001, 0.05), [this] { master_.child_died(*this); });
  }
}

void SimController::end(Ending how, const std::string& cause) {
  if (alive()) {
    ending_ = how;
    die(cause);
  }
}

void SimController::on_thaw(Duration gap) {
  if (gap > beat_time) {
    after(Duration{}, [this, gap] {
      if (core_) {
        step(execution::StoodStill{gap});
      }
    });
  }
}

// -- the start --------------------------------------------------------------------------------------------------------

/// The port that the execution had, if nobody has taken it; another one else.
void SimController::bind() {
  broker_.connect(broker_endpoint);
  port_ = binding_.port;
  const bool taken = port_ == 0 || (world_.now < cluster_.heal_at && world_.chance.happens(0.1));
  if (taken || !slots_.listen(endpoint_of(port_))) {
    port_ = static_cast<std::uint16_t>(40'000 + uid());
    slots_.listen(endpoint_of(port_));
  }
  after(beat_time, [this] { say_that_it_starts(); });
  start();
}

void SimController::say_that_it_starts() {
  if (!core_) {
    broker_.send("master", wire::ControllerBeat{.ex_id = ex(),
                                                .process = id(),
                                                .pid = static_cast<std::uint32_t>(uid()),
                                                .host = "m",
                                                .port = port_,
                                                .paused = binding_.paused,
                                                .waiting = full_ ? "No space left on device" : ""});
    after(beat_time, [this] { say_that_it_starts(); });
  }
}

void SimController::start() {
  if (!cluster_.has_orphans) {
    if (job_.lock_holder != nullptr && job_.lock_holder != this && job_.lock_holder->alive()) {
      job_.lock_holder->end({.signal = 9}, "held the lock of its successor");
      after(50ms, [this] { start(); });
      return;
    }
    job_.lock_holder = this;
  }
  world_.at(world_.chance.time(0.001, 0.012), nullptr, [this] { open(); });
}

/// Happens on the disk: the process may be frozen, or killed before it hears of it.
void SimController::open() {
  if (!alive()) {
    return;
  }
  full_ = world_.now < cluster_.ledgers_full_until;
  if (full_) {
    after(300ms, [this] { start(); });
    return;
  }
  auto opened_ledger = job_.ledger.open(ex(), cleanup_of(binding_.cleanup));
  if (!opened_ledger) {
    throw Violation("open: " + opened_ledger.error().text());
  }
  if (cluster_.mutation == Mutation::no_epoch_in_fences) {
    for (auto& [name, fence] : opened_ledger->unpublished) {
      fence.epoch = opened_ledger->epoch;
    }
  }
  execution::LedgerOpened event{*opened_ledger, job_.ledger.unfinished(), world_.wall()};
  cluster_.snipe_controller(*this);
  after(world_.chance.time(0, 0.006), [this, event] { opened(event); });
}

void SimController::opened(const execution::LedgerOpened& event) {
  for (const store::SlicerState& state : event.ledger.slicers) {
    sliced_[state.slicer_id] = state.cursor ? std::stoull(*state.cursor) : 0;
  }
  core_.emplace(configuration(cluster_, job_),
                execution::ControllerSetup{.ex_id = ex(),
                                           .job_id = binding_.job_id,
                                           .lineage = binding_.lineage,
                                           .process = id(),
                                           .pid = static_cast<std::uint32_t>(uid()),
                                           .host = "m",
                                           .port = port_,
                                           .slicers = static_cast<std::uint32_t>(job_.ledger.lengths().size()),
                                           .recovery = binding_.recovery,
                                           .continues = binding_.continues,
                                           .persistent = job_.persistent,
                                           .execution = binding_.execution,
                                           .paused = binding_.paused,
                                           .stopping = binding_.stopping});
  epoch_ = event.ledger.epoch;
  world_.log(name() + " speaks for " + ex().text + ", epoch " + std::to_string(epoch_));
  step(event);
}

// -- what it hears ----------------------------------------------------------------------------------------------------

void SimController::hear_slot(const std::string& peer, const Letter& letter) {
  if (!core_) {
    return;
  }
  if (cluster_.mutation == Mutation::no_epoch_in_fences) {
    wire::Message message = *letter.message;
    drop_epochs(message, epoch_);
    step(execution::SlotSaid{peer, std::move(message)});
    return;
  }
  step(execution::SlotSaid{peer, *letter.message});
}

void SimController::hear_control(const Letter& letter) {
  if (!core_ || std::holds_alternative<wire::BrokerBeat>(*letter.message)) {
    return;
  }
  if (const auto* death = std::get_if<wire::SlotDied>(letter.message.get());
      death != nullptr && cluster_.mutation == Mutation::never_given_out_again) {
    broker_.send("node/" + death->node.text, wire::SlotDeathAck{death->node, death->ex_id, death->process});
    return;
  }
  step(execution::ControlSaid{*letter.message});
}

void SimController::sigterm() {
  if (core_) {
    step(execution::Terminate{});
  } else {
    end({}, "SIGTERM before its start");
  }
}

void SimController::step(const execution::ControllerEvent& event) {
  for (execution::ControllerAction& action : core_->step(event, world_.now)) {
    actions_.push_back(std::move(action));
  }
  perform_all();
}

void SimController::perform_all() {
  while (alive() && !sweeping_ && !actions_.empty()) {
    const execution::ControllerAction action = std::move(actions_.front());
    actions_.pop_front();
    perform(action);
  }
  if (alive()) {
    schedule();
  }
}

void SimController::schedule() {
  const auto next = core_->next_deadline();
  const std::uint64_t version = ++tick_version_;
  if (next) {
    after(std::max<Duration>(Duration{}, *next - world_.now), [this, version] {
      if (version == tick_version_) {
        step(execution::Tick{});
      }
    });
  }
}

// -- what it does -----------------------------------------------------------------------------------------------------

void SimController::perform(const execution::ControllerAction& action) {
  std::visit(Overloaded{[&](const execution::SendToSlot& each) { send(each); },
                        [&](const execution::SendControl& each) {
                          if (const auto* beat = std::get_if<wire::ControllerBeat>(&each.message)) {
                            if (beat->slices_queued > job_.ready_max + 100) {
                              throw Violation("the line of ready slices has " + std::to_string(beat->slices_queued));
                            }
                            // One that was replaced may speak on until it has something to commit.
                            if (beat->epoch >= job_.last_beats[ex()].epoch) {
                              job_.last_beats[ex()] = *beat;
                            }
                          }
                          broker_.send(each.to, each.message);
                        },
                        [&](const execution::CommitGroup& each) { commit(each); },
                        [&](const execution::ReadErrors& each) { read_errors(each.after); },
                        [&](const execution::AskSlicer& each) { slice(each); },
                        [&](const execution::SweepOutput& each) { sweep(each.last_epoch); },
                        [](const execution::UseLogLevel&) {},
                        [&](const execution::Exit& each) { end({.code = each.code}, "exit: " + each.why); }},
             action);
}

/// Later actions wait until it is done.
void SimController::sweep(std::uint64_t last_epoch) {
  if (cluster_.mutation == Mutation::sweep_after_the_end) {
    world_.at(4s, nullptr, [this] { job_.output.sweep(std::numeric_limits<std::uint64_t>::max()); });
    return;
  }
  sweeping_ = true;
  after(world_.chance.time(0.001, 0.02), [this, last_epoch] {
    job_.output.sweep(last_epoch);
    sweeping_ = false;
    perform_all();
  });
}

/// What is written outlives the process, what is synced the power; the controller hears of it later, or never.
void SimController::commit(const execution::CommitGroup& group) {
  const bool plans_only = group.batch->completed.empty() && group.batch->errors.empty() && !group.batch->final_state;
  if (cluster_.mutation == Mutation::acknowledge_before_commit ||
      (cluster_.mutation == Mutation::assign_before_commit && plans_only)) {
    after(Duration{}, [this, number = group.group] { step(execution::GroupCommitted{number}); });
  }
  cluster_.snipe_controller(*this);
  commits_at_ = std::max(commits_at_ + 1us, world_.now + world_.chance.time(0.001, 0.012));
  world_.at(commits_at_ - world_.now, nullptr, [this, group] {
    if (alive()) {
      write(group);
    }
  });
}

void SimController::write(const execution::CommitGroup& group) {
  if (world_.now < cluster_.ledgers_full_until) {
    answer(execution::GroupFailed{group.group, {Errc::exhausted, "ledger", "No space left on device", "free some"}},
           300ms);
    return;
  }
  store::LedgerBatch batch = *group.batch;
  if (cluster_.mutation == Mutation::no_epoch_in_fences) {
    for (store::Completion& completion : batch.completed) {
      completion.fence.epoch = 1;
    }
  }
  const auto applied = job_.ledger.apply(ex(), batch);
  cluster_.snipe_controller(*this);
  if (!applied) {
    answer(execution::GroupFailed{group.group, applied.error()}, 6ms);
    return;
  }
  world_.at(world_.chance.time(0, 0.006), nullptr, [this, number = group.group] {
    if (!alive()) {
      return;  // nobody waits for the disk; what is written is written
    }
    job_.ledger.sync();
    answer(execution::GroupCommitted{number}, 6ms);
    cluster_.snipe_controller(*this);
  });
}

void SimController::answer(const execution::ControllerEvent& event, Duration within) {
  after(seconds(world_.chance.unit() * std::chrono::duration<double>(within).count()), [this, event] { step(event); });
}

/// By small pages, so that a few failures make several of them.
void SimController::read_errors(std::uint64_t after) {
  commits_at_ = std::max(commits_at_ + 1us, world_.now + world_.chance.time(0.001, 0.012));
  world_.at(commits_at_ - world_.now, nullptr, [this, after] {
    if (alive()) {
      answer(execution::ErrorsRead{after, job_.ledger.errors(after, 2)}, 6ms);
    }
  });
}

void SimController::slice(const execution::AskSlicer& ask) {
  after(world_.chance.time(0.001, 0.1), [this, ask] {
    const std::uint64_t length = job_.ledger.lengths().at(ask.slicer_id);
    const std::uint64_t there = std::min(length, cluster_.input_there(job_, length));
    std::uint64_t& at = sliced_[ask.slicer_id];
    operations::SlicerStep taken;
    const std::uint64_t left = there > at ? there - at : 0;
    const std::uint64_t count = std::min({left, static_cast<std::uint64_t>(ask.max), world_.chance.whole(0, 3)});
    for (std::uint64_t i = 0; i < count; ++i) {
      taken.requests.push_back(std::to_string(++at));
    }
    taken.cursor = std::to_string(at);
    taken.done = !job_.persistent && at == length && world_.chance.happens(0.7);
    step(execution::Sliced{ask.slicer_id, taken});
  });
}

void SimController::send(const execution::SendToSlot& each) {
  auto message = std::make_shared<wire::Message>(each.message);
  if (cluster_.mutation == Mutation::no_epoch_in_fences) {
    drop_epochs(*message, 1);
  }
  check(each.peer, *message);
  if (!slots_.send(each.peer, {{}, std::move(message)}) && cluster_.mutation != Mutation::never_given_out_again) {
    // Told at once: told after the slot's next hello, it would take that connection for gone.
    for (execution::ControllerAction& action : core_->step(execution::PeerGone{each.peer}, world_.now)) {
      actions_.push_back(std::move(action));
    }
  }
}

/// What must be true of all that a controller says as long as none has replaced it.
void SimController::check(const std::string& peer, const wire::Message& message) {
  if (is_replaced()) {
    return;
  }
  if (const auto* assign = std::get_if<wire::SliceAssign>(&message)) {
    for (const wire::AssignedSlice& slice : assign->slices) {
      const wire::SliceCopy copy{slice.slice, slice.fence};
      const auto entry = job_.ledger.entries().find(slice.slice);
      if (entry == job_.ledger.entries().end()) {
        throw Violation(name() + " assigns " + text(copy) + ", which is not in the ledger");
      }
      if (entry->second.mark != WatchedLedger::Mark::pending) {
        throw Violation(name() + " assigns " + text(copy) + ", which is not pending");
      }
      if (const auto [given, fresh] = job_.given.emplace(copy, peer); !fresh && given->second != peer) {
        throw Violation(text(copy) + " is given to " + peer + " and was to " + given->second);
      }
    }
  } else if (const auto* ack = std::get_if<wire::SliceAck>(&message)) {
    for (const wire::Acknowledgement& each : ack->acknowledgements) {
      if (each.verdict == wire::Verdict::publish && !job_.ledger.is_accepted(each.copy)) {
        throw Violation(name() + " accepts " + text(each.copy) + ", and the ledger does not");
      }
    }
  }
}

/// For a mutation: every fence is of that epoch.
void SimController::drop_epochs(wire::Message& message, std::uint64_t to) const {
  const auto all = [to](auto& copies) {
    for (auto& copy : copies) {
      copy.fence.epoch = to;
    }
  };
  const auto outcomes = [&](std::vector<wire::SliceOutcome>& each_one) {
    for (wire::SliceOutcome& outcome : each_one) {
      outcome.copy.fence.epoch = to;
      all(outcome.members);
    }
  };
  std::visit(
      Overloaded{[&](wire::SlotHello& each) {
                   all(each.running);
                   all(each.prefetched);
                   all(each.held);
                   outcomes(each.reports);
                   all(each.unpublished);
                 },
                 [&](wire::SlotBeat& each) {
                   all(each.holds);
                   all(each.finished);
                 },
                 [&](wire::SliceReport& each) { outcomes(each.outcomes); },
                 [&](wire::SliceReturned& each) { all(each.slices); },
                 [&](wire::SlicePublished& each) { all(each.copies); },
                 [&](wire::SlicePublish& each) { all(each.copies); }, [&](wire::SlotWelcome& each) { all(each.drop); },
                 [&](wire::SliceAssign& each) { all(each.slices); }, [&](wire::SlotBeatAck& each) { all(each.drop); },
                 [&](wire::SliceAck& each) {
                   for (wire::Acknowledgement& one : each.acknowledgements) {
                     one.copy.fence.epoch = to;
                   }
                 },
                 [](auto&) {}},
      message);
}

}  // namespace slicebus::sim
