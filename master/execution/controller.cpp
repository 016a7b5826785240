#include "master/execution/controller.hpp"

#include <algorithm>
#include <utility>

#include "master/execution/controller_state.hpp"

namespace slicebus::execution {

namespace {

/// The most requests that a slicer is asked for at once.
constexpr std::size_t ask_max = 1'000;
/// How long a slicer that had nothing is left alone.
constexpr Duration ask_again_after = 250ms;
/// How long an acknowledgement may take to become a visible output before somebody is asked again.
constexpr Duration publish_patience = 2s;

}  // namespace

Controller::State::State(ControllerConfig with, ControllerSetup what)
    : config(with), setup(std::move(what)), slots(config.slot_bytes_max) {
  pause_wanted = setup.paused;
  stopping = setup.stopping;
}

void Controller::State::on(LedgerOpened& event, TimePoint now) {
  if (opened) {
    return;
  }
  opened = true;
  opened_at = slots_seen_at = committed_at = now;
  opened_wall_ms = event.wall.time_since_epoch().count();
  epoch = event.ledger.epoch;
  beat_at = watch_at = now;
  use_log_level(setup.log_level);
  accounting.open(event.ledger, event.unfinished.size());
  for (std::uint32_t id = 0; id < setup.slicers; ++id) {
    slicers[id].position.slicer_id = id;
  }
  for (const store::SlicerState& state : event.ledger.slicers) {
    slicers[state.slicer_id].position = state;
  }
  // Restarted, a recovery that slices on cannot tell the slices that it was given from those that it has planned since.
  const bool chosen = setup.recovery && (event.ledger.tally.started_ms == 0 || !setup.continues);
  for (store::PlannedSlice& slice : event.unfinished) {
    queue.add(std::move(slice), chosen);
  }
  chosen_left = chosen ? queue.size() : 0;
  for (const store::SlotDeaths& deaths : event.ledger.slot_deaths) {
    if (Slice* slice = queue.find(deaths.slice)) {
      slice->charged = std::make_unique<store::SlotDeaths>(deaths);
      if (deaths.count >= config.max_slot_deaths) {
        give_again(*slice, Return::given_back, now);
      }
    }
  }
  for (const auto& [name, fence] : event.ledger.unpublished) {
    publishing.add(name, fence, no_slot, now);
  }
  if (event.ledger.final_state) {
    end_with(*event.ledger.final_state, now);
  }
  if (event.ledger.tally.started_ms == 0) {
    accounting.set_started(wall_ms(now));
  } else if (!event.unfinished.empty()) {
    // Slots of the controller before this one are on their way with what they have; half a beat spares most of the
    // double work.
    hold_until = now + config.beat / 2;
  }
  if (const auto order = std::exchange(early_order, std::nullopt)) {
    obey(*order, now);
  }
}

void Controller::State::on(const GroupCommitted& event, TimePoint now) {
  if (!accounting.is_under_way() || event.group != accounting.number()) {
    return;
  }
  committed_at = now;
  commit_trouble.clear();
  commit_back_off = Duration{};
  commit_again_at.reset();
  store::LedgerBatch group = accounting.end();
  for (store::PlannedSlice& slice : group.planned) {
    queue.add(std::move(slice), false);
  }
  std::size_t ended = group.errors.size();
  for (const store::Completion& completion : group.completed) {
    ended += completion.slices.size();
    const SlicePosition name = completion.slices.back();
    SlotIndex to_answer = no_slot;
    for (const SlicePosition at : completion.slices) {
      Slice* slice = queue.find(at);
      to_answer = slice->holder;  // the last one names the outcome
      chosen_left -= slice->chosen ? 1 : 0;
      queue.erase(*slice);
    }
    if (completion.has_output) {
      publishing.add(name, completion.fence, to_answer, now + publish_patience);
    }
    if (SlotView* slot = slots.at(to_answer)) {
      answer(*slot, {name, completion.fence}, wire::Verdict::publish);
    } else {
      publishing.forsake(to_answer, now);
    }
    output_trouble.clear();
    output_back_off = Duration{};
  }
  for (const store::SliceError& error : group.errors) {
    Slice* slice = queue.find(error.slice);
    chosen_left -= slice->chosen ? 1 : 0;
    if (SlotView* slot = slots.at(slice->holder)) {
      answer(*slot, {slice->at, slice->fence}, wire::Verdict::recorded);
    }
    queue.erase(*slice);
  }
  if (!group.errors.empty() || (setup.recovery && !group.completed.empty())) {
    errors.grown();  // what a recovery completes may repair a failure
  }
  ended_of_group = (7 * ended_of_group + ended + 7) / 8;
  for (const SlicePosition name : group.published) {
    publishing.erase(name);
  }
  std::erase_if(charged, [&](const ChargedDeath& death) {
    const bool is_durable = death.group <= event.group;
    if (is_durable) {
      acknowledge_death(death.node, death.process);
    }
    return is_durable;
  });
  if (group.final_state) {
    end_with(*group.final_state, now);
  }
}

void Controller::State::on(const GroupFailed& event, TimePoint now) {
  if (!accounting.is_under_way() || event.group != accounting.number()) {
    return;
  }
  if (terminating) {
    exit(0, "terminated; the last group could not be written: " + event.error.text());
    return;
  }
  switch (event.error.code) {
    case Errc::conflict:
      exit(0, "another controller has taken the lineage over: " + event.error.text());
      return;
    case Errc::internal:
    case Errc::invalid:
    case Errc::not_found:
      // Nothing can be written to it any more, this end included.
      proposing = true;
      final_state = store::FinalState{"failed", event.error.text()};
      ended_at = now;
      return;
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::exhausted:
      commit_trouble = event.error.text();
      commit_back_off =
          std::clamp(commit_back_off * 2, config.back_off_min, std::max(config.back_off_min, config.back_off_max));
      commit_again_at = now + commit_back_off;
      return;
  }
}

void Controller::State::on(const ErrorsRead& event, TimePoint) {
  errors.read(event.after, event.page);
  tell_errors();
}

void Controller::State::on(const ErrorsNotRead& event, TimePoint) {
  errors.not_read(event.error.code != Errc::internal);
}

void Controller::State::on(Sliced& event, TimePoint now) {
  const auto found = slicers.find(event.slicer_id);
  if (!opened || found == slicers.end() || found->second.asked == 0) {
    return;
  }
  Slicer& slicer = found->second;
  slicer.asked = 0;
  slicer.dry = event.step.requests.empty();
  if (proposing || final_state) {
    return;  // it is sliced again by whoever recovers this execution
  }
  operations::SlicerStep& step = event.step;
  if (step.requests.empty() && !step.done) {
    slicer.ask_at = now + ask_again_after;
    return;
  }
  std::vector<store::PlannedSlice> planned;
  planned.reserve(step.requests.size());
  std::uint64_t order = slicer.position.planned;
  for (std::string& request : step.requests) {
    if (request.size() > wire::request_bytes_max) {
      fail_execution("slicer " + std::to_string(event.slicer_id) + ": the request of its slice " +
                         std::to_string(order + 1) + " has " + std::to_string(request.size()) + " bytes (limit " +
                         std::to_string(wire::request_bytes_max) + "); let the reader cut smaller slices",
                     now);
      return;
    }
    request_bytes_seen = std::max(request_bytes_seen, request.size());
    planned.push_back({{event.slicer_id, ++order}, std::move(request)});
  }
  slicer.position.planned = order;
  slicer.position.cursor = std::move(step.cursor);
  slicer.position.done = step.done;
  accounting.plan(std::move(planned), slicer.position);
  if (exhausted()) {
    accounting.set_queuing_complete(wall_ms(now));
  }
}

void Controller::State::on(const SlicerFailed& event, TimePoint now) {
  if (const auto found = slicers.find(event.slicer_id); found != slicers.end()) {
    found->second.asked = 0;
  }
  fail_execution("slicer " + std::to_string(event.slicer_id) + ": " + event.error.text(), now);
}

void Controller::State::on(const Terminate&, TimePoint) {
  terminating = true;
  if (!opened || commit_again_at) {
    exit(0, "terminated");  // what is not committed was not acknowledged: it is reported again
  }
}

/// What follows from the new state, whatever the event was: the order is that of design.md §4, persist before anything
/// is said.
void Controller::State::after_step(TimePoint now) {
  if (!opened || exited) {
    return;
  }
  if (!terminating && !final_state && !proposing) {
    queue.wake(now);
    for (const SlotIndex index : touched) {
      if (SlotView* slot = slots.at(index)) {
        slots.refresh(*slot);  // places that answers of this step make free
      }
    }
    assign(now);
    steal(now);
    flush_if_all_held(now);
    ask_slicers(now);
    end_if_done();
  }
  submit_group();
  if (const auto after = terminating ? std::nullopt : errors.to_read()) {
    out.emplace_back(ReadErrors{*after});
  }
  send_what_waits(now);
  if (terminating && !exited && accounting.idle()) {
    exit(0, "terminated");
  }
  if (!exited) {
    tell_master(now, false);
  }
}

/// What takes the place of slices that end during one group is durable with the next one: until then slots live on the
/// line. A disk that syncs slowly needs a long one.
std::size_t Controller::State::line_wanted() const {
  return std::clamp(3 * ended_of_group, std::min(config.ready_least, config.ready_max), config.ready_max);
}

void Controller::State::ask_slicers(TimePoint now) {
  if (pause_wanted || ending() || !setup.continues) {
    return;
  }
  std::size_t expected = queue.queued() + accounting.planning();
  for (auto& [id, slicer] : slicers) {
    expected += slicer.asked;
  }
  const std::size_t line = line_wanted();
  const std::size_t bytes = queue.queued_bytes() + accounting.planning_bytes();
  for (auto& [id, slicer] : slicers) {
    if (slicer.asked > 0 || slicer.position.done || now < slicer.ask_at || id >= setup.slicers) {
      continue;
    }
    // Few at a time while requests may be large: the line is bounded in bytes, and their size is known only afterwards.
    const std::size_t largest = request_bytes_seen == 0 ? config.ready_bytes_max / 128 + 1 : request_bytes_seen;
    const std::size_t bytes_room = bytes < config.ready_bytes_max ? (config.ready_bytes_max - bytes) / largest : 0;
    const std::size_t room = std::min(line > expected ? line - expected : 0, bytes_room);
    // Not for every place that becomes free: a group of a few slices costs as much as one of a thousand.
    const std::size_t worth_it = std::min({ask_max, line / 4, config.ready_bytes_max / largest / 4});
    if (room == 0 || (room < worth_it && queue.count(SliceState::ready) > 0)) {
      continue;
    }
    const std::size_t max = std::min(room, ask_max);
    slicer.asked = max;
    expected += max;
    out.emplace_back(AskSlicer{id, max});
  }
}

void Controller::State::submit_group() {
  if (auto group = accounting.begin()) {
    out.emplace_back(CommitGroup{accounting.number(), std::move(group)});
  }
}

/// Proposes the end once nothing is left to do, or on stop once nothing is at a slot or on its way to the ledger.
void Controller::State::end_if_done() {
  if (!accounting.idle() || !publishing.empty()) {
    return;
  }
  const bool done = queue.size() == 0 && exhausted();
  if (!done && !(ending() && queue.size() == queue.queued())) {
    return;
  }
  if (!failure.empty()) {
    propose("failed", failure);
  } else if (const auto contradiction = accounting.contradiction(queue.size())) {
    propose("failed", *contradiction);
  } else if (!done) {
    propose("stopped", {});
  } else if (accounting.in_error() > 0) {
    propose("failed", "execution: " + setup.ex_id.text + " had " + std::to_string(accounting.in_error()) +
                          " slice failures during processing");  // the words of execution.md §3, singular included
  } else {
    propose("completed", {});
  }
}

void Controller::State::propose(std::string status, std::string reason) {
  proposing = true;
  accounting.finish({std::move(status), std::move(reason)});
}

/// The end is in the ledger, so that no controller that was replaced ever gets here; the master hears of it after the
/// sweep, so that no recovery has begun to prepare output under the same names, and after the last error.
void Controller::State::end_with(store::FinalState state, TimePoint now) {
  final_state = std::move(state);
  settled = true;
  ended_at = now;
  out.emplace_back(SweepOutput{epoch});
}

void Controller::State::fail_execution(std::string reason, TimePoint now) {
  if (failure.empty() && !proposing) {
    failure = std::move(reason);
    recall_all(now);
  }
}

void Controller::State::exit(int code, std::string why) {
  exited = true;
  out.emplace_back(Exit{code, std::move(why)});
}

/// No slice will be planned any more.
bool Controller::State::exhausted() const {
  if (!setup.continues) {
    return true;
  }
  return !setup.persistent && std::all_of(slicers.begin(), slicers.end(), [&](const auto& each) {
    return each.second.position.done || each.first >= setup.slicers;
  });
}

/// Nothing is there to be planned now; for a persistent execution there is never less.
bool Controller::State::dry() const {
  return exhausted() || std::all_of(slicers.begin(), slicers.end(), [&](const auto& each) {
           return each.second.position.done || each.second.dry || each.first >= setup.slicers;
         });
}

std::int64_t Controller::State::wall_ms(TimePoint now) const {
  return opened_wall_ms + std::chrono::duration_cast<std::chrono::milliseconds>(now - opened_at).count();
}

Controller::Controller(ControllerConfig config, ControllerSetup setup)
    : state_(std::make_unique<State>(config, std::move(setup))) {}
Controller::~Controller() = default;
Controller::Controller(Controller&&) noexcept = default;

ControllerActions Controller::step(ControllerEvent event, TimePoint now) {
  if (state_->exited) {
    return {};
  }
  std::visit([&](auto& each) { state_->on(each, now); }, event);
  state_->after_step(now);
  return std::exchange(state_->out, {});
}

std::optional<TimePoint> Controller::next_deadline() const { return state_->next_deadline(); }

}  // namespace slicebus::execution
