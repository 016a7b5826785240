#include "master/service/jobs.hpp"

#include <nlohmann/json.hpp>

namespace slicebus::service {
namespace {

/// What JavaScript calls falsy: such an `operations` counts as absent (R-api-67).
bool is_falsy(const Json& value) {
  return value.is_null() || value == false || value == "" || (value.is_number() && value.get<double>() == 0.0);
}

void add_warnings(Json& answer, const Document& warnings) {
  if (const Json& list = warnings.json().at("list"); !list.empty()) {
    answer["warnings"] = list;
  }
}

}  // namespace

Document job_document(const Json& posted, const JobId& job_id, WallTime created) {
  Document document(posted);
  Json& job = document.json();
  job.erase("_deleted");  // ours to say, and not yet true
  job.erase("_deleted_on");
  job["job_id"] = job_id.text;
  job["_context"] = "job";
  job["_created"] = iso8601(created);
  job["_updated"] = iso8601(created);
  return document;
}

Answer<void> check_cleanup(const std::string& cleanup) {
  if (cleanup.empty() || cleanup == "all" || cleanup == "errors" || cleanup == "pending") {
    return {};
  }
  return refuse(RefusalKind::invalid, "cleanup_type must be empty or set to all, errors, pending");
}

Jobs::Jobs(store::JobStore& store, Executions& executions, Sources sources, Stamps& stamps, AssetResolver assets)
    : store_(store),
      executions_(executions),
      sources_(std::move(sources)),
      stamps_(stamps),
      assets_(std::move(assets)) {}

Result<void> Jobs::load() {
  for (const char* newest : {"_created:desc", "_updated:desc"}) {
    SB_TRY(latest, store_.list({.size = 1, .sort = newest}));
    for (const store::JobRecord& record : latest) {
      stamps_.saw(record.created);
      stamps_.saw(record.updated);
    }
  }
  return {};
}

Answer<Document> Jobs::submit(const Json& posted, bool start) {
  if (!posted.is_object() || !posted.contains("operations") || is_falsy(posted.at("operations"))) {
    return refuse(RefusalKind::invalid, "No job was posted");
  }
  if (posted.contains("job_id")) {
    return refuse(RefusalKind::unprocessable, "Job cannot include a job_id on submit");
  }
  Answer<CheckedJob> checked = check_job(posted, assets_);
  if (!checked) {
    return tl::make_unexpected(checked.error());
  }
  const JobId job_id{sources_.new_id()};
  const WallTime created = stamps_.next();
  const Document document = job_document(posted, job_id, created);
  const store::JobRecord record{.job_id = job_id,
                                .document = document.text(),
                                .active = flag_of(checked->config.json(), "active", true),
                                .created = created,
                                .updated = created};
  Json answer{{"job_id", job_id.text}};
  std::optional<Executions::New> first;
  if (start) {
    first = executions_.draft(checked->config.json(), job_id, {}, std::nullopt);
    answer["ex_id"] = first->record.ex_id.text;
  }
  if (const auto inserted = store_.insert(record, first ? &first->record : nullptr); !inserted) {
    return refuse(inserted.error());
  }
  if (first) {
    executions_.begin(*std::move(first));
  }
  add_warnings(answer, checked->warnings);
  return Document(std::move(answer));
}

Document Jobs::validate(const Json& posted) const {
  if (!posted.is_object() || !posted.contains("operations") || is_falsy(posted.at("operations"))) {
    return Document(
        Json{{"valid", false},
             {"errors", {{{"part", "job"}, {"name", ""}, {"path", {"operations"}}, {"message", "No job was posted"}}}},
             {"warnings", Json::array()}});
  }
  return report_on(posted, assets_);
}

Answer<Document> Jobs::run(const JobId& job_id, CheckedJob checked, const LineageId& lineage,
                           const std::optional<Recovers>& recovers) {
  const Answer<ExecutionId> made = executions_.create(checked.config.json(), job_id, lineage, recovers);
  if (!made) {
    return tl::make_unexpected(made.error());
  }
  Json answer{{"job_id", job_id.text}, {"ex_id", made->text}};
  add_warnings(answer, checked.warnings);
  return Document(std::move(answer));
}

Answer<Jobs::Found> Jobs::find(const JobId& job_id) const {
  auto kept = store_.get(job_id);
  if (!kept) {
    return refuse(kept.error());
  }
  std::optional<store::JobRecord>& record = *kept;
  if (!record) {
    return refuse(RefusalKind::not_found, "Could not find job " + job_id.text);
  }
  auto document = Document::checked(record->document, "job " + job_id.text);
  if (!document) {
    return refuse(document.error());
  }
  return Found{std::move(*record), std::move(*document)};
}

Answer<void> Jobs::add_latest(std::vector<Document>& jobs, const std::vector<std::string>& fields) const {
  std::vector<JobId> ids;
  ids.reserve(jobs.size());
  for (const Document& job : jobs) {
    ids.push_back(JobId{text_of(job.json(), "job_id")});
  }
  auto latest = executions_.latest_shown(ids);
  if (!latest) {
    return tl::make_unexpected(latest.error());
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Json& execution = (*latest)[ids[i]].json();
    Json chosen = Json::object();
    for (const std::string& field : fields) {
      if (execution.contains(field)) {
        chosen[field] = execution[field];
      }
    }
    jobs[i].json()["ex"] = fields.empty() ? execution : std::move(chosen);
  }
  return {};
}

Answer<Document> Jobs::get(const JobId& job_id, const std::optional<std::vector<std::string>>& latest) const {
  Answer<Found> found = find(job_id);
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  std::vector<Document> one;
  one.push_back(std::move(found->document));
  if (latest) {
    if (const Answer<void> added = add_latest(one, *latest); !added) {
      return tl::make_unexpected(added.error());
    }
  }
  return std::move(one.front());
}

Answer<std::vector<Document>> Jobs::list(const store::ListQuery& query,
                                         const std::optional<std::vector<std::string>>& latest) const {
  auto records = store_.list(query);
  if (!records) {
    return refuse(records.error());
  }
  std::vector<Document> documents;
  for (store::JobRecord& record : *records) {
    auto document = Document::unread(std::move(record.document), "job " + record.job_id.text);
    if (document) {  // a damaged one is an error only where it is asked for by its id
      documents.push_back(std::move(*document));
    }
  }
  if (latest) {
    if (const Answer<void> added = add_latest(documents, *latest); !added) {
      return tl::make_unexpected(added.error());
    }
  }
  return documents;
}

Answer<Document> Jobs::start(const JobId& job_id) {
  const Answer<Found> found = find(job_id);
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  if (executions_.is_running(job_id)) {
    return refuse(RefusalKind::conflict,
                  "Job " + job_id.text + " is currently running, cannot have the same job concurrently running");
  }
  if (found->record.deleted) {
    return refuse(RefusalKind::gone, "Job " + job_id.text + " has been deleted and cannot be started.");
  }
  Answer<CheckedJob> checked = check_job(configuration_of(found->document.json()), assets_);
  if (!checked) {
    return tl::make_unexpected(checked.error());
  }
  if (flag_of(checked->config.json(), "autorecover", false)) {
    const auto latest = executions_.find_latest(job_id);
    if (!latest) {
      return tl::make_unexpected(latest.error());
    }
    if (const std::optional<store::ExecutionRecord>& execution = *latest) {
      return recover_from(*found, *execution, "");
    }
  }
  return run(job_id, std::move(*checked), {}, std::nullopt);
}

Answer<Document> Jobs::recover(const JobId& job_id, const std::string& cleanup) {
  const Answer<Found> found = find(job_id);
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  if (found->record.deleted) {
    return refuse(RefusalKind::gone, "Job " + job_id.text + " has been deleted and cannot be recovered.");
  }
  const auto latest = executions_.find_latest(job_id);
  if (!latest) {
    return tl::make_unexpected(latest.error());
  }
  if (const std::optional<store::ExecutionRecord>& execution = *latest) {
    return recover_from(*found, *execution, cleanup);
  }
  Answer<CheckedJob> checked = check_job(configuration_of(found->document.json()), assets_);
  if (!checked) {
    return tl::make_unexpected(checked.error());
  }
  if (!flag_of(checked->config.json(), "autorecover", false)) {
    return refuse(RefusalKind::not_found, "Job " + job_id.text + " is missing an execution to recover from");
  }
  return run(job_id, std::move(*checked), {}, std::nullopt);
}

Answer<Document> Jobs::recover_from(const Found& job, const store::ExecutionRecord& latest,
                                    const std::string& cleanup) {
  if (Answer<void> may = executions_.may_recover(latest.lineage); !may) {
    return tl::make_unexpected(may.error());
  }
  const auto before = Document::parse(latest.document, "execution " + latest.ex_id.text);
  if (!before) {
    return refuse(before.error());
  }
  // The job wins, gaps are filled from the execution (R-api-93).
  Json merged = configuration_of(job.document.json());
  const Json former_config = configuration_of(before->json());
  for (const auto& [key, value] : former_config.items()) {
    if (!merged.contains(key)) {
      merged[key] = value;
    }
  }
  Answer<CheckedJob> checked = check_job(merged, assets_, &before->json());
  if (!checked) {
    return tl::make_unexpected(checked.error());
  }
  const auto reader_of = [](const Json& config) { return text_of(config.at("operations").at(0), "_op"); };
  const std::string reader = reader_of(checked->config.json());
  if (const std::string former = reader_of(before->json()); reader != former) {
    return refuse(RefusalKind::conflict, "Job " + job.record.job_id.text + " reads by \"" + reader + "\", execution " +
                                             latest.ex_id.text + " read by \"" + former +
                                             "\": it cannot go on from there; _start begins anew");
  }
  const bool autorecover = flag_of(checked->config.json(), "autorecover", false);
  return run(job.record.job_id, std::move(*checked), latest.lineage,
             Recovers{latest.ex_id, cleanup.empty() && autorecover ? "pending" : cleanup});
}

}  // namespace slicebus::service
