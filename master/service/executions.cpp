#include "master/service/executions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/bundle/asset_id.hpp"

namespace slicebus::service {
namespace {

scheduler::ExecutionWanted wanted_from(const store::ExecutionRecord& record, const Json& document,
                                       const scheduler::Desire& desire) {
  scheduler::ExecutionWanted wanted;
  wanted.ex_id = record.ex_id;
  wanted.job_id = record.job_id;
  wanted.lineage = record.lineage;
  wanted.started = record.status != name_of(Status::pending);
  wanted.workers = std::max(1U, count_of(document, "_workers_wanted", 1));
  wanted.host = text_of(document, "slicer_hostname");
  wanted.port = static_cast<std::uint16_t>(std::min(count_of(document, "slicer_port", 0), 65'535U));
  wanted.cleanup = text_of(document, "recovered_slice_type");
  wanted.recovery = document.contains("recovered_execution");
  wanted.continues = wanted.cleanup.empty() || flag_of(document, "autorecover", false);
  wanted.execution = record.document;
  // Built-in bundles keep their name; all others became ids when the job was checked.
  if (const auto assets = document.find("assets"); assets != document.end() && assets->is_array()) {
    for (const Json& asset : *assets) {
      if (asset.is_string() && bundle::is_asset_id(asset.get_ref<const std::string&>())) {
        wanted.assets.push_back(AssetId{asset.get<std::string>()});
      }
    }
  }
  wanted.log_level = text_of(document, "_log_level_wanted");
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
    auto document = Document::parse(record.document, "execution " + record.ex_id.text);
    if (!document) {  // one damaged record must not keep all others from going on
      unreadable_.push_back(std::move(document).error());
      continue;
    }
    Living living;
    living.status = status_named(record.status).value_or(Status::pending);
    living.desire = desire_from(record.desired, stop_timeout_);
    living.document = std::move(*document);
    if (const Json& json = living.document.json(); living.status != Status::failing && json.contains("_slicer_stats")) {
      living.failures_forgiven = count_of(json.at("_slicer_stats"), "failed", 0);
    }
    living.record = std::move(record);
    scheduler::ExecutionWanted wanted = wanted_from(living.record, living.document.json(), living.desire);
    wanted.kept = true;
    outbox_.emplace_back(std::move(wanted));
    living_.emplace(living.record.ex_id, std::move(living));
  }
  outbox_.emplace_back(scheduler::RecordsLoaded{});
  return {};
}

// ---- new ones
// -------------------------------------------------------------------------------------------------------------

Executions::New Executions::draft(const Json& config, const JobId& job_id, const LineageId& lineage,
                                  const std::optional<Recovers>& recovers) {
  const ExecutionId ex_id{sources_.new_id()};
  const WallTime created = stamps_.next();
  Document document = new_execution(config, job_id, ex_id, created, recovers);
  store::ExecutionRecord record{.ex_id = ex_id,
                                .job_id = job_id,
                                .lineage = lineage.empty() ? LineageId{ex_id.text} : lineage,
                                .status = std::string(name_of(Status::pending)),
                                .document = document.text(),
                                .created = created,
                                .updated = created};
  return {std::move(record), std::move(document)};
}

void Executions::begin(New execution) {
  Living fresh;
  fresh.record = std::move(execution.record);
  fresh.document = std::move(execution.document);
  fresh.desire.version = 1;
  outbox_.emplace_back(wanted_from(fresh.record, fresh.document.json(), fresh.desire));
  const ExecutionId ex_id = fresh.record.ex_id;
  living_.emplace(ex_id, std::move(fresh));
}

Answer<ExecutionId> Executions::create(const Json& config, const JobId& job_id, const LineageId& lineage,
                                       const std::optional<Recovers>& recovers) {
  New fresh = draft(config, job_id, lineage, recovers);
  if (const auto inserted = store_.insert(fresh.record); !inserted) {
    return refuse(inserted.error());
  }
  ExecutionId ex_id = fresh.record.ex_id;
  begin(std::move(fresh));
  return ex_id;
}

Answer<Document> Executions::recover(const ExecutionId& ex_id, const std::string& cleanup) {
  const auto kept = store_.get(ex_id);
  if (!kept) {
    return refuse(kept.error());
  }
  const std::optional<store::ExecutionRecord>& record = *kept;
  if (!record) {
    return refuse(RefusalKind::not_found, "Could not find execution " + ex_id.text);
  }
  if (const Answer<void> may = may_recover(record->lineage); !may) {
    return tl::make_unexpected(may.error());
  }
  const auto document = Document::parse(record->document, "execution " + ex_id.text);
  if (!document) {
    return refuse(document.error());
  }
  // R-ex-120a: an execution that recovers by itself asks for what was left, unless told otherwise.
  const bool autorecover = flag_of(document->json(), "autorecover", false);
  const Answer<ExecutionId> made = create(document->json(), record->job_id, record->lineage,
                                          Recovers{ex_id, cleanup.empty() && autorecover ? "pending" : cleanup});
  if (!made) {
    return tl::make_unexpected(made.error());
  }
  return Document(Json{{"job_id", record->job_id.text}, {"ex_id", made->text}});
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
  const auto kept = store_.get(ex_id);
  if (!kept) {
    return refuse(kept.error());
  }
  const std::optional<store::ExecutionRecord>& record = *kept;
  if (!record) {
    return refuse(RefusalKind::not_found, "Could not find execution " + ex_id.text);
  }
  auto document = Document::checked(record->document, "execution " + ex_id.text);
  if (!document) {
    return refuse(document.error());
  }
  return std::move(*document);
}

Answer<std::vector<Document>> Executions::list(const store::ListQuery& query) const {
  auto records = store_.list(query);
  if (!records) {
    return refuse(records.error());
  }
  std::vector<Document> documents;
  for (store::ExecutionRecord& record : *records) {
    if (const Living* found = living(record.ex_id)) {
      documents.push_back(shown(*found));
      continue;
    }
    auto document = Document::unread(std::move(record.document), "execution " + record.ex_id.text);
    if (document) {  // a damaged one is an error only where it is asked for by its id
      documents.push_back(std::move(*document));
    }
  }
  return documents;
}

Answer<std::optional<store::ExecutionRecord>> Executions::find_latest(const JobId& job_id) const {
  auto latest = store_.latest_of(job_id);
  if (!latest) {
    return refuse(latest.error());
  }
  return std::move(*latest);
}

Answer<store::ExecutionRecord> Executions::latest_of(const JobId& job_id) const {
  auto found = find_latest(job_id);
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  std::optional<store::ExecutionRecord>& latest = *found;
  if (!latest) {
    return refuse(RefusalKind::not_found, "No execution was found for job " + job_id.text);
  }
  return std::move(*latest);
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

Executions::Living* Executions::living(const ExecutionId& ex_id) {
  const auto found = living_.find(ex_id);
  return found == living_.end() ? nullptr : &found->second;
}
const Executions::Living* Executions::living(const ExecutionId& ex_id) const {
  const auto found = living_.find(ex_id);
  return found == living_.end() ? nullptr : &found->second;
}

}  // namespace slicebus::service
