#include <algorithm>
#include <nlohmann/json.hpp>

#include "master/service/executions.hpp"

/// What lists show of many executions at once.
namespace slicebus::service {

Answer<std::map<JobId, Document>> Executions::latest_shown(const std::vector<JobId>& job_ids) const {
  const auto latest = store_.latest_of(job_ids);
  if (!latest) {
    return refuse(latest.error());
  }
  std::map<JobId, Document> shown_by_job;
  for (const JobId& job_id : job_ids) {
    const auto found = latest->find(job_id);
    if (found == latest->end() || found->second.deleted) {
      shown_by_job[job_id] = Document();
      continue;
    }
    const store::ExecutionRecord& record = found->second;
    if (const Living* alive = living(record.ex_id)) {
      shown_by_job[job_id] = shown(*alive);
      continue;
    }
    // A damaged one is an error only where it is asked for by its id.
    shown_by_job[job_id] = Document::parse(record.document, "execution " + record.ex_id.text).value_or(Document());
  }
  return shown_by_job;
}

std::vector<Document> Executions::all_statistics() const {
  std::vector<Document> entries;
  for (const auto& [ex_id, living] : living_) {
    if (auto entry = statistics(ex_id)) {
      entries.push_back(std::move(*entry));
    }
  }
  const auto key = [](const Document& entry) {
    return std::pair(text_of(entry.json(), "name"), text_of(entry.json(), "started"));
  };
  std::stable_sort(entries.begin(), entries.end(),
                   [&](const Document& a, const Document& b) { return key(a) > key(b); });
  return entries;
}

}  // namespace slicebus::service
