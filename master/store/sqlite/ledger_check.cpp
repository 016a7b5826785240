#include "master/store/sqlite/ledger_check.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "master/store/sqlite/ledger_tables.hpp"
#include "master/store/sqlite/slice_batch.hpp"

namespace slicebus::store {
namespace {

using sqlite::Database;
using sqlite::Statement;

class LedgerReader {
 public:
  explicit LedgerReader(Database& database) : database_(database) {}

  Result<LedgerReport> read() {
    SB_TRY_VOID(database_.run("BEGIN"));  // one moment for all that follows
    SB_TRY_VOID(check_pages());
    SB_TRY_VOID(read_executions());
    SB_TRY_VOID(check_coverage());
    SB_TRY_VOID(check_batches());
    SB_TRY_VOID(check_errors());
    SB_TRY_VOID(check_outputs());
    check_sums();
    return std::move(report_);
  }

 private:
  template <class... Parts>
  void problem(const Parts&... parts) {
    if (report_.problems.size() == LedgerReport::problems_max) {
      ++report_.problems_left_out;
      return;
    }
    std::ostringstream text;
    (text << ... << parts);
    report_.problems.push_back(text.str());
  }

  /// Calls `see` with each row.
  template <class See>
  Result<void> each(const char* sql, See see) {
    SB_TRY(rows, database_.prepare(sql));
    for (;;) {
      SB_TRY(more, rows.step());
      if (!more) {
        return {};
      }
      see(rows);
    }
  }
  static SlicePosition position(const Statement& row) {
    return {static_cast<std::uint32_t>(row.integer(0)), row.natural(1)};
  }

  Result<void> check_pages() {
    return each("PRAGMA integrity_check(20)", [&](const Statement& row) {
      if (row.bytes(0) != "ok") {
        problem("SQLite: ", row.bytes(0));
      }
    });
  }

  Result<void> read_executions() {
    SB_TRY_VOID(each("SELECT epoch FROM lineage", [&](const Statement& row) { report_.epoch = row.natural(0); }));
    return each("SELECT ex_id, processed, failed FROM generation ORDER BY number", [&](const Statement& row) {
      if (report_.executions++ == 0) {
        report_.first_ex_id = row.bytes(0);
      }
      sums_.processed += row.natural(1);
      sums_.failed += row.natural(2);
      if (row.natural(2) > row.natural(1)) {
        problem("execution ", row.bytes(0), " says that ", row.natural(2), " of ", row.natural(1),
                " processed slices failed");
      }
    });
  }

  /// Batches and finished ranges must tile 1..planned of each slicer.
  Result<void> check_coverage() {
    std::map<std::uint32_t, std::uint64_t> reached;
    SB_TRY_VOID(
        each("SELECT slicer_id, first_order, first_order + count - 1 FROM batch UNION ALL "
             "SELECT slicer_id, first_order, last_order FROM finished ORDER BY 1, 2",
             [&](const Statement& row) {
               const SlicePosition first = position(row);
               const std::uint64_t last = row.natural(2);
               std::uint64_t& end = reached[first.slicer_id];
               if (first.slicer_order > end + 1) {
                 problem("lost: slices ", SlicePosition{first.slicer_id, end + 1}, " to ", first.slicer_order - 1,
                         " were planned and are nowhere");
               } else if (first.slicer_order <= end) {
                 problem("doubled: slices ", first, " to ", std::min(end, last), " stand in two places");
               }
               end = std::max(end, last);
             }));
    SB_TRY_VOID(each("SELECT slicer_id, planned FROM slicer", [&](const Statement& row) {
      const auto slicer = static_cast<std::uint32_t>(row.integer(0));
      report_.counts.planned += row.natural(1);
      if (const std::uint64_t end = reached[slicer]; end != row.natural(1)) {
        problem("slicer ", slicer, " has planned ", row.natural(1), " slices, the ledger holds them up to ", end);
      }
      reached.erase(slicer);
    }));
    for (const auto& [slicer, end] : reached) {
      problem("slicer ", slicer, " has slices up to ", end, ", and no position of its own");
    }
    return {};
  }

