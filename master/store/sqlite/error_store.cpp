#include "master/store/sqlite/error_store.hpp"

#include <utility>

#include "master/store/sqlite/database.hpp"
#include "master/store/sqlite/record_list.hpp"

namespace slicebus::store {
namespace {

using sqlite::Database;
using sqlite::ListSql;
using sqlite::Statement;
using sqlite::Transaction;

// `number` orders by insertion, as in the other records; `change` is the number in the lineage's journal.
constexpr sqlite::Schema errors_schema{.what = "errors file", .version = 1, .create = R"(
CREATE TABLE slice_error (
  number INTEGER PRIMARY KEY AUTOINCREMENT, ex_id TEXT NOT NULL, slice_id TEXT NOT NULL, lineage TEXT NOT NULL,
  change INTEGER NOT NULL, document TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  UNIQUE (ex_id, slice_id));
CREATE INDEX slice_error_by_change ON slice_error (lineage, change);
CREATE INDEX slice_error_by_update ON slice_error (updated);
CREATE INDEX slice_error_by_execution ON slice_error (ex_id, updated);
)"};

constexpr const char* columns = "ex_id, slice_id, lineage, change, document, created, updated FROM slice_error";

std::int64_t milliseconds(WallTime at) { return at.time_since_epoch().count(); }
std::string text(const Statement& row, int column) { return std::string(row.bytes(column)); }

ErrorRecord read(const Statement& row) {
  return {ExecutionId{text(row, 0)},
          text(row, 1),
          LineageId{text(row, 2)},
          row.natural(3),
          text(row, 4),
          WallTime{std::chrono::milliseconds{row.integer(5)}},
          WallTime{std::chrono::milliseconds{row.integer(6)}}};
}

class Store final : public SqliteErrorStore {
 public:
  explicit Store(std::unique_ptr<Database> file) : database_(std::move(file)) {}

  Result<void> prepare() {
    SB_TRY(put, database_->prepare("INSERT INTO slice_error (ex_id, slice_id, lineage, change, document, created, "
                                   "updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (ex_id, slice_id) DO "
                                   "UPDATE SET lineage = ?3, change = ?4, document = ?5, created = ?6, updated = ?7"));
    SB_TRY(by_name, database_->prepare(std::string("SELECT ") + columns + " WHERE ex_id = ?1 AND slice_id = ?2"));
    SB_TRY(recorded, database_->prepare("SELECT max(change) FROM slice_error WHERE lineage = ?1"));
    put_ = std::move(put);
    by_name_ = std::move(by_name);
    recorded_ = std::move(recorded);
    return {};
  }

  Result<void> put(const std::vector<ErrorRecord>& errors) override {
    SB_TRY(transaction, Transaction::begin(*database_));
    for (const ErrorRecord& error : errors) {
      SB_TRY_VOID(put_.bind_text(1, error.ex_id.text)
                      .bind_text(2, error.slice_id)
                      .bind_text(3, error.lineage.text)
                      .bind(4, error.number)
                      .bind_text(5, error.document)
                      .bind(6, milliseconds(error.created))
                      .bind(7, milliseconds(error.updated))
                      .run());
    }
    return transaction.commit();
  }

  Result<std::optional<ErrorRecord>> get(const ExecutionId& ex_id, std::string_view slice_id) override {
    SB_TRY(there, by_name_.bind_text(1, ex_id.text).bind_text(2, slice_id).step());
    if (!there) {
      return std::optional<ErrorRecord>();
    }
    std::optional<ErrorRecord> found = read(by_name_);
    by_name_.reset();
    return found;
  }

  Result<std::uint64_t> recorded(const LineageId& lineage) override {
    SB_TRY(there, recorded_.bind_text(1, lineage.text).step());
    const std::uint64_t number = there ? recorded_.natural(0) : 0;
    recorded_.reset();
    return number;
  }

  Result<std::vector<ErrorRecord>> list(const std::optional<ExecutionId>& ex_id, const ListQuery& query) override {
    ListSql sql(columns, error_fields(),
                {{"ex_id", "ex_id"}, {"slice_id", "slice_id"}, {"_created", "created"}, {"_updated", "updated"}});
    if (ex_id) {
      sql.where("ex_id", ex_id->text);
    }
    SB_TRY_VOID(sql.page(query));
    SB_TRY(statement, sql.prepare(*database_));
    std::vector<ErrorRecord> errors;
    for (;;) {
      SB_TRY(more, statement.step());
      if (!more) {
        return errors;
      }
      errors.push_back(read(statement));
    }
  }

 private:
  std::unique_ptr<Database> database_;  ///< stands first: the statements end before it
  Statement put_, by_name_, recorded_;
};

}  // namespace

Result<std::unique_ptr<SqliteErrorStore>> SqliteErrorStore::open(const std::string& path) {
  SB_TRY(database, Database::open(path, errors_schema));
  SB_TRY_VOID(sqlite::define_list_functions(*database));
  auto store = std::make_unique<Store>(std::move(database));
  SB_TRY_VOID(store->prepare());
  return std::unique_ptr<SqliteErrorStore>(std::move(store));
}

}  // namespace slicebus::store
