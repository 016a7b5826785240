#include "master/store/sqlite/record_tables.hpp"

#include <algorithm>
#include <array>

#include "common/record/json_text.hpp"
#include "master/store/sqlite/rows.hpp"

namespace slicebus::store::sqlite {
namespace {

Fields without(const Fields& fields, const KnownColumns& known, std::initializer_list<std::string_view> long_texts) {
  Fields rest;
  std::copy_if(fields.begin(), fields.end(), std::back_inserter(rest), [&](const Field& field) {
    return std::none_of(known.begin(), known.end(), [&](const auto& column) { return column.first == field.name; }) &&
           std::find(long_texts.begin(), long_texts.end(), field.name) == long_texts.end();
  });
  return rest;
}

constexpr const char* job_brief = "job_brief";
constexpr const char* execution_brief = "execution_brief";
constexpr const char* name_of = "name_of";
constexpr const char* words_of_name = "words_of_name";
constexpr Field name_field{"name", FieldKind::text};

/// A JSON array of texts.
std::string json_array(const std::vector<std::string>& texts) {
  std::string array = "[";
  for (const std::string& text : texts) {
    array += (array.size() == 1 ? "" : ",") + record::json_quote(text);
  }
  return array + "]";
}

Result<void> define_functions(Database& database) {
  const auto brief = [](const void* fields, std::string_view document) -> Computed {
    return brief_of(document, *static_cast<const Fields*>(fields));
  };
  SB_TRY_VOID(define_list_functions(database));
  const auto name = [](const void* field, std::string_view document) -> Computed {
    return sort_value(document, *static_cast<const Field*>(field));
  };
  const auto words = [](const void* field, std::string_view document) -> Computed {
    return json_array(words_to_index(document, static_cast<const Field*>(field)->name));
  };
  SB_TRY_VOID(database.define(name_of, name, &name_field));
  SB_TRY_VOID(database.define(words_of_name, words, &name_field));
  SB_TRY_VOID(database.define(job_brief, brief, &job_table().brief));
  return database.define(execution_brief, brief, &execution_table().brief);
}

// `number` is the insertion number: it alone says which execution is the latest, whatever the clock did. `brief` is
// what lists ask instead of the document. A file that is older than this may have words of former names, too: what they
// find is looked at.
#define SB_RECORD_TABLES                                                                                             \
  "CREATE TABLE job ("                                                                                               \
  "  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE, document TEXT NOT NULL,"                 \
  "  active INTEGER NOT NULL, deleted INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,"         \
  "  brief TEXT NOT NULL DEFAULT '', name TEXT);"                                                                    \
  "CREATE TABLE execution ("                                                                                         \
  "  number INTEGER PRIMARY KEY AUTOINCREMENT, ex_id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL,"                    \
  "  lineage TEXT NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL, desired TEXT NOT NULL,"                    \
  "  deleted INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, brief TEXT NOT NULL DEFAULT '', " \
  "  name TEXT);"                                                                                                    \
  "CREATE INDEX execution_by_job ON execution (job_id, number);"                                                     \
  "CREATE INDEX execution_by_lineage ON execution (lineage, number);"

#define SB_NAME_INDICES                                                                                            \
  "CREATE TABLE job_word (word TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (word, number)) WITHOUT ROWID;" \
  "CREATE TABLE execution_word (word TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (word, number)) "         \
  "WITHOUT ROWID;"                                                                                                 \
  "CREATE INDEX job_by_name ON job (deleted, name);"                                                               \
  "CREATE INDEX execution_by_name ON execution (deleted, name);"                                                   \
  "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"                                                               \
  "  ('job', 'job_by_name', '100000 50000 1'), ('execution', 'execution_by_name', '200000 100000 1');"             \
  "ANALYZE sqlite_schema;"

// The indices of the two orders hold all that filters ask for, so that a list which finds little looks through one of
// them alone. The figures are what SQLite's planner knows of the tables (rows, rows for an equal first column, …):
// without them it takes `deleted` for as choosy as a job_id, and looks through all records in the order of their
// updates.
#define SB_LIST_INDICES                                                                                         \
  "CREATE INDEX job_by_update ON job (deleted, updated, active, created, job_id, brief);"                       \
  "CREATE INDEX job_by_creation ON job (deleted, created, active, job_id, brief);"                              \
  "CREATE INDEX execution_by_update ON execution (deleted, updated, status, created, job_id, ex_id, brief);"    \
  "CREATE INDEX execution_by_creation ON execution (deleted, created, status, job_id, ex_id, brief);"           \
  "CREATE INDEX execution_by_status ON execution (deleted, status, updated);"                                   \
  "CREATE INDEX execution_living ON execution (number) WHERE " SB_IS_LIVING                                     \
  ";"                                                                                                           \
  "ANALYZE sqlite_schema;"                                                                                      \
  "DELETE FROM sqlite_stat1;"                                                                                   \
  "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"                                                            \
  "  ('job', 'job_by_update', '100000 50000 1'), ('job', 'job_by_creation', '100000 50000 1'),"                 \
  "  ('execution', 'execution_by_update', '200000 100000 1'),"                                                  \
  "  ('execution', 'execution_by_creation', '200000 100000 1'),"                                                \
  "  ('execution', 'execution_by_status', '200000 100000 1000 1'), ('execution', 'execution_living', '100 1')," \
  "  ('execution', 'execution_by_job', '200000 3 1'), ('execution', 'execution_by_lineage', '200000 2 1');"     \
  "ANALYZE sqlite_schema;"

// Shape 1 had indices of the same names in some files, and no brief; shape 2 no names.
constexpr std::array upgrades{
    "DROP INDEX IF EXISTS job_by_update; DROP INDEX IF EXISTS job_by_creation;"
    "DROP INDEX IF EXISTS execution_by_update; DROP INDEX IF EXISTS execution_by_creation;"
    "DROP INDEX IF EXISTS execution_by_status;"
    "ALTER TABLE job ADD COLUMN brief TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE execution ADD COLUMN brief TEXT NOT NULL DEFAULT '';"
    "UPDATE job SET brief = job_brief(document); UPDATE execution SET brief = "
    "execution_brief(document);" SB_LIST_INDICES,
    "ALTER TABLE job ADD COLUMN name TEXT; ALTER TABLE execution ADD COLUMN name TEXT;"
    "UPDATE job SET name = name_of(document); UPDATE execution SET name = name_of(document);" SB_NAME_INDICES
    "INSERT INTO job_word SELECT value, number FROM job, json_each(words_of_name(document));"
    "INSERT INTO execution_word SELECT value, number FROM execution, json_each(words_of_name(document));"};

constexpr Schema records_schema{.what = "records file",
                                .version = 3,
                                .create = SB_RECORD_TABLES SB_LIST_INDICES SB_NAME_INDICES,
                                .upgrades = upgrades,
                                .functions = define_functions};

#undef SB_RECORD_TABLES
#undef SB_LIST_INDICES
#undef SB_NAME_INDICES

std::string text(const Statement& row, int column) { return std::string(row.bytes(column)); }

}  // namespace

Result<std::unique_ptr<Database>> open_records(const std::string& path) {
  SB_TRY(database, Database::open(path, records_schema));
  // KiB at most: the index by update of a hundred thousand jobs, read again by each filter that finds little.
  SB_TRY_VOID(database->run("PRAGMA cache_size=-32768"));
  return std::move(database);
}

const ListedTable& job_table() {
  static const KnownColumns known{{"job_id", "job_id"},
                                  {"active", "active"},
                                  {"_deleted", "deleted"},
                                  {"_created", "created"},
                                  {"_updated", "updated"}};
  static const ListedTable table{.name = "job",
                                 .fields = job_fields(),
                                 .known = known,
                                 .brief = without(job_fields(), known, {}),
                                 .sorted = {{"name", "name"}},
                                 .ids = {"job_id"},
                                 .words = {{"name", "job_word"}}};
  return table;
}

const ListedTable& execution_table() {
  static const KnownColumns known{{"ex_id", "ex_id"},      {"job_id", "job_id"},    {"_status", "status"},
                                  {"_deleted", "deleted"}, {"_created", "created"}, {"_updated", "updated"}};
  static const ListedTable table{.name = "execution",
                                 .fields = execution_fields(),
                                 .known = known,
                                 .brief = without(execution_fields(), known, {"_failureReason", "_waiting"}),
                                 .sorted = {{"name", "name"}},
                                 .ids = {"ex_id", "job_id"},
                                 .words = {{"name", "execution_word"}}};
  return table;
}

void read_row(const Statement& row, JobRecord& record) {
  record = {JobId{text(row, 0)}, text(row, 1),         row.integer(2) != 0,
            row.integer(3) != 0, wall(row.integer(4)), wall(row.integer(5))};
}

void read_row(const Statement& row, ExecutionRecord& record) {
  record = {ExecutionId{text(row, 0)},
            JobId{text(row, 1)},
            LineageId{text(row, 2)},
            text(row, 3),
            text(row, 4),
            text(row, 5),
            row.integer(6) != 0,
            wall(row.integer(7)),
            wall(row.integer(8))};
}

}  // namespace slicebus::store::sqlite
