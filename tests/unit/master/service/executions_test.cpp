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

BOOST_FIXTURE_TEST_CASE(p4_the_record_of_an_ended_execution_accounts_for_slices_and_records, Office) {
  const ExecutionId ex_id = running();
  wire::ControllerBeat last = beat(ex_id);
  last.slices_planned = 9;
  last.slices_processed = 7;
  last.slices_failed = 2;
  last.counts = {{100, 95, 5, 2'000'000}, {95, 90, 1, 3'500}};
  last.final_status = "stopped";
  says(last);
  const auto accounts = nlohmann::json(executions.get(ex_id)->json().at("_accounting"));
  BOOST_TEST(accounts.at("slices").dump() == R"({"completed":5,"failed":2,"planned":9,"unfinished":2})");
  BOOST_TEST(accounts.at("records").dump() == R"({"read":100,"rejected":6,"written":90})");
  BOOST_TEST(accounts.at("operations").at(0).dump() ==
             R"({"_op":"test-reader","read":100,"rejected":5,"time_ms":2000,"written":95})");
  BOOST_TEST(accounts.at("operations").at(1).dump() ==
             R"({"_op":"noop","read":95,"rejected":1,"time_ms":3,"written":90})");
  const auto again = executions.recover(ex_id, "");
  BOOST_TEST_REQUIRE(again.has_value());
  const ExecutionId recovery{again->json().at("ex_id").get<std::string>()};
  BOOST_TEST(!executions.get(recovery)->json().contains("_accounting"), "a recovery accounts for itself");
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
  BOOST_TEST((told<scheduler::DesireChanged>()->desire.stop_timeout == Duration{0}), "its slots go at once");
  BOOST_TEST(status(ex_id) == "running");
  ends(ex_id, "stopped");
  BOOST_TEST(executions.settled().at(0).answer->json().dump() ==
             "{\"message\":\"Force stop complete for exId " + ex_id.text + "\",\"status\":\"stopped\"}");
}

BOOST_FIXTURE_TEST_CASE(a_stop_keeps_its_own_time_over_a_restart_Q_12, Office) {
  const ExecutionId ex_id = running();
  BOOST_TEST(!executions.stop(ex_id, {.timeout = 90s}, 7)->has_value());
  BOOST_TEST((told<scheduler::DesireChanged>()->desire.stop_timeout == 90s));
  BOOST_TEST(!executions.stop(ex_id, {}, 8)->has_value());
  BOOST_TEST(!told<scheduler::DesireChanged>().has_value(), "a second stop without a time changes nothing");
  Stamps later([this] { return wall; });
  Executions next(execution_store, sources, later, 7s);
  BOOST_REQUIRE(next.load());
  const auto wanted = std::get<scheduler::ExecutionWanted>(next.outbox().at(0));
  BOOST_TEST(wanted.desire.stopping);
  BOOST_TEST((wanted.desire.stop_timeout == 90s));
}

BOOST_FIXTURE_TEST_CASE(workers_count_what_is_wanted_and_say_so_in_the_words_of_R_api_99_and_100, Office) {
  const ExecutionId ex_id = submit();  // two workers
  const auto change = [&](WorkersChange::Kind kind, std::uint32_t count) {
    const auto answer = executions.change_workers(ex_id, {kind, count}, 9);
    return !answer ? answer.error().message : *answer ? (*answer)->json().at("message").get<std::string>() : "later";
  };
  using Kind = WorkersChange::Kind;
  executions.outbox();
  BOOST_TEST(change(Kind::add, 3) == "3 workers have been enqueued for execution: " + ex_id.text);
  BOOST_TEST(told<scheduler::WorkersChanged>()->workers == 5u);
  BOOST_TEST(change(Kind::total, 5) == "5 workers have been set for execution: " + ex_id.text);
  BOOST_TEST(!told<scheduler::WorkersChanged>().has_value());
  BOOST_TEST(change(Kind::total, 9) == "4 workers have been enqueued for execution: " + ex_id.text);
  BOOST_TEST(change(Kind::remove, 9) == "workers to be removed: 9 cannot be >= to current workers: 9");
  BOOST_TEST(change(Kind::add, 100'000).find("(limit 100000)") != std::string::npos);
  BOOST_TEST(change(Kind::total, 4) == "later");
  const auto record = executions.get(ex_id)->json();
  BOOST_TEST(record.at("workers") == 2, "the posted value stays");
  BOOST_TEST(record.at("_workers_wanted") == 4);
  Stamps later([this] { return wall; });
  Executions next(execution_store, sources, later, 7s);
  BOOST_REQUIRE(next.load());
  BOOST_TEST(std::get<scheduler::ExecutionWanted>(next.outbox().at(0)).workers == 4u, "durable before it is told");
}

BOOST_FIXTURE_TEST_CASE(a_removal_answers_when_the_processes_are_gone_not_before, Office) {
  const ExecutionId ex_id = running();
  BOOST_REQUIRE(!executions.change_workers(ex_id, {WorkersChange::Kind::remove, 1}, 5)->has_value());
  const std::uint64_t version = told<scheduler::WorkersChanged>()->version;
  BOOST_REQUIRE(executions.flush());
  BOOST_TEST(executions.settled().empty());
  executions.on(scheduler::WorkersReached{ex_id, version - 1});
  BOOST_REQUIRE(executions.flush());
  BOOST_TEST(executions.settled().empty());
  executions.on(scheduler::WorkersReached{ex_id, version});
  BOOST_REQUIRE(executions.flush());
  const auto settled = executions.settled();
  BOOST_REQUIRE(settled.size() == 1u);
  BOOST_TEST(settled[0].ticket == 5u);
  BOOST_TEST(settled[0].answer->json().at("message") == "1 workers have been remove for execution: " + ex_id.text);
  ends(ex_id, "completed");
  BOOST_TEST(executions.change_workers(ex_id, {WorkersChange::Kind::add, 1}, 6).error().message ==
             "no active execution context was found for ex_id: " + ex_id.text);
}

BOOST_FIXTURE_TEST_CASE(requests_that_wait_are_bounded_and_the_oldest_is_refused, Office) {
  const ExecutionId ex_id = running();
  for (Ticket ticket = 1; ticket <= waiting_max + 1; ++ticket) {
    BOOST_REQUIRE(!executions.stop(ex_id, {}, ticket)->has_value());
  }
  const auto refused = executions.settled();
  BOOST_REQUIRE(refused.size() == 1u);
  BOOST_TEST(refused[0].ticket == 1u);
  BOOST_TEST((refused[0].answer.error().kind == RefusalKind::not_available));
  ends(ex_id, "stopped");
  BOOST_TEST(executions.settled().size() == waiting_max);
}

BOOST_FIXTURE_TEST_CASE(a_pause_outlives_its_controller, Office) {
  const ExecutionId ex_id = running();
  BOOST_REQUIRE(!executions.pause(ex_id, 1)->has_value());
  const std::uint64_t version = told<scheduler::DesireChanged>()->desire.version;
  executions.on(scheduler::ControllerGone{ex_id});
  BOOST_REQUIRE(executions.flush());
  BOOST_TEST(executions.settled().empty());
  executions.on(scheduler::ControllerOpened{ex_id, "10.0.0.1", 25'679});
  wire::ControllerBeat next = beat(ex_id);
  next.paused = true;
  says(next, 0);
  BOOST_TEST(executions.settled().empty(), "it has not seen the order yet");
  says(next, version);
  BOOST_TEST(executions.settled().size() == 1u);
  BOOST_TEST(status(ex_id) == "paused");
}

BOOST_FIXTURE_TEST_CASE(persistent_comes_back_to_running_after_a_quiet_probation_R_ex_107, Office) {
  auto posted = job();
  posted["lifecycle"] = "persistent";
  posted["probation_window"] = 10'000;
  const ExecutionId ex_id = running(posted);
  wire::ControllerBeat now = beat(ex_id);
  const auto after = [&](std::chrono::milliseconds wait, std::uint64_t processed, std::uint64_t failed) {
    wall += wait;
    now.failing = failed > 0;
    now.slices_processed = processed;
    now.slices_failed = failed;
    says(now, 1);
    return status(ex_id);
  };
  using namespace std::chrono_literals;
  BOOST_TEST(after(0s, 5, 1) == "failing");
  BOOST_TEST(after(9s, 8, 1) == "failing", "its window is not over");
  BOOST_TEST(after(1s, 9, 2) == "failing", "another failure");
  BOOST_TEST(after(10s, 9, 2) == "failing", "nothing was processed");
  BOOST_TEST(after(9s, 10, 2) == "failing");
  BOOST_TEST(after(1s, 10, 2) == "running");
  BOOST_TEST(after(60s, 20, 2) == "running");
  Stamps later([this] { return wall; });
  Executions next(execution_store, sources, later, 7s);
  BOOST_REQUIRE(next.load());
  next.on(scheduler::ControllerSaid{now, 1});
  BOOST_TEST(next.get(ex_id)->json().at("_status") == "running", "the next master knows what was forgiven");
  BOOST_TEST(after(1s, 21, 3) == "failing");
}

BOOST_FIXTURE_TEST_CASE(once_goes_on_failing_to_its_end_R_ex_106, Office) {
  const ExecutionId ex_id = running();
  wire::ControllerBeat now = beat(ex_id);
  now.failing = true;
  now.slices_failed = 1;
  says(now, 1);
  wall += std::chrono::hours(1);
  now.slices_processed = 50;
  says(now, 1);
  BOOST_TEST(status(ex_id) == "failing");
  ends(ex_id, "failed", "execution: " + ex_id.text + " had 1 slice failures during processing");
  BOOST_TEST(status(ex_id) == "failed");
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
