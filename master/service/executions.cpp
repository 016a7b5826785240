#include "master/service/executions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace slicebus::service {
namespace {

Document status_answer(Status status) { return Document(Json{{"status", name_of(status)}}); }

/// R-api-17.
Refusal no_active(const ExecutionId& ex_id) {
  return {RefusalKind::not_found, "no active execution context was found for ex_id: " + ex_id.text};
}

scheduler::ExecutionWanted wanted_from(const store::ExecutionRecord& record, const Json& document,
                                       const scheduler::Desire& desire) {
  scheduler::ExecutionWanted wanted;
  wanted.ex_id = record.ex_id;
  wanted.job_id = record.job_id;
  wanted.lineage = record.lineage;
  wanted.started = record.status != name_of(Status::pending);
  wanted.workers = document.value("_workers_wanted", 1U);
  wanted.host = text_of(document, "slicer_hostname");
  wanted.port = document.value("slicer_port", std::uint16_t{0});
  wanted.cleanup = text_of(document, "recovered_slice_type");
  wanted.recovery = document.contains("recovered_execution");
  wanted.continues = wanted.cleanup.empty() || flag_of(document, "autorecover", false);
  wanted.execution = record.document;
  wanted.desire = desire;
  return wanted;
}

}  // namespace

Executions::Executions(store::ExecutionStore& store, Sources sources, Stamps& stamps, Duration stop_timeout)
    : store_(store), sources_(std::move(sources)), stamps_(stamps), stop_timeout_(stop_timeout) {}

Result<void> Executions::load() {
  for (const char* newest : {"_created:desc", "_updated:desc"}) {
    SB_TRY(latest, store_.list({.size = 1, .sort = newest}));
    for (const store::ExecutionRecord& record : latest) {
      stamps_.saw(record.created);
      stamps_.saw(record.updated);
    }
  }
  SB_TRY(records, store_.living());
  for (store::ExecutionRecord& record : records) {
    SB_TRY(document, Document::parse(record.document, "execution " + record.ex_id.text));
    Living living;
    living.status = status_named(record.status).value_or(Status::pending);
    living.desire = {.version = 1,
                     .paused = record.desired == "paused",
                     .stopping = record.desired == "stopping",
                     .stop_timeout = stop_timeout_};
    living.document = std::move(document);
    living.record = std::move(record);
    outbox_.push_back(wanted_from(living.record, living.document.json(), living.desire));
    living_.emplace(living.record.ex_id, std::move(living));
  }
  outbox_.push_back(scheduler::RecordsLoaded{});
  return {};
}

// ---- new ones
// -------------------------------------------------------------------------------------------------------------

Answer<ExecutionId> Executions::create(const Json& config, const JobId& job_id, const LineageId& lineage,
                                       const std::optional<Recovers>& recovers) {
  Living fresh;
  const ExecutionId ex_id{sources_.new_id()};
  const WallTime created = stamps_.next();
  fresh.document = new_execution(config, job_id, ex_id, created, recovers);
  fresh.desire.version = 1;
  fresh.record = {.ex_id = ex_id,
                  .job_id = job_id,
                  .lineage = lineage.empty() ? LineageId{ex_id.text} : lineage,
                  .status = std::string(name_of(Status::pending)),
                  .document = fresh.document.text(),
                  .created = created,
                  .updated = created};
  if (const auto inserted = store_.insert(fresh.record); !inserted) {
    return refuse(inserted.error());
  }
  outbox_.push_back(wanted_from(fresh.record, fresh.document.json(), fresh.desire));
  living_.emplace(ex_id, std::move(fresh));
  return ex_id;
}

Answer<Document> Executions::recover(const ExecutionId& ex_id, const std::string& cleanup) {
  const auto record = store_.get(ex_id);
  if (!record) {
    return refuse(record.error());
  }
  if (!*record) {
    return refuse(RefusalKind::not_found, "Could not find execution " + ex_id.text);
  }
  if (const Answer<void> may = may_recover((*record)->lineage); !may) {
    return tl::make_unexpected(may.error());
  }
  const auto document = Document::parse((*record)->document, "execution " + ex_id.text);
  if (!document) {
    return refuse(document.error());
  }
  // R-ex-120a: an execution that recovers by itself asks for what was left, unless told otherwise.
  const bool autorecover = flag_of(document->json(), "autorecover", false);
  const Answer<ExecutionId> made = create(document->json(), (*record)->job_id, (*record)->lineage,
                                          Recovers{ex_id, cleanup.empty() && autorecover ? "pending" : cleanup});
  if (!made) {
    return tl::make_unexpected(made.error());
  }
  return Document(Json{{"job_id", (*record)->job_id.text}, {"ex_id", made->text}});
}

