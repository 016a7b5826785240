#include <algorithm>
#include <ranges>
#include <span>
#include <utility>

#include "common/overloaded.hpp"
#include "master/execution/controller_state.hpp"

namespace slicebus::execution {

using wire::SliceCopy;
using wire::Verdict;

namespace {

/// The largest window that is believed.
constexpr std::uint32_t window_max = 10'000;
/// The longest text of a peer that goes into a record.
constexpr std::size_t text_bytes_max = 64U << 10U;

const ProcessId* sender_of(const wire::Message& message) {
  return std::visit(Overloaded{[](const wire::SlotBeat& said) { return &said.process; },
                               [](const wire::SliceReport& said) { return &said.process; },
                               [](const wire::SliceReturned& said) { return &said.process; },
                               [](const wire::SlicePublished& said) { return &said.process; },
                               [](const auto&) -> const ProcessId* { return nullptr; }},
                    message);
}

}  // namespace

void Controller::State::on(const SlotSaid& event, TimePoint now) {
  if (!opened || terminating) {
    return;
  }
  if (const auto* hello = std::get_if<wire::SlotHello>(&event.message)) {
    hear_hello(event.peer, *hello, now);
    return;
  }
  // What is visible stays so, whoever says it: also one that has ended since, and whose death was heard first. Without
  // this last word its output would wait for a slot, and a stop with it, while others have them all.
  if (const auto* published = std::get_if<wire::SlicePublished>(&event.message)) {
    hear(*published);
  }
  SlotView* slot = slots.by_peer(event.peer);
  const ProcessId* sender = sender_of(event.message);
  // An address that has not said hello (or another slot has by now) speaks of a state that this controller does not
  // know.
  if (slot == nullptr || sender == nullptr || slot->process != *sender) {
    return;
  }
  slot->heard_at = now;
  slot->silent = false;
  std::visit(Overloaded{[&](const wire::SlotBeat& said) { hear(*slot, said, now); },
                        [&](const wire::SliceReport& said) { hear(*slot, said, now); },
                        [&](const wire::SliceReturned& said) { hear(*slot, said, now); }, [](const auto&) {}},
             event.message);
  slots.refresh(*slot);
}

void Controller::State::hear_hello(const std::string& peer, const wire::SlotHello& hello, TimePoint now) {
  if (hello.ex_id != setup.ex_id) {
    out.emplace_back(SendToSlot{peer, wire::SlotWelcome{.hello = hello.number, .ex_id = setup.ex_id, .epoch = epoch}});
    return;
  }
  if (slots.is_dead(hello.process) || slots.is_dead_agent(hello.agent)) {
    return;  // dead for good: what it had sent before comes late
  }
  SlotView* known = slots.by_process(hello.process);
  if (known != nullptr && hello.number <= known->hello) {
    return;  // a repeat, or late: it tells what the slot had once, not what it was given since
  }
  (known != nullptr ? reconnected : joined) += 1;
  SlotView& slot = known != nullptr ? *known : slots.add(hello.process, hello.node, hello.agent);
  if (SlotView* former = slots.by_peer(peer); former != nullptr && former != &slot) {
    slots.move_to(*former, {});
    give_all_again(*former, Return::lost, now);
  }
  slots.move_to(slot, peer);
  slot.hello = hello.number;
  slot.window = std::min(hello.window, window_max);
  slot.draining = slot.draining || hello.draining || hello.window == 0;
  slot.heard_at = now;
  slot.silent = false;
  slot.recall_at.reset();
  slot.sent.clear();
  slot.out.clear();
  slot.to_assign.clear();
  slot.to_acknowledge.clear();
  ++stamp;
  wire::SlotWelcome welcome{.hello = hello.number,
                            .ex_id = setup.ex_id,
                            .epoch = epoch,
                            .batch = slot.batch,
                            .lease_ms = static_cast<std::uint32_t>(config.lease / 1ms)};
  if (!slot.welcomed) {
    welcome.execution = setup.execution;
  }
  std::vector<std::pair<Fence, std::size_t>> given;  // with the bytes of their requests
  const auto keep_or_drop = [&](const std::vector<SliceCopy>& copies, bool is_held) {
    for (const SliceCopy& copy : copies) {
      const bool kept = claim(slot, copy, is_held, now);
      if (!kept) {
        welcome.drop.push_back(copy);
      }
      if (!is_held) {
        // What is to be dropped takes its place until the slot says that it is gone.
        const Slice* slice = kept ? queue.find(copy.slice) : nullptr;
        given.emplace_back(copy.fence, slice != nullptr ? slice->request.size() : 0);
      }
    }
  };
  keep_or_drop(hello.running, false);
  keep_or_drop(hello.prefetched, false);
  keep_or_drop(hello.held, true);
  for (const wire::SliceOutcome& outcome : hello.reports) {
    given.emplace_back(outcome.copy.fence, 0);
    for (const SliceCopy& member : outcome.leaving()) {
      if (Slice* slice = owned(slot, member)) {
        slice->listed = stamp;
      }
    }
  }
  std::sort(given.begin(), given.end());  // each is the last one then: however many there are, and in whatever order
  for (const auto& [fence, bytes] : given) {
    slot.out.insert(fence, bytes);
  }
  for (Slice* slice = slot.has.back(); slice != nullptr;) {
    Slice* previous = slice->previous;
    if (slice->listed != stamp) {
      give_again(*slice, Return::given_back, now);
    }
    slice = previous;
  }
  send(slot, std::move(welcome));
  for (const wire::SliceOutcome& outcome : hello.reports) {
    hear_outcome(slot, outcome, now);
  }
  if (pause_wanted || ending() || slot.draining) {
    recall(slot, now);
  }
  slots.refresh(slot);
}

void Controller::State::hear(SlotView& slot, const wire::SlotBeat& beat, TimePoint now) {
  if (beat.epoch != epoch) {
    return;
  }
  slot.welcomed = true;
  slot.window = std::min(beat.window, window_max);
  slot.draining = slot.draining || beat.window == 0;
  slot.waiting = beat.waiting.substr(0, text_bytes_max);
  ++stamp;
  wire::SlotBeatAck ack{.sent_at_us = beat.sent_at_us};
  std::unordered_set<Fence, FenceHash> still_out;
  const auto renew = [&](const SliceCopy& copy) {
    Slice* slice = owned(slot, copy);
    if (slice != nullptr) {
      slice->listed = stamp;
      slice->until = now + config.lease;
      slot.has.remove(*slice);
      slot.has.push_back(*slice);
    }
    if (slot.out.contains(copy.fence)) {
      still_out.insert(copy.fence);
    }
    return slice != nullptr;
  };
  for (std::size_t i = 0; i < beat.holds.size(); ++i) {
    const SliceCopy& copy = beat.holds[i];
    if (!renew(copy)) {
      ack.drop.push_back(copy);
    } else if (beat.holds.size() - i <= beat.held) {
      hear_held(slot, copy, now);
      still_out.erase(copy.fence);
    }
  }
  std::for_each(beat.finished.begin(), beat.finished.end(), renew);
  confirm(slot, beat.last_batch);
  if (slot.sent.empty() && beat.last_batch == slot.batch) {
    // Nothing is on its way to it: what it does not list, it does not have.
    slot.out.keep(still_out);
    for (Slice* slice = slot.has.back(); slice != nullptr;) {
      Slice* previous = slice->previous;
      if (slice->listed != stamp) {
        give_again(*slice, Return::given_back, now);
      }
      slice = previous;
    }
  } else {
    send_again(slot, now);
  }
  send(slot, std::move(ack));
}

void Controller::State::hear(SlotView& slot, const wire::SliceReport& report, TimePoint now) {
  slot.moved_at = now;
  for (const wire::SliceOutcome& outcome : report.outcomes) {
    hear_outcome(slot, outcome, now);
  }
}

/// It ran, and operations keep records of it: it takes no place in the window any more.
void Controller::State::hear_held(SlotView& slot, const SliceCopy& copy, TimePoint now) {
  Slice* slice = owned(slot, copy);
  if (slice != nullptr && slice->state == SliceState::assigned) {
    hold_on(slot, *slice, SliceState::held, now);
  }
  slot.out.erase(copy.fence);
}

/// The slot has every batch up to this one. What it answered to a recall among them came before, or was lost.
void Controller::State::confirm(SlotView& slot, std::uint64_t number) {
  for (; !slot.sent.empty() && slot.sent.front().number <= number; slot.sent.pop_front()) {
    if (slot.sent.front().kind == SentBatch::Kind::recall) {
      slot.recall_at.reset();
    }
  }
}

void Controller::State::hear_outcome(SlotView& slot, const wire::SliceOutcome& outcome, TimePoint now) {
  if (outcome.kind == wire::OutcomeKind::held) {
    hear_held(slot, outcome.copy, now);
    return;
  }
  const std::span<const SliceCopy> copies =
      outcome.kind == wire::OutcomeKind::failed ? std::span(&outcome.copy, 1) : outcome.leaving();
  Slice* named = queue.find(outcome.copy.slice);
  if (named != nullptr && named->state == SliceState::committing && named->names_outcome &&
      named->fence == outcome.copy.fence) {
    named->holder = slot.index;  // a repeat: it gets the answer when the group is durable
    return;
  }
  Members members;
  ++stamp;
  bool all = copies.back() == outcome.copy && !proposing && !final_state;
  for (const SliceCopy& copy : copies) {
    Slice* slice = copy.slice == outcome.copy.slice ? named : queue.find(copy.slice);
    if (slice == nullptr || slice->state == SliceState::committing || slice->listed == stamp) {
      all = false;  // it is done, or said twice
      continue;
    }
    slice->listed = stamp;
    // A failure counts from the fence last given only: another attempt may be doing better.
    if (outcome.kind == wire::OutcomeKind::failed && slice->fence.epoch == epoch && slice->fence != copy.fence) {
      all = false;
      continue;
    }
    members.push_back(slice);
  }
  if (all) {
    take_outcome(slot, outcome, copies, members);
    return;
  }
  // Refused as a whole; members that are still the slot's have lost their records and run again.
  for (const SliceCopy& copy : copies) {
    if (Slice* slice = owned(slot, copy)) {
      give_again(*slice, Return::given_back, now);
    }
  }
  const bool accepted = outcome.kind == wire::OutcomeKind::completed && publishing.is_accepted(outcome.copy);
  answer(slot, outcome.copy, accepted ? Verdict::publish : Verdict::drop);
}

/// @param members  of `copies`, one each
void Controller::State::take_outcome(SlotView& slot, const wire::SliceOutcome& outcome,
                                     std::span<const SliceCopy> copies, const Members& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    Slice* slice = members[i];
    // What it arrived in is proof that the batch did: no beat has to confirm it. Of an earlier copy it is proof of
    // nothing.
    if (slice->holder == slot.index && slice->batch != 0 && slice->fence.epoch == epoch &&
        slice->state != SliceState::ready && slice->fence == copies[i].fence) {
      confirm(slot, slice->batch);
    }
    detach(*slice);
    queue.take(*slice, SliceState::committing);
    slice->holder = no_slot;
    slice->names_outcome = false;
  }
  Slice& named = *members.back();
  named.names_outcome = true;
  named.fence = outcome.copy.fence;
  named.holder = slot.index;
  if (outcome.kind == wire::OutcomeKind::failed) {
    accounting.fail(named.at, outcome.error.substr(0, text_bytes_max), outcome.retries);
  } else {
    accounting.complete(outcome, outcome.copy.fence);
  }
}

