#include "tests/sim/records.hpp"

namespace slicebus::sim {

namespace {

bool ends(const std::string& status) {
  return status == "completed" || status == "failed" || status == "stopped" || status == "terminated" ||
         status == "rejected";
}

tl::unexpected<Error> full() { return fail(Errc::exhausted, "records.db", "No space left on device", "free some"); }

}  // namespace

Result<void> WatchedExecutions::insert(const store::ExecutionRecord& execution) {
  if (world_.now < full_until) {
    return full();
  }
  statuses_[execution.ex_id] = execution.status;
  return memory_.insert(execution);
}

Result<void> WatchedExecutions::put(const std::vector<store::ExecutionRecord>& executions) {
  if (world_.now < full_until) {
    return full();
  }
  for (const store::ExecutionRecord& execution : executions) {
    std::string& status = statuses_[execution.ex_id];
    if (status == execution.status) {
      continue;
    }
    if (ends(status)) {
      throw Violation(execution.ex_id.text + " was " + status + " and becomes " + execution.status);
    }
    world_.log("RECORD " + execution.ex_id.text + " " + execution.status);
    status = execution.status;
    on_change(execution.ex_id, status);
  }
  return memory_.put(executions);
}

const std::string& WatchedExecutions::status(const ExecutionId& ex_id) const {
  static const std::string none;
  const auto found = statuses_.find(ex_id);
  return found == statuses_.end() ? none : found->second;
}

bool WatchedExecutions::is_terminal(const ExecutionId& ex_id) const { return ends(status(ex_id)); }

Result<void> FillingErrors::put(const std::vector<store::ErrorRecord>& errors) {
  return world_.now < disk_.full_until ? Result<void>(full()) : memory_.put(errors);
}

}  // namespace slicebus::sim
