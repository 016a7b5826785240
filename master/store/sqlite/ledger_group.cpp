#include "master/store/sqlite/ledger_group.hpp"

#include <sstream>
#include <utility>

namespace slicebus::store::sqlite {

tl::unexpected<Error> LedgerGroup::refuse(SlicePosition at, std::string what) const {
  std::ostringstream where;
  where << "ledger \"" << tables_.database->path() << "\": slice " << at;
  return fail(Errc::conflict, where.str(), std::move(what));
}

Result<void> LedgerGroup::write(const LedgerBatch& group) {
  SB_TRY_VOID(plan(group.planned));
  SB_TRY_VOID(move_slicers(group.slicers));
  for (const SlotDeaths& deaths : group.slot_deaths) {
    SB_TRY_VOID(charge(deaths));
  }
  for (const Completion& completion : group.completed) {
    SB_TRY_VOID(complete(completion));
  }
  for (const SliceError& error : group.errors) {
    SB_TRY_VOID(fail_slice(error));
  }
  SB_TRY_VOID(write_batches());
  for (const SlicePosition at : group.published) {
    SB_TRY_VOID(tables_.drop_unpublished.bind(1, at.slicer_id).bind(2, at.slicer_order).run());
  }
  if (group.tally) {
    const std::string counts = pack_counts(group.tally->counts);
    SB_TRY_VOID(tables_.put_tally.bind(1, index_.generation)
                    .bind(2, group.tally->processed)
                    .bind(3, group.tally->failed)
                    .bind(4, group.tally->started_ms)
                    .bind(5, group.tally->queuing_complete_ms)
                    .bind_blob(6, counts)
                    .run());
  }
  if (group.final_state) {
    SB_TRY_VOID(check_sums());
    SB_TRY_VOID(tables_.put_final.bind(1, index_.generation)
                    .bind_text(2, group.final_state->status)
                    .bind_text(3, group.final_state->reason)
                    .run());
  }
  return {};
}

void LedgerGroup::finish(LedgerIndex& index) {
  for (auto& [first, bits] : touched_) {
    if (bits.left() == 0) {
      index.batches.erase(first);
    } else {
      index.batches.insert_or_assign(first, std::move(bits));
    }
  }
  for (auto& [id, slicer] : slicers_) {
    index.slicers.insert_or_assign(id, std::move(slicer));
  }
  index.slot_killers = std::move(slot_killers_);
}

SlicerState& LedgerGroup::slicer(std::uint32_t slicer_id) {
  const auto known = index_.slicers.find(slicer_id);
  return slicers_
      .try_emplace(slicer_id, known == index_.slicers.end() ? SlicerState{.slicer_id = slicer_id} : known->second)
      .first->second;
}

Result<void> LedgerGroup::plan(const std::vector<PlannedSlice>& planned) {
  SlicePosition first;
  std::vector<std::string_view> requests;
  std::size_t bytes = 0;
  for (const PlannedSlice& slice : planned) {
    const SlicePosition at = slice.slice;
    std::uint64_t& last = slicer(at.slicer_id).planned;
    if (at.slicer_order == 0 || at.slicer_order > last + 1) {
      return refuse(at, "planned after order " + std::to_string(last) + ", which leaves a hole");
    }
    if (at.slicer_order <= last) {
      continue;  // it is there: the group comes a second time
    }
    const bool goes_on = !requests.empty() && at.slicer_id == first.slicer_id && requests.size() < batch_slices_max &&
                         bytes + slice.request.size() <= batch_bytes_max;
    if (!goes_on) {
      SB_TRY_VOID(add_batch(first, requests));
      requests.clear();
      bytes = 0;
      first = at;
    }
    requests.push_back(slice.request);
    bytes += slice.request.size();
    last = at.slicer_order;
  }
  return add_batch(first, requests);
}

Result<void> LedgerGroup::add_batch(SlicePosition first, const std::vector<std::string_view>& requests) {
  if (requests.empty()) {
    return {};
  }
  const auto count = static_cast<std::uint32_t>(requests.size());
  const std::string blob = pack_requests(requests);
  touched_.emplace(first, BatchBits(count));
  return tables_.add_batch.bind(1, first.slicer_id).bind(2, first.slicer_order).bind(3, count).bind_blob(4, blob).run();
}

Result<void> LedgerGroup::move_slicers(const std::vector<SlicerState>& moved) {
  for (const SlicerState& state : moved) {
    SlicerState& known = slicer(state.slicer_id);
    if (state.planned > known.planned) {
      return refuse({state.slicer_id, state.planned}, "is said to be planned, and is not in the ledger");
    }
    if (state.planned == known.planned) {
      known = state;
    }
  }
  for (const auto& [id, state] : slicers_) {
    tables_.put_slicer.bind(1, id).bind(2, state.planned).bind(4, state.done);
    state.cursor ? tables_.put_slicer.bind_blob(3, *state.cursor) : tables_.put_slicer.bind_null(3);
    SB_TRY_VOID(tables_.put_slicer.run());
  }
  return {};
}

Result<LedgerGroup::Found> LedgerGroup::find(SlicePosition at) {
  auto batch = batch_of(touched_, at);
  if (batch == touched_.end()) {
    if (const auto known = batch_of(index_.batches, at); known != index_.batches.end()) {
      batch = touched_.emplace(*known).first;
    }
  }
  if (batch != touched_.end() &&
      batch->second.is_left(static_cast<std::uint32_t>(at.slicer_order - batch->first.slicer_order))) {
    return Found{.mark = Mark::in_batch, .batch = batch};
  }
  const auto changed = slicers_.find(at.slicer_id);
  const auto known = index_.slicers.find(at.slicer_id);
  const std::uint64_t planned = changed != slicers_.end()       ? changed->second.planned
                                : known != index_.slicers.end() ? known->second.planned
                                                                : 0;
  if (at.slicer_order == 0 || at.slicer_order > planned) {
    return Found{.mark = Mark::unknown, .batch = batch};
  }
  Found found{.mark = Mark::completed, .batch = batch};
  SB_TRY(failed, tables_.newest_error.bind(1, at.slicer_id).bind(2, at.slicer_order).step());
  if (failed) {
    const auto state = static_cast<ErrorState>(tables_.newest_error.integer(0));
    found.failed_in = tables_.newest_error.natural(1);
    found.mark = state == ErrorState::open     ? Mark::in_error
                 : state == ErrorState::chosen ? Mark::chosen
                                               : Mark::completed;
    tables_.newest_error.reset();
  }
  return found;
}

Result<void> LedgerGroup::charge(const SlotDeaths& deaths) {
  const SlicePosition at = deaths.slice;
  SB_TRY(found, find(at));
  if (found.mark == Mark::unknown) {
    return refuse(at, "killed a slot without being planned");
  }
  if (found.mark != Mark::in_batch && found.mark != Mark::chosen) {
    return {};  // it was finished since: the group comes a second time
  }
  slot_killers_.insert(at);
  return tables_.put_slot_deaths.bind(1, at.slicer_id)
      .bind(2, at.slicer_order)
      .bind(3, deaths.count)
      .bind_text(4, deaths.last.text)
      .bind_text(5, deaths.how)
      .run();
}

Result<void> LedgerGroup::forget_slot_deaths(SlicePosition at) {
  return slot_killers_.erase(at) == 0 ? Result<void>{}
                                      : tables_.drop_slot_deaths.bind(1, at.slicer_id).bind(2, at.slicer_order).run();
}

Result<void> LedgerGroup::complete(const Completion& completion) {
  if (completion.slices.empty()) {
    return refuse({}, "a completion without slices");
  }
  std::vector<Found> members;
  std::size_t completed_before = 0;
  for (const SlicePosition at : completion.slices) {
    SB_TRY(found, find(at));
    if (found.mark == Mark::unknown || found.mark == Mark::in_error) {
      return refuse(at,
                    found.mark == Mark::unknown ? "completed without being planned" : "completed while it is in error");
    }
    completed_before += found.mark == Mark::completed ? 1 : 0;
    members.push_back(found);
  }
  const SlicePosition name = completion.slices.back();
  if (completed_before == members.size()) {
    return check_repeat(completion);
  }
  if (completed_before != 0) {
    return refuse(name, "some of the slices that leave with it are completed already");
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    const SlicePosition at = completion.slices[i];
    SB_TRY_VOID(forget_slot_deaths(at));
    if (members[i].mark == Mark::in_batch) {
      members[i].batch->second.take(static_cast<std::uint32_t>(at.slicer_order - members[i].batch->first.slicer_order));
    } else {
      SB_TRY_VOID(
          tables_.repair_errors.bind(1, at.slicer_id).bind(2, at.slicer_order).bind(3, index_.generation).run());
    }
  }
  if (!completion.has_output) {
    return {};
  }
  return tables_.add_unpublished.bind(1, name.slicer_id)
      .bind(2, name.slicer_order)
      .bind(3, completion.fence.epoch)
      .bind(4, completion.fence.number)
      .run();
}

Result<void> LedgerGroup::check_repeat(const Completion& completion) {
  const SlicePosition name = completion.slices.back();
  SB_TRY(kept, tables_.accepted_fence.bind(1, name.slicer_id).bind(2, name.slicer_order).step());
  if (!kept) {
    return {};
  }
  const Fence accepted{tables_.accepted_fence.natural(0), tables_.accepted_fence.natural(1)};
  tables_.accepted_fence.reset();
  return accepted == completion.fence ? Result<void>{} : refuse(name, "completed under another fence before");
}

Result<void> LedgerGroup::fail_slice(const SliceError& error) {
  const SlicePosition at = error.slice;
  SB_TRY(found, find(at));
  SB_TRY_VOID(forget_slot_deaths(at));
  switch (found.mark) {
    case Mark::unknown:
      return refuse(at, "failed without being planned");
    case Mark::completed:
      return refuse(at, "failed after it was completed");
    case Mark::in_error:
      return found.failed_in == index_.generation ? Result<void>{}
                                                  : refuse(at, "failed in an execution that does not run it");
    case Mark::in_batch: {
      SB_TRY(request, request_in_batch(found.batch->first, found.batch->second, at));
      found.batch->second.take(static_cast<std::uint32_t>(at.slicer_order - found.batch->first.slicer_order));
      return tables_.add_error_of_batch.bind(1, at.slicer_id)
          .bind(2, at.slicer_order)
          .bind(3, index_.generation)
          .bind(4, error.retries)
          .bind_text(5, error.error)
          .bind_blob(6, request)
          .run();
    }
    case Mark::chosen:
      SB_TRY_VOID(tables_.add_error_again.bind(1, at.slicer_id)
                      .bind(2, at.slicer_order)
                      .bind(3, index_.generation)
                      .bind(4, error.retries)
                      .bind_text(5, error.error)
                      .run());
      return tables_.supersede_error.bind(1, at.slicer_id).bind(2, at.slicer_order).run();
  }
  return {};
}

Result<std::string> LedgerGroup::request_in_batch(SlicePosition first, const BatchBits& bits, SlicePosition at) {
  if (cached_requests_.empty() || cached_batch_ != first) {
    SB_TRY(there, tables_.batch_requests.bind(1, first.slicer_id).bind(2, first.slicer_order).step());
    cached_requests_ = there ? std::string(tables_.batch_requests.bytes(0)) : std::string();
    cached_batch_ = first;
    tables_.batch_requests.reset();
  }
  const auto requests = unpack_requests(cached_requests_, bits.count());
  if (!requests) {
    return fail(tables_.database->damaged("the requests of a batch are cut short"));
  }
  return std::string((*requests)[at.slicer_order - first.slicer_order]);
}

Result<void> LedgerGroup::write_batches() {
  for (const auto& [first, bits] : touched_) {
    const auto before = index_.batches.find(first);
    const std::uint32_t left_before = before == index_.batches.end() ? bits.count() : before->second.left();
    if (bits.left() == left_before) {
      continue;
    }
    if (bits.left() != 0) {
      const std::string blob = bits.pack();
      SB_TRY_VOID(tables_.put_bits.bind(1, first.slicer_id).bind(2, first.slicer_order).bind_blob(3, blob).run());
      continue;
    }
    SB_TRY_VOID(tables_.drop_batch.bind(1, first.slicer_id).bind(2, first.slicer_order).run());
    SB_TRY_VOID(tables_.drop_bits.bind(1, first.slicer_id).bind(2, first.slicer_order).run());
    SB_TRY_VOID(add_finished(first, first.slicer_order + bits.count() - 1));
  }
  return {};
}

Result<void> LedgerGroup::add_finished(SlicePosition first, std::uint64_t last) {
  SB_TRY(after, tables_.finished_after.bind(1, first.slicer_id).bind(2, last + 1).step());
  if (after) {
    const std::uint64_t merged = tables_.finished_after.natural(0);
    tables_.finished_after.reset();
    SB_TRY_VOID(tables_.drop_finished.bind(1, first.slicer_id).bind(2, last + 1).run());
    last = merged;
  }
  SB_TRY(before, tables_.finished_before.bind(1, first.slicer_id).bind(2, first.slicer_order).step());
  if (before) {
    if (tables_.finished_before.natural(1) == first.slicer_order - 1) {
      first.slicer_order = tables_.finished_before.natural(0);
    }
    tables_.finished_before.reset();
  }
  return tables_.put_finished.bind(1, first.slicer_id).bind(2, first.slicer_order).bind(3, last).run();
}

/// As they stand after the group: nobody is told an end that the ledger's own parts contradict.
Result<void> LedgerGroup::check_sums() {
  LedgerSums sums;
  SB_TRY(there, tables_.tally_sums.step());
  sums.processed = there ? tables_.tally_sums.natural(0) : 0;
  sums.failed = there ? tables_.tally_sums.natural(1) : 0;
  tables_.tally_sums.reset();
  SB_TRY(in_error, number_of(tables_.open_errors));
  SB_TRY(chosen, number_of(tables_.chosen_count.bind(1, 0)));
  sums.in_error = in_error;
  sums.unfinished = chosen;
  for (const auto& [first, bits] : index_.batches) {
    sums.unfinished += touched_.contains(first) ? 0 : bits.left();
  }
  for (const auto& [first, bits] : touched_) {
    sums.unfinished += bits.left();
  }
  for (const auto& [id, state] : index_.slicers) {
    sums.planned += slicers_.contains(id) ? 0 : state.planned;
  }
  for (const auto& [id, state] : slicers_) {
    sums.planned += state.planned;
  }
  const auto contradiction = sums.contradiction();
  return contradiction ? fail(tables_.database->damaged(*contradiction)) : Result<void>{};
}

}  // namespace slicebus::store::sqlite
