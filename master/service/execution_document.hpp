#pragma once
#include <optional>
#include <string>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/scheduler/messages.hpp"
#include "master/service/document.hpp"
#include "master/service/status_machine.hpp"

/// The execution record as the API shows it: execution.md §3.
namespace slicebus::service {

/// What a new execution recovers.
struct Recovers {
  ExecutionId ex_id;
  std::string slice_type;  ///< recovered_slice_type; empty: none
};

/// A new record in `pending`.
/// @param config  a validated job configuration; fields of an earlier record that belong to its run are left out
Document new_execution(const Json& config, const JobId& job_id, const ExecutionId& ex_id, WallTime created,
                       const std::optional<Recovers>& recovers);

/// The part of a record that is the job's configuration: without ids, status, addresses, statistics.
Json configuration_of(const Json& execution);

/// What was ordered, as ExecutionRecord::desired keeps it: "", "paused", or "stopping" and its time in ms.
std::string desired_text(const scheduler::Desire& desire);
/// @param stop_timeout  of a stop that is recorded without its own
scheduler::Desire desire_from(std::string_view text, Duration stop_timeout);

/// R-api-99. @param action "enqueued", "remove" or "set"
Document workers_answer(const ExecutionId& ex_id, std::uint32_t count, std::string_view action);

/// Writes `_status` and `_updated`.
void set_status(Json& execution, Status status, WallTime updated);
/// R-ex-40, 41: `error` is why it fails, or empty for a clean final write.
void set_outcome(Json& execution, const std::string& error);

/// The counters of §4.4 and of `_slicer_stats`, without ids (R-ex-121).
/// @param ended_ms  wall clock at the end; 0: it runs
Json slicer_stats(const wire::ControllerBeat& beat, std::int64_t ended_ms);

/// `_accounting`, P4: what became of the planned slices, and how many records each operation read (took in), wrote
/// (gave out) and rejected in those that are completed.
/// @param operations  of the execution record
Json accounting(const wire::ControllerBeat& beat, const Json& operations);

}  // namespace slicebus::service