  Result<void> check_batches() {
    return each(
        "SELECT slicer_id, first_order, count, requests, bits FROM batch LEFT JOIN batch_bits USING (slicer_id, "
        "first_order)",
        [&](const Statement& row) {
          const std::uint64_t size = row.natural(2);
          if (size == 0 || size > sqlite::batch_slices_max) {
            problem("batch ", position(row), " has ", size, " slices (1 to ", sqlite::batch_slices_max,
                    " are possible)");
            return;
          }
          const auto count = static_cast<std::uint32_t>(size);
          if (!sqlite::unpack_requests(row.bytes(3), count)) {
            problem("batch ", position(row), ": its requests are cut short");
          }
          const auto bits =
              row.is_null(4) ? std::optional(sqlite::BatchBits(count)) : sqlite::BatchBits::unpack(row.bytes(4), count);
          if (!bits || bits->left() == 0) {
            problem("batch ", position(row), ": its bitmap does not fit it");
            return;
          }
          report_.unfinished += bits->left();
        });
  }

  Result<void> check_errors() {
    // The newest row of a slice says whether it is in error (0) or to be run again (1); no older one may.
    SB_TRY_VOID(
        each("SELECT slicer_id, slicer_order, count(*) FROM error WHERE state < 2 GROUP BY 1, 2 "
             "HAVING count(*) > 1",
             [&](const Statement& row) { problem("slice ", position(row), " is in error twice"); }));
    SB_TRY_VOID(each("SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1) FROM error",
                     [&](const Statement& row) {
                       report_.counts.in_error = row.natural(0);
                       report_.unfinished += row.natural(1);
                     }));
    SB_TRY_VOID(
        each("SELECT slicer_id, slicer_order FROM error LEFT JOIN slicer USING (slicer_id) "
             "WHERE slicer_order > coalesce(planned, 0)",
             [&](const Statement& row) { problem("slice ", position(row), " failed without being planned"); }));
    return each(
        "SELECT ex_id, failed, (SELECT count(*) FROM error WHERE generation = number) AS rows FROM generation "
        "WHERE failed <> rows",
        [&](const Statement& row) {
          problem("execution ", row.bytes(0), " counts ", row.natural(1), " failures, and has records of ",
                  row.natural(2));
        });
  }

  Result<void> check_outputs() {
    return each(
        "SELECT slicer_id, slicer_order, coalesce(planned, 0) FROM unpublished LEFT JOIN slicer USING (slicer_id)",
        [&](const Statement& row) {
          ++report_.counts.unpublished;
          if (row.natural(1) > row.natural(2)) {
            problem("output of slice ", position(row), " was accepted, and the slice never planned");
          }
        });
  }

  void check_sums() {
    sums_.planned = report_.counts.planned;
    sums_.in_error = report_.counts.in_error;
    sums_.unfinished = report_.unfinished;
    if (const auto contradiction = sums_.contradiction()) {
      problem(*contradiction);
    }
    const std::uint64_t others = sums_.in_error + sums_.unfinished;
    report_.counts.completed = sums_.planned - std::min(sums_.planned, others);
  }

  Database& database_;
  LedgerReport report_;
  LedgerSums sums_;
};

}  // namespace

Result<LedgerReport> check_ledger(const std::string& path) {
  SB_TRY(database, Database::open_to_read(path, sqlite::ledger_schema()));
  return LedgerReader(*database).read();
}

Result<void> back_up_ledger(const std::string& path, const std::string& copy) {
  SB_TRY(database, Database::open_to_read(path, sqlite::ledger_schema()));
  std::error_code absent;
  if (std::filesystem::exists(copy, absent)) {
    return fail(Errc::conflict, "file \"" + copy + "\"", "exists", "name a file that does not exist yet");
  }
  SB_TRY(statement, database->prepare("VACUUM INTO ?1"));
  return statement.bind_text(1, copy).run();
}

}  // namespace slicebus::store
