#include "tests/sim/watched_ledger.hpp"

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

Result<store::OpenedLedger> WatchedLedger::open(const ExecutionId& ex_id) {
  const bool recovery = !accepted_in.contains(ex_id) && !accepted_in.empty();
  accepted_in.try_emplace(ex_id);
  auto opened = ledger_.open(ex_id, store::Cleanup::none);
  if (opened) {
    epoch_ = opened->epoch;
    if (recovery) {
      for (auto& [slice, entry] : entries_) {
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
    const auto page = ledger_.unfinished(position, 100);
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
  auto page = ledger_.errors(after, limit, wire::failed_slices_bytes_max);
  if (!page) {
    throw Violation("ledger: " + page.error().text());
  }
  return *std::move(page);
}

Result<void> WatchedLedger::apply(const ExecutionId& ex_id, store::LedgerBatch group) {
  if (!epoch_check_) {
    group.epoch = epoch_;
  }
  if (group.epoch == epoch_) {
    watch(ex_id, group);
    const auto applied = ledger_.apply(group);
    if (!applied) {
      throw Violation("the ledger refuses a group of its own epoch: " + applied.error().text());
    }
    return applied;
  }
  return ledger_.apply(group);
}

void WatchedLedger::watch(const ExecutionId& ex_id, const store::LedgerBatch& group) {
  for (const store::PlannedSlice& slice : group.planned) {
    std::uint64_t& at = planned_[slice.slice.slicer_id];
    if (slice.slice.slicer_order != at + 1) {
      violated("slicer ", slice.slice.slicer_id, " stands at ", at, ", planned is ", slice.slice);
    }
    ++at;
    entries_[slice.slice] = {};
    ++commits;
  }
  for (const store::Completion& completion : group.completed) {
    for (const SlicePosition slice : completion.slices) {
      const auto found = entries_.find(slice);
      if (found == entries_.end() || found->second.mark != Mark::pending) {
        violated("completion of ", slice, " which is not pending");
      }
      found->second = {Mark::completed, completion.fence, completion.slices.back()};
    }
    accepted_in[ex_id][completion.slices.back()] = completion.fence;
    if (completion.has_output) {
      unpublished_[completion.slices.back()] = completion.fence;
    }
    ++commits;
  }
  for (const store::SliceError& error : group.errors) {
    const auto found = entries_.find(error.slice);
    if (found == entries_.end() || found->second.mark != Mark::pending) {
      violated("error of ", error.slice, " which is not pending");
    }
    found->second.mark = Mark::in_error;
    ++commits;
  }
  for (const SlicePosition name : group.published) {
    unpublished_.erase(name);
  }
  if (group.final_state) {
    ++commits;
    if (!unpublished_.empty()) {
      violated("final status ", group.final_state->status, " while ", unpublished_.size(),
               " accepted outputs are not published");
    }
  }
}

std::uint64_t WatchedLedger::planned(std::uint32_t slicer) const {
  const auto found = planned_.find(slicer);
  return found == planned_.end() ? 0 : found->second;
}

}  // namespace slicebus::sim
