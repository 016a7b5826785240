#pragma once
#include <vector>

#include "master/store/records_store.hpp"

/// Record stores that last as long as their objects, for the simulator and tests. Insertion order is the order of the
/// vector.
namespace slicebus::store {

class MemoryExecutionStore final : public ExecutionStore {
 public:
  Result<void> insert(const ExecutionRecord& execution) override;
  Result<void> put(const std::vector<ExecutionRecord>& executions) override;
  Result<std::optional<ExecutionRecord>> get(const ExecutionId& ex_id) override;
  Result<std::optional<ExecutionRecord>> latest_of(const JobId& job_id) override;
  Result<std::map<JobId, ExecutionRecord>> latest_of(const std::vector<JobId>& job_ids) override;
  Result<std::vector<ExecutionRecord>> living() override;
  Result<std::vector<ExecutionRecord>> of_lineage(const LineageId& lineage) override;
  Result<std::vector<ExecutionRecord>> list(const ListQuery& query) override;

 private:
  friend class MemoryJobStore;  // a job is deleted together with its executions
  std::vector<ExecutionRecord> executions_;
};

class MemoryJobStore final : public JobStore {
 public:
  explicit MemoryJobStore(MemoryExecutionStore& executions) : executions_(executions) {}
  Result<void> insert(const JobRecord& job, const ExecutionRecord* first = nullptr) override;
  Result<void> put(const JobRecord& job) override;
  Result<void> remove(const JobRecord& deleted_job, const std::string& deleted_on) override;
  Result<std::optional<JobRecord>> get(const JobId& job_id) override;
  Result<std::vector<JobRecord>> list(const ListQuery& query) override;

 private:
  MemoryExecutionStore& executions_;
  std::vector<JobRecord> jobs_;
};

}  // namespace slicebus::store
