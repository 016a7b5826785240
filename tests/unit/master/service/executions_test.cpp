#include "tests/unit/master/service/office_fixture.hpp"

using namespace slicebus;
using namespace slicebus::service;

BOOST_AUTO_TEST_SUITE(executions)

BOOST_FIXTURE_TEST_CASE(an_execution_goes_its_way_and_each_step_is_stored, Office) {
  const ExecutionId ex_id = submit();
  const auto wanted = told<scheduler::ExecutionWanted>();
  BOOST_REQUIRE(wanted.has_value());
  BOOST_TEST(wanted->workers == 2u);
  BOOST_TEST(!wanted->started);
  BOOST_TEST(status(ex_id) == "pending");
  executions.on(scheduler::ExecutionPlaced{ex_id});
  BOOST_REQUIRE(executions.flush());
  BOOST_TEST((*execution_store.get(ex_id))->status == "scheduling");
  executions.on(scheduler::ControllerOpened{ex_id, "10.0.0.1", 25'679});
  BOOST_TEST(status(ex_id) == "initializing");
  BOOST_TEST(executions.get(ex_id)->json().at("slicer_port") == 25'679);
  says(beat(ex_id), 1);
  BOOST_TEST((*execution_store.get(ex_id))->status == "running");
  ends(ex_id, "completed");
  BOOST_TEST((*execution_store.get(ex_id))->status == "completed");
  BOOST_TEST(told<scheduler::ExecutionEnded>().has_value());
  const auto record = executions.get(ex_id);
  BOOST_TEST(record->json().at("_has_errors") == false);
  BOOST_TEST(record->json().at("_slicer_stats").at("job_duration") == 2);
}

BOOST_FIXTURE_TEST_CASE(a_pause_answers_when_the_controller_shows_it_not_before, Office) {
  const ExecutionId ex_id = running();
  const auto answer = executions.pause(ex_id, 42);
  BOOST_REQUIRE((answer && !*answer));
  const auto change = told<scheduler::DesireChanged>();
  BOOST_TEST((change && change->desire.paused));
  BOOST_TEST((*execution_store.get(ex_id))->desired == "paused", "a restarted master goes on pausing");
  says(beat(ex_id), 1);
  wire::ControllerBeat stale = beat(ex_id);
  stale.paused = true;
  says(stale, change->desire.version - 1);
  BOOST_TEST(executions.settled().empty(), "that was the word of an earlier order");
  says(stale, change->desire.version);
  const auto settled = executions.settled();
  BOOST_REQUIRE(settled.size() == 1u);
  BOOST_TEST(settled[0].ticket == 42u);
  BOOST_TEST(settled[0].answer->json().dump() == R"({"status":"paused"})");
  BOOST_TEST(status(ex_id) == "paused");
  BOOST_REQUIRE(executions.pause(ex_id, 43)->has_value());
}

BOOST_FIXTURE_TEST_CASE(a_resume_writes_running_even_over_failing, Office) {
  const ExecutionId ex_id = running();
  wire::ControllerBeat failing = beat(ex_id);
  failing.failing = true;
  failing.slices_failed = 1;
  says(failing, 1);
  BOOST_TEST(status(ex_id) == "failing");
  BOOST_TEST(executions.get(ex_id)->json().at("_failureReason").get<std::string>().find("slice failure event") !=
             std::string::npos);
  const auto answer = executions.resume(ex_id, 1);
  BOOST_REQUIRE((answer && *answer));
  BOOST_TEST((*answer)->json().dump() == R"({"status":"running"})");
  says(failing, 1);
  BOOST_TEST(status(ex_id) == "running");
  failing.slices_failed = 2;
  says(failing, 1);
  BOOST_TEST(status(ex_id) == "failing", "another one failed");
}

BOOST_FIXTURE_TEST_CASE(a_blocking_stop_answers_with_the_status_it_ended_in, Office) {
  const ExecutionId ex_id = running();
  BOOST_TEST(!executions.stop(ex_id, {}, 7)->has_value());
  BOOST_TEST(!executions.stop(ex_id, {}, 8)->has_value());
  BOOST_TEST(status(ex_id) == "stopping");
  BOOST_TEST(executions.stop(ex_id, {.blocking = false}, 9)->value().json().dump() == R"({"status":"stopping"})");
  BOOST_TEST((executions.pause(ex_id, 10).error().kind == RefusalKind::conflict));
  says(beat(ex_id), 1);
  BOOST_TEST(status(ex_id) == "stopping");
  ends(ex_id, "completed");
  const auto settled = executions.settled();
  BOOST_REQUIRE(settled.size() == 2u);
  BOOST_TEST(settled[0].answer->json().dump() == R"({"status":"completed"})");
  BOOST_TEST(executions.stop(ex_id, {}, 11)->value().json().dump() == R"({"status":"completed"})");
}

BOOST_FIXTURE_TEST_CASE(a_forced_stop_answers_in_its_own_words, Office) {
  const ExecutionId ex_id = running();
  BOOST_TEST(!executions.stop(ex_id, {.force = true}, 7)->has_value());
  BOOST_TEST((told<scheduler::DesireChanged>()->desire.stop_timeout == Duration{0}));
  BOOST_TEST(status(ex_id) == "running");
  ends(ex_id, "stopped");
  BOOST_TEST(executions.settled().at(0).answer->json().dump() ==
             "{\"message\":\"Force stop complete for exId " + ex_id.text + "\",\"status\":\"stopped\"}");
}

BOOST_FIXTURE_TEST_CASE(pause_without_a_controller_is_not_available_and_of_what_ended_not_found, Office) {
  const ExecutionId ex_id = submit();
  BOOST_TEST(executions.pause(ex_id, 1).error().message == "Execution " + ex_id.text + " is not available to pause");
  const ExecutionId other = running();
  executions.on(scheduler::ControllerGone{other});
  BOOST_TEST((executions.resume(other, 1).error() ==
              Refusal{RefusalKind::not_available, "Execution " + other.text + " is not available to resume"}));
  BOOST_TEST((executions.statistics(other).error().kind == RefusalKind::not_found));
  ends(other, "completed");
  BOOST_TEST(executions.pause(other, 1).error().message ==
             "no active execution context was found for ex_id: " + other.text);
}

BOOST_FIXTURE_TEST_CASE(waiting_shows_while_it_waits_and_never_after_the_end, Office) {
  const ExecutionId ex_id = submit();
  BOOST_TEST(!executions.get(ex_id)->json().contains("_waiting"));
  executions.on(scheduler::WaitingChanged{ex_id, "no slot is free"});
  BOOST_TEST(executions.get(ex_id)->json().at("_waiting") == "no slot is free");
  BOOST_TEST(executions.list({}).value().at(0).json().contains("_waiting"));
  executions.on(scheduler::ExecutionNeverRan{ex_id});
  BOOST_REQUIRE(executions.flush());
  BOOST_TEST(!executions.get(ex_id)->json().contains("_waiting"));
  BOOST_TEST(status(ex_id) == "stopped");
}

BOOST_FIXTURE_TEST_CASE(a_store_that_fails_keeps_the_end_for_later_and_says_so, Office) {
  const ExecutionId ex_id = running();
  BOOST_TEST(!executions.stop(ex_id, {}, 7)->has_value());
  executions.outbox();
  execution_store.broken = true;
  wire::ControllerBeat last = beat(ex_id);
  last.final_status = "stopped";
  executions.on(scheduler::ControllerSaid{last, 0});
  BOOST_TEST(!executions.flush());
  BOOST_TEST(executions.outbox().empty(), "the controller may not go before it is recorded");
  BOOST_TEST(executions.settled().empty());
  execution_store.broken = false;
  BOOST_TEST(executions.unwritten());
  BOOST_REQUIRE(executions.flush());
  BOOST_TEST(executions.settled().size() == 1u);
  BOOST_TEST(told<scheduler::ExecutionEnded>().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_command_that_cannot_be_stored_changes_nothing, Office) {
  const ExecutionId ex_id = running();
  execution_store.broken = true;
  const auto answer = executions.stop(ex_id, {}, 7);
  BOOST_REQUIRE(!answer);
  BOOST_TEST(answer.error().message.find("No space left on device") != std::string::npos);
  BOOST_TEST(status(ex_id) == "running");
  BOOST_TEST(executions.outbox().empty());
}

BOOST_FIXTURE_TEST_CASE(the_next_master_goes_on_with_what_lives, Office) {
  const ExecutionId first = running();
  executions.pause(first, 1);
  const ExecutionId second = submit();
  const ExecutionId third = running();
  ends(third, "completed");
  Stamps later([this] { return wall; });
  Executions next(execution_store, sources, later, 7s);
  BOOST_REQUIRE(next.load());
  const auto told_first = next.outbox();
  BOOST_REQUIRE(told_first.size() == 3u);
  const auto& one = std::get<scheduler::ExecutionWanted>(told_first[0]);
  BOOST_TEST(one.ex_id == first);
  BOOST_TEST(one.started);
  BOOST_TEST(one.desire.paused);
  BOOST_TEST(one.port == 25'679);
  const auto& two = std::get<scheduler::ExecutionWanted>(told_first[1]);
  BOOST_TEST(two.ex_id == second);
  BOOST_TEST(!two.started);
  BOOST_TEST(std::holds_alternative<scheduler::RecordsLoaded>(told_first[2]));
  BOOST_TEST((later.next() > stamps.next() - std::chrono::milliseconds(2)),
             "stamps go on after those of the last master");
}

BOOST_FIXTURE_TEST_CASE(five_deaths_end_it_failed_with_the_reason, Office) {
  const ExecutionId ex_id = running();
  executions.on(scheduler::ExecutionBroke{ex_id, "signal 11"});
  BOOST_REQUIRE(executions.flush());
  const auto record = executions.get(ex_id);
  BOOST_TEST(record->json().at("_status") == "failed");
  BOOST_TEST(record->json().at("_failureReason") == "signal 11");
  BOOST_TEST(record->json().at("_has_errors") == true);
}

BOOST_FIXTURE_TEST_CASE(a_recovery_shares_the_lineage_and_waits_for_its_end, Office) {
  const ExecutionId ex_id = running();
  BOOST_TEST(executions.recover(ex_id, "").error().message ==
             "Execution " + ex_id.text + " is still running, it must be in a terminal status to recover");
  ends(ex_id, "failed", "had 1 slice failures during processing");
  const auto answer = executions.recover(ex_id, "errors");
  BOOST_REQUIRE(answer);
  const auto wanted = told<scheduler::ExecutionWanted>();
  BOOST_TEST(wanted->lineage.text == ex_id.text);
  BOOST_TEST(wanted->recovery);
  BOOST_TEST(wanted->cleanup == "errors");
  BOOST_TEST(!wanted->continues);
  BOOST_TEST(wanted->port == 0);
  const auto record = executions.get(wanted->ex_id)->json();
  BOOST_TEST(record.at("recovered_execution") == ex_id.text);
  BOOST_TEST(record.at("recovered_slice_type") == "errors");
  BOOST_TEST(record.at("_failureReason") == "");
  BOOST_TEST(!record.contains("slicer_port"));
  BOOST_TEST((executions.recover(ex_id, "").error().kind == RefusalKind::conflict), "another of the lineage lives");
  BOOST_TEST((executions.recover(ExecutionId{"nobody"}, "").error() ==
              Refusal{RefusalKind::not_found, "Could not find execution nobody"}));
}

BOOST_FIXTURE_TEST_CASE(statistics_have_the_fields_of_R_api_59_in_their_order, Office) {
  const ExecutionId ex_id = running();
  wire::ControllerBeat busy = beat(ex_id);
  busy.slots_connected = 3;
  busy.slots_active = 2;
  busy.slices_processed = 118;
  says(busy, 1);
  const auto entry = executions.statistics(ex_id)->json();
  std::vector<std::string> keys;
  for (const auto& [key, value] : entry.items()) {
    keys.push_back(key);
  }
  BOOST_TEST(keys == (std::vector<std::string>{"ex_id", "job_id", "name", "workers_available", "workers_active",
                                               "workers_joined", "workers_reconnected", "workers_disconnected",
                                               "job_duration", "failed", "subslices", "queued", "slice_range_expansion",
                                               "processed", "slicers", "subslice_by_key", "started"}),
             boost::test_tools::per_element());
  BOOST_TEST(entry.at("workers_available") == 1);
  BOOST_TEST(entry.at("job_duration") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
