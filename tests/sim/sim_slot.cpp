#include <algorithm>
#include <utility>

#include "common/overloaded.hpp"
#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

constexpr int retries_max = 2;

/// For a mutation: each member of a group for itself.
void split(std::vector<wire::SliceOutcome>& outcomes) {
  std::vector<wire::SliceOutcome> singles;
  for (const wire::SliceOutcome& outcome : outcomes) {
    for (const wire::SliceCopy& member : outcome.members) {
      if (member != outcome.copy) {
        singles.push_back({.kind = outcome.kind, .copy = member, .members = {member}, .counts = {{}, {}}});
      }
    }
    singles.push_back(outcome);
    if (outcome.members.size() > 1) {
      singles.back().members = {outcome.copy};
    }
  }
  outcomes = std::move(singles);
}

}  // namespace

SimSlot::SimSlot(Cluster& cluster, SimAgent& agent, std::uint64_t key)
    : Process(cluster.world, "slot", agent.node()),
      cluster_(cluster),
      agent_(agent),
      key_(key),
      window_min_(static_cast<std::uint32_t>(cluster.world.chance.whole(1, 4))),
      window_max_(cluster.world.chance.happens(0.7) ? window_min_ : 16),
      took_(cluster.world.chance.one_of({Duration(20us), Duration(300us), Duration(20ms)})),
      controller_(
          cluster.network, *this, id().text, [this] { step(slot::Connected{}); },
          [this](const Letter& letter) { hear(letter); }) {}

void SimSlot::on_death(const std::string&) {
  controller_.close();
  const bool by_force_in_peace = ending_.signal == 9 && over_ && !busy_;
  if (!exits_ && !by_force_in_peace && core_) {
    cluster_.excused.insert(uid());
  }
  if (agent_.alive()) {
    agent_.after(world_.chance.time(0.001, 0.03), [this] { agent_.child_ended(*this); });
  }
}

void SimSlot::end(Ending how, const std::string& cause) {
  if (alive()) {
    ending_ = how;
    die(cause);
  }
}

/// SIGKILL needs nobody's help; a frozen process hears any other when it thaws.
void SimSlot::signal(int number) {
  if (number == 9) {
    world_.at(Duration{}, nullptr, [this] { end({.signal = 9}, "killed by its agent"); });
  } else {
    after(Duration{}, [this] { core_ ? drain() : end({}, "SIGTERM, unbound"); });
  }
}

void SimSlot::tell(const wire::SlotBinding& binding) {
  told_at_ = std::max(told_at_ + 1us, world_.now + world_.chance.time(0, 0.002));
  after(told_at_ - world_.now, [this, binding] {
    const bool moved = core_ && binding.endpoint != binding_.endpoint;
    binding_ = binding;
    if (!core_) {
      job_ = &cluster_.job_of(binding.lineage);
      core_.emplace(slot::SlotConfig{.beat = beat_time, .window_min = window_min_, .window_max = window_max_},
                    slot::SlotSetup{.ex_id = binding.ex_id,
                                    .lineage = binding.lineage,
                                    .node = binding.node,
                                    .agent = binding.agent,
                                    .process = binding.process,
                                    .pid = static_cast<std::uint32_t>(uid())});
      controller_.connect(binding.endpoint);
      schedule();
    } else if (moved) {
      step(slot::Moved{});
      controller_.connect(binding.endpoint);
    }
    if (binding.drain) {
      drain();
    }
    if (binding.over && !std::exchange(over_, true) && cluster_.mutation != Mutation::slots_not_told_of_the_end) {
      step(slot::Over{});
    }
  });
}

void SimSlot::drain() {
  if (!std::exchange(draining_, true)) {
    step(slot::Drain{});
  }
}

// -- the conversation -------------------------------------------------------------------------------------------------

void SimSlot::check_window(const wire::SlotBeat& beat) const {
  const std::size_t takes_place = beat.holds.size() - beat.held;
  if (takes_place > window_max_) {
    throw Violation(name() + " has " + std::to_string(takes_place) + " slices, its window is at most " +
                    std::to_string(window_max_));
  }
}

void SimSlot::say(wire::Message message) {
  if (const auto* beat = std::get_if<wire::SlotBeat>(&message)) {
    check_window(*beat);
  }
  if (cluster_.mutation == Mutation::report_said_once) {
    if (auto* report = std::get_if<wire::SliceReport>(&message)) {
      std::erase_if(report->outcomes, [this](const wire::SliceOutcome& outcome) {
        return outcome.kind != wire::OutcomeKind::held && !said_.insert(outcome.copy).second;
      });
      if (report->outcomes.empty()) {
        return;
      }
    } else if (auto* hello = std::get_if<wire::SlotHello>(&message)) {
      hello->reports.clear();
    }
  }
  if (cluster_.mutation == Mutation::groups_slice_by_slice) {
    if (auto* report = std::get_if<wire::SliceReport>(&message)) {
      split(report->outcomes);
    } else if (auto* hello = std::get_if<wire::SlotHello>(&message)) {
      split(hello->reports);
    }
  }
  controller_.send({}, std::move(message));
}

