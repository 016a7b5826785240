#pragma once
#include <map>
#include <string>
#include <vector>

#include "master/store/memory/error_store.hpp"
#include "master/store/memory/record_stores.hpp"
#include "tests/sim/world.hpp"

namespace slicebus::sim {

/// The master's records of executions: they outlive it, their disk fills, and what is terminal in them is final.
class WatchedExecutions final : public store::ExecutionStore {
 public:
  explicit WatchedExecutions(World& world) : world_(world) {}

  Result<void> insert(const store::ExecutionRecord& execution) override;
  Result<void> put(const std::vector<store::ExecutionRecord>& executions) override;
  Result<std::optional<store::ExecutionRecord>> get(const ExecutionId& ex_id) override { return memory_.get(ex_id); }
  Result<std::optional<store::ExecutionRecord>> latest_of(const JobId& job_id) override {
    return memory_.latest_of(job_id);
  }
  Result<std::map<JobId, store::ExecutionRecord>> latest_of(const std::vector<JobId>& job_ids) override {
    return memory_.latest_of(job_ids);
  }
  Result<std::vector<store::ExecutionRecord>> living() override { return memory_.living(); }
  Result<std::vector<store::ExecutionRecord>> of_lineage(const LineageId& lineage) override {
    return memory_.of_lineage(lineage);
  }
  Result<std::vector<store::ExecutionRecord>> list(const store::ListQuery& query) override {
    return memory_.list(query);
  }

  /// "" of one that is not recorded.
  const std::string& status(const ExecutionId& ex_id) const;
  bool is_terminal(const ExecutionId& ex_id) const;
  const std::map<ExecutionId, std::string>& statuses() const { return statuses_; }

  TimePoint full_until{};
  std::function<void(const ExecutionId&, const std::string& status)> on_change;

 private:
  World& world_;
  store::MemoryExecutionStore memory_;
  std::map<ExecutionId, std::string> statuses_;
};

/// The records of slices in error: their disk fills with the others.
class FillingErrors final : public store::ErrorStore {
 public:
  FillingErrors(World& world, const WatchedExecutions& disk) : world_(world), disk_(disk) {}
  Result<void> put(const std::vector<store::ErrorRecord>& errors) override;
  Result<std::optional<store::ErrorRecord>> get(const ExecutionId& ex_id, std::string_view slice_id) override {
    return memory_.get(ex_id, slice_id);
  }
  Result<std::uint64_t> recorded(const LineageId& lineage) override { return memory_.recorded(lineage); }
  Result<std::vector<store::ErrorRecord>> list(const std::optional<ExecutionId>& ex_id,
                                               const store::ListQuery& query) override {
    return memory_.list(ex_id, query);
  }

 private:
  World& world_;
  const WatchedExecutions& disk_;
  store::MemoryErrorStore memory_;
};

}  // namespace slicebus::sim
