#include <algorithm>
#include <span>
#include <utility>

#include "worker/slot/slot_state.hpp"

namespace slicebus::slot {

using wire::OutcomeKind;
using wire::SliceCopy;
using wire::SliceOutcome;

namespace {

constexpr Duration publish_retry_max = 10s;

bool contains(std::span<const SliceCopy> copies, const SliceCopy& copy) {
  return std::find(copies.begin(), copies.end(), copy) != copies.end();
}

}  // namespace

void Slot::State::on(SlicesEnded& event, TimePoint) {
  for (SliceEnded& slice : event.slices) {
    ended(slice);
  }
}

void Slot::State::ended(SliceEnded& slice) {
  SliceOutcome& outcome = slice.outcome;
  const auto* running = holdings.running();
  if (running && contains(outcome.leaving(), running->copy)) {
    window.add(slice.took);
  } else {
    flushing = false;  // it left by itself: the answer to a flush
  }
  switch (outcome.kind) {
    case OutcomeKind::held:
      held(outcome);
      break;
    case OutcomeKind::failed:
      failed(outcome);
      break;
    case OutcomeKind::completed:
      completed(outcome);
      break;
  }
}

void Slot::State::held(const SliceOutcome& outcome) {
  const auto* running = holdings.running();
  if (!running || running->copy != outcome.copy) {
    return;
  }
  if (running->disowned || wiped) {
    // Its records are mixed with the others', or were discarded with them.
    std::vector<SliceCopy> gone = wiped && holdings.held().empty() ? std::vector<SliceCopy>{} : discard_held();
    gone.push_back(outcome.copy);
    holdings.end_running();
    give_back(gone);
    return;
  }
  holds_records = true;
  holdings.running_is_held();
  SliceOutcome said{.kind = OutcomeKind::held, .copy = outcome.copy};
  if (welcomed) {
    say(wire::SliceReport{setup.process, {std::move(said)}});
  } else {
    unsaid_held.push_back(std::move(said));
  }
}

/// A slice that fails while others are held may have left records among theirs: all that is held runs again elsewhere.
void Slot::State::failed(SliceOutcome& outcome) {
  const auto* running = holdings.running();
  const bool ran = running != nullptr && running->copy == outcome.copy;
  const bool was_held = holdings.is_held(outcome.copy);
  if (!ran && !was_held) {
    return;
  }
  const bool disowned = ran && running->disowned;
  holdings.release(std::span(&outcome.copy, 1));
  if (!holdings.held().empty()) {
    give_back(discard_held());
  }
  if (disowned) {
    give_back({outcome.copy});
  } else {
    report(std::move(outcome));
  }
}

void Slot::State::completed(SliceOutcome& outcome) {
  const auto* running = holdings.running();
  // Alone and taken back while it ran, it is still worth a report: the first completion of an unfinished slice wins.
  const std::span<const SliceCopy> leaving = outcome.leaving();
  const bool alone = leaving.size() == 1 && running && running->copy == leaving.front();
  const bool all_ours = alone || std::all_of(leaving.begin(), leaving.end(), [&](const SliceCopy& copy) {
                          return holdings.is_held(copy) || (running && !running->disowned && running->copy == copy);
                        });
  if (all_ours) {
    holdings.release(leaving);
    report(std::move(outcome));
    return;
  }
  // Some of its members were taken back while their records were on the way out: the output is nobody's.
  std::vector<SliceCopy> gone;
  for (const SliceCopy& copy : leaving) {
    if (holdings.is_held(copy) || (running && running->copy == copy)) {
      gone.push_back(copy);
    }
  }
  holdings.release(leaving);
  if (outcome.has_output) {
    out.emplace_back(DropOutput{{outcome.copy}});
  }
  if (!gone.empty()) {
    give_back(gone);
  }
}

void Slot::State::on(const SliceGivenBack& event, TimePoint) {
  const auto* running = holdings.running();
  if ((!running || running->copy != event.copy) && !holdings.is_held(event.copy)) {
    flushing = false;
    return;
  }
  if (holdings.is_held(event.copy)) {
    flushing = false;
  }
  std::vector<SliceCopy> gone{event.copy};
  holdings.release(std::span(&event.copy, 1));
  if (!holdings.held().empty()) {
    const std::vector<SliceCopy> held = discard_held();
    gone.insert(gone.end(), held.begin(), held.end());
  }
  give_back(gone, false, event.reason.empty() ? "the slice could not be written out" : event.reason);
}

void Slot::State::on(const SliceBackedOff& event, TimePoint) {
  auto* running = holdings.running();
  if (!running || running->copy != event.copy) {
    return;
  }
  running->backing_off = true;
  give_back_unbegun(false);
}

void Slot::State::on(const NotBegun& event, TimePoint) {
  if (!giving_back) {
    return;
  }
  const GivingBack pending = *std::exchange(giving_back, std::nullopt);
  std::vector<SliceCopy> gone = holdings.take_unbegun(event.count);
  gone.insert(gone.end(), pending.prefetched.begin(), pending.prefetched.end());
  give_back(gone, pending.recall_answered);
}

void Slot::State::on(const NothingHeld&, TimePoint) {
  flushing = false;
  // The operations know nothing of what was reported held: it has to run again.
  if (!holdings.running() && !holdings.held().empty()) {
    give_back(holdings.take_held());
  }
}

void Slot::State::report(SliceOutcome outcome) {
  const SliceCopy copy = outcome.copy;
  if (over) {
    if (outcome.has_output) {
      out.emplace_back(DropOutput{{copy}});
    }
    return;
  }
  reports.insert_or_assign(copy, Report{std::move(outcome), std::nullopt});
  unsaid.push_back(copy);
}

void Slot::State::publish(const std::vector<SliceCopy>& copies) {
  std::vector<SliceCopy> fresh;
  for (const SliceCopy& copy : copies) {
    if (unpublished.emplace(copy, Publishing{}).second) {
      fresh.push_back(copy);
    }
  }
  if (!fresh.empty()) {
    out.emplace_back(PublishOutput{std::move(fresh)});
  }
}

void Slot::State::on(const OutputPublished& event, TimePoint) {
  wire::SlicePublished published{.process = setup.process};
  for (const SliceCopy& copy : event.copies) {
    if (unpublished.erase(copy) > 0) {
      published.copies.push_back(copy);
    }
  }
  if (!published.copies.empty() && connected) {
    say(std::move(published));
  }
}

void Slot::State::on(const PublishFailed& event, TimePoint now) {
  for (const SliceCopy& copy : event.copies) {
    const auto found = unpublished.find(copy);
    if (found == unpublished.end()) {
      continue;
    }
    Publishing& publishing = found->second;
    publishing.asked = false;
    publishing.back_off =
        std::clamp(publishing.back_off * 2, config.publish_retry, std::max(publish_retry_max, config.publish_retry));
    publishing.retry_at = now + publishing.back_off;
    publishing.trouble = event.reason;
  }
}

std::vector<SliceCopy> Slot::State::discard_held() {
  wiped = wiped || holdings.running() != nullptr;
  out.emplace_back(DiscardHeld{});
  return holdings.take_held();
}

}  // namespace slicebus::slot
