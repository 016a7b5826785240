// Every pair of record stores keeps these promises.
#include "tests/conformance/record_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;
using namespace slicebus::store::conformance;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_job_is_found_as_it_was_stored_after_a_restart, Fixture, Adapters) {
  Fixture f;
  JobRecord record = job("j1", 7, "{\"name\":\"caf\xC3\xA9 \\u0000 'x'\"}");
  record.active = false;
  BOOST_TEST(f.jobs().insert(record).has_value());
  f.restart();
  const auto found = f.jobs().get(JobId{"j1"}).value();
  BOOST_TEST_REQUIRE(found.has_value());
  BOOST_CHECK((*found == record));
  BOOST_CHECK(!f.jobs().get(JobId{"j2"}).value().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_second_insert_of_an_id_is_a_conflict_and_changes_nothing, Fixture, Adapters) {
  Fixture f;
  BOOST_TEST(f.jobs().insert(job("j1", 1)).has_value());
  const auto again = f.jobs().insert(job("j1", 2));
  BOOST_TEST_REQUIRE(!again.has_value());
  BOOST_CHECK(again.error().code == Errc::conflict);
  BOOST_CHECK((*f.jobs().get(JobId{"j1"}).value() == job("j1", 1)));
  BOOST_TEST(f.executions().insert(execution("e1", "j1", "running")).has_value());
  const auto other = f.executions().insert(execution("e1", "j2", "pending"));
  BOOST_TEST_REQUIRE(!other.has_value());
  BOOST_CHECK(other.error().code == Errc::conflict);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_job_and_its_first_execution_are_stored_together_or_not_at_all, Fixture, Adapters) {
  Fixture f;
  const ExecutionRecord first = execution("e1", "j1", "pending");
  BOOST_TEST(f.jobs().insert(job("j1", 1), &first).has_value());
  f.restart();
  BOOST_CHECK((*f.jobs().get(JobId{"j1"}).value() == job("j1", 1)));
  BOOST_CHECK((*f.executions().latest_of(JobId{"j1"}).value() == first));

  const ExecutionRecord other = execution("e2", "j1", "pending");
  const auto same_job = f.jobs().insert(job("j1", 2), &other);
  BOOST_TEST_REQUIRE(!same_job.has_value());
  BOOST_CHECK(same_job.error().code == Errc::conflict);
  const auto same_execution = f.jobs().insert(job("j2", 2), &first);
  BOOST_TEST_REQUIRE(!same_execution.has_value());
  BOOST_CHECK(same_execution.error().code == Errc::conflict);
  f.restart();
  BOOST_CHECK(!f.jobs().get(JobId{"j2"}).value().has_value());
  BOOST_CHECK(!f.executions().get(ExecutionId{"e2"}).value().has_value());
  BOOST_TEST(f.jobs().insert(job("j2", 2)).has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(put_replaces_by_id_and_an_unknown_id_is_not_found, Fixture, Adapters) {
  Fixture f;
  BOOST_TEST(f.jobs().insert(job("j1", 1)).has_value());
  BOOST_TEST(f.jobs().put(job("j1", 9, "{\"slicers\":2}")).has_value());
  BOOST_CHECK((*f.jobs().get(JobId{"j1"}).value() == job("j1", 9, "{\"slicers\":2}")));
  const auto unknown = f.jobs().put(job("j2", 1));
  BOOST_TEST_REQUIRE(!unknown.has_value());
  BOOST_CHECK(unknown.error().code == Errc::not_found);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(several_executions_are_put_together_or_not_at_all, Fixture, Adapters) {
  Fixture f;
  BOOST_TEST(f.executions().insert(execution("e1", "j1", "pending")).has_value());
  BOOST_TEST(f.executions().insert(execution("e2", "j1", "pending")).has_value());
  const auto refused = f.executions().put({execution("e1", "j1", "running"), execution("e9", "j1", "running")});
  BOOST_TEST_REQUIRE(!refused.has_value());
  BOOST_CHECK(refused.error().code == Errc::not_found);
  BOOST_TEST(f.executions().get(ExecutionId{"e1"}).value()->status == "pending");
  BOOST_TEST(f.executions().put({execution("e1", "j1", "running"), execution("e2", "j1", "running")}).has_value());
  f.restart();
  BOOST_TEST(f.executions().get(ExecutionId{"e2"}).value()->status == "running");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(latest_is_the_newest_by_insertion_whatever_the_clock_says, Fixture, Adapters) {
  Fixture f;
  ExecutionRecord early = execution("e1", "j1", "completed", 500);
  early.created = ms(1'000);
  ExecutionRecord late = execution("e2", "j1", "completed", 400);
  late.created = ms(10);  // the clock went back
  late.deleted = true;
  BOOST_TEST(f.executions().insert(early).has_value());
  BOOST_TEST(f.executions().insert(late).has_value());
  BOOST_TEST(f.executions().insert(execution("e3", "j2", "running")).has_value());
  BOOST_TEST(f.executions().put({early}).has_value());  // a change is no insertion
  BOOST_CHECK((*f.executions().latest_of(JobId{"j1"}).value() == late));
  BOOST_CHECK(!f.executions().latest_of(JobId{"j9"}).value().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_latest_of_many_jobs_comes_in_one_answer, Fixture, Adapters) {
  Fixture f;
  BOOST_TEST(f.executions().latest_of(std::vector{JobId{"j1"}}).value().empty());
  for (const auto& [ex_id, job_id] : {std::pair("e1", "j1"), {"e2", "j\"2"}, {"e3", "j1"}, {"e4", "j3"}}) {
    BOOST_TEST(f.executions().insert(execution(ex_id, job_id, "failed")).has_value());
  }
  const auto latest = f.executions().latest_of({JobId{"j1"}, JobId{"j\"2"}, JobId{"never ran"}, JobId{"j1"}}).value();
  BOOST_TEST_REQUIRE(latest.size() == 2U);
  BOOST_CHECK((latest.at(JobId{"j1"}) == execution("e3", "j1", "failed")));
  BOOST_CHECK((latest.at(JobId{"j\"2"}) == execution("e2", "j\"2", "failed")));
  BOOST_TEST(f.executions().latest_of(std::vector<JobId>{}).value().empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_removed_job_takes_its_executions_along, Fixture, Adapters) {  // R-api-78
  Fixture f;
  BOOST_TEST(f.jobs().insert(job("j1", 1)).has_value());
  for (const auto& [ex_id, job_id] : {std::pair("e1", "j1"), {"e2", "j2"}, {"e3", "j1"}}) {
    BOOST_TEST(f.executions().insert(execution(ex_id, job_id, "failed")).has_value());
  }
  ExecutionRecord broken = execution("e4", "j1", "failed");
  broken.document = "{\"no JSON";
  BOOST_TEST(f.executions().insert(broken).has_value());
  JobRecord gone = job("j1", 5, R"({"_deleted":true})");
  gone.deleted = true;
  BOOST_TEST(f.jobs().remove(gone, "2026-08-03T09:12:40.002Z").has_value());
  f.restart();
  BOOST_CHECK((*f.jobs().get(JobId{"j1"}).value() == gone));
  for (const std::string id : {"e1", "e3"}) {
    const ExecutionRecord record = *f.executions().get(ExecutionId{id}).value();
    BOOST_TEST(record.deleted);
    BOOST_TEST(record.document ==
               R"({"ex_id":")" + id + R"(","_deleted":true,"_deleted_on":"2026-08-03T09:12:40.002Z"})");
  }
  BOOST_CHECK((*f.executions().get(ExecutionId{"e2"}).value() == execution("e2", "j2", "failed")));
  broken.deleted = true;
  BOOST_CHECK((*f.executions().get(ExecutionId{"e4"}).value() == broken));
  const auto unknown = f.jobs().remove(job("j9", 1), "2026-08-03T09:12:40.002Z");
  BOOST_TEST_REQUIRE(!unknown.has_value());
  BOOST_CHECK(unknown.error().code == Errc::not_found);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(living_lists_every_execution_that_is_not_terminal_oldest_first, Fixture, Adapters) {
  Fixture f;
  const Names statuses{"pending",  "scheduling", "initializing", "recovering", "running", "failing",   "paused",
                       "stopping", "completed",  "stopped",      "rejected",   "failed",  "terminated"};
  for (const std::string& status : statuses) {
    BOOST_TEST(f.executions().insert(execution(status, "j1", status)).has_value());
  }
  BOOST_TEST(names(f.executions().living()) == Names(statuses.begin(), statuses.begin() + 8),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_lineage_lists_its_executions_in_order, Fixture, Adapters) {
  Fixture f;
  for (const char* id : {"e2", "e1"}) {
    BOOST_TEST(f.executions().insert(execution(id, "j1", "failed")).has_value());
  }
  BOOST_TEST(f.executions().insert(execution("e3", "j2", "failed")).has_value());
  BOOST_TEST(names(f.executions().of_lineage(LineageId{"lineage of j1"})) == (Names{"e2", "e1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(jobs_are_listed_newest_update_first_in_pages, Fixture, Adapters) {
  Fixture f;
  for (int i = 1; i <= 5; ++i) {
    BOOST_TEST(f.jobs().insert(job("j" + std::to_string(i), i * 10)).has_value());
  }
  BOOST_TEST(f.jobs().put(job("j2", 99)).has_value());
  BOOST_TEST(names(f.jobs().list({})) == (Names{"j2", "j5", "j4", "j3", "j1"}), boost::test_tools::per_element());
  BOOST_TEST(names(f.jobs().list({.from = 1, .size = 2})) == (Names{"j5", "j4"}), boost::test_tools::per_element());
  BOOST_TEST(names(f.jobs().list({.from = 4, .size = 10})) == (Names{"j1"}), boost::test_tools::per_element());
  BOOST_TEST(names(f.jobs().list({.size = 0})).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lists_sort_by_columns_and_by_fields_of_the_document, Fixture, Adapters) {
  Fixture f;
  BOOST_TEST(f.jobs().insert(job("a", 3, R"({"name":"x","slicers":10})")).has_value());
  BOOST_TEST(f.jobs().insert(job("b", 2, R"({"name":"y","slicers":9})")).has_value());
  BOOST_TEST(f.jobs().insert(job("c", 1, R"({"name":"x"})")).has_value());
  BOOST_TEST(f.jobs().insert(job("d", 1, R"({"name":"x","slicers":9,"workers":"1"})")).has_value());
  const auto sorted = [&](const std::string& sort) { return names(f.jobs().list({.sort = sort})); };
  BOOST_TEST(sorted("slicers:asc") == (Names{"b", "d", "a", "c"}),
             boost::test_tools::per_element());  // numbers, absent last
  BOOST_TEST(sorted("slicers:desc") == (Names{"a", "b", "d", "c"}),
             boost::test_tools::per_element());  // absent still last
  BOOST_TEST(sorted("name:asc,slicers:desc") == (Names{"a", "d", "c", "b"}), boost::test_tools::per_element());
  BOOST_TEST(sorted("_updated:asc,job_id:desc") == (Names{"d", "c", "b", "a"}), boost::test_tools::per_element());
  BOOST_TEST(sorted("workers:asc").front() == "d");  // a text that is a number counts as one (R-ex-14)
  BOOST_TEST(sorted("job_id").front() == "a");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_sort_that_is_none_is_invalid_and_names_the_field, Fixture, Adapters) {
  Fixture f;
  for (const std::string sort : {"name\"') DESC; DROP TABLE job; --:asc", "1name:asc", "name:sideways", ":asc",
                                 "a:asc,,b:asc", "a,b,c,d,e,f,g,h,i"}) {
    const auto listed = f.jobs().list({.sort = sort});
    BOOST_TEST_REQUIRE(!listed.has_value(), sort);
    BOOST_CHECK(listed.error().code == Errc::invalid);
    BOOST_CHECK(!f.executions().list({.sort = sort}).has_value());
  }
  const auto sideways = f.jobs().list({.sort = "name:sideways"});
  BOOST_TEST(sideways.error().what.find("\"name\"") != std::string::npos);
  const auto mistyped = f.jobs().list({.sort = "_updatd:desc"});
  BOOST_TEST_REQUIRE(!mistyped.has_value());
  BOOST_TEST(mistyped.error().text() ==
             "sort: \"_updatd\" is not a field of these records; did you mean \"_updated\"?");
  BOOST_TEST(!f.jobs().list({.sort = "ex_id:asc"}).has_value());
  BOOST_TEST(f.executions().list({.sort = "ex_id:asc,slicer_port:desc"}).has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(jobs_are_filtered_by_active_and_deleted, Fixture, Adapters) {
  Fixture f;
  JobRecord idle = job("idle", 1);
  idle.active = false;
  JobRecord gone = job("gone", 1);
  gone.deleted = true;
  for (const JobRecord& record : {job("live", 1), idle, gone}) {
    BOOST_TEST(f.jobs().insert(record).has_value());
  }
  const std::string sort = "job_id:asc";
  BOOST_TEST(names(f.jobs().list({.sort = sort})) == (Names{"idle", "live"}), boost::test_tools::per_element());
  BOOST_TEST(names(f.jobs().list({.sort = sort, .active = true})) == (Names{"live"}), boost::test_tools::per_element());
  BOOST_TEST(names(f.jobs().list({.sort = sort, .active = false})) == (Names{"idle"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(f.jobs().list({.sort = sort, .deleted = true})) == (Names{"gone"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(executions_are_filtered_by_status_and_job, Fixture, Adapters) {
  Fixture f;
  ExecutionRecord gone = execution("e5", "j1", "failed");
  gone.deleted = true;
  for (const ExecutionRecord& record : {execution("e1", "j1", "running"), execution("e2", "j1", "failed"),
                                        execution("e3", "j2", "failed"), execution("e4", "j2", "paused"), gone}) {
    BOOST_TEST(f.executions().insert(record).has_value());
  }
  const auto listed = [&](ListQuery query) {
    query.sort = "ex_id:asc";
    return names(f.executions().list(query));
  };
  BOOST_TEST(listed({}) == (Names{"e1", "e2", "e3", "e4"}), boost::test_tools::per_element());
  BOOST_TEST(listed({.status = {"failed"}}) == (Names{"e2", "e3"}), boost::test_tools::per_element());
  BOOST_TEST(listed({.status = {"failed", "paused"}, .job_id = JobId{"j2"}}) == (Names{"e3", "e4"}),
             boost::test_tools::per_element());
  BOOST_TEST(listed({.status = {"' OR 1=1 --"}}).empty());
  BOOST_TEST(listed({.deleted = true}) == (Names{"e5"}), boost::test_tools::per_element());
  BOOST_TEST(names(f.executions().list({.sort = "_status:desc,ex_id:asc"})) == (Names{"e1", "e4", "e2", "e3"}),
             boost::test_tools::per_element());
}
