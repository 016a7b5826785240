#pragma once
#include <memory>
#include <string>

#include "master/store/records_store.hpp"

namespace slicebus::store {

/// Jobs and executions in one SQLite file. Owns both stores, which live as long as it does; all three belong to one
/// thread.
class SqliteRecords {
 public:
  /// Opens or makes the file. Errors: unavailable, exhausted, internal (damaged); each names the file and the remedy.
  static Result<std::unique_ptr<SqliteRecords>> open(const std::string& path);
  ~SqliteRecords();
  SqliteRecords(const SqliteRecords&) = delete;
  SqliteRecords& operator=(const SqliteRecords&) = delete;

  JobStore& jobs();
  ExecutionStore& executions();

 private:
  struct Stores;
  explicit SqliteRecords(std::unique_ptr<Stores> stores);
  std::unique_ptr<Stores> stores_;
};

}  // namespace slicebus::store
