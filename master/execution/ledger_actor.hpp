#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/bus/pipe_thread.hpp"
#include "master/execution/controller.hpp"
#include "master/execution/lineage_lock.hpp"
#include "master/store/slice_ledger.hpp"

namespace slicebus::execution {

/// Makes or opens the ledger at a path; controller_main.cpp names the adapter.
using LedgerOpener = std::function<Result<std::unique_ptr<store::SliceLedger>>(const std::string& path)>;

/// Take the lineage's lock, open its ledger for this execution and read all that is unfinished.
struct OpenLedger {
  std::string path;
  ExecutionId ex_id;
  store::Cleanup cleanup = store::Cleanup::none;
};
/// Answers OpenLedger. After a failure the question may be asked again.
struct LedgerRead {
  store::OpenedLedger ledger;
  std::vector<store::PlannedSlice> unfinished;
};
struct LedgerNotOpened {
  Error error;
};

using LedgerRequest = std::variant<OpenLedger, CommitGroup, ReadErrors>;
using LedgerAnswer = std::variant<LedgerRead, LedgerNotOpened, GroupCommitted, GroupFailed, ErrorsRead, ErrorsNotRead>;

/// What the ledger's thread does with each request: blocks, retries nothing. Owns the lock and the ledger.
class LedgerKeeper {
 public:
  explicit LedgerKeeper(LedgerOpener opener) : opener_(std::move(opener)) {}
  LedgerAnswer answer(LedgerRequest request);

 private:
  Result<LedgerRead> open(const OpenLedger& request);
  Result<std::vector<wire::FailedSlice>> read_errors(std::uint64_t after);
  LedgerOpener opener_;
  std::optional<LineageLock> lock_;
  std::unique_ptr<store::SliceLedger> ledger_;  ///< ends before the lock does
};

using LedgerActor = bus::PipeThread<LedgerRequest, LedgerAnswer>;

}  // namespace slicebus::execution