void Controller::State::hear(SlotView& slot, const wire::SliceReturned& returned, TimePoint now) {
  slot.window = std::min(returned.window, window_max);
  slot.draining = slot.draining || returned.window == 0;
  if (!returned.reason.empty() && !returned.slices.empty()) {
    output_trouble = slot.node.text + ": " + returned.reason.substr(0, text_bytes_max);
    if (now >= assign_at) {
      output_back_off =
          std::clamp(output_back_off * 2, config.back_off_min, std::max(config.back_off_min, config.back_off_max));
      assign_at = now + output_back_off;
    }
  }
  for (const wire::SliceCopy& copy : std::views::reverse(returned.slices)) {
    slot.out.erase(copy.fence);
    if (Slice* slice = owned(slot, copy)) {
      give_again(*slice, Return::given_back, now);
    }
  }
  if (returned.recall_answered) {
    slot.recall_at.reset();
  }
}

void Controller::State::hear(const wire::SlicePublished& published) {
  for (const SliceCopy& copy : published.copies) {
    if (publishing.hear(copy)) {
      accounting.publish(copy.slice);
    }
  }
}

/// Is this copy the slot's, or may it become that? After a restart whoever still has a slice that was not given out
/// again keeps it.
bool Controller::State::claim(SlotView& slot, const SliceCopy& copy, bool is_held, TimePoint now) {
  Slice* slice = owned(slot, copy);
  if (slice == nullptr) {
    slice = queue.find(copy.slice);
    const bool free =
        slice != nullptr && (slice->state == SliceState::ready || slice->state == SliceState::backing_off);
    if (!free || proposing || final_state || (slice->fence.epoch == epoch && slice->fence != copy.fence)) {
      return false;
    }
    slice->fence = copy.fence;
    slice->batch = 0;
  }
  hold_on(slot, *slice, is_held ? SliceState::held : SliceState::assigned, now);
  slice->listed = stamp;
  return true;
}

/// @return the slice, if the slot has it and under this very fence
Slice* Controller::State::owned(const SlotView& slot, const SliceCopy& copy) {
  Slice* slice = queue.find(copy.slice);
  if (slice == nullptr || (slice->state != SliceState::assigned && slice->state != SliceState::held) ||
      slice->holder != slot.index || slice->fence != copy.fence) {
    return nullptr;
  }
  return slice;
}

void Controller::State::answer(SlotView& slot, const SliceCopy& copy, Verdict verdict) {
  slot.out.erase(copy.fence);
  slot.to_acknowledge.push_back({copy, verdict});
  touch(slot);
}

void Controller::State::on(const PeerGone& event, TimePoint now) {
  SlotView* slot = slots.by_peer(event.peer);
  if (slot == nullptr) {
    return;
  }
  ++disconnected;
  slots.move_to(*slot, {});
  slot->recall_at.reset();
  slot->sent.clear();
  slot->out.clear();
  give_all_again(*slot, Return::lost, now);
  publishing.forsake(slot->index, now);
  slots.refresh(*slot);
}

}  // namespace slicebus::execution
