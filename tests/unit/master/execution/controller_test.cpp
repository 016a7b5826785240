#include "master/execution/controller.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/master/execution/controller_desk.hpp"

namespace slicebus::execution {
namespace {

using wire::SliceCopy;
using wire::Verdict;

store::PlannedSlice planned(std::uint64_t order) { return {{0, order}, "{}"}; }

BOOST_AUTO_TEST_SUITE(controller)

BOOST_AUTO_TEST_CASE(slices_are_assigned_only_after_they_and_the_cursor_are_durable) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1", 4);
  BOOST_TEST(desk.take<AskSlicer>().size() == 1U);
  desk.slice(3);
  BOOST_TEST(desk.assigned("s1").empty());
  const std::vector<store::LedgerBatch> groups = desk.commit();
  BOOST_REQUIRE_EQUAL(groups.size(), 1U);
  BOOST_TEST(groups[0].planned.size() == 3U);
  BOOST_REQUIRE_EQUAL(groups[0].slicers.size(), 1U);
  BOOST_TEST((groups[0].slicers[0] == store::SlicerState{0, 3, "3", true}));
  BOOST_TEST(desk.assigned("s1").size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_window_is_never_exceeded_and_a_report_frees_its_place_when_it_is_durable) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1", 2);
  desk.slice(5);
  desk.commit();
  const std::vector<SliceCopy> first = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(first.size(), 2U);
  desk.completed("s1", first[0]);
  BOOST_TEST(desk.assigned("s1").empty());
  BOOST_TEST(desk.acknowledged("s1").empty());
  const auto groups = desk.groups();
  BOOST_REQUIRE_EQUAL(groups.size(), 1U);
  desk.step(GroupCommitted{groups[0].group});
  const auto answers = desk.acknowledged("s1");
  BOOST_REQUIRE_EQUAL(answers.size(), 1U);
  BOOST_TEST((answers[0] == wire::Acknowledgement{first[0], Verdict::publish}));
  BOOST_TEST(desk.assigned("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_first_completion_to_be_committed_wins_and_every_other_fence_is_dropped) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const SliceCopy first = desk.assigned("s1").at(0);
  desk.step(PeerGone{"peer-s1"});
  desk.hello("s2");
  const SliceCopy second = desk.assigned("s2").at(0);
  BOOST_TEST((second.fence != first.fence));
  desk.hello("s1", 2, {.reports = {ControllerDesk::outcome(first)}});
  desk.completed("s2", second);
  BOOST_TEST((desk.acknowledged("s2") == std::vector<wire::Acknowledgement>{{second, Verdict::drop}}));
  desk.commit();
  BOOST_TEST((desk.acknowledged("s1") == std::vector<wire::Acknowledgement>{{first, Verdict::publish}}));
}

BOOST_AUTO_TEST_CASE(a_repeat_of_a_report_that_is_being_committed_waits_for_the_same_answer) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const SliceCopy copy = desk.assigned("s1").at(0);
  desk.completed("s1", copy);
  const auto groups = desk.groups();
  desk.completed("s1", copy);
  BOOST_TEST(desk.acknowledged("s1").empty());
  BOOST_TEST(desk.groups().empty());
  desk.step(GroupCommitted{groups.at(0).group});
  BOOST_TEST(desk.acknowledged("s1").size() == 1U);
  desk.completed("s1", copy);
  BOOST_TEST((desk.acknowledged("s1") == std::vector<wire::Acknowledgement>{{copy, Verdict::publish}}));
}

BOOST_AUTO_TEST_CASE(an_execution_ends_completed_after_all_output_is_visible_and_exits_when_that_is_recorded) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const SliceCopy copy = desk.assigned("s1").at(0);
  desk.completed("s1", copy);
  desk.commit();
  BOOST_TEST(desk.take<SweepOutput>().empty());
  desk.said("s1", wire::SlicePublished{{"s1"}, {copy}});
  const auto groups = desk.commit();
  BOOST_REQUIRE_EQUAL(groups.size(), 2U);
  BOOST_TEST(groups[0].published.size() == 1U);
  BOOST_REQUIRE(groups[1].final_state.has_value());
  BOOST_TEST(groups[1].final_state->status == "completed");
  BOOST_TEST(desk.take<SweepOutput>().size() == 1U);
  const wire::ControllerBeat beat = desk.beat();
  BOOST_TEST(beat.final_status == "completed");
  BOOST_TEST(beat.settled);
  BOOST_TEST(beat.slices_processed == 1U);
  BOOST_TEST(beat.counts.at(1).records_out == 7U);
  BOOST_TEST(desk.take<Exit>().empty());
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 1, .final_recorded = true}});
  BOOST_TEST(desk.take<Exit>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_restarted_controller_proposes_the_committed_end_again) {
  ControllerDesk desk;
  desk.open({.epoch = 2, .final_state = store::FinalState{"failed", "because"}});
  BOOST_TEST(desk.beat().final_status == "failed");
  BOOST_TEST(desk.beat().settled);
  BOOST_TEST(desk.beat().failure_reason == "because");
  BOOST_TEST(desk.groups().size() <= 1U);
}

BOOST_AUTO_TEST_CASE(a_slice_that_a_slot_still_has_after_a_restart_stays_with_it) {
  ControllerDesk desk;
  store::OpenedLedger ledger{.epoch = 2, .slicers = {{0, 2, "2", true}}};
  ledger.tally.started_ms = 1;
  desk.open(ledger, {planned(1), planned(2)});
  const SliceCopy old{{0, 1}, {1, 7}};
  desk.hello("s1", 2, {.running = {old}});
  BOOST_TEST(desk.to_slot<wire::SlotWelcome>("s1").at(0).drop.empty());
  desk.wait(1s);
  const auto given = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(given.size(), 1U);
  BOOST_TEST((given[0].slice == SlicePosition{0, 2}));
  BOOST_TEST((given[0].fence.epoch == 2U));
}

