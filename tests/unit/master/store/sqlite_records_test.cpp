// What only records in a file can promise: files of earlier shapes are brought to the present one, and no list holds up
// the others for long.
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "master/store/sqlite/record_stores.hpp"
#include "master/store/sqlite/record_tables.hpp"
#include "tests/conformance/record_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;
using namespace slicebus::store::conformance;
using slicebus::tests::TemporaryDirectory;

namespace {

/// The first shape of the records file, as it was written.
constexpr sqlite::Schema shape_1{.what = "records file", .version = 1, .create = R"(
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

std::unique_ptr<SqliteRecords> opened(const std::string& path) {
  auto records = SqliteRecords::open(path);
  BOOST_TEST_REQUIRE(records.has_value(), (records ? "" : records.error().text()));
  return *std::move(records);
}

ListQuery filtered(const std::string& filter) {
  return {.filter = *operations::query::parse(filter, operations::query::Dialect::lucene)};
}

/// Every statement that made the file's tables and indices, and what the planner is told of them.
std::string shape_of(const std::string& path) {
  auto database = sqlite::open_records(path).value();
  std::string shape;
  for (const char* sql :
       {"SELECT name || coalesce(sql, '') FROM sqlite_schema WHERE type = 'index' ORDER BY name",
        "SELECT m.name || p.name || p.type || p.\"notnull\" || coalesce(p.dflt_value, '') FROM sqlite_schema m, "
        "pragma_table_info(m.name) p WHERE m.type = 'table' ORDER BY m.name, p.cid",
        "SELECT idx || stat FROM sqlite_stat1 ORDER BY idx", "PRAGMA user_version"}) {
    auto statement = database->prepare(sql).value();
    while (statement.step().value()) {
      shape += std::string(statement.bytes(0)) + "\n";
    }
  }
  return shape;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_of_the_first_shape_is_brought_to_the_present_one_and_keeps_its_records) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "records.db").string();
  {
    const auto database = sqlite::Database::open(path, shape_1).value();
    BOOST_TEST_REQUIRE(database
                           ->run(R"(
INSERT INTO job VALUES (1, 'j1', '{"name":"Copy events","workers":4}', 1, 0, 5, 6), (2, 'j2', 'no JSON', 1, 0, 7, 8);
INSERT INTO execution VALUES (1, 'e1', 'j1', 'e1', 'running', '{"name":"Copy events"}', 'paused', 0, 9, 10),
                             (2, 'e2', 'j1', 'e2', 'failed', '{"name":"other"}', '', 0, 11, 12);
)")
                           .has_value());
  }
  {
    const auto records = opened(path);
    BOOST_TEST(names(records->jobs().list({})) == (Names{"j2", "j1"}), boost::test_tools::per_element());
    BOOST_TEST(names(records->jobs().list(filtered("name:copy AND workers:>3"))) == Names{"j1"},
               boost::test_tools::per_element());
    BOOST_TEST(names(records->executions().list(filtered("name:events"))) == Names{"e1"},
               boost::test_tools::per_element());
    BOOST_TEST(names(records->executions().living()) == Names{"e1"}, boost::test_tools::per_element());
    BOOST_TEST(records->executions().get(ExecutionId{"e1"}).value()->desired == "paused");
    BOOST_TEST(records->jobs().get(JobId{"j2"}).value()->document == "no JSON");
  }
  const std::string fresh = (directory.path() / "fresh.db").string();
  opened(fresh);
  BOOST_TEST(shape_of(path) == shape_of(fresh));
}

BOOST_AUTO_TEST_CASE(a_file_of_a_newer_shape_is_left_alone) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "records.db").string();
  opened(path);
  BOOST_TEST_REQUIRE(sqlite::open_records(path).value()->run("PRAGMA user_version=99").has_value());
  const auto refused = SqliteRecords::open(path);
  BOOST_TEST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().text().find("has shape 99") != std::string::npos, refused.error().text());
}

BOOST_AUTO_TEST_CASE(a_list_that_would_take_long_ends_early_says_so_and_harms_nothing) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "records.db").string();
  BOOST_TEST_REQUIRE(sqlite::open_records(path)
                         .value()
                         ->run(R"(
WITH RECURSIVE i(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM i WHERE n < 50000)
INSERT INTO job (job_id, document, active, deleted, created, updated)
SELECT 'j' || n, '{"name":"Copy events of customer ' || n || '","padding":"' || hex(zeroblob(200)) || '"}', 1, 0, n, n FROM i;
)")
                         .has_value());
  std::string filter = "padding:x";
  for (int term = 0; term < 1'023; ++term) {
    filter += " OR padding.x" + std::to_string(term) + ":y";
  }
  const auto records = opened(path);
  const auto begin = std::chrono::steady_clock::now();
  const auto list = records->jobs().list(filtered(filter));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  BOOST_TEST_REQUIRE(!list.has_value());
  BOOST_CHECK(list.error().code == Errc::timed_out);
  BOOST_TEST(list.error().text().find("within 250 ms; use fewer terms") != std::string::npos, list.error().text());
  BOOST_TEST(took.count() < 5.0);  // the looks are milliseconds apart; the rest is for a busy machine
  BOOST_TEST(names(records->jobs().list({.size = 1})) == Names{"j50000"}, boost::test_tools::per_element());
  BOOST_TEST(records->jobs().put(job("j1", 50'001)).has_value());
  BOOST_TEST(names(records->jobs().list({.size = 1})) == Names{"j1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_record_that_is_renamed_leaves_no_words_of_its_former_name) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "records.db").string();
  const auto named = [](const char* id, int updated, const std::string& name) {
    return job(id, updated, R"({"name":")" + name + R"("})");
  };
  {
    const auto records = opened(path);
    for (const char* id : {"j1", "j2"}) {
      BOOST_TEST_REQUIRE(records->jobs().insert(named(id, 1, "copy events"), nullptr).has_value());
    }
    for (int i = 0; i < 100; ++i) {
      BOOST_TEST_REQUIRE(records->jobs().put(named("j1", 2 + i, "move events " + std::to_string(i))).has_value());
    }
    BOOST_TEST(names(records->jobs().list(filtered("name:copy"))) == Names{"j2"}, boost::test_tools::per_element());
    BOOST_TEST(names(records->jobs().list(filtered("name:99"))) == Names{"j1"}, boost::test_tools::per_element());
    BOOST_TEST(names(records->jobs().list(filtered("name:98"))) == Names{}, boost::test_tools::per_element());
    BOOST_TEST(records->jobs().list(filtered("name:events")).value().size() == 2U);
  }
  const auto database = sqlite::open_records(path).value();
  auto words = database->prepare("SELECT group_concat(word, ' ') FROM (SELECT * FROM job_word ORDER BY number, word)");
  BOOST_TEST_REQUIRE((words.has_value() && words->step().value()));
  BOOST_TEST(words->bytes(0) == "99 events move copy events");
}