Answer<void> Executions::may_recover(const LineageId& lineage) const {
  for (const auto& [ex_id, living] : living_) {
    if (living.record.lineage == lineage) {
      return refuse(RefusalKind::conflict, "Execution " + ex_id.text + " is still " +
                                               std::string(name_of(living.status)) +
                                               ", it must be in a terminal status to recover");
    }
  }
  return {};
}

bool Executions::is_running(const JobId& job_id) const {
  return std::any_of(living_.begin(), living_.end(),
                     [&](const auto& entry) { return entry.second.record.job_id == job_id; });
}

// ---- reading
// --------------------------------------------------------------------------------------------------------------

Document Executions::shown(const Living& living) const {
  Document document = living.document;
  const std::string& waiting = living.dirty && !write_trouble_.empty() ? write_trouble_ : living.waiting;
  if (!waiting.empty() && !is_terminal(living.status)) {
    document.json()["_waiting"] = waiting;
  }
  return document;
}

Answer<Document> Executions::get(const ExecutionId& ex_id) const {
  if (const Living* found = living(ex_id)) {
    return shown(*found);
  }
  const auto record = store_.get(ex_id);
  if (!record) {
    return refuse(record.error());
  }
  if (!*record) {
    return refuse(RefusalKind::not_found, "Could not find execution " + ex_id.text);
  }
  auto document = Document::parse((*record)->document, "execution " + ex_id.text);
  if (!document) {
    return refuse(document.error());
  }
  return std::move(*document);
}

Answer<std::vector<Document>> Executions::list(const store::ListQuery& query) const {
  const auto records = store_.list(query);
  if (!records) {
    return refuse(records.error());
  }
  std::vector<Document> documents;
  for (const store::ExecutionRecord& record : *records) {
    if (const Living* found = living(record.ex_id)) {
      documents.push_back(shown(*found));
      continue;
    }
    auto document = Document::parse(record.document, "execution " + record.ex_id.text);
    if (!document) {
      return refuse(document.error());
    }
    documents.push_back(std::move(*document));
  }
  return documents;
}

std::optional<store::ExecutionRecord> Executions::find_latest(const JobId& job_id) const {
  auto latest = store_.latest_of(job_id);
  return latest ? *latest : std::nullopt;
}

Answer<store::ExecutionRecord> Executions::latest_of(const JobId& job_id) const {
  auto latest = store_.latest_of(job_id);
  if (!latest) {
    return refuse(latest.error());
  }
  if (!*latest) {
    return refuse(RefusalKind::not_found, "No execution was found for job " + job_id.text);
  }
  return std::move(**latest);
}

Answer<Document> Executions::statistics(const ExecutionId& ex_id) const {
  const Living* found = living(ex_id);
  if (found == nullptr || !found->connected || is_init(found->status)) {
    return refuse(RefusalKind::not_found, "Could not find active slicer for ex_id: " + ex_id.text);
  }
  Json entry{
      {"ex_id", ex_id.text}, {"job_id", found->record.job_id.text}, {"name", text_of(found->document.json(), "name")}};
  entry.update(slicer_stats(found->beat, 0));
  return Document(std::move(entry));
}

// ---- commands
// -------------------------------------------------------------------------------------------------------------

/// Durable first, then told; a store that fails leaves everything as it was.
Answer<void> Executions::ordered(Living& living, Living before) {
  ++living.desire.version;
  living.record.desired = living.desire.stopping ? "stopping" : living.desire.paused ? "paused" : "";
  if (const auto written = write(living); !written) {
    living = std::move(before);
    return refuse(written.error());
  }
  outbox_.push_back(scheduler::DesireChanged{living.record.ex_id, living.desire});
  return {};
}

