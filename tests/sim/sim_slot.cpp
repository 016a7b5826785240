#include <algorithm>
#include <utility>

#include "common/overloaded.hpp"
#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

constexpr int retries_max = 2;

std::string text(const wire::SliceCopy& copy) {
  return "s" + std::to_string(copy.slice.slicer_id) + "/" + std::to_string(copy.slice.slicer_order) + "@" +
         std::to_string(copy.fence.epoch) + "." + std::to_string(copy.fence.number);
}

}  // namespace

SimSlot::SimSlot(Cluster& cluster, Agent& agent, ExecutionId ex)
    : Process(cluster.world, "slot", agent.node()),
      cluster_(cluster),
      agent_(agent),
      ex_(std::move(ex)),
      window_(static_cast<std::uint32_t>(cluster.world.chance.whole(1, 4))),
      core_({.beat = beat_time, .window_min = window_, .window_max = window_},
            {.ex_id = ex_, .lineage = {"ex1"}, .node = {agent.node()}, .agent = agent.id(), .process = id()}) {
  after(world_.chance.time(0.01, 0.2), [this] { reconnect(); });
}

void SimSlot::on_death(const std::string& cause) {
  if (connection_ != nullptr && world_.chance.happens(0.5)) {
    connection_->dead = true;  // else what it had sent still arrives
  }
  const bool by_force_in_peace = cause == "drained by force" && over_ && !busy_;
  if (!exits_ && !by_force_in_peace) {
    cluster_.excused.insert(uid());
  }
  if (agent_.alive()) {
    agent_.after(world_.chance.time(0.001, 0.03),
                 [this, own = cause == "own"] { agent_.slot_died(*this, own, page_); });
  }
}

// -- the connection ---------------------------------------------------------------------------------------------------

void SimSlot::connection_lost() {
  after(world_.chance.time(0, 0.1), [this] { reconnect(); });
}

void SimSlot::reconnect() {
  if (connection_ != nullptr && !connection_->dead && connection_->controller->alive()) {
    return;
  }
  auto found = cluster_.listening.find(ex_);
  // A port may belong to another execution by now.
  if (world_.chance.happens(0.1) && !cluster_.listening.empty()) {
    found = cluster_.listening.begin();
    std::advance(found, static_cast<std::ptrdiff_t>(world_.chance.whole(0, cluster_.listening.size() - 1)));
  }
  if (found == cluster_.listening.end() || !found->second->alive() || cluster_.is_cut(node())) {
    after(world_.chance.time(0.05, 0.3), [this] { reconnect(); });
    return;
  }
  const bool same = connection_ != nullptr && world_.chance.happens(0.6);
  const std::string identity =
      same ? connection_->identity : name() + "-" + std::to_string(world_.chance.next() % 1'000'000);
  cluster_.connections.push_back(std::make_unique<Connection>(Connection{this, found->second, identity}));
  connection_ = cluster_.connections.back().get();
  found->second->routes()[identity] = connection_;
  for (wire::Message& message : std::exchange(unsent_, {})) {
    cluster_.send(*connection_, true, std::move(message));
  }
  const auto notice = [this, mine = connection_] {
    if (connection_ == mine) {
      step(slot::Connected{});
    }
  };
  if (cluster_.late_notice && world_.chance.happens(0.5)) {
    after(world_.chance.time(0, 0.4), notice);
  } else {
    after(Duration{}, notice);
  }
}

void SimSlot::say(wire::Message message) {
  if (const auto* beat = std::get_if<wire::SlotBeat>(&message);
      beat != nullptr && beat->holds.size() > window_ + cluster_.hold + 1) {
    throw Violation(name() + " has " + std::to_string(beat->holds.size()) + " slices, its window is " +
                    std::to_string(window_));
  }
  if (connection_ == nullptr || connection_->dead) {
    if (cluster_.keeps_unsent && unsent_.size() < 100) {
      unsent_.push_back(std::move(message));
    }
    return;
  }
  cluster_.send(*connection_, true, std::move(message));
}

void SimSlot::deliver(Connection& connection, const wire::Message& message) {
  if (&connection != connection_) {
    return;
  }
  wire::Message heard = message;
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
  for (const slot::SlotAction& action : core_.step(event, world_.now)) {
    if (!alive()) {
      return;
    }
    perform(action);
  }
  schedule();
}

void SimSlot::schedule() {
  const auto next = core_.next_deadline();
  const std::uint64_t version = ++tick_version_;
  if (next && alive()) {
    after(std::max(Duration{}, *next - world_.now), [this, version] {
      if (version == tick_version_) {
        step(slot::SlotTick{});
      }
    });
  }
}

