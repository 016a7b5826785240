#pragma once
#include <string>
#include <vector>

#include "master/service/executions.hpp"
#include "master/service/job_check.hpp"

namespace slicebus::service {

/// The jobs: what was asked for, and making executions of it. Lives on the records actor's thread.
class Jobs {
 public:
  Jobs(store::JobStore& store, Executions& executions, Sources sources, Stamps& stamps, AssetResolver assets = {});

  /// Stamps of earlier masters. Once, before anything else.
  Result<void> load();

  /// POST /jobs (R-api-67…74): {"job_id"}, with "ex_id" when `start`, with "warnings" when there are any.
  Answer<Document> submit(const Json& posted, bool start);
  /// POST /jobs/_validate: what submit() would say, every error and warning at once; nothing is stored.
  /// {"valid", "errors": [{"part", "name", "path", "message"}], "warnings"}
  Document validate(const Json& posted) const;
  /// @param latest  adds `ex`: these fields of its latest execution, all when the list is empty (R-api-25)
  Answer<Document> get(const JobId& job_id, const std::optional<std::vector<std::string>>& latest = {}) const;
  Answer<std::vector<Document>> list(const store::ListQuery& query,
                                     const std::optional<std::vector<std::string>>& latest = {}) const;
  /// PUT /jobs/<job> (R-api-75…77).
  Answer<Document> replace(const JobId& job_id, const Json& posted);
  /// DELETE /jobs/<job> (R-api-78, 79): marks it and its executions; nothing is removed.
  Answer<Document> remove(const JobId& job_id);
  /// POST /jobs/<job>/_active, /_inactive (R-api-103).
  Answer<Document> set_active(const JobId& job_id, bool active);
  /// POST /jobs/<job>/_start (R-api-80…83).
  Answer<Document> start(const JobId& job_id);
  /// POST /jobs/<job>/_recover (R-api-92…95): the present job over its latest execution.
  Answer<Document> recover(const JobId& job_id, const std::string& cleanup);

 private:
  struct Found {
    store::JobRecord record;
    Document document;
  };
  Answer<Found> find(const JobId& job_id) const;
  /// The same, 410 when it is deleted. @param cannot "updated"
  Answer<Found> find_undeleted(const JobId& job_id, const std::string& cannot) const;
  Answer<void> add_latest(std::vector<Document>& jobs, const std::vector<std::string>& fields) const;
  Answer<Document> put(Found job);
  Answer<Document> recover_from(const Found& job, const store::ExecutionRecord& latest, const std::string& cleanup);
  Answer<Document> run(const JobId& job_id, CheckedJob checked, const LineageId& lineage,
                       const std::optional<Recovers>& recovers);

  store::JobStore& store_;
  Executions& executions_;
  Sources sources_;
  Stamps& stamps_;
  AssetResolver assets_;
};

/// The record of a job: as posted, and what the server sets (R-api-74).
Document job_document(const Json& posted, const JobId& job_id, WallTime created);
/// `cleanup_type` as R-api-92 allows it.
Answer<void> check_cleanup(const std::string& cleanup);

}  // namespace slicebus::service
