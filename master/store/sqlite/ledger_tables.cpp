#include "master/store/sqlite/ledger_tables.hpp"

namespace slicebus::store::sqlite {
namespace {

constexpr std::array upgrades{R"(
ALTER TABLE error ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
UPDATE error SET change = rowid;
CREATE UNIQUE INDEX error_by_change ON error (change);
)",
                              R"(
CREATE TABLE slot_deaths (
  slicer_id INTEGER NOT NULL, slicer_order INTEGER NOT NULL, count INTEGER NOT NULL, last TEXT NOT NULL, how TEXT NOT NULL,
  PRIMARY KEY (slicer_id, slicer_order)) WITHOUT ROWID;
)"};

constexpr Schema schema{.what = "ledger",
                        .version = 3,
                        .create = R"(
CREATE TABLE lineage (id INTEGER PRIMARY KEY CHECK (id = 0), epoch INTEGER NOT NULL);
INSERT INTO lineage VALUES (0, 0);
CREATE TABLE generation (
  number INTEGER PRIMARY KEY, ex_id TEXT NOT NULL UNIQUE, cleanup INTEGER NOT NULL,
  processed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, started_ms INTEGER NOT NULL DEFAULT 0,
  queuing_complete_ms INTEGER NOT NULL DEFAULT 0, counts BLOB, final_status TEXT, final_reason TEXT);
CREATE TABLE generation_start (
  number INTEGER NOT NULL, slicer_id INTEGER NOT NULL, planned INTEGER NOT NULL, PRIMARY KEY (number, slicer_id)) WITHOUT ROWID;
CREATE TABLE slicer (slicer_id INTEGER PRIMARY KEY, planned INTEGER NOT NULL, cursor BLOB, done INTEGER NOT NULL);
CREATE TABLE batch (
  slicer_id INTEGER NOT NULL, first_order INTEGER NOT NULL, count INTEGER NOT NULL, requests BLOB NOT NULL,
  PRIMARY KEY (slicer_id, first_order));
CREATE TABLE batch_bits (
  slicer_id INTEGER NOT NULL, first_order INTEGER NOT NULL, bits BLOB NOT NULL, PRIMARY KEY (slicer_id, first_order)) WITHOUT ROWID;
CREATE TABLE finished (
  slicer_id INTEGER NOT NULL, first_order INTEGER NOT NULL, last_order INTEGER NOT NULL,
  PRIMARY KEY (slicer_id, first_order)) WITHOUT ROWID;
CREATE TABLE error (
  slicer_id INTEGER NOT NULL, slicer_order INTEGER NOT NULL, generation INTEGER NOT NULL, state INTEGER NOT NULL,
  chosen_by INTEGER, recovered_by INTEGER, retries INTEGER NOT NULL, text TEXT NOT NULL, request BLOB NOT NULL,
  change INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (slicer_id, slicer_order, generation));
CREATE INDEX error_by_state ON error (state, slicer_id, slicer_order);
CREATE INDEX error_by_generation ON error (generation, slicer_id, slicer_order);
CREATE UNIQUE INDEX error_by_change ON error (change);
CREATE TABLE slot_deaths (
  slicer_id INTEGER NOT NULL, slicer_order INTEGER NOT NULL, count INTEGER NOT NULL, last TEXT NOT NULL, how TEXT NOT NULL,
  PRIMARY KEY (slicer_id, slicer_order)) WITHOUT ROWID;
CREATE TABLE unpublished (
  slicer_id INTEGER NOT NULL, slicer_order INTEGER NOT NULL, epoch INTEGER NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (slicer_id, slicer_order)) WITHOUT ROWID;
)",
                        .upgrades = upgrades,
                        .checked = true};

/// Each statement beside its text.
struct Prepared {
  Statement LedgerTables::*statement;
  const char* sql;
};

