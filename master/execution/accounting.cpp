#include "master/execution/accounting.hpp"

#include <sstream>
#include <utility>

#include "common/assert.hpp"

namespace slicebus::execution {

namespace {

/// The operation after which `counts` do not go on as they should, or nothing.
std::optional<std::size_t> broken_after(const wire::OperationCounts& counts) {
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    if (counts[i].records_out != counts[i + 1].records_in) {
      return i;
    }
  }
  return std::nullopt;
}

std::string gave_and_took(const wire::OperationCounts& counts, std::size_t at) {
  return "operations[" + std::to_string(at) + "] gave out " + std::to_string(counts[at].records_out) +
         " records, operations[" + std::to_string(at + 1) + "] took in " + std::to_string(counts[at + 1].records_in);
}

std::string accounts_of(const wire::SliceCopy& copy) {
  std::ostringstream where;
  where << "accounts of slice " << copy.slice << " under fence " << copy.fence;
  return where.str();
}

std::string text_of(std::string where, std::string what) {
  return Error{Errc::internal, std::move(where), std::move(what),
               "count the output before it is used, and report this with the job"}
      .text();
}

}  // namespace

void Accounting::open(const store::OpenedLedger& ledger, std::size_t unfinished) {
  epoch_ = ledger.epoch;
  in_error_ = ledger.in_error;
  tally_ = durable_ = ledger.tally;
  planned_ = ledger.tally.processed + unfinished;
  if (ledger.unfinished != unfinished) {
    contradict("accounts of slices", "the ledger counts " + std::to_string(ledger.unfinished) +
                                         " unfinished ones, and has requests of " + std::to_string(unfinished));
  }
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
  check(outcome);
  store::Completion completion{.fence = fence, .has_output = outcome.has_output};
  for (const wire::SliceCopy& member : outcome.leaving()) {
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

std::shared_ptr<const store::LedgerBatch> Accounting::begin() {
  if (under_way_ || waiting_ == 0) {
    return nullptr;
  }
  next_.epoch = epoch_;
  if (std::exchange(tally_moved_, false)) {
    next_.tally = tally_;
  }
  ++number_;
  waiting_ = 0;
  under_way_ = std::make_shared<store::LedgerBatch>(std::exchange(next_, {}));
  return under_way_;
}

store::LedgerBatch Accounting::end() {
  SB_ASSERT(under_way_, "end() without a group under way");
  const std::shared_ptr<store::LedgerBatch> written = std::exchange(under_way_, nullptr);
  store::LedgerBatch group = written.use_count() == 1 ? std::move(*written) : *written;
  planned_ += group.planned.size();
  planning_ -= group.planned.size();
  for (const store::PlannedSlice& slice : group.planned) {
    planning_bytes_ -= slice.request.size();
  }
  if (group.tally) {
    durable_ = *group.tally;
  }
  return group;
}

std::optional<std::string> Accounting::contradiction(std::size_t unfinished) const {
  if (contradiction_) {
    return contradiction_;
  }
  if (const auto at = broken_after(tally_.counts)) {
    return text_of("accounts of records", gave_and_took(tally_.counts, *at));
  }
  if (planned_ != tally_.processed + unfinished) {
    return text_of("accounts of slices", std::to_string(planned_) + " were planned, but " +
                                             std::to_string(tally_.processed - tally_.failed) + " are completed, " +
                                             std::to_string(tally_.failed) + " in error and " +
                                             std::to_string(unfinished) + " unfinished");
  }
  return std::nullopt;
}

/// An outcome by itself, so that a contradiction is known by its slice.
void Accounting::check(const wire::SliceOutcome& outcome) {
  if (contradiction_) {
    return;
  }
  if (const auto at = broken_after(outcome.counts)) {
    contradict(accounts_of(outcome.copy), gave_and_took(outcome.counts, *at));
  } else if (!tally_.counts.empty() && tally_.counts.size() != outcome.counts.size()) {
    contradict(accounts_of(outcome.copy), "it counts the records of " + std::to_string(outcome.counts.size()) +
                                              " operations, slices before it those of " +
                                              std::to_string(tally_.counts.size()));
  }
}

void Accounting::contradict(std::string where, std::string what) {
  if (!contradiction_) {
    contradiction_ = text_of(std::move(where), std::move(what));
  }
}

}  // namespace slicebus::execution
