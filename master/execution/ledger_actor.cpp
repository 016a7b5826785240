#include "master/execution/ledger_actor.hpp"

#include <iterator>

namespace slicebus::execution {
namespace {

constexpr std::size_t page_slices = 1'000;

}  // namespace

LedgerAnswer LedgerKeeper::answer(LedgerRequest request) {
  if (const auto* opening = std::get_if<OpenLedger>(&request)) {
    Result<LedgerRead> read = open(*opening);
    return read ? LedgerAnswer(*std::move(read)) : LedgerAnswer(LedgerNotOpened{std::move(read).error()});
  }
  const CommitGroup& group = std::get<CommitGroup>(request);
  if (!ledger_) {
    return GroupFailed{group.group, Error{Errc::conflict, "ledger", "a group before it was opened", ""}};
  }
  const Result<void> applied = ledger_->apply(group.batch);
  return applied ? LedgerAnswer(GroupCommitted{group.group}) : LedgerAnswer(GroupFailed{group.group, applied.error()});
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
