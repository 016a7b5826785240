#include "tests/unit/master/service/office_fixture.hpp"

using namespace slicebus;
using namespace slicebus::service;
using Json = nlohmann::ordered_json;

BOOST_AUTO_TEST_SUITE(jobs)

BOOST_FIXTURE_TEST_CASE(a_job_is_stored_as_posted_and_its_execution_filled_in, Office) {
  const ExecutionId ex_id =
      submit({{"operations", {{{"_op", "test-reader"}}, {{"_op", "noop"}}}}, {"name", "t"}, {"foreign", {1, 2}}});
  const auto job = jobs.get(job_id)->json();
  BOOST_TEST(job.dump() ==
             R"({"operations":[{"_op":"test-reader"},{"_op":"noop"}],"name":"t","foreign":[1,2],"job_id":")" +
                 job_id.text +
                 R"(","_context":"job","_created":"2023-11-14T22:13:20.000Z","_updated":"2023-11-14T22:13:20.000Z"})");
  const auto record = executions.get(ex_id)->json();
  BOOST_TEST(record.at("max_retries") == 3);
  BOOST_TEST(record.at("foreign") == Json({1, 2}));
  BOOST_TEST(record.at("operations")[1].at("_encoding") == "json");
  BOOST_TEST(record.begin().key() == "name");
}

BOOST_FIXTURE_TEST_CASE(without_start_there_is_a_job_and_no_execution, Office) {
  const auto answer = jobs.submit(job(), false);
  BOOST_TEST(answer->json().size() == 1u);
  const JobId id{answer->json().at("job_id").get<std::string>()};
  BOOST_TEST(executions.latest_of(id).error().message == "No execution was found for job " + id.text);
}

BOOST_FIXTURE_TEST_CASE(what_is_no_job_is_refused_in_the_known_words, Office) {
  for (const char* body : {"{}", "[]", R"({"operations":null})", R"({"operations":0})"}) {
    BOOST_TEST((jobs.submit(Json::parse(body), true).error() == Refusal{RefusalKind::invalid, "No job was posted"}),
               body);
  }
  Json named = job();
  named["job_id"] = "x";
  BOOST_TEST((jobs.submit(named, true).error() ==
              Refusal{RefusalKind::unprocessable, "Job cannot include a job_id on submit"}));
  BOOST_TEST(jobs.list({})->empty());
}

BOOST_FIXTURE_TEST_CASE(stamps_grow_although_the_clock_stands, Office) {
  submit();
  const auto first = jobs.get(job_id)->json().at("_created");
  submit();
  BOOST_TEST(jobs.get(job_id)->json().at("_created").get<std::string>() > first.get<std::string>());
}

BOOST_FIXTURE_TEST_CASE(one_execution_of_a_job_at_a_time, Office) {
  const ExecutionId ex_id = running();
  BOOST_TEST(jobs.start(job_id).error().message ==
             "Job " + job_id.text + " is currently running, cannot have the same job concurrently running");
  ends(ex_id, "completed");
  const auto again = jobs.start(job_id);
  BOOST_REQUIRE(again);
  BOOST_TEST(told<scheduler::ExecutionWanted>()->lineage.text == again->json().at("ex_id").get<std::string>());
  BOOST_TEST((jobs.start(JobId{"nobody"}).error() == Refusal{RefusalKind::not_found, "Could not find job nobody"}));
}

BOOST_FIXTURE_TEST_CASE(a_recovery_of_a_job_takes_the_present_job_over_its_latest_execution, Office) {
  BOOST_TEST(!jobs.submit(job(), false)->json().contains("ex_id"));
  const JobId never{"id-1"};
  BOOST_TEST(jobs.recover(never, "").error().message ==
             "Job " + never.text + " is missing an execution to recover from");
  const ExecutionId ex_id = running();
  BOOST_TEST((jobs.recover(job_id, "").error().kind == RefusalKind::conflict));
  ends(ex_id, "stopped");
  BOOST_REQUIRE(jobs.recover(job_id, ""));
  const auto wanted = told<scheduler::ExecutionWanted>();
  BOOST_TEST(wanted->lineage.text == ex_id.text);
  BOOST_TEST(wanted->continues);
  BOOST_TEST(check_cleanup("none").error().message == "cleanup_type must be empty or set to all, errors, pending");
}

BOOST_FIXTURE_TEST_CASE(a_recovery_keeps_the_seed_that_was_drawn, Office) {
  const ExecutionId ex_id = submit({{"operations", {{{"_op", "data_generator"}, {"size", 10}}, {{"_op", "noop"}}}}});
  const Json seed = executions.get(ex_id)->json().at("operations")[0].at("seed");
  BOOST_TEST(!seed.is_null());
  ends(ex_id, "stopped");
  const auto recovered = jobs.recover(job_id, "");
  BOOST_REQUIRE(recovered);
  const ExecutionId next{recovered->json().at("ex_id").get<std::string>()};
  BOOST_TEST(executions.get(next)->json().at("operations")[0].at("seed") == seed);
}

BOOST_FIXTURE_TEST_CASE(with_autorecover_a_start_recovers, Office) {
  Json posted = job();
  posted["autorecover"] = true;
  const ExecutionId ex_id = submit(posted);
  ends(ex_id, "completed");
  BOOST_REQUIRE(jobs.start(job_id));
  const auto wanted = told<scheduler::ExecutionWanted>();
  BOOST_TEST(wanted->lineage.text == ex_id.text);
  BOOST_TEST(wanted->cleanup == "pending");
  BOOST_TEST(wanted->continues);
}

BOOST_AUTO_TEST_SUITE_END()
