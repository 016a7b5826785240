#pragma once
#include <string>
#include <vector>

#include "master/service/executions.hpp"
#include "master/service/job_check.hpp"

namespace slicebus::service {

/// The jobs: what was asked for, and making executions of it. Lives on the records actor's thread.
class Jobs {
 public:
  Jobs(store::JobStore& store, Executions& executions, Sources sources, Stamps& stamps);

  /// Stamps of earlier masters. Once, before anything else.
  Result<void> load();

  /// POST /jobs (R-api-67…74): {"job_id"}, with "ex_id" when `start`, with "warnings" when there are any.
  Answer<Document> submit(const Json& posted, bool start);
  Answer<Document> get(const JobId& job_id) const;
  Answer<std::vector<Document>> list(const store::ListQuery& query) const;
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
  Answer<Document> recover_from(const Found& job, const store::ExecutionRecord& latest, const std::string& cleanup);
  Answer<Document> run(const JobId& job_id, CheckedJob checked, const LineageId& lineage,
                       const std::optional<Recovers>& recovers);

  store::JobStore& store_;
  Executions& executions_;
  Sources sources_;
  Stamps& stamps_;
};

/// `cleanup_type` as R-api-92 allows it.
Answer<void> check_cleanup(const std::string& cleanup);

}  // namespace slicebus::service
