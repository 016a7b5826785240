#include "master/execution/accounting.hpp"

#include <utility>

#include "common/assert.hpp"

namespace slicebus::execution {

void Accounting::open(const store::OpenedLedger& ledger) {
  epoch_ = ledger.epoch;
  in_error_ = ledger.in_error;
  tally_ = durable_ = ledger.tally;
}

void Accounting::plan(std::vector<store::PlannedSlice> planned, store::SlicerState slicer) {
  planning_ += planned.size();
  for (store::PlannedSlice& slice : planned) {
    planning_bytes_ += slice.request.size();
    next_.planned.push_back(std::move(slice));
  }
  // One entry a slicer and group: its last position.
  std::erase_if(next_.slicers, [&](const store::SlicerState& each) { return each.slicer_id == slicer.slicer_id; });
  next_.slicers.push_back(std::move(slicer));
  ++waiting_;
}

void Accounting::complete(const wire::SliceOutcome& outcome, Fence fence) {
  store::Completion completion{.fence = fence, .has_output = outcome.has_output};
  completion.slices.reserve(outcome.members.size());
  for (const wire::SliceCopy& member : outcome.members) {
    completion.slices.push_back(member.slice);
  }
  tally_.processed += completion.slices.size();
  if (tally_.counts.size() < outcome.counts.size()) {
    tally_.counts.resize(outcome.counts.size());
  }
  for (std::size_t i = 0; i < outcome.counts.size(); ++i) {
    tally_.counts[i].records_in += outcome.counts[i].records_in;
    tally_.counts[i].records_out += outcome.counts[i].records_out;
    tally_.counts[i].records_rejected += outcome.counts[i].records_rejected;
    tally_.counts[i].time_us += outcome.counts[i].time_us;
  }
  next_.completed.push_back(std::move(completion));
  tally_moved_ = true;
  ++waiting_;
}

void Accounting::fail(SlicePosition slice, std::string error, std::uint32_t retries) {
  next_.errors.push_back({slice, std::move(error), retries});
  ++tally_.processed;
  ++tally_.failed;
  ++in_error_;
  tally_moved_ = true;
  ++waiting_;
}

void Accounting::set_started(std::int64_t at_ms) {
  tally_.started_ms = at_ms;
  tally_moved_ = true;
  ++waiting_;
}

void Accounting::set_queuing_complete(std::int64_t at_ms) {
  tally_.queuing_complete_ms = at_ms;
  tally_moved_ = true;
  ++waiting_;
}

void Accounting::finish(store::FinalState state) {
  next_.final_state = std::move(state);
  tally_moved_ = true;
  ++waiting_;
}

const store::LedgerBatch* Accounting::begin() {
  if (under_way_ || waiting_ == 0) {
    return nullptr;
  }
  next_.epoch = epoch_;
  if (std::exchange(tally_moved_, false)) {
    next_.tally = tally_;
  }
  ++number_;
  waiting_ = 0;
  under_way_ = std::exchange(next_, {});
  return &*under_way_;
}

store::LedgerBatch Accounting::end() {
  SB_ASSERT(under_way_, "end() without a group under way");
  store::LedgerBatch group = std::move(*under_way_);
  under_way_.reset();
  planning_ -= group.planned.size();
  for (const store::PlannedSlice& slice : group.planned) {
    planning_bytes_ -= slice.request.size();
  }
  if (group.tally) {
    durable_ = *group.tally;
  }
  return group;
}

std::optional<std::string> Accounting::contradiction() const {
  for (std::size_t i = 0; i + 1 < tally_.counts.size(); ++i) {
    const std::uint64_t out = tally_.counts[i].records_out;
    const std::uint64_t in = tally_.counts[i + 1].records_in;
    if (out != in) {
      return "counts: operations[" + std::to_string(i) + "] gave out " + std::to_string(out) + " records, operations[" +
             std::to_string(i + 1) + "] took in " + std::to_string(in) + "; please report this with the job";
    }
  }
  return std::nullopt;
}

}  // namespace slicebus::execution
