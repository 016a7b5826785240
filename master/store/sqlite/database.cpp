#include "master/store/sqlite/database.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "common/assert.hpp"
#include "master/store/sqlite/checked_file.hpp"
#include "master/store/sqlite/log_check.hpp"

namespace slicebus::store::sqlite {
namespace {

/// The lock file keeps other writers away; this bounds the wait for one that came past it (a person with the sqlite3
/// program).
constexpr int busy_ms = 2'000;
/// Of a file whose pages carry checksums: "sbck".
constexpr std::int64_t checked_application = 0x7362636b;

// The header of a file (SQLite's file format, section 1.3).
constexpr sqlite3_int64 file_header_bytes = 100;
constexpr std::size_t versions_at = 18;  ///< of what may write it, of what may read it
constexpr char version_of_wal = 2;

const char* const space_remedy = "free some space there; nothing is lost, and it goes on when there is room";

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(database_, other.database_);
  std::swap(statement_, other.statement_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int parameter, std::int64_t value) {
  SB_ASSERT(sqlite3_bind_int64(statement_, parameter, value) == SQLITE_OK,
            "a parameter that the statement does not have");
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view value) {
  // A view of nothing may point nowhere, which SQLite would read as NULL.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  SB_ASSERT(sqlite3_bind_text64(statement_, parameter, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK,
            "a text that cannot be bound: no such parameter, or 1 GB and more");
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();
  SB_ASSERT(sqlite3_bind_blob64(statement_, parameter, bytes, value.size(), SQLITE_STATIC) == SQLITE_OK,
            "bytes that cannot be bound: no such parameter, or 1 GB and more");
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  SB_ASSERT(sqlite3_bind_null(statement_, parameter) == SQLITE_OK, "a parameter that the statement does not have");
  return *this;
}

Statement& Statement::bind_pointer(int parameter, const void* object, const char* function) {
  // SQLite's pointers are mutable; ours are only read (Database::call).
  SB_ASSERT(sqlite3_bind_pointer(statement_, parameter, const_cast<void*>(object),  // NOLINT
                                 function, nullptr) == SQLITE_OK,
            "a parameter that the statement does not have");
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = database_->error(code);
  reset();
  return fail(std::move(error));
}

Result<void> Statement::run() {
  SB_TRY(row, step());
  if (row) {
    reset();
  }
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const Schema& schema) {
  std::unique_ptr<Database> database(new Database(path));
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code made;
  if (!parent.empty() && !std::filesystem::create_directories(parent, made) && made) {
    return fail(made == std::errc::no_space_on_device ? Errc::exhausted : Errc::unavailable,
                "directory \"" + parent.string() + "\"", "cannot be made: " + made.message(),
                "check the path, its owner and its permissions");
  }
  if (schema.checked) {
    if (auto damage = damage_of_log(path)) {
      return fail(database->damaged(*std::move(damage)));
    }
  }
  use_checked_files();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (const int code = sqlite3_open_v2(path.c_str(), &database->handle_, flags, nullptr); code != SQLITE_OK) {
    return fail(database->error(code));
  }
  sqlite3_busy_timeout(database->handle_, busy_ms);
  SB_TRY_VOID(database->prepare_file(schema));
  return database;
}

Result<std::unique_ptr<Database>> Database::open_to_read(const std::string& path, const Schema& schema) {
  std::unique_ptr<Database> database(new Database(path));
  use_checked_files();
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (const int code = sqlite3_open_v2(path.c_str(), &database->handle_, flags, nullptr); code != SQLITE_OK) {
    return fail(database->error(code));
  }
  sqlite3_busy_timeout(database->handle_, busy_ms);
  SB_TRY_VOID(database->check_header());
  SB_TRY(version, database->number("PRAGMA user_version"));
  if (version != schema.version) {
    return fail(Errc::unavailable, "file \"" + path + "\"",
                version == 0 ? std::string("it is no slicebus ") + schema.what
                             : std::string("this ") + schema.what + " has shape " + std::to_string(version) +
                                   ", this program reads " + std::to_string(schema.version),
                version == 0 ? "name a file of the data directory's folder ledgers"
                             : "take the version of slicebus that wrote it");
  }
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::reserve_checksums(const Schema& schema) {
  if (schema.checked) {
    int reserved = checksum_bytes;  // taken by a file that is made now
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  }
}

Result<std::string> Database::image_of(const Schema& schema) {
  Database database(":memory:");
  if (const int code = sqlite3_open_v2(database.path_.c_str(), &database.handle_,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
      code != SQLITE_OK) {
    return fail(database.error(code));
  }
  database.reserve_checksums(schema);
  SB_TRY_VOID(database.bring_to_shape(schema));
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> bytes(
      sqlite3_serialize(database.handle_, "main", &size, 0), &sqlite3_free);
  if (bytes == nullptr || size < file_header_bytes) {
    return fail(database.error(SQLITE_NOMEM));
  }
  std::string image(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size));  // NOLINT: bytes
  image[versions_at] = image[versions_at + 1] = version_of_wal;
  sum_pages(image);
  return image;
}

Result<void> Database::prepare_file(const Schema& schema) {
  reserve_checksums(schema);
  SB_TRY_VOID(run("PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=OFF"));
  SB_TRY(mode, prepare("PRAGMA journal_mode=WAL"));
  SB_TRY(row, mode.step());
  if (!row || mode.bytes(0) != "wal") {
    return fail(Errc::unavailable, "file \"" + path_ + "\"", "its file system does not allow SQLite's write-ahead log",
                "put the data directory on a local file system");
  }
  mode.reset();
  // Without the limit the log keeps the size of its largest moment.
  SB_TRY_VOID(run("PRAGMA journal_size_limit=8388608"));
  return bring_to_shape(schema);
}

Result<void> Database::bring_to_shape(const Schema& schema) {
  if (schema.functions != nullptr) {
    SB_TRY_VOID(schema.functions(*this));
  }
  SB_TRY(transaction, Transaction::begin(*this));
  SB_TRY_VOID(check_header());
  SB_TRY(version, number("PRAGMA user_version"));
  if (version > schema.version) {
    return fail(Errc::unavailable, "file \"" + path_ + "\"",
                std::string("this ") + schema.what + " has shape " + std::to_string(version) +
                    ", this program knows up to " + std::to_string(schema.version),
                "start the newer version of slicebus that wrote it");
  }
  if (version == schema.version) {
    return transaction.commit();
  }
  if (version <= 0) {
    SB_TRY(tables, number("SELECT count(*) FROM sqlite_schema"));
    if (tables != 0) {
      return fail(damaged(std::string("it is an SQLite file, and no slicebus ") + schema.what));
    }
    SB_TRY_VOID(run(schema.create));
    if (schema.checked) {
      SB_TRY_VOID(run(("PRAGMA application_id=" + std::to_string(checked_application)).c_str()));
    }
  }
  for (std::int64_t from = version; from > 0 && from < schema.version; ++from) {
    const auto step = static_cast<std::size_t>(from - 1);
    SB_ASSERT(step < schema.upgrades.size(), "a shape without a way to the next one");
    SB_TRY_VOID(run(schema.upgrades[step]));
  }
  SB_TRY_VOID(run(("PRAGMA user_version=" + std::to_string(schema.version)).c_str()));
  return transaction.commit();
}

Result<void> Database::check_header() {
  SB_TRY(application, number("PRAGMA application_id"));
  int checks = 0;
  sqlite3_file_control(handle_, "main", has_checksums_control, &checks);
  return application != checked_application || checks != 0
             ? Result<void>{}
             : fail(damaged("its header says no more that its pages carry checksums"));
}

Result<std::int64_t> Database::number(const char* sql) {
  SB_TRY(statement, prepare(sql));
  SB_TRY(row, statement.step());
  return row ? statement.integer(0) : 0;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) {
    return fail(error(code));
  }
  return Statement(*this, statement);
}

Result<void> Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Result<void>{} : fail(error(code));
}

