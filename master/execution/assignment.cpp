#include <algorithm>
#include <utility>

#include "master/execution/controller_state.hpp"

namespace slicebus::execution {

using wire::SliceCopy;

namespace {

constexpr Duration steal_every = 50ms;
constexpr std::size_t steals_at_once = 16;
/// Parts of a window, which is about 100 ms of work: less than the first is not worth a message of its own, less than
/// the second not worth having it back while slices of the slot end.
constexpr std::size_t parts_to_give = 64;
/// Of a window of at least so many, whose slices take microseconds: a message should cost less than what is in it.
constexpr std::size_t tiny_slices_window = 1'024;
constexpr std::size_t parts_of_tiny_slices = 16;
constexpr std::size_t parts_to_steal = 8;
constexpr Duration stuck_after = 100ms;
constexpr std::size_t batch_bytes_max = 4U << 20U;

}  // namespace

/// Some slot may be given more: windows are bounded in slices and in bytes, and so is all that is out.
bool Controller::State::has_room() const { return slots.any_open() && slots.bytes() < config.slots_bytes_max; }

/// Fills windows, the emptiest first. While there are more free places than slices each slot gets a few at a time, so
/// that none sits on a prefetch that others could run; but some milliseconds of work, so that slices of microseconds
/// travel together however many slots there are.
void Controller::State::assign(TimePoint now) {
  if (pause_wanted || ending() || now < hold_until || now < assign_at) {
    return;
  }
  while (has_room() && queue.next_ready() != nullptr) {
    SlotView& slot = slots.least_loaded();
    const std::size_t ready = queue.count(SliceState::ready);
    std::size_t share = slot.window - slot.out.size();
    if (ready < slots.room()) {
      const std::size_t parts = slot.window < tiny_slices_window ? parts_to_give : parts_of_tiny_slices;
      const std::size_t least = std::max<std::size_t>(1, slot.window / parts);
      share = std::min(share, std::max(least, ready / (2 * slots.open_count())));
    }
    for (; share > 0 && slot.out.bytes() < config.slot_bytes_max; --share) {
      Slice* slice = queue.next_ready();
      if (slice == nullptr) {
        break;
      }
      slice->fence = {epoch, ++fence_number};
      slot.moved_at = slot.assigned == 0 ? now : slot.moved_at;
      hold_on(slot, *slice, SliceState::assigned, now);
      slot.out.insert(slice->fence, slice->request.size());
      slot.to_assign.push_back({slice->at, slice->fence, slice->request});
      slot.to_assign_bytes += slice->request.size();
      slice->batch = slot.batch + 1;
      if (slot.to_assign.size() == wire::batch_slices_max || slot.to_assign_bytes >= batch_bytes_max) {
        send_batch(slot, SentBatch::Kind::assign, {}, now);
      }
    }
    touch(slot);
    slots.refresh(slot);
  }
}

/// A slot without anything to do while others have slices that they have not begun: these are called back and shared.
void Controller::State::steal(TimePoint now) {
  if (pause_wanted || ending() || now < steal_at || now < assign_at || !slots.any_idle() || assigned <= busy_slots ||
      queue.next_ready() != nullptr) {
    return;
  }
  steal_at = now + steal_every;
  std::vector<SlotView*> rich;
  std::size_t idle = 0;
  for (const auto& [process, index] : slots.all()) {
    SlotView& slot = *slots.at(index);
    idle += slot.open_load == 0U ? 1 : 0;
    const bool is_soon_done = slot.assigned <= slot.window / parts_to_steal && now - slot.moved_at < stuck_after;
    if (slot.assigned > 1 && !is_soon_done && !slot.recall_at && !slot.silent && !slot.peer.empty()) {
      rich.push_back(&slot);
    }
  }
  std::stable_sort(rich.begin(), rich.end(),
                   [](const SlotView* a, const SlotView* b) { return a->assigned > b->assigned; });
  rich.resize(std::min({rich.size(), idle, steals_at_once}));
  for (SlotView* slot : rich) {
    recall(*slot, now);
  }
}

/// Operations that hold records let go of them when nothing else is there to come, or when the execution is to stop.
void Controller::State::flush_if_all_held(TimePoint now) {
  const std::size_t held = queue.count(SliceState::held);
  if (held == 0 || now < flush_at) {
    return;
  }
  const bool all_held = queue.size() == held && dry() && accounting.planning() == 0;
  if (!ending() && !all_held) {
    return;
  }
  flush_at = now + config.beat / 2;
  for (const auto& [process, index] : slots.all()) {
    SlotView& slot = *slots.at(index);
    const bool asked = std::any_of(slot.sent.begin(), slot.sent.end(),
                                   [](const SentBatch& batch) { return batch.kind == SentBatch::Kind::flush; });
    if (slot.held > 0 && !asked && !slot.peer.empty()) {
      send_batch(slot, SentBatch::Kind::flush, {}, now);
    }
  }
}

void Controller::State::recall(SlotView& slot, TimePoint now) {
  if (slot.peer.empty() || slot.recall_at) {
    return;
  }
  slot.recall_at = now;
  send_batch(slot, SentBatch::Kind::recall, {}, now);
  slots.refresh(slot);
}

void Controller::State::recall_all(TimePoint now) {
  for (const auto& [process, index] : slots.all()) {
    recall(*slots.at(index), now);
  }
}

/// Everything numbered goes through here. An assignment takes what has gathered in `to_assign`, or sends `copies` of
/// old again.
void Controller::State::send_batch(SlotView& slot, SentBatch::Kind kind, std::vector<SliceCopy> copies, TimePoint now) {
  if (kind != SentBatch::Kind::assign && !slot.to_assign.empty()) {
    send_batch(slot, SentBatch::Kind::assign, {}, now);  // in the order in which they were decided
  }
  const std::uint64_t number = ++slot.batch;
  if (kind == SentBatch::Kind::assign) {
    copies.reserve(slot.to_assign.size());
    for (const wire::AssignedSlice& slice : slot.to_assign) {
      copies.push_back({slice.slice, slice.fence});
    }
    send(slot, wire::SliceAssign{epoch, number, std::exchange(slot.to_assign, {}), log_level});
    slot.to_assign_bytes = 0;
  } else if (kind == SentBatch::Kind::recall) {
    send(slot, wire::SliceRecall{epoch, number});
  } else {
    send(slot, wire::SliceFlush{epoch, number});
  }
  slot.sent.push_back({number, kind, std::move(copies), now});
}

/// A beat did not confirm these. Those that were sent just now may still be on their way; the others are sent again,
/// without what is no longer the slot's.
void Controller::State::send_again(SlotView& slot, TimePoint now) {
  for (SentBatch& batch : slot.sent) {
    if (now - batch.sent_at < config.beat / 4) {
      break;
    }
    batch.sent_at = now;
    if (batch.kind == SentBatch::Kind::recall) {
      send(slot, wire::SliceRecall{epoch, batch.number});
    } else if (batch.kind == SentBatch::Kind::flush) {
      send(slot, wire::SliceFlush{epoch, batch.number});
    } else {
      wire::SliceAssign again{epoch, batch.number, {}, log_level};
      for (const SliceCopy& copy : batch.copies) {
        if (const Slice* slice = owned(slot, copy)) {
          again.slices.push_back({slice->at, slice->fence, slice->request});
        }
      }
      send(slot, std::move(again));
    }
  }
}

void Controller::State::send_what_waits(TimePoint now) {
  for (const SlotIndex index : std::exchange(touched, {})) {
    SlotView* slot = slots.at(index);
    if (slot == nullptr) {
      continue;
    }
    slot->touched = false;
    std::vector<wire::Acknowledgement> acknowledgements = std::exchange(slot->to_acknowledge, {});
    for (std::size_t at = 0; at < acknowledgements.size(); at += wire::batch_slices_max) {
      const auto begin = acknowledgements.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = acknowledgements.begin() +
                       static_cast<std::ptrdiff_t>(std::min(acknowledgements.size(), at + wire::batch_slices_max));
      send(*slot, wire::SliceAck{{begin, end}});
    }
    if (!slot->to_assign.empty()) {
      send_batch(*slot, SentBatch::Kind::assign, {}, now);
    }
    slots.refresh(*slot);
  }
}

void Controller::State::send(const SlotView& slot, wire::Message message) {
  if (!slot.peer.empty()) {
    out.emplace_back(SendToSlot{slot.peer, std::move(message)});
  }
}

void Controller::State::touch(SlotView& slot) {
  if (!std::exchange(slot.touched, true)) {
    touched.push_back(slot.index);
  }
}

/// Takes the slice off its holder's account; the slice itself stays in the holder's list until the queue moves it.
void Controller::State::detach(Slice& slice) {
  if (slice.state != SliceState::assigned && slice.state != SliceState::held) {
    return;
  }
  SlotView& slot = *slots.at(slice.holder);
  if (slice.state == SliceState::held) {
    --slot.held;
  } else {
    --slot.assigned;
    --assigned;
    busy_slots -= slot.assigned == 0 ? 1 : 0;
  }
}

/// The slice is the slot's, assigned or held, with a fresh lease.
void Controller::State::hold_on(SlotView& slot, Slice& slice, SliceState state, TimePoint now) {
  detach(slice);
  queue.take(slice, state);
  slice.holder = slot.index;
  slice.until = now + config.lease;
  slot.has.push_back(slice);
  if (state == SliceState::held) {
    ++slot.held;
  } else {
    busy_slots += slot.assigned == 0 ? 1 : 0;
    ++slot.assigned;
    ++assigned;
  }
}

/// The slice waits for a slot again, or has cost enough.
void Controller::State::give_again(Slice& slice, Return why, TimePoint now) {
  detach(slice);
  slice.holder = no_slot;
  if (why == Return::lost) {
    ++slice.redeliveries;
  }
  if (slice.slot_deaths() >= config.max_slot_deaths) {
    fail_slice(slice, "slot processes died " + std::to_string(slice.slot_deaths()) +
                          " times while they ran it (limit " + std::to_string(config.max_slot_deaths) +
                          "), the last by " + slice.charged->how);
    return;
  }
  if (slice.redeliveries > config.max_redeliveries) {
    fail_slice(slice, "lost with its slot " + std::to_string(slice.redeliveries) + " times (limit " +
                          std::to_string(config.max_redeliveries) + "); the slots' nodes or network are failing");
    return;
  }
  if (why == Return::lost && slice.redeliveries > 1) {
    const std::uint32_t doublings = std::min<std::uint32_t>(slice.redeliveries - 2, 16);
    queue.put_off(slice, now + std::min(config.back_off_min * (1U << doublings),
                                        std::max(config.back_off_min, config.back_off_max)));
  } else {
    queue.put_first(slice);
  }
}

void Controller::State::give_all_again(SlotView& slot, Return why, TimePoint now) {
  // The last one first: each goes to the head of the line, so that their order stays.
  while (!slot.has.empty()) {
    give_again(*slot.has.back(), why, now);
  }
}

/// Ends the slice in error by the controller's own judgement. It must not be on any slot's account.
void Controller::State::fail_slice(Slice& slice, std::string error) {
  queue.take(slice, SliceState::committing);
  slice.holder = no_slot;
  slice.names_outcome = false;
  accounting.fail(slice.at, std::move(error), 0);
}

}  // namespace slicebus::execution
