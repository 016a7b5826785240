#include "master/store/memory/slice_ledger.hpp"

#include <algorithm>
#include <sstream>

namespace slicebus::store {
namespace {

std::string name_of(SlicePosition at) {
  std::ostringstream text;
  text << "slice " << at;
  return text.str();
}

tl::unexpected<Error> refuse(SlicePosition at, std::string what) {
  return fail(Errc::conflict, "ledger in memory: " + name_of(at), std::move(what));
}

}  // namespace

/// What a group will change, gathered first so that a refused group leaves nothing behind.
struct MemorySliceLedger::Changes {
  std::map<SlicePosition, State> states;
  std::map<SlicePosition, std::string> planned;
  std::map<std::uint32_t, SlicerState> slicers;
  std::map<SlicePosition, Fence> accepted;
  std::vector<SliceError> errors;
  std::map<SlicePosition, SlotDeaths> slot_deaths;

  /// The state to look at and to change, or nullptr when the slice was never planned.
  State* find(const MemorySliceLedger& ledger, SlicePosition at) {
    if (const auto changed = states.find(at); changed != states.end()) {
      return &changed->second;
    }
    const auto known = ledger.slices_.find(at);
    return known == ledger.slices_.end() ? nullptr : &states.emplace(at, known->second.state).first->second;
  }
  const Fence* fence(const MemorySliceLedger& ledger, SlicePosition at) const {
    if (const auto now = accepted.find(at); now != accepted.end()) {
      return &now->second;
    }
    const auto before = ledger.unpublished_.find(at);
    return before == ledger.unpublished_.end() ? nullptr : &before->second;
  }
};

Result<OpenedLedger> MemorySliceLedger::open(const ExecutionId& ex_id, Cleanup cleanup) {
  ++epoch_;
  const auto known =
      std::find_if(generations_.begin(), generations_.end(), [&](const Generation& g) { return g.ex_id == ex_id; });
  current_ = static_cast<std::uint64_t>(known - generations_.begin()) + 1;
  if (known == generations_.end()) {
    generations_.push_back({ex_id, cleanup, {}, {}});
    for (auto& [at, slice] : slices_) {
      if (slice.state.mark == Mark::in_error && cleanup != Cleanup::pending) {
        slice.state.mark = Mark::pending;
        slice.state.chosen_by = current_;
      }
    }
  }
  OpenedLedger opened;
  opened.epoch = epoch_;
  for (const auto& [id, slicer] : slicers_) {
    opened.slicers.push_back(slicer);
  }
  opened.unpublished.assign(unpublished_.begin(), unpublished_.end());
  for (const auto& [at, deaths] : slot_deaths_) {
    opened.slot_deaths.push_back(deaths);
  }
  opened.tally = generations_[current_ - 1].tally;
  opened.final_state = generations_[current_ - 1].final_state;
  for (const auto& [at, slice] : slices_) {
    opened.unfinished += slice.state.mark == Mark::pending && owned(slice.state) ? 1 : 0;
    opened.in_error += slice.state.mark == Mark::in_error && slice.state.failed_in == current_ ? 1 : 0;
  }
  return opened;
}

bool MemorySliceLedger::owned(const State& state) const {
  return generations_[current_ - 1].cleanup != Cleanup::errors || state.chosen_by == current_ ||
         state.planned_by == current_;
}

Result<void> MemorySliceLedger::plan(const LedgerBatch& group, Changes& changes) const {
  const auto slicer_of = [&](std::uint32_t id) -> SlicerState& {
    const auto known = slicers_.find(id);
    return changes.slicers.try_emplace(id, known == slicers_.end() ? SlicerState{.slicer_id = id} : known->second)
        .first->second;
  };
  for (const PlannedSlice& planned : group.planned) {
    SlicerState& slicer = slicer_of(planned.slice.slicer_id);
    if (planned.slice.slicer_order > slicer.planned + 1 || planned.slice.slicer_order == 0) {
      return refuse(planned.slice, "planned after order " + std::to_string(slicer.planned) + ", which leaves a hole");
    }
    if (planned.slice.slicer_order == slicer.planned + 1) {
      slicer.planned += 1;
      changes.planned.emplace(planned.slice, planned.request);
      changes.states.emplace(planned.slice, State{.planned_by = current_});
    }
  }
  for (const SlicerState& moved : group.slicers) {
    SlicerState& slicer = slicer_of(moved.slicer_id);
    if (moved.planned > slicer.planned) {
      return refuse({moved.slicer_id, moved.planned}, "is said to be planned, and is not in the ledger");
    }
    if (moved.planned == slicer.planned) {
      slicer = moved;
    }
  }
  return {};
}

Result<void> MemorySliceLedger::complete(const Completion& completion, Changes& changes) const {
  if (completion.slices.empty()) {
    return fail(Errc::conflict, "ledger in memory", "a completion without slices");
  }
  const SlicePosition name = completion.slices.back();
  std::size_t completed_before = 0;
  for (const SlicePosition at : completion.slices) {
    const State* state = changes.find(*this, at);
    if (state == nullptr || state->mark == Mark::in_error) {
      return refuse(at, state == nullptr ? "completed without being planned" : "completed while it is in error");
    }
    completed_before += state->mark == Mark::completed ? 1 : 0;
  }
  if (completed_before != 0) {
    const Fence* accepted = changes.fence(*this, name);
    if (completed_before != completion.slices.size() || (accepted != nullptr && *accepted != completion.fence)) {
      return refuse(name, "completed under another fence before");
    }
    return {};
  }
  for (const SlicePosition at : completion.slices) {
    changes.find(*this, at)->mark = Mark::completed;
  }
  if (completion.has_output) {
    changes.accepted.emplace(name, completion.fence);
  }
  return {};
}

Result<void> MemorySliceLedger::fail_slice(const SliceError& error, Changes& changes) const {
  State* state = changes.find(*this, error.slice);
  if (state == nullptr || state->mark == Mark::completed) {
    return refuse(error.slice, state == nullptr ? "failed without being planned" : "failed after it was completed");
  }
  if (state->mark == Mark::in_error) {
    return state->failed_in == current_ ? Result<void>{}
                                        : refuse(error.slice, "failed in an execution that does not run it");
  }
  state->mark = Mark::in_error;
  state->failed_in = current_;
  changes.errors.push_back(error);
  return {};
}

Result<void> MemorySliceLedger::apply(const LedgerBatch& group) {
  if (current_ == 0 || group.epoch != epoch_) {
    return fail(
        Errc::conflict, "ledger in memory",
        "the group is of epoch " + std::to_string(group.epoch) + ", the ledger of epoch " + std::to_string(epoch_));
  }
  Changes changes;
  SB_TRY_VOID(plan(group, changes));
  for (const SlotDeaths& deaths : group.slot_deaths) {
    const State* state = changes.find(*this, deaths.slice);
    if (state == nullptr) {
      return refuse(deaths.slice, "killed a slot without being planned");
    }
    if (state->mark == Mark::pending) {
      changes.slot_deaths.insert_or_assign(deaths.slice, deaths);
    }
  }
  for (const Completion& completion : group.completed) {
    SB_TRY_VOID(complete(completion, changes));
  }
  for (const SliceError& error : group.errors) {
    SB_TRY_VOID(fail_slice(error, changes));
  }
  if (group.final_state) {
    if (const auto contradiction = sums(group, changes).contradiction()) {
      return fail(Errc::internal, "ledger in memory", *contradiction);
    }
  }
  for (auto& [at, request] : changes.planned) {
    slices_[at].request = std::move(request);
  }
  for (const auto& [at, deaths] : changes.slot_deaths) {
    slot_deaths_.insert_or_assign(at, deaths);
  }
  for (const auto& [at, state] : changes.states) {
    slices_[at].state = state;
    if (state.mark != Mark::pending) {
      slot_deaths_.erase(at);
    }
  }
  for (const auto& [id, slicer] : changes.slicers) {
    slicers_[id] = slicer;
  }
  unpublished_.insert(changes.accepted.begin(), changes.accepted.end());
  for (const Completion& completion : group.completed) {
    for (const SlicePosition at : completion.slices) {
      repair(at);
    }
  }
  for (const SliceError& error : changes.errors) {
    errors_.emplace(std::pair(current_, error.slice), wire::FailedSlice{.number = ++error_changes_,
                                                                        .slice = error.slice,
                                                                        .ex_id = generations_[current_ - 1].ex_id,
                                                                        .request = slices_[error.slice].request,
                                                                        .error = error.error,
                                                                        .retries = error.retries});
  }
  for (const SlicePosition at : group.published) {
    unpublished_.erase(at);
  }
  Generation& generation = generations_[current_ - 1];
  generation.tally = group.tally.value_or(generation.tally);
  generation.final_state = group.final_state ? group.final_state : generation.final_state;
  return {};
}

/// As they will stand after the group.
LedgerSums MemorySliceLedger::sums(const LedgerBatch& group, const Changes& changes) const {
  LedgerSums sums;
  for (const auto& [id, slicer] : slicers_) {
    sums.planned += changes.slicers.contains(id) ? 0 : slicer.planned;
  }
  for (const auto& [id, slicer] : changes.slicers) {
    sums.planned += slicer.planned;
  }
  for (std::uint64_t i = 1; i <= generations_.size(); ++i) {
    const Tally& tally = i == current_ && group.tally ? *group.tally : generations_[i - 1].tally;
    sums.processed += tally.processed;
    sums.failed += tally.failed;
  }
  const auto add = [&](const State& state) {
    sums.in_error += state.mark == Mark::in_error ? 1 : 0;
    sums.unfinished += state.mark == Mark::pending ? 1 : 0;
  };
  for (const auto& [at, slice] : slices_) {
    if (!changes.states.contains(at)) {
      add(slice.state);
    }
  }
  for (const auto& [at, state] : changes.states) {
    add(state);
  }
  return sums;
}

/// Every failure of a slice that was completed since.
void MemorySliceLedger::repair(SlicePosition slice) {
  for (std::uint64_t generation = 1; generation <= current_; ++generation) {
    const auto error = errors_.find({generation, slice});
    if (error != errors_.end() && error->second.recovered_by.empty()) {
      error->second.recovered_by = generations_[current_ - 1].ex_id;
      error->second.number = ++error_changes_;
    }
  }
}

Result<std::vector<PlannedSlice>> MemorySliceLedger::unfinished(SlicePosition position, std::size_t limit) {
  std::vector<PlannedSlice> page;
  for (auto next = slices_.upper_bound(position); next != slices_.end() && page.size() < limit; ++next) {
    if (next->second.state.mark == Mark::pending && owned(next->second.state)) {
      page.push_back({next->first, next->second.request});
    }
  }
  return page;
}

Result<std::vector<PlannedSlice>> MemorySliceLedger::requests(const std::vector<SlicePosition>& slices) {
  std::vector<PlannedSlice> found;
  for (const SlicePosition at : slices) {
    const auto slice = slices_.find(at);
    if (slice == slices_.end()) {
      return fail(Errc::not_found, "ledger in memory: " + name_of(at), "was never planned");
    }
    found.push_back({at, slice->second.request});
  }
  return found;
}

Result<std::vector<wire::FailedSlice>> MemorySliceLedger::errors(std::uint64_t after, std::size_t limit,
                                                                 std::size_t bytes) {
  std::map<std::uint64_t, const wire::FailedSlice*> journal;
  for (const auto& [name, error] : errors_) {
    if (error.number > after) {
      journal.emplace(error.number, &error);
    }
  }
  std::vector<wire::FailedSlice> page;
  std::size_t size = 0;
  for (const auto& [number, error] : journal) {
    if (page.size() == limit || size >= bytes) {
      break;
    }
    size += error->request.size() + error->error.size();
    page.push_back(*error);
  }
  return page;
}

Result<LedgerCounts> MemorySliceLedger::counts() {
  LedgerCounts counts{.planned = slices_.size(), .unpublished = unpublished_.size()};
  for (const auto& [at, slice] : slices_) {
    counts.completed += slice.state.mark == Mark::completed ? 1 : 0;
    counts.in_error += slice.state.mark == Mark::in_error ? 1 : 0;
  }
  return counts;
}

}  // namespace slicebus::store
