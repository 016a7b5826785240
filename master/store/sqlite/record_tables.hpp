#pragma once
#include <memory>
#include <string>

#include "master/store/records_store.hpp"
#include "master/store/sqlite/database.hpp"
#include "master/store/sqlite/record_list.hpp"

/// The tables of jobs and executions, and how their rows become records.
namespace slicebus::store::sqlite {

/// Opens or makes the records file. One of an earlier shape is brought to the present one, which for a hundred thousand
/// jobs takes some seconds. Errors: as Database::open.
Result<std::unique_ptr<Database>> open_records(const std::string& path);

const ListedTable& job_table();
const ListedTable& execution_table();

/// What SQL calls an execution that is not terminal; the words of the index of those.
#define SB_IS_LIVING \
  "status IN ('pending', 'scheduling', 'initializing', 'recovering', 'running', 'failing', 'paused', 'stopping')"

/// What is read of a row, in the order of read_row().
inline constexpr const char* job_columns = "SELECT job_id, document, active, deleted, created, updated FROM job ";
inline constexpr const char* execution_columns =
    "SELECT ex_id, job_id, lineage, status, document, desired, deleted, created, updated FROM execution ";
void read_row(const Statement& row, JobRecord& record);
void read_row(const Statement& row, ExecutionRecord& record);

}  // namespace slicebus::store::sqlite