constexpr Prepared statements[] = {
    {&LedgerTables::epoch, "SELECT epoch FROM lineage WHERE id = 0"},
    {&LedgerTables::next_epoch, "UPDATE lineage SET epoch = ?1 + 1 WHERE id = 0 AND epoch = ?1"},
    {&LedgerTables::generation_of,
     "SELECT number, cleanup, processed, failed, started_ms, queuing_complete_ms, counts, final_status, final_reason "
     "FROM generation WHERE ex_id = ?1"},
    {&LedgerTables::newest_generation, "SELECT max(number) FROM generation"},
    {&LedgerTables::add_generation, "INSERT INTO generation (number, ex_id, cleanup) VALUES (?1, ?2, ?3)"},
    {&LedgerTables::put_tally,
     "UPDATE generation SET processed = ?2, failed = ?3, started_ms = ?4, queuing_complete_ms = ?5, counts = ?6 WHERE "
     "number = ?1"},
    {&LedgerTables::tally_sums, "SELECT coalesce(sum(processed), 0), coalesce(sum(failed), 0) FROM generation"},
    {&LedgerTables::put_final, "UPDATE generation SET final_status = ?2, final_reason = ?3 WHERE number = ?1"},
    {&LedgerTables::generation_starts, "SELECT slicer_id, planned FROM generation_start WHERE number = ?1"},
    {&LedgerTables::add_generation_start,
     "INSERT INTO generation_start (number, slicer_id, planned) SELECT ?1, slicer_id, planned FROM slicer"},
    {&LedgerTables::slicers, "SELECT slicer_id, planned, cursor, done FROM slicer ORDER BY slicer_id"},
    {&LedgerTables::put_slicer,
     "INSERT OR REPLACE INTO slicer (slicer_id, planned, cursor, done) VALUES (?1, ?2, ?3, ?4)"},
    {&LedgerTables::batches,
     "SELECT batch.slicer_id, batch.first_order, batch.count, batch_bits.bits FROM batch LEFT JOIN batch_bits "
     "USING (slicer_id, first_order) ORDER BY batch.slicer_id, batch.first_order"},
    {&LedgerTables::add_batch, "INSERT INTO batch (slicer_id, first_order, count, requests) VALUES (?1, ?2, ?3, ?4)"},
    {&LedgerTables::drop_batch, "DELETE FROM batch WHERE slicer_id = ?1 AND first_order = ?2"},
    {&LedgerTables::batch_requests, "SELECT requests FROM batch WHERE slicer_id = ?1 AND first_order = ?2"},
    {&LedgerTables::put_bits, "INSERT OR REPLACE INTO batch_bits (slicer_id, first_order, bits) VALUES (?1, ?2, ?3)"},
    {&LedgerTables::drop_bits, "DELETE FROM batch_bits WHERE slicer_id = ?1 AND first_order = ?2"},
    {&LedgerTables::finished,
     "SELECT slicer_id, first_order, last_order FROM finished ORDER BY slicer_id, first_order"},
    {&LedgerTables::finished_before,
     "SELECT first_order, last_order FROM finished WHERE slicer_id = ?1 AND first_order < ?2 ORDER BY first_order DESC "
     "LIMIT 1"},
    {&LedgerTables::finished_after, "SELECT last_order FROM finished WHERE slicer_id = ?1 AND first_order = ?2"},
    {&LedgerTables::put_finished,
     "INSERT OR REPLACE INTO finished (slicer_id, first_order, last_order) VALUES (?1, ?2, ?3)"},
    {&LedgerTables::drop_finished, "DELETE FROM finished WHERE slicer_id = ?1 AND first_order = ?2"},
    {&LedgerTables::choose_errors, "UPDATE error SET state = 1, chosen_by = ?1 WHERE state = 0"},
    {&LedgerTables::newest_error,
     "SELECT state, generation FROM error WHERE slicer_id = ?1 AND slicer_order = ?2 ORDER BY generation DESC LIMIT 1"},
    {&LedgerTables::add_error_of_batch,
     "INSERT INTO error (slicer_id, slicer_order, generation, state, retries, text, request, change) "
     "VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, (SELECT coalesce(max(change), 0) + 1 FROM error))"},
    {&LedgerTables::add_error_again,
     "INSERT INTO error (slicer_id, slicer_order, generation, state, retries, text, request, change) "
     "SELECT ?1, ?2, ?3, 0, ?4, ?5, request, (SELECT coalesce(max(change), 0) + 1 FROM error) FROM error "
     "WHERE slicer_id = ?1 AND slicer_order = ?2 ORDER BY generation DESC LIMIT 1"},
    {&LedgerTables::supersede_error,
     "UPDATE error SET state = 3 WHERE slicer_id = ?1 AND slicer_order = ?2 AND state = 1"},
    {&LedgerTables::repair_errors,
     // Generations differ in the rows of one slice, so that each gets a number of its own.
     "UPDATE error SET state = 2, recovered_by = ?3, change = (SELECT max(change) FROM error) + generation "
     "WHERE slicer_id = ?1 AND slicer_order = ?2"},
    {&LedgerTables::chosen_errors,
     "SELECT slicer_id, slicer_order, request FROM error WHERE state = 1 AND (slicer_id, slicer_order) > (?1, ?2) "
     "AND (?3 = 0 OR chosen_by = ?3) ORDER BY slicer_id, slicer_order LIMIT ?4"},
    {&LedgerTables::error_page,
     "SELECT change, slicer_id, slicer_order, failed.ex_id, request, text, retries, repaired.ex_id FROM error "
     "JOIN generation AS failed ON failed.number = error.generation "
     "LEFT JOIN generation AS repaired ON repaired.number = error.recovered_by "
     "WHERE change > ?1 ORDER BY change LIMIT ?2"},
    {&LedgerTables::open_errors, "SELECT count(*) FROM error WHERE state = 0"},
    {&LedgerTables::open_errors_of, "SELECT count(*) FROM error WHERE state = 0 AND generation = ?1"},
    {&LedgerTables::chosen_count, "SELECT count(*) FROM error WHERE state = 1 AND (?1 = 0 OR chosen_by = ?1)"},
    {&LedgerTables::newest_error_request,
     "SELECT request FROM error WHERE slicer_id = ?1 AND slicer_order = ?2 ORDER BY generation DESC LIMIT 1"},
    {&LedgerTables::slot_deaths,
     "SELECT slicer_id, slicer_order, count, last, how FROM slot_deaths ORDER BY slicer_id, slicer_order"},
    {&LedgerTables::put_slot_deaths,
     "INSERT OR REPLACE INTO slot_deaths (slicer_id, slicer_order, count, last, how) VALUES (?1, ?2, ?3, ?4, ?5)"},
    {&LedgerTables::drop_slot_deaths, "DELETE FROM slot_deaths WHERE slicer_id = ?1 AND slicer_order = ?2"},
    {&LedgerTables::unpublished,
     "SELECT slicer_id, slicer_order, epoch, number FROM unpublished ORDER BY slicer_id, slicer_order"},
    {&LedgerTables::unpublished_count, "SELECT count(*) FROM unpublished"},
    {&LedgerTables::accepted_fence, "SELECT epoch, number FROM unpublished WHERE slicer_id = ?1 AND slicer_order = ?2"},
    {&LedgerTables::add_unpublished,
     "INSERT INTO unpublished (slicer_id, slicer_order, epoch, number) VALUES (?1, ?2, ?3, ?4)"},
    {&LedgerTables::drop_unpublished, "DELETE FROM unpublished WHERE slicer_id = ?1 AND slicer_order = ?2"},
};

}  // namespace

