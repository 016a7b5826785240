#include "master/store/sqlite/error_store.hpp"

#include <utility>

#include "master/store/sqlite/rows.hpp"

namespace slicebus::store {
namespace {

using sqlite::Database;
using sqlite::ListSql;
using sqlite::milliseconds;
using sqlite::read_one;
using sqlite::read_page;
using sqlite::Statement;
using sqlite::Transaction;

// `number` orders by insertion, as in the other records; `change` is the number in the lineage's journal.
constexpr sqlite::Schema errors_schema{.what = "errors file",
                                       .version = 1,
                                       .create = R"(
CREATE TABLE slice_error (
  number INTEGER PRIMARY KEY AUTOINCREMENT, ex_id TEXT NOT NULL, slice_id TEXT NOT NULL, lineage TEXT NOT NULL,
  change INTEGER NOT NULL, document TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  UNIQUE (ex_id, slice_id));
CREATE INDEX slice_error_by_change ON slice_error (lineage, change);
CREATE INDEX slice_error_by_update ON slice_error (updated);
CREATE INDEX slice_error_by_execution ON slice_error (ex_id, updated);
)",
                                       .functions = sqlite::define_list_functions};

constexpr const char* columns = "SELECT ex_id, slice_id, lineage, change, document, created, updated FROM slice_error ";

const sqlite::ListedTable& error_table() {
  static const sqlite::ListedTable table{
      "slice_error",
      error_fields(),
      {{"ex_id", "ex_id"}, {"slice_id", "slice_id"}, {"_created", "created"}, {"_updated", "updated"}}};
  return table;
}

}  // namespace

// Found by its argument, so not in the unnamed namespace.
// NOLINTNEXTLINE(misc-use-anonymous-namespace)
static void read_row(const Statement& row, ErrorRecord& record) {
  const auto text = [&](int column) { return std::string(row.bytes(column)); };
  record = {.ex_id = ExecutionId{text(0)},
            .slice_id = text(1),
            .lineage = LineageId{text(2)},
            .number = row.natural(3),
            .document = text(4),
            .created = sqlite::wall(row.integer(5)),
            .updated = sqlite::wall(row.integer(6))};
}

namespace {

class Store final : public SqliteErrorStore {
 public:
  explicit Store(std::unique_ptr<Database> file) : database_(std::move(file)) {}

  Result<void> prepare() {
    SB_TRY(put, database_->prepare("INSERT INTO slice_error (ex_id, slice_id, lineage, change, document, created, "
                                   "updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (ex_id, slice_id) DO "
                                   "UPDATE SET lineage = ?3, change = ?4, document = ?5, created = ?6, updated = ?7"));
    SB_TRY(by_name, database_->prepare(std::string(columns) + "WHERE ex_id = ?1 AND slice_id = ?2"));
    SB_TRY(by_number, database_->prepare(std::string(columns) + "WHERE number = ?1"));
    SB_TRY(recorded, database_->prepare("SELECT max(change) FROM slice_error WHERE lineage = ?1"));
    put_ = std::move(put);
    by_name_ = std::move(by_name);
    by_number_ = std::move(by_number);
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
    return read_one<ErrorRecord>(by_name_.bind_text(1, ex_id.text).bind_text(2, slice_id));
  }

  Result<std::uint64_t> recorded(const LineageId& lineage) override {
    SB_TRY(there, recorded_.bind_text(1, lineage.text).step());
    const std::uint64_t number = there ? recorded_.natural(0) : 0;
    recorded_.reset();
    return number;
  }

  Result<std::vector<ErrorRecord>> list(const std::optional<ExecutionId>& ex_id, const ListQuery& query) override {
    ListSql sql(error_table());
    if (ex_id) {
      sql.where("ex_id", ex_id->text);
    }
    SB_TRY_VOID(sql.page(query));
    return read_page<ErrorRecord>(*database_, sql, by_number_);
  }

 private:
  std::unique_ptr<Database> database_;  ///< stands first: the statements end before it
  Statement put_, by_name_, by_number_, recorded_;
};

}  // namespace

Result<std::unique_ptr<SqliteErrorStore>> SqliteErrorStore::open(const std::string& path) {
  SB_TRY(database, Database::open(path, errors_schema));
  auto store = std::make_unique<Store>(std::move(database));
  SB_TRY_VOID(store->prepare());
  return std::unique_ptr<SqliteErrorStore>(std::move(store));
}

}  // namespace slicebus::store
