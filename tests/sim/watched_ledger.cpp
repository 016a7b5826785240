#include "tests/sim/watched_ledger.hpp"

#include <algorithm>
#include <sstream>

namespace slicebus::sim {

namespace {

template <class... Parts>
[[noreturn]] void violated(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Violation(text.str());
}

}  // namespace

void WatchedLedger::about_to_write() {
  if (keeps_synced && !synced_) {
    synced_ = now_;
  }
}

void WatchedLedger::lose_power() {
  if (synced_) {
    now_ = *std::move(synced_);
    synced_.reset();
  }
}

Result<store::OpenedLedger> WatchedLedger::open(const ExecutionId& ex_id, store::Cleanup cleanup) {
  const bool recovery = !now_.executions.contains(ex_id) && !now_.executions.empty();
  now_.executions.try_emplace(ex_id);
  auto opened = now_.ledger.open(ex_id, cleanup);
  synced_.reset();  // durable on return
  if (opened) {
    now_.epoch = opened->epoch;
    if (recovery && cleanup != store::Cleanup::pending) {
      for (auto& [slice, entry] : now_.entries) {
        entry.mark = entry.mark == Mark::in_error ? Mark::pending : entry.mark;
      }
    }
  }
  return opened;
}

std::vector<store::PlannedSlice> WatchedLedger::unfinished() {
  std::vector<store::PlannedSlice> all;
  SlicePosition position{};
  while (true) {
    const auto page = now_.ledger.unfinished(position, 100);
    if (!page) {
      throw Violation("ledger: " + page.error().text());
    }
    if (page->empty()) {
      return all;
    }
    all.insert(all.end(), page->begin(), page->end());
    position = page->back().slice;
  }
}

std::vector<wire::FailedSlice> WatchedLedger::errors(std::uint64_t after, std::size_t limit) {
  auto page = now_.ledger.errors(after, limit, wire::failed_slices_bytes_max);
  if (!page) {
    throw Violation("ledger: " + page.error().text());
  }
  return *std::move(page);
}

Result<void> WatchedLedger::apply(const ExecutionId& ex_id, store::LedgerBatch group) {
  if (!epoch_check_) {
    group.epoch = now_.epoch;
  }
  if (group.epoch != now_.epoch) {
    return now_.ledger.apply(group);
  }
  about_to_write();
  watch(ex_id, group);
  const auto applied = now_.ledger.apply(group);
  if (!applied) {
    throw Violation("the ledger refuses a group of its own epoch: " + applied.error().text());
  }
  return applied;
}

void WatchedLedger::watch(const ExecutionId& ex_id, const store::LedgerBatch& group) {
  Execution& execution = now_.executions[ex_id];
  for (const store::PlannedSlice& slice : group.planned) {
    std::uint64_t& at = now_.planned[slice.slice.slicer_id];
    if (slice.slice.slicer_order != at + 1) {
      violated("slicer ", slice.slice.slicer_id, " stands at ", at, ", planned is ", slice.slice);
    }
    ++at;
    now_.entries[slice.slice] = {};
    ++commits_;
  }
  for (const store::Completion& completion : group.completed) {
    for (const SlicePosition slice : completion.slices) {
      const auto found = now_.entries.find(slice);
      if (found == now_.entries.end() || found->second.mark != Mark::pending) {
        violated("completion of ", slice, " which is not pending");
      }
      found->second = {Mark::completed, completion.fence, completion.slices.back()};
      ++execution.processed;
    }
    execution.accepted[completion.slices.back()] = completion.fence;
    if (completion.has_output) {
      now_.unpublished[completion.slices.back()] = completion.fence;
    }
    ++commits_;
  }
  for (const store::SliceError& error : group.errors) {
    const auto found = now_.entries.find(error.slice);
    if (found == now_.entries.end() || found->second.mark != Mark::pending) {
      violated("error of ", error.slice, " which is not pending");
    }
    found->second.mark = Mark::in_error;
    ++execution.processed;
    ++execution.failed;
    ++commits_;
  }
  for (const SlicePosition name : group.published) {
    now_.unpublished.erase(name);
  }
  if (group.tally && (group.tally->processed != execution.processed || group.tally->failed != execution.failed)) {
    violated("P4: the tally of ", ex_id, " says ", group.tally->processed, " processed and ", group.tally->failed,
             " failed, the ledger has ", execution.processed, " and ", execution.failed);
  }
  if (group.final_state) {
    ++commits_;
    execution.final_status = group.final_state->status;
    if (!now_.unpublished.empty()) {
      violated("final status ", group.final_state->status, " while ", now_.unpublished.size(),
               " accepted outputs are not published");
    }
  }
}

bool WatchedLedger::is_accepted(const wire::SliceCopy& copy) const {
  const auto found = now_.entries.find(copy.slice);
  return found != now_.entries.end() && found->second.mark == Mark::completed && found->second.accepted == copy.fence &&
         found->second.name == copy.slice;
}

std::uint64_t WatchedLedger::planned(std::uint32_t slicer) const {
  const auto found = now_.planned.find(slicer);
  return found == now_.planned.end() ? 0 : found->second;
}

std::size_t WatchedLedger::pending() const {
  return static_cast<std::size_t>(std::count_if(now_.entries.begin(), now_.entries.end(),
                                                [](const auto& entry) { return entry.second.mark == Mark::pending; }));
}

bool WatchedLedger::is_done() const {
  for (std::uint32_t slicer = 0; slicer < lengths_.size(); ++slicer) {
    if (planned(slicer) != lengths_[slicer]) {
      return false;
    }
  }
  return pending() == 0;
}

const std::map<SlicePosition, Fence>& WatchedLedger::accepted_in(const ExecutionId& ex_id) const {
  static const std::map<SlicePosition, Fence> none;
  const auto found = now_.executions.find(ex_id);
  return found == now_.executions.end() ? none : found->second.accepted;
}

const std::string* WatchedLedger::final_status(const ExecutionId& ex_id) const {
  const auto found = now_.executions.find(ex_id);
  return found == now_.executions.end() || !found->second.final_status ? nullptr : &*found->second.final_status;
}

}  // namespace slicebus::sim