const Schema& ledger_schema() { return schema; }

Result<std::unique_ptr<LedgerTables>> LedgerTables::open(const std::string& path) {
  auto tables = std::make_unique<LedgerTables>();
  SB_TRY(database, Database::open(path, schema));
  // KiB at most: of a long execution's pages only those of its unfinished batches are asked for again.
  SB_TRY_VOID(database->run("PRAGMA cache_size=-512"));
  tables->database = std::move(database);
  for (const Prepared& prepared : statements) {
    SB_TRY(statement, tables->database->prepare(prepared.sql));
    (*tables).*prepared.statement = std::move(statement);
  }
  return tables;
}

Result<std::uint64_t> number_of(Statement& statement) {
  SB_TRY(there, statement.step());
  const std::uint64_t number = there ? statement.natural(0) : 0;
  statement.reset();
  return number;
}

std::string pack_counts(const wire::OperationCounts& counts) {
  msgpack::sbuffer buffer;
  msgpack::pack(buffer, counts);
  return {buffer.data(), buffer.size()};
}

std::optional<wire::OperationCounts> unpack_counts(std::string_view bytes) {
  if (bytes.empty()) {
    return wire::OperationCounts{};
  }
  try {
    return msgpack::unpack(bytes.data(), bytes.size()).get().as<wire::OperationCounts>();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace slicebus::store::sqlite