void SimSlot::hear(const Letter& letter) {
  if (!core_) {
    return;
  }
  wire::Message heard = *letter.message;
  if (cluster_.mutation == Mutation::no_flush && std::holds_alternative<wire::SliceFlush>(heard)) {
    std::get<wire::SliceFlush>(heard).epoch = 0;
  }
  if (cluster_.mutation == Mutation::repeats_taken_for_new) {
    if (const auto* welcome = std::get_if<wire::SlotWelcome>(&heard)) {
      next_batch_ = welcome->batch + 1;
    } else if (auto* assign = std::get_if<wire::SliceAssign>(&heard)) {
      assign->number = next_batch_++;
    } else if (auto* recall = std::get_if<wire::SliceRecall>(&heard)) {
      recall->number = next_batch_++;
    } else if (auto* flush = std::get_if<wire::SliceFlush>(&heard)) {
      flush->number = next_batch_++;
    }
  }
  if (auto* publish = std::get_if<wire::SlicePublish>(&heard);
      publish != nullptr && cluster_.mutation == Mutation::nobody_rolls_forward) {
    publish->copies.clear();
  }
  if (auto* ack = std::get_if<wire::SliceAck>(&heard);
      ack != nullptr && cluster_.mutation == Mutation::every_verdict_is_publish) {
    for (wire::Acknowledgement& each : ack->acknowledgements) {
      each.verdict = wire::Verdict::publish;
    }
  }
  step(slot::ControllerSaid{std::move(heard)});
}

// -- the core ---------------------------------------------------------------------------------------------------------

void SimSlot::step(const slot::SlotEvent& event) {
  for (const slot::SlotAction& action : core_->step(event, world_.now)) {
    if (!alive()) {
      return;
    }
    perform(action);
  }
  if (std::exchange(revokes_, false)) {
    revoke();
  }
  schedule();
}

void SimSlot::schedule() {
  const auto next = core_->next_deadline();
  const std::uint64_t version = ++tick_version_;
  if (next && alive()) {
    after(std::max<Duration>(Duration{}, *next - world_.now), [this, version] {
      if (version == tick_version_) {
        step(slot::SlotTick{});
      }
    });
  }
}

void SimSlot::perform(const slot::SlotAction& action) {
  std::visit(
      Overloaded{[&](const slot::SendToController& send) { say(send.message); }, [&](const slot::BuildPipeline&) {},
                 [&](const slot::RunSlices& run) {
                   for (const wire::AssignedSlice& slice : run.slices) {
                     commands_.push_back({Command::Kind::run, slice});
                   }
                   work();
                 },
                 [&](const slot::RevokeHanded&) { revokes_ = true; },
                 [&](const slot::FlushOperations&) {
                   commands_.push_back({Command::Kind::flush});
                   work();
                 },
                 [&](const slot::DiscardHeld&) {
                   commands_.push_back({Command::Kind::discard});
                   work();
                 },
                 [&](const slot::PublishOutput& each) {
                   for (const wire::SliceCopy& copy : each.copies) {
                     publish(copy);
                   }
                 },
                 [&](const slot::DropOutput& each) {
                   for (const wire::SliceCopy& copy : each.copies) {
                     job_->output.drop(copy);
                   }
                 },
                 [&](const slot::Reconnect&) { controller_.connect(binding_.endpoint); },
                 [&](const slot::ExitSlot& exit) {
                   exits_ = true;
                   after(5ms, [this, exit] { end({.code = exit.code}, exit.why); });
                 }},
      action);
}

// -- the publisher ----------------------------------------------------------------------------------------------------

void SimSlot::publish(const wire::SliceCopy& copy) {
  if (cluster_.mutation == Mutation::visible_said_too_early) {
    after(
        Duration{}, [this, copy] { step(slot::OutputPublished{{copy}}); }, true);
    after(
        world_.chance.time(0, 0.02), [this, copy] { job_->output.publish(copy); }, true);
    return;
  }
  cluster_.freeze_at_the_worst_moment(*this, *job_);
  after(
      world_.chance.time(0, 0.003), [this, copy] { rename(copy); }, true);
}

