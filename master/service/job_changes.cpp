#include <nlohmann/json.hpp>

#include "master/service/jobs.hpp"

/// What is done to a stored job: replaced, deleted, made active or inactive.
namespace slicebus::service {

Answer<Jobs::Found> Jobs::find_undeleted(const JobId& job_id, const std::string& cannot) const {
  Answer<Found> found = find(job_id);
  if (found && found->record.deleted) {
    return refuse(RefusalKind::gone, "Job " + job_id.text + " has been deleted and cannot be " + cannot + ".");
  }
  return found;
}

Answer<Document> Jobs::put(Found job) {
  job.record.updated = stamps_.next();
  job.document.json()["_updated"] = iso8601(job.record.updated);
  job.record.document = job.document.text();
  if (const auto written = store_.put(job.record); !written) {
    return refuse(written.error());
  }
  return std::move(job.document);
}

Answer<Document> Jobs::replace(const JobId& job_id, const Json& posted) {
  if (posted.empty()) {
    return refuse(RefusalKind::invalid, "no data was provided to update job " + job_id.text);
  }
  if (!posted.is_object()) {
    return refuse(RefusalKind::invalid, "a job must be an object, got an array");
  }
  Answer<Found> found = find_undeleted(job_id, "updated");
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  Json warnings = Json::array();
  const bool switched_off = found->record.active && posted.contains("active") && posted.at("active") == false;
  if (switched_off) {
    found->record.active = false;
  } else {
    Answer<CheckedJob> checked = check_job(configuration_of(posted), assets_);
    if (!checked) {
      return tl::make_unexpected(checked.error());
    }
    found->record.active = flag_of(checked->config.json(), "active", true);
    warnings = std::move(checked->warnings.json().at("list"));
  }
  found->document = job_document(posted, job_id, found->record.created);
  Answer<Document> written = put(std::move(*found));
  if (written && !warnings.empty()) {
    written->json()["warnings"] = std::move(warnings);
  }
  return written;
}

Answer<Document> Jobs::remove(const JobId& job_id) {
  Answer<Found> found = find(job_id);
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  if (found->record.deleted) {
    return refuse(RefusalKind::gone, "Job " + job_id.text + " has already been deleted.");
  }
  if (executions_.is_running(job_id)) {
    return refuse(RefusalKind::conflict, "Job " + job_id.text + " is currently running, cannot delete a running job.");
  }
  const WallTime now = stamps_.next();
  Json& job = found->document.json();
  job["active"] = false;
  job["_updated"] = iso8601(now);
  job["_deleted"] = true;
  job["_deleted_on"] = iso8601(now);
  found->record.active = false;
  found->record.deleted = true;
  found->record.updated = now;
  found->record.document = found->document.text();
  if (const auto removed = store_.remove(found->record, iso8601(now)); !removed) {
    return refuse(removed.error());
  }
  return std::move(found->document);
}

Answer<Document> Jobs::set_active(const JobId& job_id, bool active) {
  Answer<Found> found = find_undeleted(job_id, "updated");
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  if (active) {
    if (const Answer<CheckedJob> checked = check_job(configuration_of(found->document.json()), assets_); !checked) {
      return tl::make_unexpected(checked.error());
    }
  }
  found->record.active = active;
  found->document.json()["active"] = active;
  return put(std::move(*found));
}

}  // namespace slicebus::service
