#include "worker/slot/slot.hpp"

#include <algorithm>
#include <utility>

#include "common/overloaded.hpp"
#include "worker/slot/slot_state.hpp"

namespace slicebus::slot {

using wire::SliceCopy;

namespace {

/// Beats without an answer after which the slot says hello again: a restarted controller may not know it.
constexpr int unanswered_beats_max = 3;
constexpr int beats_in_a_lease = 5;
constexpr Duration beat_min = 10ms;
/// A window that doubled or halved is told at once, but not more often than this.
constexpr Duration window_news_min = 20ms;
/// Slices of microseconds are reported together, those that take longer than this one by one, each at once.
constexpr Duration report_every = 2ms;
constexpr std::size_t reported_together_max = 1'024;
constexpr Duration handed_work = 2ms;
constexpr std::size_t handed_together_max = 512;
constexpr std::size_t handed_bytes_max = 1U << 20U;
/// About the most bytes of outcomes in one report; each error text is at most 64 KiB.
constexpr std::size_t report_bytes_max = 4U << 20U;

std::size_t bytes_of(const wire::SliceOutcome& outcome) {
  return 128 + outcome.error.size() + outcome.members.size() * sizeof(SliceCopy) +
         outcome.counts.size() * sizeof(wire::OperationCount);
}

}  // namespace

Slot::State::State(SlotConfig with, SlotSetup who)
    : config(with),
      setup(std::move(who)),
      window(config.window_target, config.window_min, config.window_max),
      beat(with.beat) {}

void Slot::State::on(const Connected&, TimePoint now) {
  connected = true;
  reconnect_at.reset();
  say_hello(now);
}

void Slot::State::on(const Moved&, TimePoint) {
  connected = false;
  welcomed = false;
  reconnect_at.reset();
}

void Slot::State::on(const Drain&, TimePoint) {
  if (draining) {
    return;
  }
  draining = true;
  flush_wanted = true;
  give_back_unbegun(false);
}

/// No verdict comes any more: of what was reported, the accepted copies are visible already, whoever made them so.
void Slot::State::on(const Over&, TimePoint) {
  if (std::exchange(over, true)) {
    return;
  }
  draining = true;
  holdings.take_prefetched();
  if (!holdings.held().empty()) {
    discard_held();
  }
  std::vector<SliceCopy> nobodys;
  for (const auto& [copy, report] : reports) {
    if (report.outcome.has_output) {
      nobodys.push_back(copy);
    }
  }
  reports.clear();
  if (!nobodys.empty()) {
    out.emplace_back(DropOutput{std::move(nobodys)});
  }
}

void Slot::State::on(const SlotTick&, TimePoint now) {
  if (reconnect_at && now >= *reconnect_at) {
    reconnect_at.reset();
    out.emplace_back(Reconnect{});
  }
  if (connected && now >= beat_at) {
    if (!welcomed || now - answered_at > beat * unanswered_beats_max) {
      say_hello(now);
    } else {
      say_beat(now);
      say_overdue_reports(now);
    }
  }
  std::vector<SliceCopy> again;
  for (auto& [copy, publishing] : unpublished) {
    if (!publishing.asked && now >= publishing.retry_at) {
      publishing.asked = true;
      again.push_back(copy);
    }
  }
  if (!again.empty()) {
    out.emplace_back(PublishOutput{std::move(again)});
  }
}

void Slot::State::on(ControllerSaid& said, TimePoint now) {
  if (const auto* welcome = std::get_if<wire::SlotWelcome>(&said.message)) {
    hear(*welcome, now);
    return;
  }
  // What was sent before the welcome of the latest hello speaks of another state of this slot.
  if (!welcomed) {
    return;
  }
  std::visit(Overloaded{[&](wire::SliceAssign& assign) {
                          if (assign.epoch == epoch && is_next(assign.number)) {
                            hear(assign);
                          }
                        },
                        [&](const wire::SliceRecall& recall) {
                          if (recall.epoch == epoch && is_next(recall.number)) {
                            give_back_unbegun(true);
                          }
                        },
                        [&](const wire::SliceFlush& flush) {
                          if (flush.epoch == epoch && is_next(flush.number)) {
                            flush_wanted = true;
                          }
                        },
                        [&](const wire::SliceAck& ack) { hear(ack, now); },
                        [&](const wire::SlotBeatAck& answer) { hear(answer, now); },
                        [&](const wire::SlicePublish& order) { publish(order.copies); },
                        [](const auto&) {}},  // not for a slot: ignored
             said.message);
}

void Slot::State::hear(const wire::SlotWelcome& welcome, TimePoint now) {
  if (!connected || welcomed || welcome.hello != hellos) {
    return;
  }
  if (welcome.ex_id != setup.ex_id) {
    // Somebody else's controller has the port. Ours is there again soon, or the agent says where it is; asking at once
    // would ask without an end.
    connected = false;
    reconnect_at = now + config.beat;
    return;
  }
  if (welcome.epoch < epoch) {
    return;  // a controller that was replaced; the hello is said again to whoever answers next
  }
  welcomed = true;
  epoch = welcome.epoch;
  beat = std::min<Duration>(config.beat, std::max<Duration>(beat_min, welcome.lease_ms * 1ms / beats_in_a_lease));
  last_batch = welcome.batch;
  answered_at = now;
  if (!built && !welcome.execution.empty()) {
    built = true;
    out.emplace_back(BuildPipeline{welcome.execution});
  }
  take_back(welcome.drop);
  say_beat(now);
  if (!unsaid_held.empty()) {
    say(wire::SliceReport{setup.process, std::exchange(unsaid_held, {})});
  }
  say_report(std::exchange(unsaid, {}), now);
}

void Slot::State::hear(wire::SliceAssign& assign) {
  std::vector<SliceCopy> refused;
  if (!assign.log_level.empty()) {
    log_level = assign.log_level;
  }
  for (wire::AssignedSlice& slice : assign.slices) {
    const SliceCopy copy{slice.slice, slice.fence};
    const auto had = holdings.copy_of(slice.slice);
    if (had == copy || reports.contains(copy)) {
      continue;  // said twice
    }
    if (had) {
      take_back({*had});
    }
    const bool is_full = holdings.prefetched().size() >= config.window_max ||
                         holdings.prefetched_bytes() + slice.request.size() > config.prefetch_bytes_max;
    if (draining || !built || (is_full && !holdings.prefetched().empty())) {
      refused.push_back(copy);
    } else {
      holdings.prefetch(std::move(slice));
    }
  }
  if (!refused.empty()) {
    give_back(refused);
  }
}

void Slot::State::hear(const wire::SliceAck& ack, TimePoint) {
  std::vector<SliceCopy> accepted;
  std::vector<SliceCopy> refused;
  for (const wire::Acknowledgement& each : ack.acknowledgements) {
    const auto report = reports.find(each.copy);
    if (report == reports.end()) {
      continue;
    }
    if (report->second.outcome.has_output && each.verdict != wire::Verdict::recorded) {
      (each.verdict == wire::Verdict::publish ? accepted : refused).push_back(each.copy);
    }
    reports.erase(report);
  }
  publish(accepted);
  if (!refused.empty()) {
    out.emplace_back(DropOutput{std::move(refused)});
  }
}

void Slot::State::hear(const wire::SlotBeatAck& answer, TimePoint now) {
  answered_at = now;
  take_back(answer.drop);
}

void Slot::State::say_hello(TimePoint now) {
  welcomed = false;
  unsaid_held.clear();
  unsaid.clear();
  beat_at = now + beat;
  announced = asked_window();
  wire::SlotHello hello{.number = ++hellos,
                        .ex_id = setup.ex_id,
                        .process = setup.process,
                        .node = setup.node,
                        .agent = setup.agent,
                        .pid = setup.pid,
                        .window = announced,
                        .draining = draining,
                        .held = holdings.held()};
  for (const Holdings::Handed& handed : holdings.handed()) {
    if (!handed.disowned) {
      (hello.running.empty() ? hello.running : hello.prefetched).push_back(handed.copy);
    }
  }
  for (const wire::AssignedSlice& slice : holdings.prefetched()) {
    hello.prefetched.push_back({slice.slice, slice.fence});
  }
  for (auto& [copy, report] : reports) {
    report.said_at = now;
    hello.reports.push_back(report.outcome);
  }
  for (const auto& [copy, publishing] : unpublished) {
    hello.unpublished.push_back(copy);
  }
  say(std::move(hello));
}

void Slot::State::say_beat(TimePoint now) {
  beat_at = now + (has_nothing() ? beat * 2 : beat);
  said_beat_at = now;
  announced = asked_window();
  wire::SlotBeat beat{.process = setup.process,
                      .epoch = epoch,
                      .last_batch = last_batch,
                      .holds = holdings.all(),
                      .sent_at_us = static_cast<std::uint64_t>(now.time_since_epoch().count()),
                      .window = announced,
                      .held = static_cast<std::uint32_t>(holdings.held().size())};
  // What was taken back while it runs is listed too: its place in the window is free when its end was reported or
  // returned.
  for (const Holdings::Handed& handed : holdings.handed()) {
    if (handed.disowned) {
      beat.finished.push_back(handed.copy);
    }
  }
  for (const auto& [copy, report] : reports) {
    const auto leaving = report.outcome.leaving();
    beat.finished.insert(beat.finished.end(), leaving.begin(), leaving.end());
  }
  for (const auto& [copy, publishing] : unpublished) {
    if (!publishing.trouble.empty()) {
      beat.waiting = publishing.trouble;
      break;
    }
  }
  say(std::move(beat));
}

/// Says what was said half a beat ago or more and is not acknowledged.
void Slot::State::say_overdue_reports(TimePoint now) {
  std::vector<SliceCopy> overdue;
  for (const auto& [copy, report] : reports) {
    if (report.said_at && now - *report.said_at >= beat / 2) {
      overdue.push_back(copy);
    }
  }
  say_report(overdue, now);
}

/// Then nothing is lost with it, and half as many beats do: thousands of slots that wait cost their controller little.
bool Slot::State::has_nothing() const {
  return holdings.handed().empty() && holdings.prefetched().empty() && holdings.held().empty() && reports.empty() &&
         unpublished.empty();
}

bool Slot::State::is_time_to_report(TimePoint now) const {
  return welcomed && !unsaid.empty() &&
         (!holdings.running() || now - reported_at >= report_every || unsaid.size() >= reported_together_max);
}

void Slot::State::say_report(const std::vector<SliceCopy>& copies, TimePoint now) {
  wire::SliceReport batch{.process = setup.process};
  std::size_t bytes = 0;
  for (const SliceCopy& copy : copies) {
    const auto found = reports.find(copy);
    if (found == reports.end()) {
      continue;
    }
    Report& report = found->second;
    report.said_at = now;
    bytes += bytes_of(report.outcome);
    batch.outcomes.push_back(report.outcome);
    if (batch.outcomes.size() == wire::batch_slices_max || bytes >= report_bytes_max) {
      say(std::exchange(batch, wire::SliceReport{.process = setup.process}));
      bytes = 0;
    }
  }
  if (!batch.outcomes.empty()) {
    say(std::move(batch));
  }
}

void Slot::State::give_back(const std::vector<SliceCopy>& copies, bool recall_answered, const std::string& reason) {
  announced = asked_window();
  std::size_t at = 0;
  do {
    const std::size_t end = std::min(copies.size(), at + wire::batch_slices_max);
    wire::SliceReturned returned{.process = setup.process, .window = announced, .reason = reason};
    returned.slices.assign(copies.begin() + static_cast<std::ptrdiff_t>(at),
                           copies.begin() + static_cast<std::ptrdiff_t>(end));
    returned.recall_answered = recall_answered && end == copies.size();
    if (connected) {
      say(std::move(returned));
    }
    at = end;
  } while (at < copies.size());
}

/// Everything that has not begun: what is prefetched, and, once it is known, what of the handed slices.
void Slot::State::give_back_unbegun(bool recall_answered) {
  std::vector<SliceCopy> prefetched = holdings.take_prefetched();
  if (holdings.handed().size() < 2) {
    give_back(prefetched, recall_answered);
    return;
  }
  giving_back = GivingBack{std::move(prefetched), recall_answered};
  out.emplace_back(RevokeHanded{});
}

/// These are no longer the slot's. Records of one slice cannot be taken out of an operation: if one that is held is
/// named, all go.
void Slot::State::take_back(const std::vector<SliceCopy>& named) {
  std::vector<SliceCopy> gone;
  bool some_held = false;
  for (const SliceCopy& copy : named) {
    if (holdings.take_if_prefetched(copy)) {
      gone.push_back(copy);
    } else if (!holdings.disown_if_handed(copy) && holdings.is_held(copy)) {
      some_held = true;
    }
  }
  if (some_held) {
    const std::vector<SliceCopy> held = discard_held();
    gone.insert(gone.end(), held.begin(), held.end());
  }
  if (!gone.empty()) {
    give_back(gone);
  }
}

bool Slot::State::is_next(std::uint64_t number) {
  if (number != last_batch + 1) {
    return false;  // a repeat, or a gap that the next beat shows
  }
  last_batch = number;
  return true;
}

std::uint32_t Slot::State::asked_window() const {
  if (draining) {
    return 0;
  }
  const auto* running = holdings.running();
  return running != nullptr && running->backing_off ? 1 : window.size();
}

/// Some milliseconds of work. One, where the next slice must not begin before the end of the last one is known.
std::size_t Slot::State::handed_max() const {
  const auto* running = holdings.running();
  if (holds_records || wiped || (running != nullptr && running->backing_off)) {
    return 1;
  }
  return window.end_within(handed_work, handed_together_max);
}

/// Begins what can begin, and ends when nothing is left.
void Slot::State::after_step(TimePoint now) {
  const bool idle = !holdings.running() && !flushing;
  if (idle && holdings.held().empty()) {
    flush_wanted = draining;
  } else if (idle && flush_wanted) {
    flush_wanted = draining;
    flushing = true;
    out.emplace_back(FlushOperations{});
    return;
  }
  wiped = wiped && !idle;
  const std::size_t most = flushing ? 0 : handed_max();
  RunSlices run{{}, log_level};
  while (holdings.handed().size() < most && !holdings.prefetched().empty() &&
         (holdings.handed().empty() || holdings.handed_bytes() < handed_bytes_max)) {
    run.slices.push_back(holdings.hand());
  }
  if (!run.slices.empty()) {
    out.emplace_back(std::move(run));
  }
  if (is_time_to_report(now)) {
    reported_at = now;
    say_report(std::exchange(unsaid, {}), now);
  }
  if (!has_nothing()) {
    beat_at = std::min(beat_at, now + beat);
  }
  const std::uint32_t wanted = asked_window();
  if (welcomed && (wanted >= announced * 2 || wanted * 2 <= announced) && wanted != announced &&
      now - said_beat_at >= window_news_min) {
    say_beat(now);
  }
  if (draining && idle && holdings.held().empty() && holdings.prefetched().empty() && reports.empty() &&
      unpublished.empty()) {
    exited = true;
    out.emplace_back(ExitSlot{0, over ? "its execution is over" : "drained"});
  }
}

Slot::Slot(SlotConfig config, SlotSetup setup) : state_(std::make_unique<State>(config, std::move(setup))) {}
Slot::~Slot() = default;
Slot::Slot(Slot&&) noexcept = default;

SlotActions Slot::step(SlotEvent event, TimePoint now) {
  if (state_->exited) {
    return {};
  }
  std::visit([&](auto& each) { state_->on(each, now); }, event);
  state_->after_step(now);
  return std::exchange(state_->out, {});
}

std::optional<TimePoint> Slot::next_deadline() const {
  std::optional<TimePoint> next;
  if (state_->exited) {
    return next;
  }
  if (state_->connected) {
    next = state_->beat_at;
  } else {
    next = state_->reconnect_at;
  }
  if (state_->welcomed && !state_->unsaid.empty()) {
    const TimePoint report_at = state_->reported_at + report_every;
    next = next ? std::min(*next, report_at) : report_at;
  }
  for (const auto& [copy, publishing] : state_->unpublished) {
    if (!publishing.asked && (!next || publishing.retry_at < *next)) {
      next = publishing.retry_at;
    }
  }
  return next;
}

}  // namespace slicebus::slot
