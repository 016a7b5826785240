#pragma once
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "master/store/memory/record_stores.hpp"
#include "master/store/sqlite/record_stores.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

/// The pairs of record stores over which the suites run, and records for them.
namespace slicebus::store::conformance {

struct MemoryFixture {
  JobStore& jobs() { return jobs_; }
  ExecutionStore& executions() { return executions_; }
  void restart() {}
  MemoryExecutionStore executions_;
  MemoryJobStore jobs_{executions_};
};

struct SqliteFixture {
  SqliteFixture() { restart(); }
  JobStore& jobs() { return records_->jobs(); }
  ExecutionStore& executions() { return records_->executions(); }
  void restart() {
    records_.reset();
    auto opened = SqliteRecords::open((directory_.path() / "records.db").string());
    BOOST_TEST_REQUIRE(opened.has_value(), (opened ? "" : opened.error().text()));
    records_ = *std::move(opened);
  }
  tests::TemporaryDirectory directory_;
  std::unique_ptr<SqliteRecords> records_;
};

using Adapters = boost::mpl::list<MemoryFixture, SqliteFixture>;
using Names = std::vector<std::string>;

inline WallTime ms(std::int64_t value) { return WallTime{std::chrono::milliseconds{value}}; }

inline JobRecord job(const std::string& id, std::int64_t updated, const std::string& document = "{}") {
  return {JobId{id}, document, true, false, ms(1), ms(updated)};
}

inline ExecutionRecord execution(const std::string& id, const std::string& job_id, const std::string& status,
                                 std::int64_t updated = 1) {
  return {ExecutionId{id},
          JobId{job_id},
          LineageId{"lineage of " + job_id},
          status,
          "{\"ex_id\":\"" + id + "\"}",
          "",
          false,
          ms(1),
          ms(updated)};
}

inline Names names(const Result<std::vector<JobRecord>>& list) {
  BOOST_TEST_REQUIRE(list.has_value(), (list ? "" : list.error().text()));
  Names found;
  for (const JobRecord& record : *list) {
    found.push_back(record.job_id.text);
  }
  return found;
}

inline Names names(const Result<std::vector<ExecutionRecord>>& list) {
  BOOST_TEST_REQUIRE(list.has_value(), (list ? "" : list.error().text()));
  Names found;
  for (const ExecutionRecord& record : *list) {
    found.push_back(record.ex_id.text);
  }
  return found;
}

}  // namespace slicebus::store::conformance