BOOST_AUTO_TEST_CASE(a_lease_that_ends_gives_the_slice_out_again_and_a_beat_renews_it) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1");
  desk.hello("s2");
  desk.slice(1);
  desk.commit();
  const SliceCopy copy = desk.assigned("s1").at(0);
  for (int i = 0; i < 10; ++i) {
    desk.wait(1s);
    desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .holds = {copy}, .window = 2});
    desk.said("s2", wire::SlotBeat{.process = {"s2"}, .epoch = 1, .window = 2});
  }
  BOOST_TEST(desk.assigned("s2").empty());
  for (int i = 0; i < 6; ++i) {
    desk.wait(1s);
    desk.said("s2", wire::SlotBeat{.process = {"s2"}, .epoch = 1, .window = 2});
  }
  BOOST_TEST(!desk.assigned("s2").empty());
  desk.to_slot<wire::SlotBeatAck>("s1");
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .holds = {copy}, .window = 2});
  BOOST_TEST((desk.to_slot<wire::SlotBeatAck>("s1").at(0).drop == std::vector<SliceCopy>{copy}));
}

BOOST_AUTO_TEST_CASE(what_a_silent_slot_has_goes_to_others_before_its_lease_ends_and_it_may_still_be_the_first) {
  ControllerDesk desk(ControllerDesk::plain(), {.lease = 5s});
  desk.serve("s1", 2);
  const std::vector<SliceCopy> frozen = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(frozen.size(), 2U);
  desk.hello("s2");
  const auto beat_of_others = [&] { desk.said("s2", wire::SlotBeat{.process = {"s2"}, .epoch = 1, .window = 2}); };
  desk.wait(1500ms);
  beat_of_others();
  desk.wait(1400ms);
  BOOST_TEST(desk.assigned("s2").empty());
  beat_of_others();
  desk.wait(500ms);
  const std::vector<SliceCopy> given = desk.assigned("s2");
  BOOST_TEST(given.size() == 2U);
  BOOST_TEST(desk.assigned("s1").empty());
  // It wakes up, and its connection is the same one.
  desk.completed("s1", frozen[0]);
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .holds = {frozen[1]}, .window = 2});
  BOOST_TEST((desk.to_slot<wire::SlotBeatAck>("s1").at(0).drop == std::vector<SliceCopy>{frozen[1]}));
  desk.commit();
  BOOST_TEST((desk.acknowledged("s1") == std::vector<wire::Acknowledgement>{{frozen[0], wire::Verdict::publish}}));
  desk.completed("s2", given[0]);
  desk.completed("s2", given[1]);
  desk.commit();
  BOOST_TEST((desk.acknowledged("s2") ==
              std::vector<wire::Acknowledgement>{{given[0], wire::Verdict::drop}, {given[1], wire::Verdict::publish}}));
}

BOOST_AUTO_TEST_CASE(the_last_word_of_a_slot_that_output_is_visible_counts_though_its_end_was_heard_first) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const SliceCopy copy = desk.assigned("s1").at(0);
  desk.completed("s1", copy);
  desk.commit();
  desk.step(ControlSaid{wire::SlotDied{.ex_id = {"ex1"}, .node = {"n1"}, .process = {"s1"}}});
  desk.said("s1", wire::SlicePublished{{"s1"}, {copy}});
  const auto groups = desk.commit();
  BOOST_REQUIRE_EQUAL(groups.size(), 2U);
  BOOST_TEST((groups[0].published == std::vector{copy.slice}));
  BOOST_TEST(groups[1].final_state->status == "completed");
}

BOOST_AUTO_TEST_CASE(nobody_says_that_output_is_visible_of_an_attempt_that_was_not_accepted) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const SliceCopy copy = desk.assigned("s1").at(0);
  desk.completed("s1", copy);
  desk.commit();
  desk.said("stranger", wire::SlicePublished{{"stranger"}, {{copy.slice, {copy.fence.epoch, copy.fence.number + 1}}}});
  BOOST_TEST(desk.commit().empty());
}

BOOST_AUTO_TEST_CASE(slots_were_not_silent_while_the_controller_stood_still) {
  ControllerDesk desk(ControllerDesk::plain(), {.lease = 5s});
  desk.serve("s1", 1);
  desk.hello("s2");
  desk.now += 10s;
  desk.step(StoodStill{10s});
  desk.said("s2", wire::SlotBeat{.process = {"s2"}, .epoch = 1, .window = 2});
  desk.wait(2500ms);
  BOOST_TEST(desk.assigned("s2").empty(), "what s1 has is not given to another before s1 was silent for its time");
  desk.said("s2", wire::SlotBeat{.process = {"s2"}, .epoch = 1, .window = 2});
  desk.wait(1s);
  BOOST_TEST(desk.assigned("s2").size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_execution_all_of_whose_slots_are_silent_says_what_it_waits_for) {
  ControllerDesk desk(ControllerDesk::plain(), {.lease = 5s});
  desk.serve("s1", 1);
  desk.wait(2s);
  BOOST_TEST(desk.beat().waiting.empty());
  BOOST_TEST(desk.beat().slots_connected == 1U);
  desk.wait(6s);
  BOOST_TEST(!desk.beat().waiting.empty());
  BOOST_TEST(desk.beat().slots_connected == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_beat_does_not_list_though_its_batch_arrived_is_given_out_again_at_once) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  BOOST_TEST(desk.assigned("s1").size() == 1U);
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .window = 2});
  BOOST_TEST(desk.assigned("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_that_a_beat_misses_is_sent_again_under_its_number) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const auto first = desk.to_slot<wire::SliceAssign>("s1");
  desk.wait(1s);
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 0, .window = 2});
  BOOST_TEST((desk.to_slot<wire::SliceAssign>("s1") == first));
}