void SimSlot::rename(const wire::SliceCopy& copy) {
  if (world_.now < cluster_.output_full_until) {
    step(slot::PublishFailed{{copy}, "No space left on device"});
    return;
  }
  if (!job_->ledger.is_accepted(copy) && cluster_.mutation != Mutation::every_verdict_is_publish) {
    throw Violation(name() + " makes " + text(copy) + " visible, which is not accepted");
  }
  job_->output.publish(copy);
  world_.log(name() + " FILE " + text(copy));
  after(
      world_.chance.time(0, 0.003),
      [this, copy] {
        job_->output.sync_names();
        step(slot::OutputPublished{{copy}});
      },
      true);
}

// -- the operations ---------------------------------------------------------------------------------------------------

/// What has not begun is taken from the operations, whatever they are at.
void SimSlot::revoke() {
  const auto is_slice = [](const Command& command) { return command.kind == Command::Kind::run; };
  const std::size_t unbegun = static_cast<std::size_t>(std::count_if(commands_.begin(), commands_.end(), is_slice));
  std::erase_if(commands_, is_slice);
  step(slot::NotBegun{unbegun});
}

void SimSlot::work() {
  if (busy_ || commands_.empty()) {
    return;
  }
  busy_ = true;
  const Command command = commands_.front();
  commands_.pop_front();
  switch (command.kind) {
    case Command::Kind::run:
      run(command.slice);
      break;
    case Command::Kind::flush:
      if (inside_.empty()) {
        finish(slot::NothingHeld{});
      } else {
        leave();
      }
      break;
    case Command::Kind::discard:
      inside_.clear();
      busy_ = false;
      work();
      break;
  }
}

void SimSlot::run(const wire::AssignedSlice& slice) {
  const wire::SliceCopy copy{slice.slice, slice.fence};
  if (!job_->begun.insert(copy).second) {
    throw Violation(name() + " runs " + text(copy) + ", which ran before");
  }
  world_.log(name() + " runs " + text(copy));
  page_ = copy;
  after(
      cluster_.slice_time(*job_), [this, slice] { computed(slice, 0); }, true);
}

void SimSlot::computed(const wire::AssignedSlice& slice, int attempt) {
  const wire::SliceCopy copy{slice.slice, slice.fence};
  if (job_->poison.contains(slice.slice)) {
    end({.signal = 11}, "poisoned by " + text(copy));
    return;
  }
  if (job_->bad.contains(slice.slice)) {
    if (attempt < retries_max) {
      after(Duration{}, [this, copy] { step(slot::SliceBackedOff{copy}); });
      after(
          cluster_.slice_time(*job_), [this, slice, attempt] { computed(slice, attempt + 1); }, true);
      return;
    }
    finish(slot::SlicesEnded{{{{.kind = wire::OutcomeKind::failed, .copy = copy, .error = "bad"}, took_}}});
    return;
  }
  inside_.emplace_back(copy, ++cluster_.nonces);
  if (inside_.size() < job_->hold) {
    finish(slot::SlicesEnded{{{{.kind = wire::OutcomeKind::held, .copy = copy}, took_}}});
    return;
  }
  leave();
}

void SimSlot::leave() {
  std::vector<Piece> pieces;
  std::vector<wire::SliceCopy> members;
  for (const auto& [copy, nonce] : std::exchange(inside_, {})) {
    pieces.push_back({copy.slice, nonce});
    members.push_back(copy);
  }
  after(
      world_.chance.time(0.001, 0.02), [this, pieces, members] { prepared(pieces, members); }, true);
}

void SimSlot::prepared(const std::vector<Piece>& pieces, const std::vector<wire::SliceCopy>& members) {
  const wire::SliceCopy name = members.back();
  if (world_.now < cluster_.output_full_until) {
    finish(slot::SliceGivenBack{name, "No space left on device"});
    return;
  }
  job_->output.prepare(name, pieces);
  job_->made[name] = pieces;
  job_->prepared_by[name] = uid();
  if (cluster_.mutation == Mutation::published_before_verdict) {
    job_->output.publish(name);
  }
  wire::SliceOutcome outcome{.copy = name, .members = members, .counts = {{}, {}}, .has_output = true};
  for (const Piece& piece : pieces) {
    const std::uint64_t records = records_of(piece.slice);
    outcome.counts[0].records_out += records;
    outcome.counts[1].records_in += records;
    outcome.counts[1].records_rejected += rejected_by(piece);
    outcome.counts[1].records_out += records - rejected_by(piece);
  }
  cluster_.freeze_at_the_worst_moment(*this, *job_);
  after(
      world_.chance.time(0, 0.003),
      [this, outcome] {
        job_->output.sync(outcome.copy);
        finish(slot::SlicesEnded{{{outcome, took_}}});
      },
      true);
}

void SimSlot::finish(slot::SlotEvent event) {
  page_.reset();
  after(Duration{}, [this, event = std::move(event)] {
    step(event);
    busy_ = false;
    work();
  });
}

}  // namespace slicebus::sim
