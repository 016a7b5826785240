#include "master/execution/ledger_actor.hpp"

#include <iterator>

namespace slicebus::execution {
namespace {

constexpr std::size_t page_slices = 1'000;

Error not_open(const std::string& what) { return {Errc::conflict, "ledger", what + " before it was opened", ""}; }

}  // namespace

LedgerAnswer LedgerKeeper::answer(LedgerRequest request) {
  if (const auto* opening = std::get_if<OpenLedger>(&request)) {
    Result<LedgerRead> read = open(*opening);
    return read ? LedgerAnswer(*std::move(read)) : LedgerAnswer(LedgerNotOpened{std::move(read).error()});
  }
  if (const auto* reading = std::get_if<ReadErrors>(&request)) {
    auto page = read_errors(reading->after);
    return page ? LedgerAnswer(ErrorsRead{reading->after, *std::move(page)})
                : LedgerAnswer(ErrorsNotRead{std::move(page).error()});
  }
  const CommitGroup group = std::move(std::get<CommitGroup>(request));  // let go of on return
  if (!ledger_) {
    return GroupFailed{group.group, not_open("a group")};
  }
  const Result<void> applied = ledger_->apply(*group.batch);
  return applied ? LedgerAnswer(GroupCommitted{group.group}) : LedgerAnswer(GroupFailed{group.group, applied.error()});
}

Result<std::vector<wire::FailedSlice>> LedgerKeeper::read_errors(std::uint64_t after) {
  if (!ledger_) {
    return fail(not_open("a question for its errors"));
  }
  return ledger_->errors(after, wire::failed_slices_max, wire::failed_slices_bytes_max);
}

Result<LedgerRead> LedgerKeeper::open(const OpenLedger& request) {
  if (!lock_) {
    SB_TRY(lock, LineageLock::acquire(lock_path_of(request.path)));
    lock_ = std::move(lock);
  }
  if (!ledger_) {
    SB_TRY(ledger, opener_(request.path));
    ledger_ = std::move(ledger);
  }
  LedgerRead read;
  SB_TRY(opened, ledger_->open(request.ex_id, request.cleanup));
  read.ledger = std::move(opened);
  SlicePosition position;
  for (;;) {
    SB_TRY(page, ledger_->unfinished(position, page_slices));
    if (page.empty()) {
      return read;
    }
    position = page.back().slice;
    read.unfinished.insert(read.unfinished.end(), std::make_move_iterator(page.begin()),
                           std::make_move_iterator(page.end()));
  }
}

}  // namespace slicebus::execution
