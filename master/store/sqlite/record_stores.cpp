#include "master/store/sqlite/record_stores.hpp"

#include "common/record/json_text.hpp"
#include "master/store/list_order.hpp"
#include "master/store/sqlite/database.hpp"
#include "master/store/sqlite/record_list.hpp"

namespace slicebus::store {
namespace {

using sqlite::Database;
using sqlite::ListSql;
using sqlite::Statement;
using sqlite::Transaction;

// `number` is the insertion number: it alone says which execution is the latest, whatever the clock did.
constexpr sqlite::Schema records_schema{.what = "records file", .version = 1, .create = R"(
CREATE TABLE job (
  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE, document TEXT NOT NULL, active INTEGER NOT NULL,
  deleted INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL);
CREATE TABLE execution (
  number INTEGER PRIMARY KEY AUTOINCREMENT, ex_id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, lineage TEXT NOT NULL,
  status TEXT NOT NULL, document TEXT NOT NULL, desired TEXT NOT NULL, deleted INTEGER NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL);
CREATE INDEX job_by_update ON job (deleted, updated);
CREATE INDEX execution_by_job ON execution (job_id, number);
CREATE INDEX execution_by_lineage ON execution (lineage, number);
CREATE INDEX execution_by_status ON execution (status, number);
CREATE INDEX execution_by_update ON execution (deleted, updated);
)"};

/// What makes lists quick; made when it is missing, so that files of earlier versions have it too. The figures are what
/// SQLite's planner knows of the tables (rows, rows for an equal first column, …): without them it takes `deleted` for
/// as choosy as a job_id, and looks through all records in the order of their updates.
constexpr const char* list_indexes = R"(
CREATE INDEX IF NOT EXISTS job_by_creation ON job (deleted, created);
CREATE INDEX IF NOT EXISTS execution_by_creation ON execution (deleted, created);
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('job', 'job_by_update', '100000 50000 2'), ('job', 'job_by_creation', '100000 50000 2'),
  ('execution', 'execution_by_update', '10000 5000 2'), ('execution', 'execution_by_creation', '10000 5000 2'),
  ('execution', 'execution_by_job', '10000 3 1'), ('execution', 'execution_by_lineage', '10000 3 1'),
  ('execution', 'execution_by_status', '10000 1000 1');
ANALYZE sqlite_schema;
)";

Result<void> index_lists(Database& database) {
  SB_TRY(transaction, Transaction::begin(database));
  SB_TRY_VOID(database.run(list_indexes));
  return transaction.commit();
}

#define SB_JOB_COLUMNS "job_id, document, active, deleted, created, updated FROM job"
#define SB_EXECUTION_COLUMNS \
  "ex_id, job_id, lineage, status, document, desired, deleted, created, updated FROM execution"

std::int64_t milliseconds(WallTime at) { return at.time_since_epoch().count(); }
WallTime wall(std::int64_t ms) { return WallTime{std::chrono::milliseconds{ms}}; }
std::string text(const Statement& row, int column) { return std::string(row.bytes(column)); }

JobRecord read(const Statement& row, const JobRecord*) {
  return {JobId{text(row, 0)}, text(row, 1),         row.integer(2) != 0,
          row.integer(3) != 0, wall(row.integer(4)), wall(row.integer(5))};
}

ExecutionRecord read(const Statement& row, const ExecutionRecord*) {
  return {ExecutionId{text(row, 0)},
          JobId{text(row, 1)},
          LineageId{text(row, 2)},
          text(row, 3),
          text(row, 4),
          text(row, 5),
          row.integer(6) != 0,
          wall(row.integer(7)),
          wall(row.integer(8))};
}

template <class Record>
Result<std::vector<Record>> read_all(Statement& statement) {
  std::vector<Record> records;
  for (;;) {
    SB_TRY(more, statement.step());
    if (!more) {
      return records;
    }
    records.push_back(read(statement, static_cast<const Record*>(nullptr)));
  }
}

template <class Record>
Result<std::optional<Record>> read_one(Statement& statement) {
  SB_TRY(there, statement.step());
  if (!there) {
    return std::optional<Record>();
  }
  std::optional<Record> record = read(statement, static_cast<const Record*>(nullptr));
  statement.reset();
  return record;
}

class SqliteJobStore final : public JobStore {
 public:
  explicit SqliteJobStore(Database& database) : database_(database) {}

