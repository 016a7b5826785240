#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/result.hpp"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_context;
struct sqlite3_value;

/// SQLite's C API behind RAII and Result. One connection belongs to one thread.
namespace slicebus::store::sqlite {

class Database;

/// What a function of ours gives to SQL: NULL, INTEGER, REAL or TEXT.
using Computed = std::variant<std::monostate, std::int64_t, double, std::string>;
/// @param object  what define() was given, else what bind_pointer bound; never null
/// @param text    the last argument; empty of NULL
using Compute = Computed (*)(const void* object, std::string_view text);

/// A prepared statement. Parameters are bound from 1, columns read from 0; bound and read text is borrowed until the
/// next step or reset. Lives no longer than its database.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::uint64_t value) { return bind(parameter, static_cast<std::int64_t>(value)); }
  Statement& bind(int parameter, std::uint32_t value) { return bind(parameter, static_cast<std::int64_t>(value)); }
  Statement& bind(int parameter, int value) { return bind(parameter, static_cast<std::int64_t>(value)); }
  Statement& bind(int parameter, bool value) { return bind(parameter, static_cast<std::int64_t>(value)); }
  /// The bytes must stay until the statement is reset.
  Statement& bind_text(int parameter, std::string_view value);
  Statement& bind_blob(int parameter, std::string_view value);
  Statement& bind_null(int parameter);
  /// An object for the first argument of a function made by Database::define; it must stay as long as the statement
  /// runs.
  /// @param function  the very pointer that define() was given
  Statement& bind_pointer(int parameter, const void* object, const char* function);

  /// @return whether there is a row to read; after the last one, and after an error, the statement is reset.
  Result<bool> step();
  /// For statements without rows: runs it to its end and resets it.
  Result<void> run();
  void reset();

  std::int64_t integer(int column) const;
  std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string_view bytes(int column) const;  ///< of text or blob; empty when null
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* statement) : database_(&database), statement_(statement) {}
  Database* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

/// What a file of ours looks like: the statements that make an empty one, the number of that shape, and the statements
/// that bring older files to it.
struct Schema {
  const char* what;  ///< "ledger", for error texts
  int version;       ///< kept in PRAGMA user_version
  const char* create;
  std::span<const char* const> upgrades = {};      ///< from each earlier shape to the next, from 1 on
  Result<void> (*functions)(Database&) = nullptr;  ///< makes the functions known that its statements call
  /// A new file's pages carry checksums (checked_file.hpp), and the file says so in PRAGMA application_id.
  bool checked = false;
};

class Database {
 public:
  /// Opens or makes the file, and the directory it lies in: WAL, synchronous=FULL. Errors: unavailable (cannot be
  /// opened or written, made by a newer version), exhausted (disk full), internal (damaged, or not ours); each names
  /// the file and the remedy.
  static Result<std::unique_ptr<Database>> open(const std::string& path, const Schema& schema);
  /// An existing file of exactly this shape, which is not changed; its writer may be at it. Errors: as open().
  static Result<std::unique_ptr<Database>> open_to_read(const std::string& path, const Schema& schema);
  /// The bytes of a new file that open() takes for one of its own, the counter of changes at 0. Errors: internal, with
  /// SQLite's words.
  static Result<std::string> image_of(const Schema& schema);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }
  Result<Statement> prepare(std::string_view sql);
  /// Runs statements without parameters.
  Result<void> run(const char* sql);
  /// Makes `name(object, text)` known to SQL; the same arguments give the same value. `name` must be a literal.
  Result<void> define(const char* name, Compute compute) { return define(name, compute, nullptr); }
  /// The same as `name(text)`, of an object that lives as long as the database.
  Result<void> define(const char* name, Compute compute, const void* object);
  /// Rows changed by the last INSERT, UPDATE or DELETE.
  int changes() const;
  bool in_transaction() const;
  /// What SQLite's last failed call means, with path and remedy.
  Error error(int code) const;
  /// A file whose content contradicts itself: internal.
  Error damaged(std::string what) const;

 private:
  friend class TimeLimit;
  explicit Database(std::string path) : path_(std::move(path)) {}
  void reserve_checksums(const Schema& schema);
  Result<void> prepare_file(const Schema& schema);
  Result<void> bring_to_shape(const Schema& schema);
  /// That a file made with checksums still has them.
  Result<void> check_header();
  Result<std::int64_t> number(const char* sql);
  struct Function {
    const char* name;
    Compute compute;
    const void* object;  ///< null: the first argument is it
  };
  static void call(sqlite3_context* context, int count, sqlite3_value** arguments);
  std::string path_;
  std::list<Function> functions_;  ///< SQLite holds their addresses
  sqlite3* handle_ = nullptr;
};

/// While it lives, a statement that goes on after `limit` ends with the error timed_out. One at a time.
class TimeLimit {
 public:
  TimeLimit(Database& database, std::chrono::milliseconds limit);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  static int is_over(void* ends);
  Database& database_;
  std::chrono::steady_clock::time_point ends_;
};

/// All or nothing: what is not committed when it goes out of scope is rolled back.
class Transaction {
 public:
  /// Takes the write lock at once.
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace slicebus::store::sqlite