Answer<std::optional<Document>> Executions::stop(const ExecutionId& ex_id, const StopOptions& options, Ticket ticket) {
  Living* found = living(ex_id);
  if (found == nullptr) {
    const Answer<Document> record = get(ex_id);
    if (!record) {
      return tl::make_unexpected(record.error());
    }
    Json answer{{"status", text_of(record->json(), "_status")}};
    if (options.force) {
      answer = {{"message", "Force stop complete for exId " + ex_id.text},
                {"status", text_of(record->json(), "_status")}};
    }
    return Document(std::move(answer));
  }
  const bool again = found->desire.stopping;
  if (!again || options.force || options.timeout) {
    Living before = *found;
    found->desire.stopping = true;
    found->desire.paused = false;
    found->desire.stop_timeout = options.force ? Duration{0} : options.timeout.value_or(stop_timeout_);
    if (!options.force) {
      happen(*found, StatusEvent::stop_ordered);
    }
    if (const Answer<void> order = ordered(*found, std::move(before)); !order) {
      return tl::make_unexpected(order.error());
    }
  }
  if (!options.blocking) {
    return Document(Json{{"status", name_of(Status::stopping)}});
  }
  waiters_.emplace(ex_id, Waiter{ticket, Waits::stop, options.force});
  return std::nullopt;
}

/// Whether a pause or resume may be ordered now (R-api-17, 90, 104).
Answer<void> Executions::may_change(const ExecutionId& ex_id, Command command) {
  const Living* found = living(ex_id);
  const std::string verb = command == Command::pause ? "pause" : "resume";
  switch (found == nullptr ? Ruling::not_active : ruling(command, found->status)) {
    case Ruling::not_active:
    case Ruling::already:
      return tl::make_unexpected(no_active(ex_id));
    case Ruling::conflict:
      return refuse(RefusalKind::conflict, "Execution " + ex_id.text + " is stopping, it cannot be asked to " + verb);
    case Ruling::proceed:
      break;
    case Ruling::if_connected:
      if (found->connected) {
        break;
      }
      [[fallthrough]];
    case Ruling::not_available:
      return refuse(RefusalKind::not_available, "Execution " + ex_id.text + " is not available to " + verb);
  }
  if (found->desire.stopping) {  // a forced stop does not show in the status
    return refuse(RefusalKind::conflict,
                  "Execution " + ex_id.text + " is being stopped, it cannot be asked to " + verb);
  }
  return {};
}

Answer<std::optional<Document>> Executions::pause(const ExecutionId& ex_id, Ticket ticket) {
  if (const Answer<void> may = may_change(ex_id, Command::pause); !may) {
    return tl::make_unexpected(may.error());
  }
  Living& found = *living(ex_id);
  if (found.status == Status::paused && found.reached == found.desire.version) {
    happen(found, StatusEvent::was_paused);
    if (const auto written = write(found); !written) {
      return refuse(written.error());
    }
    return status_answer(Status::paused);
  }
  if (!found.desire.paused) {
    Living before = found;
    found.desire.paused = true;
    if (const Answer<void> order = ordered(found, std::move(before)); !order) {
      return tl::make_unexpected(order.error());
    }
  }
  waiters_.emplace(ex_id, Waiter{ticket, Waits::pause, false});
  return std::nullopt;
}

Answer<std::optional<Document>> Executions::resume(const ExecutionId& ex_id, Ticket ticket) {
  if (const Answer<void> may = may_change(ex_id, Command::resume); !may) {
    return tl::make_unexpected(may.error());
  }
  Living& found = *living(ex_id);
  if (!found.desire.paused && found.status != Status::paused) {
    forgive(found);
    happen(found, StatusEvent::was_resumed);
    if (const auto written = write(found); !written) {
      return refuse(written.error());
    }
    return status_answer(found.status);
  }
  if (found.desire.paused) {
    Living before = found;
    found.desire.paused = false;
    if (const Answer<void> order = ordered(found, std::move(before)); !order) {
      return tl::make_unexpected(order.error());
    }
  }
  waiters_.emplace(ex_id, Waiter{ticket, Waits::resume, false});
  return std::nullopt;
}

Executions::Living* Executions::living(const ExecutionId& ex_id) {
  const auto found = living_.find(ex_id);
  return found == living_.end() ? nullptr : &found->second;
}
const Executions::Living* Executions::living(const ExecutionId& ex_id) const {
  const auto found = living_.find(ex_id);
  return found == living_.end() ? nullptr : &found->second;
}

}  // namespace slicebus::service