  Result<void> prepare() {
    SB_TRY(add, database_.prepare("INSERT OR IGNORE INTO job (job_id, document, active, deleted, created, updated) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    SB_TRY(change,
           database_.prepare("UPDATE job SET document = ?2, active = ?3, deleted = ?4, created = ?5, updated = ?6 "
                             "WHERE job_id = ?1"));
    SB_TRY(by_id, database_.prepare("SELECT " SB_JOB_COLUMNS " WHERE job_id = ?1"));
    SB_TRY(executions_of, database_.prepare("SELECT number, document FROM execution WHERE job_id = ?1"));
    SB_TRY(delete_execution, database_.prepare("UPDATE execution SET deleted = 1, document = ?2 WHERE number = ?1"));
    add_ = std::move(add);
    change_ = std::move(change);
    by_id_ = std::move(by_id);
    executions_of_ = std::move(executions_of);
    delete_execution_ = std::move(delete_execution);
    return {};
  }

  Result<void> insert(const JobRecord& job) override {
    SB_TRY_VOID(write(add_, job));
    return database_.changes() == 1 ? Result<void>{}
                                    : fail(Errc::conflict, "job " + job.job_id.text, "is in the store already");
  }
  Result<void> put(const JobRecord& job) override {
    SB_TRY_VOID(write(change_, job));
    return database_.changes() == 1 ? Result<void>{}
                                    : fail(Errc::not_found, "job " + job.job_id.text, "is not in the store");
  }
  Result<void> remove(const JobRecord& deleted_job, const std::string& deleted_on) override {
    SB_TRY(transaction, Transaction::begin(database_));
    SB_TRY_VOID(put(deleted_job));
    std::map<std::int64_t, std::string> documents;
    executions_of_.bind_text(1, deleted_job.job_id.text);
    for (;;) {
      SB_TRY(more, executions_of_.step());
      if (!more) {
        break;
      }
      documents.emplace(executions_of_.integer(0), deleted_document(text(executions_of_, 1), deleted_on));
    }
    for (const auto& [number, document] : documents) {
      SB_TRY_VOID(delete_execution_.bind(1, number).bind_text(2, document).run());
    }
    return transaction.commit();
  }
  Result<std::optional<JobRecord>> get(const JobId& job_id) override {
    return read_one<JobRecord>(by_id_.bind_text(1, job_id.text));
  }
  Result<std::vector<JobRecord>> list(const ListQuery& query) override {
    ListSql sql(SB_JOB_COLUMNS, job_fields(),
                {{"job_id", "job_id"},
                 {"active", "active"},
                 {"_deleted", "deleted"},
                 {"_created", "created"},
                 {"_updated", "updated"}});
    sql.where("deleted", std::int64_t{query.deleted});
    if (query.active) {
      sql.where("active", std::int64_t{*query.active});
    }
    SB_TRY_VOID(sql.page(query));
    SB_TRY(statement, sql.prepare(database_));
    return read_all<JobRecord>(statement);
  }

 private:
  static Result<void> write(Statement& statement, const JobRecord& job) {
    return statement.bind_text(1, job.job_id.text)
        .bind_text(2, job.document)
        .bind(3, job.active)
        .bind(4, job.deleted)
        .bind(5, milliseconds(job.created))
        .bind(6, milliseconds(job.updated))
        .run();
  }
  Database& database_;
  Statement add_, change_, by_id_, executions_of_, delete_execution_;
};

class SqliteExecutionStore final : public ExecutionStore {
 public:
  explicit SqliteExecutionStore(Database& database) : database_(database) {}

  Result<void> prepare() {
    SB_TRY(add,
           database_.prepare(
               "INSERT OR IGNORE INTO execution (ex_id, job_id, lineage, status, document, desired, deleted, created, "
               "updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    SB_TRY(change, database_.prepare(
                       "UPDATE execution SET job_id = ?2, lineage = ?3, status = ?4, document = ?5, desired = ?6, "
                       "deleted = ?7, created = ?8, updated = ?9 WHERE ex_id = ?1"));
    SB_TRY(by_id, database_.prepare("SELECT " SB_EXECUTION_COLUMNS " WHERE ex_id = ?1"));
    SB_TRY(latest, database_.prepare("SELECT " SB_EXECUTION_COLUMNS " WHERE job_id = ?1 ORDER BY number DESC LIMIT 1"));
    SB_TRY(latest_of_each,
           database_.prepare("SELECT " SB_EXECUTION_COLUMNS
                             " WHERE number IN (SELECT (SELECT max(number) FROM execution WHERE job_id = wanted.value)"
                             " FROM json_each(?1) AS wanted)"));
    SB_TRY(living, database_.prepare(
                       "SELECT " SB_EXECUTION_COLUMNS
                       " WHERE status IN ('pending', 'scheduling', 'initializing', 'recovering', 'running', 'failing', "
                       "'paused', 'stopping') ORDER BY number"));
    SB_TRY(of_lineage, database_.prepare("SELECT " SB_EXECUTION_COLUMNS " WHERE lineage = ?1 ORDER BY number"));
    add_ = std::move(add);
    change_ = std::move(change);
    by_id_ = std::move(by_id);
    latest_ = std::move(latest);
    latest_of_each_ = std::move(latest_of_each);
    living_ = std::move(living);
    of_lineage_ = std::move(of_lineage);
    return {};
  }

