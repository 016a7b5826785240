#include "master/store/sqlite/record_stores.hpp"

#include <algorithm>

#include "common/record/json_text.hpp"
#include "master/store/list_order.hpp"
#include "master/store/sqlite/record_tables.hpp"
#include "master/store/sqlite/rows.hpp"

namespace slicebus::store {
namespace {

using sqlite::Database;
using sqlite::execution_columns;
using sqlite::job_columns;
using sqlite::ListSql;
using sqlite::milliseconds;
using sqlite::read_all;
using sqlite::read_one;
using sqlite::read_page;
using sqlite::Statement;
using sqlite::Transaction;

constexpr const char* add_execution =
    "INSERT OR IGNORE INTO execution (ex_id, job_id, lineage, status, document, desired, deleted, created, updated, "
    "brief, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, execution_brief(?5), name_of(?5))";

/// The words of the names of one table's records, within the transaction of its caller.
struct NameWords {
  Statement drop, add;

  /// @param id  the column that names a record
  static Result<NameWords> prepare(Database& database, const std::string& table, const std::string& id) {
    const std::string record = " FROM " + table + " WHERE " + id + " = ?1";
    SB_TRY(drop, database.prepare("DELETE FROM " + table + "_word WHERE number = (SELECT number" + record +
                                  ") AND word IN (SELECT value FROM json_each((SELECT words_of_name(document)" +
                                  record + ")) EXCEPT SELECT value FROM json_each(words_of_name(?2)))"));
    SB_TRY(add, database.prepare("INSERT OR IGNORE INTO " + table + "_word SELECT word.value, number FROM " + table +
                                 ", json_each(words_of_name(?2)) AS word WHERE " + id + " = ?1"));
    return NameWords{std::move(drop), std::move(add)};
  }
  /// To be done while the record has its former document, for that says which words to drop.
  Result<void> drop_former(const std::string& id, const std::string& document) {
    return drop.bind_text(1, id).bind_text(2, document).run();
  }
  Result<void> index(const std::string& id, const std::string& document) {
    return add.bind_text(1, id).bind_text(2, document).run();
  }
};

Result<void> write(Statement& statement, const ExecutionRecord& execution) {
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

/// Inserts executions, within the transaction of its caller.
struct ExecutionInsert {
  Statement add;
  NameWords words;

  static Result<ExecutionInsert> prepare(Database& database) {
    SB_TRY(add, database.prepare(add_execution));
    SB_TRY(words, NameWords::prepare(database, "execution", "ex_id"));
    return ExecutionInsert{std::move(add), std::move(words)};
  }
  Result<void> run(Database& database, const ExecutionRecord& execution) {
    SB_TRY_VOID(write(add, execution));
    if (database.changes() != 1) {
      return fail(Errc::conflict, "execution " + execution.ex_id.text, "is in the store already");
    }
    return words.index(execution.ex_id.text, execution.document);
  }
};

class SqliteJobStore final : public JobStore {
 public:
  explicit SqliteJobStore(Database& database) : database_(database) {}

  Result<void> prepare() {
    SB_TRY(add, database_.prepare(
                    "INSERT OR IGNORE INTO job (job_id, document, active, deleted, created, updated, brief, name) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, job_brief(?2), name_of(?2))"));
    SB_TRY(change,
           database_.prepare("UPDATE job SET document = ?2, active = ?3, deleted = ?4, created = ?5, updated = ?6, "
                             "brief = job_brief(?2), name = name_of(?2) WHERE job_id = ?1"));
    SB_TRY(words, NameWords::prepare(database_, "job", "job_id"));
    SB_TRY(by_id, database_.prepare(std::string(job_columns) + "WHERE job_id = ?1"));
    SB_TRY(by_number, database_.prepare(std::string(job_columns) + "WHERE number = ?1"));
    SB_TRY(start, ExecutionInsert::prepare(database_));
    SB_TRY(executions_of, database_.prepare("SELECT number, document FROM execution WHERE job_id = ?1"));
    SB_TRY(delete_execution, database_.prepare("UPDATE execution SET deleted = 1, document = ?2, "
                                               "brief = execution_brief(?2) WHERE number = ?1"));
    add_ = std::move(add);
    change_ = std::move(change);
    words_ = std::move(words);
    by_id_ = std::move(by_id);
    by_number_ = std::move(by_number);
    start_ = std::move(start);
    executions_of_ = std::move(executions_of);
    delete_execution_ = std::move(delete_execution);
    return {};
  }

  Result<void> insert(const JobRecord& job, const ExecutionRecord* first) override {
    SB_TRY(transaction, Transaction::begin(database_));
    SB_TRY_VOID(write(add_, job));
    if (database_.changes() != 1) {
      return fail(Errc::conflict, "job " + job.job_id.text, "is in the store already");
    }
    SB_TRY_VOID(words_.index(job.job_id.text, job.document));
    if (first != nullptr) {
      SB_TRY_VOID(start_.run(database_, *first));
    }
    return transaction.commit();
  }
  Result<void> put(const JobRecord& job) override {
    SB_TRY(transaction, Transaction::begin(database_));
    SB_TRY_VOID(change(job));
    return transaction.commit();
  }
  Result<void> remove(const JobRecord& deleted_job, const std::string& deleted_on) override {
    SB_TRY(transaction, Transaction::begin(database_));
    SB_TRY_VOID(change(deleted_job));
    std::map<std::int64_t, std::string> documents;
    executions_of_.bind_text(1, deleted_job.job_id.text);
    for (;;) {
      SB_TRY(more, executions_of_.step());
      if (!more) {
        break;
      }
      documents.emplace(executions_of_.integer(0), deleted_document(std::string(executions_of_.bytes(1)), deleted_on));
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
    ListSql sql(sqlite::job_table());
    sql.where("deleted", std::int64_t{query.deleted});
    if (query.active) {
      sql.where("active", std::int64_t{*query.active});
    }
    SB_TRY_VOID(sql.page(query));
    return read_page<JobRecord>(database_, sql, by_number_);
  }

 private:
  Result<void> change(const JobRecord& job) {
    SB_TRY_VOID(words_.drop_former(job.job_id.text, job.document));
    SB_TRY_VOID(write(change_, job));
    return database_.changes() == 1 ? words_.index(job.job_id.text, job.document)
                                    : fail(Errc::not_found, "job " + job.job_id.text, "is not in the store");
  }
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
  Statement add_, change_, by_id_, by_number_, executions_of_, delete_execution_;
  NameWords words_;
  ExecutionInsert start_;
};

class SqliteExecutionStore final : public ExecutionStore {
 public:
  explicit SqliteExecutionStore(Database& database) : database_(database) {}

  Result<void> prepare() {
    const std::string read(execution_columns);
    SB_TRY(insert, ExecutionInsert::prepare(database_));
    SB_TRY(change, database_.prepare(
                       "UPDATE execution SET job_id = ?2, lineage = ?3, status = ?4, document = ?5, desired = ?6, "
                       "deleted = ?7, created = ?8, updated = ?9, brief = execution_brief(?5), name = name_of(?5) "
                       "WHERE ex_id = ?1"));
    SB_TRY(by_id, database_.prepare(read + "WHERE ex_id = ?1"));
    SB_TRY(by_number, database_.prepare(read + "WHERE number = ?1"));
    SB_TRY(latest, database_.prepare(read + "WHERE job_id = ?1 ORDER BY number DESC LIMIT 1"));
    SB_TRY(latest_of_each, database_.prepare(read + "WHERE number IN (SELECT (SELECT max(number) FROM execution WHERE "
                                                    "job_id = wanted.value) FROM json_each(?1) AS wanted)"));
    SB_TRY(living, database_.prepare(read + "WHERE " SB_IS_LIVING " ORDER BY number"));
    SB_TRY(of_lineage, database_.prepare(read + "WHERE lineage = ?1 ORDER BY number"));
    insert_ = std::move(insert);
    change_ = std::move(change);
    by_id_ = std::move(by_id);
    by_number_ = std::move(by_number);
    latest_ = std::move(latest);
    latest_of_each_ = std::move(latest_of_each);
    living_ = std::move(living);
    of_lineage_ = std::move(of_lineage);
    return {};
  }

  Result<void> insert(const ExecutionRecord& execution) override {
    SB_TRY(transaction, Transaction::begin(database_));
    SB_TRY_VOID(insert_.run(database_, execution));
    return transaction.commit();
  }
  Result<void> put(const std::vector<ExecutionRecord>& executions) override {
    SB_TRY(transaction, Transaction::begin(database_));
    for (const ExecutionRecord& execution : executions) {
      SB_TRY_VOID(insert_.words.drop_former(execution.ex_id.text, execution.document));
      SB_TRY_VOID(write(change_, execution));
      if (database_.changes() != 1) {
        return fail(Errc::not_found, "execution " + execution.ex_id.text, "is not in the store");
      }
      SB_TRY_VOID(insert_.words.index(execution.ex_id.text, execution.document));
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
    ListSql sql(sqlite::execution_table());
    sql.where("deleted", std::int64_t{query.deleted});
    if (query.job_id) {
      sql.where("job_id", query.job_id->text);
    }
    if (!query.status.empty()) {
      const bool seldom = std::none_of(query.status.begin(), query.status.end(), is_terminal);
      const bool in_order = query.status.size() == 1 && query.sort.starts_with("_updated:");  // execution_by_status
      sql.where_any("status", query.status, seldom || in_order);
    }
    SB_TRY_VOID(sql.page(query));
    return read_page<ExecutionRecord>(database_, sql, by_number_);
  }

 private:
  Database& database_;
  ExecutionInsert insert_;
  Statement change_, by_id_, by_number_, latest_, latest_of_each_, living_, of_lineage_;
};

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
  SB_TRY(database, sqlite::open_records(path));
  auto stores = std::make_unique<Stores>(std::move(database));
  SB_TRY_VOID(stores->jobs.prepare());
  SB_TRY_VOID(stores->executions.prepare());
  return std::unique_ptr<SqliteRecords>(new SqliteRecords(std::move(stores)));
}

}  // namespace slicebus::store
