#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/master/service/office_fixture.hpp"

using namespace slicebus;
using namespace slicebus::service;

BOOST_AUTO_TEST_SUITE(execution_settings)

// R-api-102.
BOOST_FIXTURE_TEST_CASE(a_log_level_is_durable_before_it_is_told_and_the_next_master_knows_it, Office) {
  const ExecutionId ex_id = running();
  const auto answer = executions.set_log_level(ex_id, "debug");
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->json().dump() == R"({"exId":"id-2","level":"debug"})");
  const auto change = told<scheduler::LogLevelChanged>();
  BOOST_TEST((change && change->ex_id == ex_id && change->level == "debug"));

  Executions next(execution_store, sources, stamps, 7s);
  BOOST_REQUIRE(next.load().has_value());
  const auto wanted = next.outbox();
  BOOST_TEST(std::get<scheduler::ExecutionWanted>(wanted.at(0)).log_level == "debug");
}

BOOST_FIXTURE_TEST_CASE(an_unknown_level_is_refused_with_all_that_there_are, Office) {
  const ExecutionId ex_id = running();
  for (const std::string level : {"loud", "", "DEBUG"}) {
    const auto answer = executions.set_log_level(ex_id, level);
    BOOST_TEST((!answer &&
                answer.error() ==
                    Refusal{RefusalKind::invalid, "Invalid log level \"" + level +
                                                      "\", must be one of: trace, debug, info, warn, error, fatal"}));
  }
  BOOST_TEST(!told<scheduler::LogLevelChanged>().has_value());
}

BOOST_FIXTURE_TEST_CASE(an_execution_without_a_controller_or_at_its_end_is_not_found, Office) {
  const ExecutionId pending = submit();
  BOOST_TEST((executions.set_log_level(pending, "info").error() ==
              Refusal{RefusalKind::not_found, "Execution " + pending.text + " is not available"}));
  const ExecutionId ex_id = running();
  ends(ex_id, "completed");
  BOOST_TEST((executions.set_log_level(ex_id, "info").error() ==
              Refusal{RefusalKind::not_found, "no active execution context was found for ex_id: " + ex_id.text}));
}

BOOST_FIXTURE_TEST_CASE(a_store_that_fails_leaves_the_level_as_it_was, Office) {
  const ExecutionId ex_id = running();
  execution_store.broken = true;
  BOOST_TEST((executions.set_log_level(ex_id, "debug").error().kind == RefusalKind::failed));
  BOOST_TEST(!told<scheduler::LogLevelChanged>().has_value());
  BOOST_TEST(!executions.get(ex_id)->json().contains("_log_level_wanted"));
}

BOOST_FIXTURE_TEST_CASE(a_recovery_begins_with_the_level_of_its_job, Office) {
  const ExecutionId ex_id = running();
  BOOST_REQUIRE(executions.set_log_level(ex_id, "debug").has_value());
  ends(ex_id, "failed", "it broke");
  const auto recovered = executions.recover(ex_id, "all");
  BOOST_REQUIRE(recovered.has_value());
  const auto wanted = told<scheduler::ExecutionWanted>();
  BOOST_TEST((wanted && wanted->log_level.empty()));
}

BOOST_AUTO_TEST_SUITE_END()