BOOST_AUTO_TEST_CASE(the_end_of_an_earlier_copy_confirms_no_batch_that_gave_the_slice_again) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const SliceCopy earlier = desk.assigned("s1").at(0);
  desk.hello("s1");
  const auto again = desk.to_slot<wire::SliceAssign>("s1");
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  desk.completed("s1", earlier);
  desk.wait(1s);
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .window = 2});
  const auto sent = desk.to_slot<wire::SliceAssign>("s1");
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_TEST(sent[0].number == again[0].number);
}

BOOST_AUTO_TEST_CASE(a_death_of_its_own_doing_is_charged_once_a_process_and_three_of_them_end_the_slice_in_error) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.slice(1);
  desk.commit();
  for (const std::string name : {"s1", "s2", "s3"}) {
    desk.wait(10s);
    desk.commit();
    desk.hello(name);
    const auto copies = desk.assigned(name);
    BOOST_REQUIRE_EQUAL(copies.size(), 1U);
    const wire::SlotDied death{{"ex1"}, {"n1"}, {name}, wire::DeathCause::own, "signal 11 (Segmentation fault)",
                               copies};
    desk.step(ControlSaid{death});
    desk.step(ControlSaid{death});
    BOOST_TEST(desk.to_control<wire::SlotDeathAck>("node/n1").empty(), "not before it is durable");
    const auto groups = desk.commit();
    BOOST_TEST(desk.to_control<wire::SlotDeathAck>("node/n1").size() == 1U);
    desk.step(ControlSaid{death});
    BOOST_TEST(desk.to_control<wire::SlotDeathAck>("node/n1").size() == 1U, "repeated, the acknowledgement was lost");
    if (name == "s3") {
      BOOST_TEST(groups.front().slot_deaths.at(0).count == 3U);
      BOOST_TEST_REQUIRE(groups.size() >= 2U);
      BOOST_TEST(groups[groups.size() - 2].errors.at(0).error.find("signal 11") != std::string::npos);
      BOOST_TEST(groups.back().final_state->status == "failed");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_restarted_controller_goes_on_counting_the_slots_that_a_slice_killed) {
  ControllerDesk desk;
  store::OpenedLedger ledger{.epoch = 2, .slicers = {{0, 2, "2", true}}};
  ledger.slot_deaths = {{{0, 1}, 2, {"s2"}, "signal 6"}};
  ledger.tally.started_ms = 1;
  desk.open(ledger, {{{0, 1}, "{}"}, {{0, 2}, "{}"}});
  desk.commit();
  desk.wait(10s);
  desk.commit();
  desk.hello("s3", 1);
  const auto copies = desk.assigned("s3");
  BOOST_REQUIRE_EQUAL(copies.size(), 1U);
  BOOST_TEST((copies[0].slice == SlicePosition{0, 1}));
  const auto died = [&](const std::string& name) {
    desk.step(ControlSaid{
        wire::SlotDied{{"ex1"}, {"n1"}, {name}, wire::DeathCause::own, "signal 11 (Segmentation fault)", copies}});
    return desk.commit();
  };
  BOOST_TEST(died("s2").empty(), "the controller before it has charged this one, and did not live to acknowledge it");
  BOOST_TEST(desk.to_control<wire::SlotDeathAck>("node/n1").size() == 1U);
  const auto groups = died("s3");
  BOOST_TEST_REQUIRE(!groups.empty());
  BOOST_TEST(groups.front().slot_deaths.at(0).count == 3U);
  BOOST_TEST_REQUIRE(groups.back().errors.size() == 1U);
  BOOST_TEST(groups.back().errors[0].error.find("died 3 times") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_slice_that_had_killed_enough_when_the_controller_ended_is_never_given_out_again) {
  ControllerDesk desk;
  store::OpenedLedger ledger{.epoch = 2, .slicers = {{0, 1, "1", true}}};
  ledger.slot_deaths = {{{0, 1}, 3, {"s3"}, "signal 6"}};
  desk.open(ledger, {{{0, 1}, "{}"}});
  desk.hello("s4");
  BOOST_TEST(desk.assigned("s4").empty());
  const auto groups = desk.commit();
  BOOST_TEST_REQUIRE(!groups.empty());
  BOOST_TEST(groups.front().errors.at(0).error.find("signal 6") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_process_reported_dead_stays_dead) {
  ControllerDesk desk;
  desk.open();
  desk.step(ControlSaid{wire::SlotDied{{"ex1"}, {"n1"}, {"s1"}, wire::DeathCause::outside, "signal 9", {}}});
  desk.hello("s1");
  BOOST_TEST(desk.to_slot<wire::SlotWelcome>("s1").empty());
}

BOOST_AUTO_TEST_CASE(slots_of_a_former_agent_are_dead_and_their_slices_go_out_again) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  BOOST_TEST(desk.assigned("s1").size() == 1U);
  desk.step(ControlSaid{wire::AgentRestarted{{"n1"}, {"a2"}, {{"a1"}}}});
  wire::SlotHello hello{.number = 1, .ex_id = {"ex1"}, .process = {"s2"}, .node = {"n1"}, .agent = {"a2"}, .window = 2};
  desk.said("s2", hello);
  BOOST_TEST(desk.assigned("s2").size() == 1U);
}

BOOST_AUTO_TEST_CASE(paused_is_said_when_every_recall_is_answered_and_nothing_goes_out_until_resume) {
  ControllerDesk desk;
  desk.serve("s1", 3);
  const auto given = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(given.size(), 2U);
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 5, .paused = true}});
  BOOST_TEST(desk.to_slot<wire::SliceRecall>("s1").size() == 1U);
  BOOST_TEST(desk.beat().order_seen == 5U);
  BOOST_TEST(!desk.beat().paused);
  desk.said("s1", wire::SliceReturned{.process = {"s1"}, .slices = {given[1]}, .window = 2, .recall_answered = true});
  BOOST_TEST(desk.beat().paused);
  BOOST_TEST(desk.assigned("s1").empty());
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 6}});
  BOOST_TEST(!desk.beat().paused);
  const auto again = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  BOOST_TEST((again[0].slice == given[1].slice));
  BOOST_TEST((again[0].fence != given[1].fence));
}