void SimSlot::perform(const slot::SlotAction& action) {
  std::visit(
      Overloaded{[&](const slot::SendToController& send) { say(send.message); }, [&](const slot::BuildPipeline&) {},
                 [&](const slot::RunSlice& run) {
                   commands_.push_back({Command::Kind::run, run.slice});
                   work();
                 },
                 [&](const slot::FlushOperations&) {
                   commands_.push_back({Command::Kind::flush});
                   work();
                 },
                 [&](const slot::DiscardHeld&) {
                   commands_.push_back({Command::Kind::discard});
                   work();
                 },
                 [&](const slot::PublishOutput& order) {
                   for (const wire::SliceCopy& copy : order.copies) {
                     if (cluster_.mutation == Mutation::visible_said_too_early) {
                       step(slot::OutputPublished{{copy}});
                     }
                     cluster_.freeze_at_the_worst_moment(*this);
                     after(
                         world_.chance.time(0, 0.004), [this, copy] { publish(copy); }, true);
                   }
                 },
                 [&](const slot::DropOutput& order) {
                   for (const wire::SliceCopy& copy : order.copies) {
                     cluster_.output.drop(copy);
                   }
                 },
                 [&](const slot::Reconnect&) {
                   connection_->dead = true;
                   after(100ms, [this] { reconnect(); });
                 },
                 [&](const slot::ExitSlot& exit) {
                   exits_ = true;
                   after(20ms, [this, why = exit.why] { die(why); });
                 }},
      action);
}

void SimSlot::publish(const wire::SliceCopy& copy) {
  if (world_.now < cluster_.output_full_until) {
    step(slot::PublishFailed{{copy}, "No space left on device"});
    return;
  }
  cluster_.output.publish(copy);
  world_.log(name() + " FILE " + text(copy));
  after(
      world_.chance.time(0, 0.003), [this, copy] { step(slot::OutputPublished{{copy}}); }, true);
}

void SimSlot::drain() {
  if (!draining_) {
    draining_ = true;
    after(shutdown_timeout, [this] { die("drained by force"); });
    step(slot::Drain{});
  }
}

void SimSlot::end_as_over() {
  over_ = true;
  drain();
  if (cluster_.mutation != Mutation::slots_not_told_of_the_end) {
    step(slot::Over{});
  }
}

// -- the operations ---------------------------------------------------------------------------------------------------

void SimSlot::work() {
  if (busy_ || commands_.empty()) {
    return;
  }
  busy_ = true;
  const Command command = commands_.front();
  commands_.pop_front();
  switch (command.kind) {
    case Command::Kind::run: {
      const wire::SliceCopy copy{command.slice.slice, command.slice.fence};
      if (!cluster_.begun.insert(copy).second) {
        throw Violation(name() + " runs " + text(copy) + ", which ran before");
      }
      world_.log(name() + " runs " + text(copy));
      page_ = copy;
      after(
          cluster_.slice_time(), [this, slice = command.slice] { computed(slice, 0); }, true);
      break;
    }
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

void SimSlot::computed(const wire::AssignedSlice& slice, int attempt) {
  const wire::SliceCopy copy{slice.slice, slice.fence};
  if (cluster_.poison.contains(slice.slice)) {
    die("own");
    return;
  }
  if (cluster_.bad.contains(slice.slice)) {
    if (attempt < retries_max) {
      after(Duration{}, [this, copy] { step(slot::SliceBackedOff{copy}); });
      after(
          cluster_.slice_time(), [this, slice, attempt] { computed(slice, attempt + 1); }, true);
      return;
    }
    finish(slot::SliceEnded{{.kind = wire::OutcomeKind::failed, .copy = copy, .error = "bad"}, 1ms});
    return;
  }
  inside_.emplace_back(copy, ++cluster_.nonces);
  if (inside_.size() < cluster_.hold) {
    finish(slot::SliceEnded{{.kind = wire::OutcomeKind::held, .copy = copy}, 1ms});
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
  cluster_.output.prepare(name, pieces);
  cluster_.made[name] = pieces;
  cluster_.prepared_by[name] = uid();
  if (cluster_.mutation == Mutation::published_before_verdict) {
    cluster_.output.publish(name);
  }
  wire::SliceOutcome outcome{.copy = name, .members = members, .counts = {{}, {}}, .has_output = true};
  for (const Piece& piece : pieces) {
    const std::uint64_t records = records_of(piece.slice);
    outcome.counts[0].records_out += records;
    outcome.counts[1].records_in += records;
    outcome.counts[1].records_rejected += rejected_by(piece);
    outcome.counts[1].records_out += records - rejected_by(piece);
  }
  cluster_.freeze_at_the_worst_moment(*this);
  after(
      world_.chance.time(0, 0.003),
      [this, outcome] {
        finish(slot::SliceEnded{outcome, 1ms});
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
