#pragma once
#include <string>
#include <utility>

#include "common/descriptor.hpp"
#include "common/result.hpp"

namespace slicebus::execution {

/// The exclusive lock file beside a ledger, held for the life of the process: at most one controller of a lineage lives
/// on a machine. Inside are the holder's pid and start time, so that whoever comes next can end a holder that nobody
/// looks after any more.
class LineageLock {
 public:
  /// Takes the lock; a holder that is still there is ended first and waited for. Blocks up to about 20 s.
  /// Errors: unavailable (cannot be opened, or the holder does not end), exhausted (no space to write pid and start
  /// time).
  static Result<LineageLock> acquire(const std::string& path);

 private:
  explicit LineageLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

/// "…/ledgers/<lineage>.db" → "…/ledgers/<lineage>.lock"
std::string lock_path_of(const std::string& ledger_path);

}  // namespace slicebus::execution
