#pragma once
#include <vector>

#include "master/store/records_store.hpp"

/// Record stores that last as long as their objects, for the simulator and tests. Insertion order is the order of the
/// vector.
namespace slicebus::store {

class MemoryJobStore final : public JobStore {
 public:
  Result<void> insert(const JobRecord& job) override;
  Result<void> put(const JobRecord& job) override;
  Result<std::optional<JobRecord>> get(const JobId& job_id) override;
  Result<std::vector<JobRecord>> list(const ListQuery& query) override;

 private:
  std::vector<JobRecord> jobs_;
};

class MemoryExecutionStore final : public ExecutionStore {
 public:
  Result<void> insert(const ExecutionRecord& execution) override;
  Result<void> put(const std::vector<ExecutionRecord>& executions) override;
  Result<std::optional<ExecutionRecord>> get(const ExecutionId& ex_id) override;
  Result<std::optional<ExecutionRecord>> latest_of(const JobId& job_id) override;
  Result<std::vector<ExecutionRecord>> living() override;
  Result<std::vector<ExecutionRecord>> of_lineage(const LineageId& lineage) override;
  Result<std::vector<ExecutionRecord>> list(const ListQuery& query) override;

 private:
  std::vector<ExecutionRecord> executions_;
};

}  // namespace slicebus::store
