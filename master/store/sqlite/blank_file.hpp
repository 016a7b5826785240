#pragma once
#include <string>
#include <utility>

#include "common/descriptor.hpp"
#include "master/store/sqlite/database.hpp"

namespace slicebus::store::sqlite {

/// A file of a schema, whole and synced before anybody needs it: making one is most of what opening a new ledger costs.
/// It has no name yet (O_TMPFILE, open(2)), so a process that dies with it leaves nothing behind.
class BlankFile {
 public:
  /// In `folder`. Errors: unavailable; Database::open makes files, too, so going on without one costs time only.
  static Result<BlankFile> make(const std::string& folder, const Schema& schema);

  /// Becomes the file at `path`, which lies in the same file system; at most once. Where there is a file, or the log or
  /// journal of a former one, nothing happens; where it cannot be synced under its name, it loses that again. The name
  /// is durable with the first commit: SQLite syncs the directory when it makes the log. To be called before the file
  /// is opened: closing a descriptor lets go of what SQLite locked.
  /// @return whether it did
  bool become(const std::string& path);

 private:
  explicit BlankFile(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace slicebus::store::sqlite