Result<void> Database::define(const char* name, Compute compute, const void* object) {
  functions_.push_back({name, compute, object});
  const int arguments = object == nullptr ? 2 : 1;
  const int code =
      sqlite3_create_function_v2(handle_, name, arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                 &functions_.back(), &Database::call, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Result<void>{} : fail(error(code));
}

void Database::call(sqlite3_context* context, int count, sqlite3_value** arguments) {
  const auto& function = *static_cast<const Function*>(sqlite3_user_data(context));
  const void* object = count == 1 ? function.object : sqlite3_value_pointer(arguments[0], function.name);
  sqlite3_value* text = arguments[count - 1];
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(text));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(text));
  if (object == nullptr) {
    sqlite3_result_error(context, "called without its object", -1);
    return;
  }
  const Computed value =
      function.compute(object, bytes == nullptr ? std::string_view() : std::string_view(bytes, size));
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    sqlite3_result_int64(context, *whole);
  } else if (const auto* number = std::get_if<double>(&value)) {
    sqlite3_result_double(context, *number);
  } else if (const auto* held = std::get_if<std::string>(&value)) {
    sqlite3_result_text64(context, held->data(), held->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } else {
    sqlite3_result_null(context);
  }
}

int Database::changes() const { return sqlite3_changes(handle_); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Error Database::damaged(std::string what) const {
  return {Errc::internal, "file \"" + path_ + "\"", "damaged: " + std::move(what),
          "keep it aside for examination and put back a copy, or start the job anew"};
}

Error Database::error(int code) const {
  const std::string where = "file \"" + path_ + "\"";
  const int os = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  const std::string reason = os == 0 ? "" : std::string(" (") + std::strerror(os) + ")";
  const std::string text = std::string(sqlite3_errstr(code)) + reason;
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return {Errc::exhausted, where, "no space left on the disk" + reason, space_remedy};
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_CORRUPTFS) {
        return damaged(text);
      }
      if (code == SQLITE_IOERR_DATA) {
        return damaged("a page is not as it was written");
      }
      if (os == ENOSPC || os == EDQUOT) {
        return {Errc::exhausted, where, "no space left on the disk" + reason, space_remedy};
      }
      return {Errc::unavailable, where, "cannot be read or written: " + text,
              "check the disk and its limits; it is tried again"};
    case SQLITE_READONLY:
      return {Errc::unavailable, where, "is read-only",
              "make the file, its directory and its file system writable; it is tried again"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Errc::unavailable, where, "cannot be opened: " + text,
              "check that the path exists, and its owner and permissions"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::unavailable, where, "another process is writing to it", "end the other process; it is tried again"};
    case SQLITE_INTERRUPT:
      return {Errc::timed_out, where, "reading it took longer than its time limit", "ask for less"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return damaged(text);
    default:
      return {Errc::internal, where, text + (handle_ == nullptr ? "" : std::string(": ") + sqlite3_errmsg(handle_)),
              ""};
  }
}

TimeLimit::TimeLimit(Database& database, std::chrono::milliseconds limit)
    : database_(database), ends_(std::chrono::steady_clock::now() + limit) {
  // A step of SQLite's machine takes some 20 ns, and up to a millisecond when it calls a function of ours.
  constexpr int steps_between_looks = 100;
  sqlite3_progress_handler(database_.handle_, steps_between_looks, &TimeLimit::is_over, &ends_);
}

TimeLimit::~TimeLimit() { sqlite3_progress_handler(database_.handle_, 0, nullptr, nullptr); }

int TimeLimit::is_over(void* ends) {
  const auto over = *static_cast<const std::chrono::steady_clock::time_point*>(ends);
  return static_cast<int>(std::chrono::steady_clock::now() >= over);
}

Result<Transaction> Transaction::begin(Database& database) {
  SB_TRY_VOID(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // After some errors (disk full among them) SQLite has rolled back by itself.
  if (database_ != nullptr && database_->in_transaction()) {
    static_cast<void>(database_->run("ROLLBACK"));
  }
}

Result<void> Transaction::commit() {
  SB_TRY_VOID(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace slicebus::store::sqlite
