#include "master/store/sqlite/slice_ledger.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "master/store/sqlite/ledger_group.hpp"

namespace slicebus::store {

using sqlite::BatchBits;
using sqlite::Transaction;

struct SqliteSliceLedger::State {
  std::unique_ptr<sqlite::LedgerTables> tables;
  sqlite::LedgerIndex index;

  Result<void> start_epoch(sqlite::LedgerIndex& index_now);
  Result<void> find_generation(const ExecutionId& ex_id, Cleanup cleanup, sqlite::LedgerIndex& index_now,
                               OpenedLedger& opened);
  Result<bool> read_generation(const ExecutionId& ex_id, sqlite::LedgerIndex& index_now, OpenedLedger& opened);
  Result<void> read_slicers(sqlite::LedgerIndex& index_now);
  Result<void> read_batches(sqlite::LedgerIndex& index_now);
  Result<void> check_tiling(const sqlite::LedgerIndex& index_now);
  Result<void> read_slot_deaths(sqlite::LedgerIndex& index_now, OpenedLedger& opened);
  Result<void> summarise(const sqlite::LedgerIndex& index_now, OpenedLedger& opened);
  Result<std::vector<std::string>> requests_of(SlicePosition first, const BatchBits& bits);
  Result<std::string> request(SlicePosition at);
};

SqliteSliceLedger::SqliteSliceLedger(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteSliceLedger::~SqliteSliceLedger() = default;

Result<std::unique_ptr<SqliteSliceLedger>> SqliteSliceLedger::open_file(const std::string& path) {
  SB_TRY(tables, sqlite::LedgerTables::open(path));
  auto state = std::make_unique<State>();
  state->tables = std::move(tables);
  return std::unique_ptr<SqliteSliceLedger>(new SqliteSliceLedger(std::move(state)));
}

Result<OpenedLedger> SqliteSliceLedger::open(const ExecutionId& ex_id, Cleanup cleanup) {
  sqlite::LedgerIndex index;
  OpenedLedger opened;
  SB_TRY(transaction, Transaction::begin(*state_->tables->database));
  SB_TRY_VOID(state_->start_epoch(index));
  SB_TRY_VOID(state_->read_slicers(index));
  SB_TRY_VOID(state_->read_batches(index));
  SB_TRY_VOID(state_->check_tiling(index));
  SB_TRY_VOID(state_->find_generation(ex_id, cleanup, index, opened));
  SB_TRY_VOID(state_->read_slot_deaths(index, opened));
  SB_TRY_VOID(state_->summarise(index, opened));
  SB_TRY_VOID(transaction.commit());
  state_->index = std::move(index);
  return opened;
}

Result<void> SqliteSliceLedger::State::start_epoch(sqlite::LedgerIndex& index_now) {
  SB_TRY(there, tables->epoch.step());
  if (!there) {
    return fail(tables->database->damaged("its epoch is missing"));
  }
  const std::uint64_t former = tables->epoch.natural(0);
  tables->epoch.reset();
  SB_TRY_VOID(tables->next_epoch.bind(1, former).run());
  index_now.epoch = former + 1;
  return {};
}

Result<void> SqliteSliceLedger::State::find_generation(const ExecutionId& ex_id, Cleanup cleanup,
                                                       sqlite::LedgerIndex& index_now, OpenedLedger& opened) {
  SB_TRY(known, read_generation(ex_id, index_now, opened));
  if (!known) {
    SB_TRY(newest, sqlite::number_of(tables->newest_generation));
    index_now.generation = newest + 1;
    index_now.cleanup = cleanup;
    SB_TRY_VOID(tables->add_generation.bind(1, index_now.generation)
                    .bind_text(2, ex_id.text)
                    .bind(3, static_cast<int>(cleanup))
                    .run());
    SB_TRY_VOID(tables->add_generation_start.bind(1, index_now.generation).run());
    if (cleanup != Cleanup::pending) {
      SB_TRY_VOID(tables->choose_errors.bind(1, index_now.generation).run());
    }
  }
  tables->generation_starts.bind(1, index_now.generation);
  for (;;) {
    SB_TRY(row, tables->generation_starts.step());
    if (!row) {
      return {};
    }
    index_now.started_at.emplace(static_cast<std::uint32_t>(tables->generation_starts.integer(0)),
                                 tables->generation_starts.natural(1));
  }
}

Result<bool> SqliteSliceLedger::State::read_generation(const ExecutionId& ex_id, sqlite::LedgerIndex& index_now,
                                                       OpenedLedger& opened) {
  sqlite::Statement& row = tables->generation_of;
  SB_TRY(known, row.bind_text(1, ex_id.text).step());
  if (!known) {
    return false;
  }
  const auto counts = sqlite::unpack_counts(row.bytes(6));
  index_now.generation = row.natural(0);
  index_now.cleanup = static_cast<Cleanup>(row.integer(1));
  opened.tally = {row.natural(2), row.natural(3), row.integer(4), row.integer(5),
                  counts.value_or(wire::OperationCounts{})};
  if (!row.is_null(7)) {
    opened.final_state = FinalState{std::string(row.bytes(7)), std::string(row.bytes(8))};
  }
  row.reset();
  if (!counts || index_now.cleanup > Cleanup::pending) {
    return fail(tables->database->damaged("the row of execution " + ex_id.text + " cannot be read"));
  }
  return true;
}

Result<void> SqliteSliceLedger::State::read_slicers(sqlite::LedgerIndex& index_now) {
  sqlite::Statement& row = tables->slicers;
  for (;;) {
    SB_TRY(more, row.step());
    if (!more) {
      return {};
    }
    SlicerState slicer{static_cast<std::uint32_t>(row.integer(0)), row.natural(1), std::nullopt, row.integer(3) != 0};
    if (!row.is_null(2)) {
      slicer.cursor = std::string(row.bytes(2));
    }
    index_now.slicers.emplace(slicer.slicer_id, std::move(slicer));
  }
}

Result<void> SqliteSliceLedger::State::read_batches(sqlite::LedgerIndex& index_now) {
  sqlite::Statement& row = tables->batches;
  for (;;) {
    SB_TRY(more, row.step());
    if (!more) {
      return {};
    }
    const SlicePosition first{static_cast<std::uint32_t>(row.integer(0)), row.natural(1)};
    const std::uint64_t size = row.natural(2);
    if (size == 0 || size > sqlite::batch_slices_max) {
      row.reset();
      return fail(tables->database->damaged("a batch of " + std::to_string(size) + " slices"));
    }
    auto bits = row.is_null(3) ? std::optional(BatchBits(static_cast<std::uint32_t>(size)))
                               : BatchBits::unpack(row.bytes(3), static_cast<std::uint32_t>(size));
    if (!bits || bits->left() == 0) {
      row.reset();
      return fail(tables->database->damaged("the bitmap of a batch does not fit it"));
    }
    index_now.batches.emplace(first, std::move(*bits));
  }
}

/// Batches and finished ranges must cover 1..planned of each slicer once: what a damaged file loses would be lost for
/// good otherwise.
Result<void> SqliteSliceLedger::State::check_tiling(const sqlite::LedgerIndex& index_now) {
  std::map<SlicePosition, std::uint64_t> spans;
  for (const auto& [first, bits] : index_now.batches) {
    spans.emplace(first, first.slicer_order + bits.count() - 1);
  }
  for (;;) {
    SB_TRY(more, tables->finished.step());
    if (!more) {
      break;
    }
    spans.emplace(SlicePosition{static_cast<std::uint32_t>(tables->finished.integer(0)), tables->finished.natural(1)},
                  tables->finished.natural(2));
  }
  std::map<std::uint32_t, std::uint64_t> reached;
  for (const auto& [first, last] : spans) {
    std::uint64_t& end = reached[first.slicer_id];
    if (first.slicer_order != end + 1 || last < first.slicer_order) {
      std::ostringstream text;
      text << "slice " << first << " does not follow order " << end;
      return fail(tables->database->damaged(text.str()));
    }
    end = last;
  }
  for (const auto& [id, slicer] : index_now.slicers) {
    if (const std::uint64_t end = reached[id]; end != slicer.planned) {
      return fail(tables->database->damaged("slicer " + std::to_string(id) + " planned " +
                                            std::to_string(slicer.planned) + " slices, the ledger holds " +
                                            std::to_string(end)));
    }
  }
  return {};
}

Result<void> SqliteSliceLedger::State::read_slot_deaths(sqlite::LedgerIndex& index_now, OpenedLedger& opened) {
  sqlite::Statement& row = tables->slot_deaths;
  for (;;) {
    SB_TRY(more, row.step());
    if (!more) {
      return {};
    }
    opened.slot_deaths.push_back({.slice = {static_cast<std::uint32_t>(row.integer(0)), row.natural(1)},
                                  .count = static_cast<std::uint32_t>(row.natural(2)),
                                  .last = {std::string(row.bytes(3))},
                                  .how = std::string(row.bytes(4))});
    index_now.slot_killers.insert(opened.slot_deaths.back().slice);
  }
}

Result<void> SqliteSliceLedger::State::summarise(const sqlite::LedgerIndex& index_now, OpenedLedger& opened) {
  opened.epoch = index_now.epoch;
  for (const auto& [id, slicer] : index_now.slicers) {
    opened.slicers.push_back(slicer);
  }
  for (;;) {
    SB_TRY(more, tables->unpublished.step());
    if (!more) {
      break;
    }
    const sqlite::Statement& row = tables->unpublished;
    opened.unpublished.push_back(
        {{static_cast<std::uint32_t>(row.integer(0)), row.natural(1)}, {row.natural(2), row.natural(3)}});
  }
  SB_TRY(chosen, sqlite::number_of(tables->chosen_count.bind(1, index_now.chosen_filter())));
  SB_TRY(failed, sqlite::number_of(tables->open_errors_of.bind(1, index_now.generation)));
  opened.unfinished = chosen;
  opened.in_error = failed;
  for (const auto& [first, bits] : index_now.batches) {
    opened.unfinished += index_now.owns(first) ? bits.left() : 0;
  }
  return {};
}

Result<void> SqliteSliceLedger::apply(const LedgerBatch& group) {
  SB_TRY(transaction, Transaction::begin(*state_->tables->database));
  SB_TRY(epoch, sqlite::number_of(state_->tables->epoch));
  if (state_->index.generation == 0 || epoch != group.epoch || epoch != state_->index.epoch) {
    return fail(
        Errc::conflict, "ledger \"" + state_->tables->database->path() + "\"",
        "the group is of epoch " + std::to_string(group.epoch) + ", the ledger of epoch " + std::to_string(epoch),
        "another controller has taken the lineage; this one ends");
  }
  sqlite::LedgerGroup writer(*state_->tables, state_->index);
  SB_TRY_VOID(writer.write(group));
  SB_TRY_VOID(transaction.commit());
  writer.finish(state_->index);
  return {};
}

Result<std::vector<PlannedSlice>> SqliteSliceLedger::unfinished(SlicePosition position, std::size_t limit) {
  std::vector<PlannedSlice> in_batches;
  auto batch = state_->index.batches.upper_bound(position);
  if (batch != state_->index.batches.begin()) {
    --batch;  // it may reach beyond `position`
  }
  for (; batch != state_->index.batches.end() && in_batches.size() < limit; ++batch) {
    const auto& [first, bits] = *batch;
    if (!state_->index.owns(first) ||
        SlicePosition{first.slicer_id, first.slicer_order + bits.count() - 1} <= position) {
      continue;
    }
    SB_TRY(requests, state_->requests_of(first, bits));
    for (std::uint32_t i = 0; i < bits.count() && in_batches.size() < limit; ++i) {
      const SlicePosition at{first.slicer_id, first.slicer_order + i};
      if (bits.is_left(i) && at > position) {
        in_batches.push_back({at, std::move(requests[i])});
      }
    }
  }
  std::vector<PlannedSlice> again;
  sqlite::Statement& row = state_->tables->chosen_errors;
  row.bind(1, position.slicer_id)
      .bind(2, position.slicer_order)
      .bind(3, state_->index.chosen_filter())
      .bind(4, std::uint64_t{limit});
  for (;;) {
    SB_TRY(more, row.step());
    if (!more) {
      break;
    }
    again.push_back({{static_cast<std::uint32_t>(row.integer(0)), row.natural(1)}, std::string(row.bytes(2))});
  }
  std::vector<PlannedSlice> page;
  page.reserve(in_batches.size() + again.size());
  std::merge(std::make_move_iterator(in_batches.begin()), std::make_move_iterator(in_batches.end()),
             std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()), std::back_inserter(page),
             [](const PlannedSlice& a, const PlannedSlice& b) { return a.slice < b.slice; });
  page.resize(std::min(page.size(), limit));
  return page;
}

Result<std::vector<std::string>> SqliteSliceLedger::State::requests_of(SlicePosition first, const BatchBits& bits) {
  SB_TRY(there, tables->batch_requests.bind(1, first.slicer_id).bind(2, first.slicer_order).step());
  std::optional<std::vector<std::string_view>> views;
  if (there) {
    views = sqlite::unpack_requests(tables->batch_requests.bytes(0), bits.count());
  }
  std::vector<std::string> requests;
  if (views) {
    requests.assign(views->begin(), views->end());
  }
  tables->batch_requests.reset();
  return views ? Result<std::vector<std::string>>(std::move(requests))
               : fail(tables->database->damaged("the requests of a batch are cut short"));
}

Result<std::string> SqliteSliceLedger::State::request(SlicePosition at) {
  if (const auto batch = sqlite::batch_of(index.batches, at); batch != index.batches.end()) {
    SB_TRY(requests, requests_of(batch->first, batch->second));
    return std::move(requests[at.slicer_order - batch->first.slicer_order]);
  }
  SB_TRY(failed, tables->newest_error_request.bind(1, at.slicer_id).bind(2, at.slicer_order).step());
  if (!failed) {
    std::ostringstream where;
    where << "ledger \"" << tables->database->path() << "\": slice " << at;
    return fail(Errc::not_found, where.str(), "was never planned, or its batch is finished and holds requests no more");
  }
  std::string text(tables->newest_error_request.bytes(0));
  tables->newest_error_request.reset();
  return text;
}

Result<std::vector<PlannedSlice>> SqliteSliceLedger::requests(const std::vector<SlicePosition>& slices) {
  std::vector<PlannedSlice> found;
  for (const SlicePosition at : slices) {
    SB_TRY(request, state_->request(at));
    found.push_back({at, std::move(request)});
  }
  return found;
}

Result<std::vector<wire::FailedSlice>> SqliteSliceLedger::errors(std::uint64_t after, std::size_t limit,
                                                                 std::size_t bytes) {
  std::vector<wire::FailedSlice> page;
  std::size_t size = 0;
  sqlite::Statement& row = state_->tables->error_page;
  row.bind(1, after).bind(2, std::uint64_t{limit});
  while (size < bytes) {
    SB_TRY(more, row.step());
    if (!more) {
      return page;
    }
    page.push_back({.number = row.natural(0),
                    .slice = {static_cast<std::uint32_t>(row.integer(1)), row.natural(2)},
                    .ex_id = {std::string(row.bytes(3))},
                    .request = std::string(row.bytes(4)),
                    .error = std::string(row.bytes(5)),
                    .retries = static_cast<std::uint32_t>(row.integer(6)),
                    .recovered_by = {std::string(row.bytes(7))}});
    size += page.back().request.size() + page.back().error.size();
  }
  row.reset();
  return page;
}

Result<LedgerCounts> SqliteSliceLedger::counts() {
  LedgerCounts counts;
  SB_TRY(in_error, sqlite::number_of(state_->tables->open_errors));
  SB_TRY(chosen, sqlite::number_of(state_->tables->chosen_count.bind(1, 0)));
  SB_TRY(unpublished, sqlite::number_of(state_->tables->unpublished_count));
  for (const auto& [id, slicer] : state_->index.slicers) {
    counts.planned += slicer.planned;
  }
  std::uint64_t pending = chosen;
  for (const auto& [first, bits] : state_->index.batches) {
    pending += bits.left();
  }
  counts.in_error = in_error;
  counts.unpublished = unpublished;
  counts.completed = counts.planned - in_error - pending;
  return counts;
}

}  // namespace slicebus::store
