#pragma once
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "common/time.hpp"
#include "master/store/sqlite/database.hpp"
#include "master/store/sqlite/record_list.hpp"

/// From rows to records: each type of record has a `void read_row(const Statement&, Record&)` in its namespace or in
/// this one.
namespace slicebus::store::sqlite {

inline std::int64_t milliseconds(WallTime at) { return at.time_since_epoch().count(); }
inline WallTime wall(std::int64_t ms) { return WallTime{std::chrono::milliseconds{ms}}; }

/// All rows of a bound statement, by the read_row() of their type.
template <class Record>
Result<std::vector<Record>> read_all(Statement& statement) {
  std::vector<Record> records;
  for (;;) {
    SB_TRY(more, statement.step());
    if (!more) {
      return records;
    }
    read_row(statement, records.emplace_back());
  }
}

/// The first row of a bound statement, which is reset.
template <class Record>
Result<std::optional<Record>> read_one(Statement& statement) {
  SB_TRY(there, statement.step());
  std::optional<Record> record;
  if (there) {
    read_row(statement, record.emplace());
    statement.reset();
  }
  return record;
}

/// The page of a list. @param by_number  reads the row of parameter 1
template <class Record>
Result<std::vector<Record>> read_page(Database& database, ListSql& list, Statement& by_number) {
  SB_TRY(numbers, list.numbers(database));
  std::vector<Record> records;
  records.reserve(numbers.size());
  for (const std::int64_t number : numbers) {
    SB_TRY(record, read_one<Record>(by_number.bind(1, number)));
    if (record) {
      records.push_back(*std::move(record));
    }
  }
  return records;
}

}  // namespace slicebus::store::sqlite