  Result<void> insert(const ExecutionRecord& execution) override {
    SB_TRY_VOID(write(add_, execution));
    return database_.changes() == 1
               ? Result<void>{}
               : fail(Errc::conflict, "execution " + execution.ex_id.text, "is in the store already");
  }
  Result<void> put(const std::vector<ExecutionRecord>& executions) override {
    SB_TRY(transaction, Transaction::begin(database_));
    for (const ExecutionRecord& execution : executions) {
      SB_TRY_VOID(write(change_, execution));
      if (database_.changes() != 1) {
        return fail(Errc::not_found, "execution " + execution.ex_id.text, "is not in the store");
      }
    }
    return transaction.commit();
  }
  Result<std::optional<ExecutionRecord>> get(const ExecutionId& ex_id) override {
    return read_one<ExecutionRecord>(by_id_.bind_text(1, ex_id.text));
  }
  Result<std::optional<ExecutionRecord>> latest_of(const JobId& job_id) override {
    return read_one<ExecutionRecord>(latest_.bind_text(1, job_id.text));
  }
  Result<std::map<JobId, ExecutionRecord>> latest_of(const std::vector<JobId>& job_ids) override {
    std::string wanted = "[";
    for (const JobId& job_id : job_ids) {
      wanted += (wanted.size() == 1 ? "" : ",") + record::json_quote(job_id.text);
    }
    wanted += "]";
    SB_TRY(records, read_all<ExecutionRecord>(latest_of_each_.bind_text(1, wanted)));
    std::map<JobId, ExecutionRecord> newest;
    for (ExecutionRecord& record : records) {
      JobId job_id = record.job_id;
      newest.emplace(std::move(job_id), std::move(record));
    }
    return newest;
  }
  Result<std::vector<ExecutionRecord>> living() override { return read_all<ExecutionRecord>(living_); }
  Result<std::vector<ExecutionRecord>> of_lineage(const LineageId& lineage) override {
    return read_all<ExecutionRecord>(of_lineage_.bind_text(1, lineage.text));
  }
  Result<std::vector<ExecutionRecord>> list(const ListQuery& query) override {
    ListSql sql(SB_EXECUTION_COLUMNS, execution_fields(),
                {{"ex_id", "ex_id"},
                 {"job_id", "job_id"},
                 {"_status", "status"},
                 {"_deleted", "deleted"},
                 {"_created", "created"},
                 {"_updated", "updated"}});
    sql.where("deleted", std::int64_t{query.deleted});
    if (query.job_id) {
      sql.where("job_id", query.job_id->text);
    }
    if (!query.status.empty()) {
      sql.where_any("status", query.status);
    }
    SB_TRY_VOID(sql.page(query));
    SB_TRY(statement, sql.prepare(database_));
    return read_all<ExecutionRecord>(statement);
  }

 private:
  static Result<void> write(Statement& statement, const ExecutionRecord& execution) {
    return statement.bind_text(1, execution.ex_id.text)
        .bind_text(2, execution.job_id.text)
        .bind_text(3, execution.lineage.text)
        .bind_text(4, execution.status)
        .bind_text(5, execution.document)
        .bind_text(6, execution.desired)
        .bind(7, execution.deleted)
        .bind(8, milliseconds(execution.created))
        .bind(9, milliseconds(execution.updated))
        .run();
  }
  Database& database_;
  Statement add_, change_, by_id_, latest_, latest_of_each_, living_, of_lineage_;
};

#undef SB_JOB_COLUMNS
#undef SB_EXECUTION_COLUMNS

}  // namespace

struct SqliteRecords::Stores {
  explicit Stores(std::unique_ptr<Database> file) : database(std::move(file)), jobs(*database), executions(*database) {}
  std::unique_ptr<Database> database;  ///< stands first: the statements end before it
  SqliteJobStore jobs;
  SqliteExecutionStore executions;
};

SqliteRecords::SqliteRecords(std::unique_ptr<Stores> stores) : stores_(std::move(stores)) {}
SqliteRecords::~SqliteRecords() = default;
JobStore& SqliteRecords::jobs() { return stores_->jobs; }
ExecutionStore& SqliteRecords::executions() { return stores_->executions; }

Result<std::unique_ptr<SqliteRecords>> SqliteRecords::open(const std::string& path) {
  SB_TRY(database, Database::open(path, records_schema));
  SB_TRY_VOID(index_lists(*database));
  SB_TRY_VOID(sqlite::define_list_functions(*database));
  auto stores = std::make_unique<Stores>(std::move(database));
  SB_TRY_VOID(stores->jobs.prepare());
  SB_TRY_VOID(stores->executions.prepare());
  return std::unique_ptr<SqliteRecords>(new SqliteRecords(std::move(stores)));
}

}  // namespace slicebus::store
