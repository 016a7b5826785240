#include "master/service/execution_document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/version.hpp"

namespace slicebus::service {
namespace {

/// Fields of one run: a recovery starts without them.
constexpr std::array<std::string_view, 22> run_fields{"relocatable",
                                                      "job_id",
                                                      "ex_id",
                                                      "metadata",
                                                      "_context",
                                                      "_status",
                                                      "_created",
                                                      "_updated",
                                                      "_has_errors",
                                                      "_failureReason",
                                                      "teraslice_version",
                                                      "slicer_port",
                                                      "slicer_hostname",
                                                      "_slicer_stats",
                                                      "_accounting",
                                                      "recovered_execution",
                                                      "recovered_slice_type",
                                                      "_workers_wanted",
                                                      "_log_level_wanted",
                                                      "_waiting",
                                                      "_deleted",
                                                      "_deleted_on"};

constexpr std::string_view paused_word = "paused";
constexpr std::string_view stopping_word = "stopping";

std::string date(std::int64_t ms) { return iso8601(WallTime{std::chrono::milliseconds(ms)}); }

}  // namespace

Json configuration_of(const Json& execution) {
  Json config = Json::object();
  for (const auto& [key, value] : execution.items()) {
    if (std::find(run_fields.begin(), run_fields.end(), key) == run_fields.end()) {
      config[key] = value;
    }
  }
  return config;
}

Document new_execution(const Json& config, const JobId& job_id, const ExecutionId& ex_id, WallTime created,
                       const std::optional<Recovers>& recovers) {
  Json record = configuration_of(config);
  record["relocatable"] = false;
  record["job_id"] = job_id.text;
  record["ex_id"] = ex_id.text;
  record["metadata"] = Json::object();
  record["_context"] = "ex";
  record["_status"] = name_of(Status::pending);
  record["_created"] = iso8601(created);
  record["_updated"] = iso8601(created);
  record["_has_errors"] = false;
  record["_failureReason"] = "";
  record["teraslice_version"] = std::string("v") + teraslice_version;
  record["_workers_wanted"] = record.value("workers", 1);
  record["_slicer_stats"] = Json::object();
  if (recovers) {
    record["recovered_execution"] = recovers->ex_id.text;
    if (!recovers->slice_type.empty()) {
      record["recovered_slice_type"] = recovers->slice_type;
    }
  }
  return Document(std::move(record));
}

std::string desired_text(const scheduler::Desire& desire) {
  if (desire.stopping) {
    return std::string(stopping_word) + " " +
           std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(desire.stop_timeout).count());
  }
  return std::string(desire.paused ? paused_word : "");
}

scheduler::Desire desire_from(std::string_view text, Duration stop_timeout) {
  scheduler::Desire desire{.version = 1, .paused = text == paused_word, .stop_timeout = stop_timeout};
  if (text.substr(0, stopping_word.size()) == stopping_word) {
    desire.stopping = true;
    std::int64_t ms = -1;
    const std::string_view time = text.substr(std::min(text.size(), stopping_word.size() + 1));
    std::from_chars(time.data(), time.data() + time.size(), ms);
    if (ms >= 0) {
      desire.stop_timeout = std::chrono::milliseconds(ms);
    }
  }
  return desire;
}

Document workers_answer(const ExecutionId& ex_id, std::uint32_t count, std::string_view action) {
  return Document(Json{{"message", std::to_string(count) + " workers have been " + std::string(action) +
                                       " for execution: " + ex_id.text}});
}

void set_status(Json& execution, Status status, WallTime updated) {
  execution["_status"] = name_of(status);
  execution["_updated"] = iso8601(updated);
}

void set_outcome(Json& execution, const std::string& error) {
  execution["_has_errors"] = !error.empty();
  execution["_failureReason"] = error;
}

Json slicer_stats(const wire::ControllerBeat& beat, std::int64_t ended_ms) {
  const std::int64_t ran_ms = beat.started_ms > 0 && ended_ms > beat.started_ms ? ended_ms - beat.started_ms : 0;
  Json stats{{"workers_available", beat.slots_connected - std::min(beat.slots_connected, beat.slots_active)},
             {"workers_active", beat.slots_active},
             {"workers_joined", beat.workers_joined},
             {"workers_reconnected", beat.workers_reconnected},
             {"workers_disconnected", beat.workers_disconnected},
             {"job_duration", ended_ms > 0 ? std::max<std::int64_t>(1, ran_ms / 1'000) : 0},
             {"failed", beat.slices_failed},
             {"subslices", 0},
             {"queued", beat.slices_queued},
             {"slice_range_expansion", 0},
             {"processed", beat.slices_processed},
             {"slicers", beat.slicers},
             {"subslice_by_key", beat.subslice_by_key}};
  if (beat.started_ms > 0) {
    stats["started"] = date(beat.started_ms);
  }
  if (beat.queuing_complete_ms > 0) {
    stats["queuing_complete"] = date(beat.queuing_complete_ms);
  }
  return stats;
}

Json accounting(const wire::ControllerBeat& beat, const Json& operations) {
  const std::uint64_t finished = std::min(beat.slices_processed, beat.slices_planned);
  Json accounts{{"slices",
                 {{"planned", beat.slices_planned},
                  {"completed", beat.slices_processed - std::min(beat.slices_processed, beat.slices_failed)},
                  {"failed", beat.slices_failed},
                  {"unfinished", beat.slices_planned - finished}}},
                {"records", {{"read", 0}, {"written", 0}, {"rejected", 0}}},
                {"operations", Json::array()}};
  std::uint64_t rejected = 0;
  for (std::size_t i = 0; i < beat.counts.size(); ++i) {
    const wire::OperationCount& count = beat.counts[i];
    rejected += count.records_rejected;
    accounts["operations"].push_back({{"_op", i < operations.size() ? text_of(operations[i], "_op") : ""},
                                      {"read", count.records_in},
                                      {"written", count.records_out},
                                      {"rejected", count.records_rejected},
                                      {"time_ms", count.time_us / 1'000}});
  }
  if (!beat.counts.empty()) {
    accounts["records"] = {
        {"read", beat.counts.front().records_in}, {"written", beat.counts.back().records_out}, {"rejected", rejected}};
  }
  return accounts;
}

}  // namespace slicebus::service
