#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/store/slice_ledger.hpp"
#include "master/store/sqlite/database.hpp"

/// The tables of a ledger file and every statement that is run on them. What the rows mean:
///   lineage      one row: the epoch of the controller that may write
///   generation   one row an execution of the lineage, numbered from 1, with its tally and how it ended
///   slicer       position and cursor of each slicer; generation_start: its position when a generation began
///   batch        consecutive planned slices with their requests; batch_bits: which of them have left (absent: none)
///   finished     ranges of slices that have left their batches; batches and ranges tile 1..planned of each slicer
///   error        one row a slice and generation in which it failed, with the request (the batch may be gone);
///                `change` numbers its failure and its repair: the journal of errors is the rows by it
///   slot_deaths  of unfinished slices: how many slots each brought down
///   unpublished  accepted outputs, by name, that may not be visible yet
/// A slice that has left its batch is completed unless its newest error row says otherwise.
namespace slicebus::store::sqlite {

enum class ErrorState : std::uint8_t {
  open = 0,      ///< the slice is in error
  chosen = 1,    ///< a later generation runs the slice again: it is unfinished
  repaired = 2,  ///< and completed it
  repeated = 3   ///< and it failed again: a newer row tells
};

const Schema& ledger_schema();

struct LedgerTables {
  static Result<std::unique_ptr<LedgerTables>> open(const std::string& path);

  std::unique_ptr<Database> database;  ///< stands first: the statements end before it

  Statement epoch, next_epoch;
  Statement generation_of, newest_generation, add_generation, put_tally, tally_sums, put_final;
  Statement generation_starts, add_generation_start;
  Statement slicers, put_slicer;
  Statement batches, add_batch, drop_batch, batch_requests, put_bits, drop_bits;
  Statement finished, finished_before, finished_after, put_finished, drop_finished;
  Statement choose_errors, newest_error, add_error_of_batch, add_error_again, supersede_error, repair_errors;
  Statement chosen_errors, error_page, open_errors, open_errors_of, chosen_count, newest_error_request;
  Statement slot_deaths, put_slot_deaths, drop_slot_deaths;
  Statement unpublished, unpublished_count, accepted_fence, add_unpublished, drop_unpublished;
};

/// The number that a statement gives; 0 when it gives none.
Result<std::uint64_t> number_of(Statement& statement);

std::string pack_counts(const wire::OperationCounts& counts);
/// Nothing when the bytes are not what pack_counts made.
std::optional<wire::OperationCounts> unpack_counts(std::string_view bytes);

}  // namespace slicebus::store::sqlite
