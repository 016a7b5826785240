#pragma once
#include <memory>
#include <string>

#include "master/store/error_store.hpp"

namespace slicebus::store {

/// Error records in an SQLite file of their own: a job whose slices all fail writes many, and its neighbours' records
/// must not wait for that. Belongs to one thread.
class SqliteErrorStore : public ErrorStore {
 public:
  /// Opens or makes the file. Errors: unavailable, exhausted, internal (damaged); each names the file and the remedy.
  static Result<std::unique_ptr<SqliteErrorStore>> open(const std::string& path);
};

}  // namespace slicebus::store
