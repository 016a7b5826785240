#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "common/wire/messages.hpp"
#include "master/scheduler/messages.hpp"
#include "master/service/answer.hpp"
#include "master/service/document.hpp"
#include "master/service/sources.hpp"
#include "master/store/error_store.hpp"

namespace slicebus::service {

/// The records of slices in error (R-api-63…66): written from what controllers tell of their ledgers, read by the API.
/// Lives on the records actor's thread.
class SliceErrors {
 public:
  SliceErrors(store::ErrorStore& store, Stamps& stamps) : store_(store), stamps_(stamps) {}

  /// Reads what earlier masters left. Once, before anything else.
  Result<void> load();

  // ---- reading ----
  /// Errors of one execution, whether it exists or not (R-api-65), or of all of them.
  Answer<std::vector<Document>> list(const std::optional<ExecutionId>& ex_id, const store::ListQuery& query) const;

  // ---- facts from the control actor ----
  /// Durable on return, and the answer in outbox(). What is recorded already is skipped, and a page that does not
  /// follow on that is ignored: the answer says from where on to tell. Errors: of the store; the controller says it
  /// again.
  Result<void> record(const wire::SlicesFailed& told);
  std::vector<scheduler::ToControl> outbox() { return std::exchange(outbox_, {}); }

 private:
  Result<store::ErrorRecord> record_of(const wire::FailedSlice& failed, const LineageId& lineage);

  store::ErrorStore& store_;
  Stamps& stamps_;
  std::vector<scheduler::ToControl> outbox_;
};

}  // namespace slicebus::service
