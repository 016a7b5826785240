// Lists stay quick when a hundred thousand jobs are stored (M6). The figures are printed (--log_level=message); the
// bounds hold without optimisation and on a busy machine, too.
#include <algorithm>
#include <chrono>
#include <optional>

#include "master/store/sqlite/record_tables.hpp"
#include "tests/conformance/record_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;
using namespace slicebus::store::conformance;

namespace {

constexpr std::int64_t jobs_stored = 100'000;
constexpr std::int64_t executions_stored = 200'000;
constexpr std::int64_t start_ms = 1'785'715'200'000;

/// The records file that a master of many years would have, filled in one transaction.
void fill(const std::string& path) {
  const auto database = sqlite::open_records(path).value();
  auto transaction = sqlite::Transaction::begin(*database).value();
  auto add_job = database
                     ->prepare(
                         "INSERT INTO job (job_id, document, active, deleted, created, updated, brief, name) "
                         "VALUES (?1, ?2, 1, ?3, ?4, ?5, job_brief(?2), name_of(?2))")
                     .value();
  for (std::int64_t i = 0; i < jobs_stored; ++i) {
    const std::string id = "job-" + std::to_string(i);
    const std::string document =
        R"({"name":"Copy events of customer )" + std::to_string(i % 5'000) + R"( daily","lifecycle":")" +
        (i % 10 == 0 ? "persistent" : "once") + R"(","workers":)" + std::to_string(i % 20 + 1) +
        R"(,"slicers":1,"analytics":true,"assets":["standard","file"],"operations":[{"_op":"file_reader","path":"/srv/in","size":100000,)"
        R"("format":"ldjson"},{"_op":"filter","query":"delay:>60 AND carrier:AA"},{"_op":"file_exporter","path":"/srv/out/)" +
        id + R"(","format":"ldjson"}],"job_id":")" + id +
        R"(","_context":"job","_created":"2026-08-03T09:12:40.002Z","_updated":"2026-08-03T09:12:47.310Z"})";
    add_job.bind_text(1, id).bind_text(2, document).bind(3, i % 100 == 7).bind(4, start_ms + i);
    BOOST_TEST_REQUIRE(add_job.bind(5, start_ms + i * 7'919 % 1'000'003).run().has_value());
  }
  auto add_execution = database
                           ->prepare(
                               "INSERT INTO execution (ex_id, job_id, lineage, status, document, desired, deleted, "
                               "created, updated, brief, name) VALUES (?1, ?2, ?1, ?3, ?4, '', 0, ?5, ?6, "
                               "execution_brief(?4), name_of(?4))")
                           .value();
  for (std::int64_t i = 0; i < executions_stored; ++i) {
    const std::string id = "ex-" + std::to_string(i);
    const std::string job_id = "job-" + std::to_string(i * 7 % (jobs_stored / 20));
    const std::string status = i % 2'000 == 0 ? "running" : i % 10 == 1 ? "failed" : "completed";
    const std::string document = R"({"name":"Copy events","workers":2,"ex_id":")" + id + R"(","job_id":")" + job_id +
                                 R"(","_status":")" + status +
                                 R"(","_failureReason":"","operations":[{"_op":"file_reader",)"
                                 R"("path":"/srv/in","size":100000},{"_op":"noop"}],"slicer_port":26000})";
    add_execution.bind_text(1, id).bind_text(2, job_id).bind_text(3, status).bind_text(4, document);
    BOOST_TEST_REQUIRE(add_execution.bind(5, start_ms + i).bind(6, start_ms + i * 7'919 % 1'000'003).run().has_value());
  }
  for (const std::string table : {"job", "execution"}) {
    const std::string index =
        "INSERT INTO " + table + "_word SELECT value, number FROM " + table + ", json_each(words_of_name(document))";
    BOOST_TEST_REQUIRE(database->run(index.c_str()).has_value());
  }
  BOOST_TEST_REQUIRE(transaction.commit().has_value());
}

/// Some rounds of `work`; each gives a number of rows, or nothing when the list ended at its time limit.
template <class Work>
double median_ms(const char* what, Work work) {
  std::vector<std::chrono::duration<double, std::milli>> times;
  std::optional<std::size_t> rows;
  for (int round = 0; round < 20; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    rows = work();
    times.emplace_back(std::chrono::steady_clock::now() - begin);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2].count();
  BOOST_TEST_MESSAGE(what << ": " << (rows ? std::to_string(*rows) + " rows" : "ended at its time limit") << ", median "
                          << median << " ms, slowest " << times.back().count() << " ms");
  return median;
}

/// An index has it in order: milliseconds, even unoptimised.
template <class Work>
void quick(const char* what, Work work) {
  bool answered = true;
  BOOST_TEST(median_ms(what,
                       [&] {
                         const std::optional<std::size_t> rows = work();
                         answered = answered && rows;
                         return rows;
                       }) < 50.0,
             what);
  BOOST_TEST(answered, what);
}

/// All records are looked through: a while that is bounded, whether it is enough or not.
template <class Work>
void bounded(const char* what, Work work) {
  BOOST_TEST(median_ms(what, work) < 2.0 * sqlite::ListSql::time_limit.count(), what);
}

template <class Records>
std::optional<std::size_t> count(const Result<Records>& list) {
  BOOST_TEST_REQUIRE((list || list.error().code == Errc::timed_out), (list ? "" : list.error().text()));
  return list ? std::optional(list->size()) : std::nullopt;
}

}  // namespace

BOOST_AUTO_TEST_CASE(lists_of_a_hundred_thousand_jobs_are_quick) {
  const tests::TemporaryDirectory directory;
  const std::string path = (directory.path() / "records.db").string();
  fill(path);
  quick("open", [&] { return std::optional<std::size_t>(SqliteRecords::open(path).has_value() ? 1 : 0); });
  const auto records = SqliteRecords::open(path).value();
  const auto filter = [](std::string_view text) {
    return *operations::query::parse(text, operations::query::Dialect::lucene);
  };
  const auto jobs = [&](const ListQuery& query) { return [&, query] { return count(records->jobs().list(query)); }; };
  const auto executions = [&](const ListQuery& query) {
    return [&, query] { return count(records->executions().list(query)); };
  };
  quick("newest created (start-up)", jobs({.size = 1, .sort = "_created:desc"}));
  quick("newest updated (start-up)", jobs({.size = 1}));
  quick("newest created execution (start-up)", executions({.size = 1, .sort = "_created:desc"}));
  quick("living executions (start-up)", [&] { return count(records->executions().living()); });
  quick("jobs, default sort", jobs({}));
  quick("jobs, from 9900", jobs({.from = 9'900}));
  quick("jobs, deleted", jobs({.deleted = true}));
  quick("jobs, by _created", jobs({.sort = "_created:desc"}));
  quick("jobs, filter lifecycle:persistent", jobs({.filter = filter("lifecycle:persistent")}));
  quick("jobs, filter workers:>=10 AND name:copy", jobs({.filter = filter("workers:>=10 AND name:copy")}));
  quick("jobs, filter _created", jobs({.filter = filter("_created:[2026-08-03 TO *]")}));
  quick("jobs, filter job_id", jobs({.filter = filter("job_id:job-77777")}));
  quick("jobs, filter a job_id and a rare name", jobs({.filter = filter("job_id:job-77777 AND name:nothing")}));
  quick("jobs, filter of a rare name", jobs({.filter = filter("name:\"customer 4321\"")}));
  quick("jobs, filter of the start of a rare name", jobs({.filter = filter("name:432*")}));
  quick("jobs, filter of one of two rare names", jobs({.filter = filter("name:(4321 OR 1234) AND lifecycle:once")}));
  quick("jobs, filter of the start of a job_id", jobs({.filter = filter("job_id:job\\-7777*")}));
  quick("jobs, filter of a rare name, by _created",
        jobs({.sort = "_created:desc", .filter = filter("name:\"customer 4321\"")}));
  bounded("jobs, filter that finds nothing", jobs({.filter = filter("log_level:debug")}));
  bounded("jobs, filter of a field without brief that finds nothing", jobs({.filter = filter("operations._op:none")}));
  quick("jobs, by name", jobs({.sort = "name:asc"}));
  quick("jobs, by name, last first", jobs({.sort = "name:desc"}));
  quick("executions, default sort", executions({}));
  quick("executions, filter job_id", executions({.filter = filter("job_id:job-7")}));
  quick("executions, filter _status", executions({.filter = filter("_status:running")}));
  quick("executions, status failed", executions({.status = {"failed"}}));
  quick("executions, status failed or running", executions({.status = {"failed", "running"}}));
  quick("executions, status failed, by _created", executions({.sort = "_created:desc", .status = {"failed"}}));
  std::vector<JobId> page;
  for (std::int64_t i = 0; i < 100; ++i) {
    page.emplace_back(JobId{"job-" + std::to_string(i * 50)});
  }
  quick("latest executions of 100 jobs", [&] { return count(records->executions().latest_of(page)); });
  quick("latest execution of a job",
        [&] { return std::optional<std::size_t>(records->executions().latest_of(JobId{"job-7"}).value() ? 1 : 0); });
}