BOOST_AUTO_TEST_CASE(stopped_is_proposed_when_nothing_is_at_a_slot_or_on_its_way_to_the_ledger) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1");
  desk.slice(3, false);
  desk.commit();
  const auto given = desk.assigned("s1");
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 5, .stopping = true}});
  BOOST_TEST(desk.groups().empty());
  desk.said("s1", wire::SliceReturned{.process = {"s1"}, .slices = {given[1]}, .window = 2, .recall_answered = true});
  BOOST_TEST(desk.groups().empty());
  desk.completed("s1", given[0], false);
  const auto groups = desk.commit();
  BOOST_REQUIRE_EQUAL(groups.size(), 2U);
  BOOST_TEST(groups[1].final_state->status == "stopped");
}

BOOST_AUTO_TEST_CASE(a_stop_that_finds_everything_done_proposes_completed) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const auto given = desk.assigned("s1");
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 5, .stopping = true}});
  desk.completed("s1", given.at(0), false);
  BOOST_TEST(desk.commit().back().final_state->status == "completed");
}

BOOST_AUTO_TEST_CASE(a_full_disk_keeps_the_group_says_why_and_tries_it_again) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.slice(1);
  const auto first = desk.groups();
  desk.step(GroupFailed{first.at(0).group, {Errc::exhausted, "ledger", "No space left on device", "free some"}});
  BOOST_TEST(desk.beat().waiting.find("No space left on device") != std::string::npos);
  BOOST_TEST(desk.groups().empty());
  desk.wait(1s);
  const auto again = desk.groups();
  BOOST_REQUIRE_GE(again.size(), 1U);
  BOOST_TEST(again[0].group == first[0].group);
  BOOST_TEST((again[0].batch == first[0].batch));
  desk.step(GroupCommitted{again[0].group});
  BOOST_TEST(desk.beat().waiting.empty());
}

// P1. Its end is not in the ledger, so slots keep what they have prepared: it may be accepted.
BOOST_AUTO_TEST_CASE(a_corrupted_ledger_ends_the_execution_failed_and_not_settled) {
  ControllerDesk desk;
  desk.open();
  const auto group = desk.groups();
  desk.step(GroupFailed{group.at(0).group, {Errc::internal, "ledger", "the file is corrupted", "restore it"}});
  const wire::ControllerBeat beat = desk.beat();
  BOOST_TEST(beat.final_status == "failed");
  BOOST_TEST(beat.failure_reason.find("corrupted") != std::string::npos);
  BOOST_TEST(!beat.settled);
  BOOST_TEST(desk.take<SweepOutput>().empty());
}

BOOST_AUTO_TEST_CASE(another_epoch_in_the_ledger_ends_the_controller_orderly) {
  ControllerDesk desk;
  desk.open();
  const auto group = desk.groups();
  desk.step(GroupFailed{group.at(0).group, {Errc::conflict, "ledger", "epoch 2", ""}});
  BOOST_TEST(desk.take<Exit>().at(0).code == 0);
}

BOOST_AUTO_TEST_CASE(held_slices_are_flushed_when_nothing_else_is_unfinished_and_complete_together_or_not_at_all) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1", 4);
  desk.slice(2);
  desk.commit();
  const auto given = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(given.size(), 2U);
  for (const SliceCopy& copy : given) {
    BOOST_TEST(desk.to_slot<wire::SliceFlush>("s1").empty());
    desk.said("s1", wire::SliceReport{{"s1"}, {{.kind = wire::OutcomeKind::held, .copy = copy}}});
  }
  BOOST_TEST(desk.to_slot<wire::SliceFlush>("s1").size() == 1U);
  wire::SliceOutcome group = ControllerDesk::outcome(given[1]);
  group.members = {{given[0].slice, {1, 99}}, given[1]};
  group.members[0].slice = {0, 77};  // never planned
  desk.said("s1", wire::SliceReport{{"s1"}, {group}});
  BOOST_TEST((desk.acknowledged("s1") == std::vector<wire::Acknowledgement>{{given[1], Verdict::drop}}));
  BOOST_TEST(desk.groups().empty());
  const auto again = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  group.members = {given[0], again[0]};
  group.copy = again[0];
  desk.said("s1", wire::SliceReport{{"s1"}, {group}});
  const auto groups = desk.commit();
  BOOST_TEST(groups.at(0).completed.at(0).slices.size() == 2U);
}

BOOST_AUTO_TEST_CASE(held_slices_of_a_persistent_execution_are_flushed_when_its_input_has_nothing_for_now) {
  ControllerSetup setup = ControllerDesk::plain();
  setup.persistent = true;
  ControllerDesk desk(setup);
  desk.open();
  desk.commit();
  desk.hello("s1", 4);
  desk.slice(2, false);
  desk.commit();
  for (const SliceCopy& copy : desk.assigned("s1")) {
    desk.said("s1", wire::SliceReport{{"s1"}, {{.kind = wire::OutcomeKind::held, .copy = copy}}});
  }
  BOOST_TEST(desk.to_slot<wire::SliceFlush>("s1").empty());
  desk.slice(0, false);
  BOOST_TEST(desk.to_slot<wire::SliceFlush>("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_idle_slot_makes_another_give_back_what_it_has_not_begun) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1", 8);
  desk.slice(4);
  desk.commit();
  BOOST_TEST(desk.assigned("s1").size() == 4U);
  desk.hello("s2", 8);
  BOOST_TEST(desk.to_slot<wire::SliceRecall>("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(few_slices_are_spread_over_the_slots) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  for (const std::string name : {"s1", "s2", "s3", "s4"}) {
    desk.hello(name, 100);
  }
  desk.slice(8);
  desk.commit();
  for (const std::string name : {"s1", "s2", "s3", "s4"}) {
    BOOST_TEST(desk.assigned(name).size() == 2U);
  }
}

// W6 of issue 8: a window says about 100 ms of work, so these take microseconds.
BOOST_AUTO_TEST_CASE(slices_of_microseconds_travel_together_however_many_slots_are_idle) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  std::size_t batches = 0;
  for (int i = 0; i < 50; ++i) {
    desk.hello("s" + std::to_string(i), 4'096);
  }
  desk.slice(600);
  desk.commit();
  for (int i = 0; i < 50; ++i) {
    const std::size_t given = desk.assigned("s" + std::to_string(i)).size();
    BOOST_TEST((given == 0U || given == 256U || given == 88U));
    batches += given > 0 ? 1 : 0;
  }
  BOOST_TEST(batches == 3U);
}

BOOST_AUTO_TEST_CASE(what_a_slot_has_soon_done_is_not_called_back_for_an_idle_one_but_what_is_stuck_is) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1", 4'096);
  desk.slice(64);
  desk.commit();
  BOOST_TEST(desk.assigned("s1").size() == 64U);
  desk.hello("s2", 4'096);
  desk.wait(60ms);
  BOOST_TEST(desk.to_slot<wire::SliceRecall>("s1").empty());
  desk.wait(400ms);
  BOOST_TEST(desk.to_slot<wire::SliceRecall>("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_line_of_ready_slices_is_bounded_in_number_and_bytes) {
  ControllerDesk desk{ControllerDesk::plain(), {.ready_max = 2'000, .ready_bytes_max = 1U << 20U}};
  desk.open();
  desk.commit();
  std::size_t total = 0;
  for (int i = 0; i < 100; ++i) {
    const auto asks = desk.take<AskSlicer>();
    if (asks.empty()) {
      break;
    }
    operations::SlicerStep step{.cursor = "x"};
    step.requests.assign(asks[0].max, std::string(4'096, 'x'));
    total += asks[0].max;
    desk.step(Sliced{0, step});
    desk.commit();
  }
  BOOST_TEST(total >= 100U);
  BOOST_TEST(total * 4'096 <= (1U << 20U));
}

BOOST_AUTO_TEST_CASE(the_line_of_ready_slices_is_as_long_as_the_ledger_is_slow) {
  ControllerDesk desk{ControllerDesk::plain(), {.ready_least = 100, .ready_max = 1'000}};
  desk.open();
  desk.commit();
  desk.hello("s1", 10'000);
  std::uint64_t planned = 0;
  const auto plan = [&] {
    for (auto asks = desk.take<AskSlicer>(); !asks.empty(); asks = desk.take<AskSlicer>()) {
      planned += asks[0].max;
      desk.step(Sliced{0, {.requests = std::vector<std::string>(asks[0].max, "{}"), .cursor = "x"}});
    }
  };
  plan();
  BOOST_TEST(planned == 100U);
  // Everything that waits goes out at once and ends while the group that makes it durable is written.
  for (int groups = 0; groups < 100; ++groups) {
    desk.commit();
    for (const wire::SliceCopy& copy : desk.assigned("s1")) {
      desk.completed("s1", copy, false);
    }
    planned = 0;
    plan();
  }
  BOOST_TEST(planned <= 1'000U);
  BOOST_TEST(planned > 900U);
}

/// Answers the slicer's question with requests of 1,000 bytes: all that there are.
void slice_kilobytes(ControllerDesk& desk, std::size_t count) {
  operations::SlicerStep step{.cursor = "x", .done = true};
  step.requests.assign(count, std::string(1'000, 'x'));
  desk.step(Sliced{0, step});
  desk.commit();
}

BOOST_AUTO_TEST_CASE(p5_a_slot_has_no_more_bytes_of_requests_than_its_limit_and_one_request_whatever_its_window) {
  ControllerDesk desk{ControllerDesk::plain(), {.slot_bytes_max = 3'500}};
  desk.open();
  desk.commit();
  desk.hello("s1", 100);
  slice_kilobytes(desk, 10);
  const std::vector<SliceCopy> first = desk.assigned("s1");
  BOOST_TEST(first.size() == 4U);
  desk.completed("s1", first.at(0));
  BOOST_TEST(desk.assigned("s1").empty(), "a place is free when its report is durable");
  desk.commit();
  BOOST_TEST(desk.assigned("s1").size() == 1U);
  desk.step(Tick{});
  BOOST_TEST((desk.controller.next_deadline().value() > desk.now), "no tick is wanted for slices that cannot go out");
}

BOOST_AUTO_TEST_CASE(p5_all_slots_together_have_no_more_bytes_of_requests_than_their_limit) {
  ControllerDesk desk{ControllerDesk::plain(), {.slot_bytes_max = 2'000, .slots_bytes_max = 5'000}};
  desk.open();
  desk.commit();
  std::size_t given = 0;
  for (const std::string name : {"s1", "s2", "s3", "s4", "s5"}) {
    desk.hello(name, 100);
  }
  slice_kilobytes(desk, 20);
  for (const std::string name : {"s1", "s2", "s3", "s4", "s5"}) {
    given += desk.assigned(name).size();
  }
  BOOST_TEST(given >= 5U);
  BOOST_TEST(given <= 6U);
  desk.step(Tick{});
  BOOST_TEST((desk.controller.next_deadline().value() > desk.now), "no tick is wanted for slices that cannot go out");
}

BOOST_AUTO_TEST_CASE(p5_what_a_frozen_slot_has_keeps_nothing_from_the_others) {
  ControllerDesk desk{ControllerDesk::plain(), {.slot_bytes_max = 2'000, .slots_bytes_max = 2'000}};
  desk.open();
  desk.commit();
  desk.hello("frozen", 100);
  slice_kilobytes(desk, 20);
  BOOST_TEST(desk.assigned("frozen").size() == 2U);
  desk.hello("s1", 100);
  BOOST_TEST(desk.assigned("s1").empty());
  desk.wait(1900ms);
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .window = 100});
  BOOST_TEST(desk.assigned("s1").empty());
  desk.wait(500ms);
  BOOST_TEST(desk.assigned("s1").size() == 2U, "the other has been silent for too long to be given anything");
  BOOST_TEST(desk.assigned("frozen").empty());
}

// Deliver 9 of issue 7.
BOOST_AUTO_TEST_CASE(p5_slots_that_do_not_go_on_slow_the_slicer_until_nothing_more_is_asked_of_it) {
  ControllerDesk desk{ControllerDesk::plain(), {.ready_bytes_max = 64'000, .slot_bytes_max = 4'000}};
  desk.open();
  desk.commit();
  desk.hello("s1", 100);
  std::size_t planned = 0;
  std::vector<SliceCopy> given;
  const auto fill = [&] {
    for (auto asks = desk.take<AskSlicer>(); !asks.empty(); asks = desk.take<AskSlicer>()) {
      operations::SlicerStep step{.cursor = "x"};
      step.requests.assign(std::min<std::size_t>(asks[0].max, 10), std::string(1'000, 'x'));
      planned += step.requests.size();
      desk.step(Sliced{0, step});
      desk.commit();
    }
    for (const SliceCopy& copy : desk.assigned("s1")) {
      given.push_back(copy);
    }
    BOOST_TEST(planned * 1'000 <= 64'000U + given.size() * 1'000);
  };
  fill();
  BOOST_TEST(given.size() == 4U);
  const std::size_t before = planned;
  for (std::size_t done = 0; done < 200; ++done) {
    desk.completed("s1", given.at(done), false);
    desk.commit();
    fill();
  }
  BOOST_TEST(planned > before + 100, "it goes on as the slot does");
}

BOOST_AUTO_TEST_CASE(a_slot_of_another_execution_is_told_whose_controller_this_is) {
  ControllerDesk desk;
  desk.open();
  desk.hello("s1", 2, {.ex_id = {"other"}});
  const auto welcome = desk.to_slot<wire::SlotWelcome>("s1");
  BOOST_TEST(welcome.at(0).ex_id == ExecutionId{"ex1"});
  desk.slice(1);
  desk.commit();
  BOOST_TEST(desk.assigned("s1").empty());
}

// A hello lists what the slot had when it said so: an earlier one must not take away what the slot was given since,
// else the slice runs twice and the slot has more than its window.
BOOST_AUTO_TEST_CASE(a_hello_that_comes_again_or_after_a_later_one_changes_nothing) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  const wire::SlotHello hello{
      .number = 2, .ex_id = {"ex1"}, .process = {"s1"}, .node = {"n1"}, .agent = {"a1"}, .window = 2};
  wire::SlotHello earlier = hello;
  earlier.number = 1;
  desk.said("s1", hello);
  desk.slice(3);
  desk.commit();
  const auto given = desk.assigned("s1");
  BOOST_TEST(given.size() == 2U);
  BOOST_TEST(desk.to_slot<wire::SlotWelcome>("s1").size() == 1U);
  desk.said("s1", hello);
  desk.said("s1", earlier);
  desk.said("former", earlier);  // by a connection that the slot had before
  for (const char* name : {"s1", "former"}) {
    BOOST_TEST(desk.to_slot<wire::SlotWelcome>(name).empty());
    BOOST_TEST(desk.assigned(name).empty());
  }
  BOOST_TEST(desk.beat().workers_reconnected == 0U);
  desk.completed("s1", given[0]);
  desk.commit();
  BOOST_TEST((desk.acknowledged("s1") == std::vector<wire::Acknowledgement>{{given[0], Verdict::publish}}));

  wire::SlotHello next = hello;
  next.number = 3;
  next.running = {given[1]};
  desk.said("s1", next);
  BOOST_TEST(desk.to_slot<wire::SlotWelcome>("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_controller_takes_the_first_hello_that_it_hears_of_a_slot_whatever_its_number) {
  ControllerDesk desk;
  desk.open({.epoch = 2});
  desk.commit();
  desk.said("s1", wire::SlotHello{
                      .number = 40, .ex_id = {"ex1"}, .process = {"s1"}, .node = {"n1"}, .agent = {"a1"}, .window = 2});
  BOOST_TEST(desk.to_slot<wire::SlotWelcome>("s1").at(0).hello == 40U);
}

// Where no lock ends a controller that was replaced (a frozen machine), the epoch has to, even if there is nothing to
// write: P2 of design.md.
BOOST_AUTO_TEST_CASE(a_controller_with_nothing_to_write_asks_its_ledger_once_a_lease_and_ends_when_it_was_replaced) {
  ControllerDesk desk(ControllerDesk::plain(), {.lease = 5s});
  desk.serve("s1", 1);
  desk.wait(4s);
  BOOST_TEST(desk.groups().empty());
  for (int lease = 0; lease < 2; ++lease) {
    desk.wait(6s);
    const auto asked = desk.groups();
    BOOST_REQUIRE_EQUAL(asked.size(), 1U);
    BOOST_TEST((*asked[0].batch == store::LedgerBatch{.epoch = 1}));
    desk.wait(20s);  // one question at a time
    BOOST_TEST(desk.groups().empty());
    desk.step(GroupCommitted{asked[0].group});
    BOOST_TEST(desk.groups().empty());
  }
  desk.wait(6s);
  desk.step(GroupFailed{desk.groups().at(0).group, {Errc::conflict, "ledger", "another epoch", "none"}});
  const auto exits = desk.take<Exit>();
  BOOST_REQUIRE_EQUAL(exits.size(), 1U);
  BOOST_TEST(exits[0].code == 0);
}

BOOST_AUTO_TEST_CASE(terminated_it_commits_what_waits_and_exits_without_a_final_status) {
  ControllerDesk desk;
  desk.serve("s1", 3);
  desk.completed("s1", desk.assigned("s1").at(0));
  desk.step(Terminate{});
  BOOST_TEST(desk.take<Exit>().empty());
  const auto groups = desk.commit();
  BOOST_TEST(groups.back().completed.size() == 1U);
  BOOST_TEST(!groups.back().final_state.has_value());
  BOOST_TEST(desk.take<Exit>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_beat_says_again_which_slices_are_held_so_that_a_lost_report_does_not_keep_them_for_ever) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1", 2);
  desk.slice(2);
  desk.commit();
  const auto given = desk.assigned("s1");
  BOOST_REQUIRE_EQUAL(given.size(), 2U);
  desk.said("s1",
            wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .holds = given, .window = 2, .held = 1});
  BOOST_TEST(desk.to_slot<wire::SliceFlush>("s1").empty());
  desk.said("s1",
            wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .holds = given, .window = 2, .held = 2});
  BOOST_TEST(desk.to_slot<wire::SliceFlush>("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_beat_that_confirms_a_recall_answers_it_when_the_answer_was_lost) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1", 2);
  desk.slice(2);
  desk.commit();
  const auto given = desk.assigned("s1");
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 1, .paused = true}});
  BOOST_REQUIRE_EQUAL(desk.to_slot<wire::SliceRecall>("s1").at(0).number, 2U);
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 1, .holds = given, .window = 2});
  BOOST_TEST(!desk.beat().paused);
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = 2, .holds = {given[0]}, .window = 2});
  BOOST_TEST(desk.beat().paused);
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 2}});
  BOOST_TEST(desk.assigned("s1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(temporary_output_is_swept_after_the_end_is_durable_and_before_the_master_hears_of_it) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.slice(0);
  desk.step(GroupCommitted{desk.groups().at(0).group});
  const auto last = desk.groups();
  BOOST_REQUIRE(last.at(0).batch->final_state.has_value());
  BOOST_TEST(desk.take<SweepOutput>().empty());  // a controller that was replaced gets no further than this
  desk.done.clear();
  desk.step(GroupCommitted{last[0].group});
  BOOST_REQUIRE_GE(desk.done.size(), 2U);
  BOOST_TEST(std::get<SweepOutput>(desk.done[0]).last_epoch == 1U);
  BOOST_TEST(std::get<wire::ControllerBeat>(std::get<SendControl>(desk.done[1]).message).final_status == "completed");
}

wire::FailedSlice journal_entry(std::uint64_t number) {
  return {.number = number, .slice = {0, number}, .ex_id = {"ex1"}, .request = "{}", .error = "it broke"};
}

std::vector<std::uint64_t> numbers(const std::vector<wire::SlicesFailed>& told) {
  std::vector<std::uint64_t> found;
  for (const wire::SlicesFailed& each : told) {
    for (const wire::FailedSlice& slice : each.slices) {
      found.push_back(slice.number);
    }
  }
  return found;
}

using Numbers = std::vector<std::uint64_t>;

BOOST_AUTO_TEST_CASE(the_journal_of_errors_is_told_page_by_page_each_until_it_is_recorded) {
  ControllerDesk desk;
  desk.journal = {journal_entry(1), journal_entry(2), journal_entry(5)};
  desk.open();
  const auto first = desk.to_control<wire::SlicesFailed>("master");
  BOOST_REQUIRE_EQUAL(first.size(), 1U);
  BOOST_TEST((first[0] == wire::SlicesFailed{{"ex1"}, {"ex1"}, 0, {desk.journal[0], desk.journal[1]}}));
  desk.wait(2s);
  const auto again = desk.to_control<wire::SlicesFailed>("master");
  BOOST_TEST(again.size() >= 2U);  // the master did not say that it has them
  BOOST_TEST((again[0] == first[0]));
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 1, .errors_recorded = 2}});
  const auto second = desk.to_control<wire::SlicesFailed>("master");
  BOOST_TEST(numbers(second) == (Numbers{5}), boost::test_tools::per_element());
  BOOST_TEST(second.at(0).after == 2U);
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 1, .errors_recorded = 5}});
  desk.wait(3s);
  BOOST_TEST(desk.to_control<wire::SlicesFailed>("master").empty());
}

BOOST_AUTO_TEST_CASE(a_controller_that_was_restarted_goes_on_where_the_records_are) {
  ControllerDesk desk;
  desk.journal = {journal_entry(1), journal_entry(2), journal_entry(3), journal_entry(4)};
  desk.open({.epoch = 2});
  BOOST_TEST(numbers(desk.to_control<wire::SlicesFailed>("master")) == (Numbers{1, 2}),
             boost::test_tools::per_element());
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 9, .errors_recorded = 3}});
  BOOST_TEST(numbers(desk.to_control<wire::SlicesFailed>("master")) == (Numbers{4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_once_it_is_durable_and_the_end_is_proposed_once_it_is_recorded) {
  ControllerDesk desk;
  desk.serve("s1", 1);
  const auto given = desk.assigned("s1");
  desk.said("s1", wire::SliceReport{{"s1"}, {ControllerDesk::failure(given.at(0))}});
  BOOST_TEST(desk.to_control<wire::SlicesFailed>("master").empty());
  desk.journal = {journal_entry(1)};
  desk.commit();
  BOOST_TEST(numbers(desk.to_control<wire::SlicesFailed>("master")) == (Numbers{1}), boost::test_tools::per_element());
  desk.wait(1s);
  BOOST_TEST(desk.beat().failing);
  BOOST_TEST(desk.beat().final_status == "");
  desk.wait(3s);
  BOOST_TEST(desk.beat().waiting == "its errors are not in the master's records yet");
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 1, .errors_recorded = 1}});
  BOOST_TEST(desk.beat().final_status == "failed");
  BOOST_TEST(desk.beat().waiting == "");
}

BOOST_AUTO_TEST_CASE(what_a_recovery_completes_is_looked_up_in_the_journal_for_repairs) {
  ControllerSetup setup = ControllerDesk::plain();
  setup.recovery = true;
  ControllerDesk desk(setup);
  desk.open({.epoch = 2}, {{{0, 1}, "{}"}});
  desk.commit();
  desk.hello("s1");
  const auto given = desk.assigned("s1");
  desk.completed("s1", given.at(0), false);
  desk.journal = {journal_entry(7)};
  desk.journal[0].recovered_by = {"ex1"};
  desk.commit();
  const auto told = desk.to_control<wire::SlicesFailed>("master");
  BOOST_REQUIRE_EQUAL(told.size(), 1U);
  BOOST_TEST((told[0].slices == desk.journal));
}

BOOST_AUTO_TEST_CASE(errors_that_cannot_be_read_now_are_read_later_and_those_that_never_can_do_not_hold_up_the_end) {
  ControllerDesk desk;
  desk.reads_errors = false;
  desk.open({.epoch = 2, .final_state = store::FinalState{"completed", ""}});
  desk.step(ErrorsNotRead{{Errc::unavailable, "ledger", "busy", "wait"}});
  desk.journal = {journal_entry(1)};
  desk.reads_errors = true;
  BOOST_TEST(desk.beat().final_status == "");
  desk.wait(2s);
  BOOST_TEST(numbers(desk.to_control<wire::SlicesFailed>("master")).size() >= 1U);

  ControllerDesk damaged;
  damaged.reads_errors = false;
  damaged.open({.epoch = 2, .final_state = store::FinalState{"completed", ""}});
  BOOST_TEST(damaged.beat().final_status == "");
  damaged.step(ErrorsNotRead{{Errc::internal, "ledger", "damaged", ""}});
  BOOST_TEST(damaged.beat().final_status == "completed");
}

// R-ex-24, R-api-102.
BOOST_AUTO_TEST_CASE(slots_hear_the_jobs_log_level_and_then_the_ordered_one_with_their_slices) {
  ControllerSetup setup = ControllerDesk::plain();
  setup.log_level = "warn";
  ControllerDesk desk(setup);
  desk.open();
  BOOST_TEST(desk.take<UseLogLevel>().at(0).level == "warn");
  desk.commit();
  desk.hello("s1", 1);
  desk.slice(3);
  desk.commit();
  const auto first = desk.to_slot<wire::SliceAssign>("s1");
  BOOST_REQUIRE_EQUAL(first.size(), 1U);
  BOOST_TEST(first[0].log_level == "warn");
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 1, .log_level = "debug"}});
  desk.step(ControlSaid{wire::ControllerOrder{.ex_id = {"ex1"}, .number = 2, .log_level = "debug"}});
  BOOST_TEST(desk.take<UseLogLevel>().size() == 1U);
  desk.completed("s1", {first[0].slices.at(0).slice, first[0].slices.at(0).fence}, false);
  desk.commit();
  const auto next = desk.to_slot<wire::SliceAssign>("s1");
  BOOST_REQUIRE_EQUAL(next.size(), 1U);
  BOOST_TEST(next[0].log_level == "debug");
}

BOOST_AUTO_TEST_CASE(messages_that_make_no_sense_are_passed_over) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1");
  desk.said("s1", wire::SliceReport{{"s1"}, {ControllerDesk::outcome({{9, 9}, {9, 9}})}});
  desk.said("s1", wire::SliceReport{{"s1"}, {{.kind = wire::OutcomeKind::completed}}});
  desk.said("s1", wire::SliceReturned{.process = {"s1"}, .slices = {{{1, 1}, {1, 1}}}, .window = 0xFFFFFFFF});
  desk.said("s1", wire::SlotBeat{.process = {"s1"}, .epoch = 1, .last_batch = ~0ULL, .holds = {{{0, 1}, {0, 0}}}});
  desk.said("s1", wire::NodeBeat{});
  desk.said("s2", wire::SliceReport{{"s1"}, {}});
  desk.step(PeerGone{"nobody"});
  desk.step(GroupCommitted{99});
  desk.step(Sliced{7, {}});
  desk.step(SlicerFailed{7, {Errc::unavailable, "x", "y", ""}});
  BOOST_TEST(desk.take<Exit>().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace slicebus::execution
