#include "worker/slot/slot.hpp"

#include <boost/test/unit_test.hpp>

#include "worker/slot/window.hpp"

namespace slicebus::slot {
namespace {

using wire::SliceCopy;
using wire::SliceOutcome;
using wire::Verdict;

/// A slot on a desk: the test is its controller and its operations.
struct SlotDesk {
  Slot slot{{}, {.ex_id = {"ex1"}, .node = {"n1"}, .agent = {"a1"}, .process = {"s1"}}};
  TimePoint now = TimePoint{} + 1h;
  SlotActions done{};
  std::uint64_t hello = 0;
  std::uint64_t batch = 0;

  void step(const SlotEvent& event) {
    for (SlotAction& action : slot.step(event, now)) {
      done.push_back(std::move(action));
    }
  }
  void wait(Duration time) {
    const TimePoint until = now + time;
    for (auto next = slot.next_deadline(); next && *next <= until; next = slot.next_deadline()) {
      now = std::max(now, *next);
      step(SlotTick{});
    }
    now = until;
  }
  template <class Action>
  std::vector<Action> take() {
    std::vector<Action> found;
    std::erase_if(done, [&](const SlotAction& action) {
      const auto* one = std::get_if<Action>(&action);
      if (one != nullptr) {
        found.push_back(*one);
      }
      return one != nullptr;
    });
    return found;
  }
  template <class Message>
  std::vector<Message> said() {
    std::vector<Message> found;
    std::erase_if(done, [&](const SlotAction& action) {
      const auto* send = std::get_if<SendToController>(&action);
      const auto* message = send != nullptr ? std::get_if<Message>(&send->message) : nullptr;
      if (message != nullptr) {
        found.push_back(*message);
      }
      return message != nullptr;
    });
    return found;
  }
  void hear(wire::Message message) { step(ControllerSaid{std::move(message)}); }
  void welcome(std::vector<SliceCopy> drop = {}, std::uint64_t epoch = 1) {
    for (const wire::SlotHello& each : said<wire::SlotHello>()) {
      hello = each.number;
    }
    hear(wire::SlotWelcome{
        .hello = hello, .ex_id = {"ex1"}, .epoch = epoch, .batch = batch, .drop = std::move(drop), .execution = "{}"});
  }
  void connect() {
    step(Connected{});
    welcome();
  }
  SliceCopy assign(std::uint64_t order, std::uint64_t fence) {
    hear(wire::SliceAssign{1, ++batch, {{{0, order}, {1, fence}, "{}"}}});
    return {{0, order}, {1, fence}};
  }
  void end(SliceEnded slice) { step(SlicesEnded{{std::move(slice)}}); }
  std::vector<wire::AssignedSlice> begun() {
    std::vector<wire::AssignedSlice> all;
    for (RunSlices& run : take<RunSlices>()) {
      all.insert(all.end(), run.slices.begin(), run.slices.end());
    }
    return all;
  }
  void completed(const SliceCopy& copy, std::vector<SliceCopy> members = {}) {
    end({{.copy = copy, .members = std::move(members), .has_output = true}, 1s});
  }
  void held(const SliceCopy& copy) { end({{.kind = wire::OutcomeKind::held, .copy = copy}, 1s}); }
  std::vector<SliceCopy> returned() {
    std::vector<SliceCopy> all;
    for (const wire::SliceReturned& each : said<wire::SliceReturned>()) {
      all.insert(all.end(), each.slices.begin(), each.slices.end());
    }
    return all;
  }
};

using Copies = std::vector<SliceCopy>;

BOOST_AUTO_TEST_SUITE(slot)

BOOST_AUTO_TEST_CASE(until_the_welcome_of_its_latest_hello_a_slot_ignores_everything_else) {
  SlotDesk desk;
  desk.step(Connected{});
  desk.assign(1, 1);
  desk.step(Connected{});
  desk.hear(wire::SlotWelcome{.hello = 1, .ex_id = {"ex1"}, .epoch = 1, .execution = "{}"});
  desk.assign(1, 1);
  BOOST_TEST(desk.begun().empty());
  desk.batch = 0;
  desk.welcome();
  desk.assign(1, 1);
  BOOST_TEST(desk.begun().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_hello_without_an_answer_is_said_again_with_a_new_number) {
  SlotDesk desk;
  desk.step(Connected{});
  desk.wait(2500ms);
  const auto hellos = desk.said<wire::SlotHello>();
  BOOST_REQUIRE_EQUAL(hellos.size(), 3U);
  BOOST_TEST(hellos[2].number == 3U);
}

BOOST_AUTO_TEST_CASE(the_controller_of_another_execution_is_left_after_a_beat_and_not_asked_again_before) {
  SlotDesk desk;
  desk.step(Connected{});
  desk.hear(wire::SlotWelcome{.hello = 1, .ex_id = {"ex2"}, .epoch = 1});
  desk.wait(900ms);
  BOOST_TEST(desk.take<Reconnect>().empty());
  desk.wait(200ms);
  BOOST_TEST(desk.take<Reconnect>().size() == 1U);
  desk.wait(5s);
  BOOST_TEST(desk.said<wire::SlotHello>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(it_runs_one_slice_at_a_time_in_order) {
  SlotDesk desk;
  desk.connect();
  BOOST_TEST(desk.take<BuildPipeline>().size() == 1U);
  const SliceCopy first = desk.assign(1, 1);
  desk.assign(2, 2);
  BOOST_TEST(desk.begun().size() == 1U);
  desk.completed(first);
  const auto next = desk.begun();
  BOOST_REQUIRE_EQUAL(next.size(), 1U);
  BOOST_TEST((next[0].slice == SlicePosition{0, 2}));
}

// R-ex-97, R-api-102.
BOOST_AUTO_TEST_CASE(a_log_level_that_comes_with_an_assignment_counts_from_the_next_slice_on) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy first = desk.assign(1, 1);
  BOOST_TEST(desk.take<RunSlices>().at(0).log_level == "");
  const SliceCopy second = desk.assign(2, 2);
  desk.hear(wire::SliceAssign{1, ++desk.batch, {{{0, 3}, {1, 3}, "{}"}}, "debug"});
  desk.completed(first);
  BOOST_TEST(desk.take<RunSlices>().at(0).log_level == "debug");
  desk.assign(4, 4);  // says none: stays
  desk.completed(second);
  BOOST_TEST(desk.take<RunSlices>().at(0).log_level == "debug");
}

BOOST_AUTO_TEST_CASE(a_batch_said_twice_or_after_a_gap_is_ignored) {
  SlotDesk desk;
  desk.connect();
  desk.assign(1, 1);
  desk.hear(wire::SliceAssign{1, 1, {{{0, 1}, {1, 1}, "{}"}}});
  desk.hear(wire::SliceAssign{1, 3, {{{0, 3}, {1, 3}, "{}"}}});
  desk.said<wire::SlotBeat>();
  desk.wait(1s);
  const auto beats = desk.said<wire::SlotBeat>();
  BOOST_REQUIRE_EQUAL(beats.size(), 1U);
  BOOST_TEST(beats[0].last_batch == 1U);
  BOOST_TEST(beats[0].holds.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_report_is_kept_until_acknowledged_and_said_again_with_the_beat_and_the_hello) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy copy = desk.assign(1, 1);
  desk.completed(copy);
  BOOST_TEST(desk.said<wire::SliceReport>().size() == 1U);
  desk.wait(1s);
  BOOST_TEST(desk.said<wire::SliceReport>().size() == 1U);
  desk.step(Connected{});
  BOOST_TEST(desk.said<wire::SlotHello>().at(0).reports.size() == 1U);
  desk.hear(wire::SlotWelcome{.hello = 2, .ex_id = {"ex1"}, .epoch = 1, .batch = 1});
  desk.hear(wire::SliceAck{{{copy, Verdict::publish}}});
  BOOST_TEST((desk.take<PublishOutput>().at(0).copies == Copies{copy}));
  desk.wait(3s);
  BOOST_TEST(desk.said<wire::SliceReport>().empty());
}

BOOST_AUTO_TEST_CASE(output_is_published_after_the_verdict_only_and_said_when_it_is_visible) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy copy = desk.assign(1, 1);
  desk.completed(copy);
  BOOST_TEST(desk.take<PublishOutput>().empty());
  desk.hear(wire::SliceAck{{{copy, Verdict::publish}}});
  BOOST_TEST(desk.take<PublishOutput>().size() == 1U);
  BOOST_TEST(desk.said<wire::SlicePublished>().empty());
  desk.step(OutputPublished{{copy}});
  BOOST_TEST((desk.said<wire::SlicePublished>().at(0).copies == Copies{copy}));
}

BOOST_AUTO_TEST_CASE(a_refused_output_is_dropped) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy copy = desk.assign(1, 1);
  desk.completed(copy);
  desk.hear(wire::SliceAck{{{copy, Verdict::drop}}});
  BOOST_TEST((desk.take<DropOutput>().at(0).copies == Copies{copy}));
  BOOST_TEST(desk.take<PublishOutput>().empty());
}

BOOST_AUTO_TEST_CASE(a_publish_that_fails_is_repeated_and_the_beat_says_why) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy copy{{0, 9}, {1, 9}};
  desk.hear(wire::SlicePublish{{copy}});
  BOOST_TEST(desk.take<PublishOutput>().size() == 1U);
  desk.step(PublishFailed{{copy}, "No space left on device"});
  desk.said<wire::SlotBeat>();
  desk.wait(1s);
  BOOST_TEST(desk.take<PublishOutput>().size() == 1U);
  BOOST_TEST(desk.said<wire::SlotBeat>().at(0).waiting == "No space left on device");
}

BOOST_AUTO_TEST_CASE(a_newer_copy_replaces_the_older_one_that_the_slot_still_has) {
  SlotDesk desk;
  desk.connect();
  desk.assign(1, 1);
  const SliceCopy older = desk.assign(2, 2);
  const SliceCopy newer = desk.assign(2, 3);
  BOOST_TEST((desk.returned() == Copies{older}));
  desk.completed({{0, 1}, {1, 1}});
  desk.begun();
  desk.wait(1s);
  BOOST_TEST((desk.said<wire::SlotBeat>().back().holds == Copies{newer}));
}

BOOST_AUTO_TEST_CASE(a_recall_gives_back_what_has_not_begun_even_if_that_is_nothing) {
  SlotDesk desk;
  desk.connect();
  desk.assign(1, 1);
  const SliceCopy second = desk.assign(2, 2);
  desk.hear(wire::SliceRecall{1, ++desk.batch});
  auto answers = desk.said<wire::SliceReturned>();
  BOOST_REQUIRE_EQUAL(answers.size(), 1U);
  BOOST_TEST((answers[0].slices == Copies{second}));
  BOOST_TEST(answers[0].recall_answered);
  desk.hear(wire::SliceRecall{1, ++desk.batch});
  answers = desk.said<wire::SliceReturned>();
  BOOST_REQUIRE_EQUAL(answers.size(), 1U);
  BOOST_TEST(answers[0].recall_answered);
}

namespace {

/// A slot whose slices take 10 µs, with slices 2..6 given to it. @return their copies
Copies quick_slices(SlotDesk& desk) {
  desk.connect();
  const SliceCopy first = desk.assign(1, 1);
  desk.end({{.copy = first}, 10us});
  desk.hear(wire::SliceAck{{{first, wire::Verdict::publish}}});
  desk.begun();
  Copies copies;
  for (std::uint64_t order = 2; order <= 6; ++order) {
    copies.push_back(desk.assign(order, order));
  }
  desk.wait(2ms);
  desk.done.clear();
  return copies;
}

}  // namespace

BOOST_AUTO_TEST_CASE(slices_of_microseconds_are_handed_together_and_their_ends_are_reported_together) {
  SlotDesk desk;
  desk.connect();
  desk.end({{.copy = desk.assign(1, 1)}, 10us});
  BOOST_TEST(desk.said<wire::SliceReport>().size() == 1U);
  desk.begun();
  Copies copies;
  for (std::uint64_t order = 2; order <= 4; ++order) {
    copies.push_back(desk.assign(order, order));
  }
  BOOST_TEST(desk.begun().size() == 3U);
  desk.end({{.copy = copies[0]}, 10us});
  desk.end({{.copy = copies[1]}, 10us});
  BOOST_TEST(desk.said<wire::SliceReport>().empty());
  desk.wait(2ms);
  const auto reports = desk.said<wire::SliceReport>();
  BOOST_REQUIRE_EQUAL(reports.size(), 1U);
  BOOST_TEST(reports[0].outcomes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_recall_has_those_of_the_handed_slices_back_that_have_not_begun) {
  SlotDesk desk;
  const Copies copies = quick_slices(desk);
  desk.hear(wire::SliceRecall{1, ++desk.batch});
  BOOST_TEST(desk.take<RevokeHanded>().size() == 1U);
  BOOST_TEST(desk.said<wire::SliceReturned>().empty());
  desk.step(NotBegun{3});
  const auto answers = desk.said<wire::SliceReturned>();
  BOOST_REQUIRE_EQUAL(answers.size(), 1U);
  BOOST_TEST((answers[0].slices == Copies{copies[2], copies[3], copies[4]}));
  BOOST_TEST(answers[0].recall_answered);
  desk.wait(1s);
  BOOST_TEST((desk.said<wire::SlotBeat>().back().holds == Copies{copies[0], copies[1]}));
}

BOOST_AUTO_TEST_CASE(a_handed_slice_that_is_taken_back_may_still_end_and_is_worth_a_report) {
  SlotDesk desk;
  const Copies copies = quick_slices(desk);
  desk.hear(wire::SlotBeatAck{.drop = {copies[3]}});
  BOOST_TEST(desk.returned().empty());
  desk.wait(1s);
  BOOST_TEST((desk.said<wire::SlotBeat>().back().finished == Copies{copies[3]}));
  for (const SliceCopy& copy : copies) {
    desk.end({{.copy = copy}, 10us});
  }
  desk.wait(2ms);
  std::size_t reported = 0;
  for (const wire::SliceReport& report : desk.said<wire::SliceReport>()) {
    reported += report.outcomes.size();
  }
  BOOST_TEST(reported == copies.size());
}

BOOST_AUTO_TEST_CASE(once_operations_have_held_a_slice_they_are_handed_one_at_a_time) {
  SlotDesk desk;
  const Copies copies = quick_slices(desk);
  desk.end({{.kind = wire::OutcomeKind::held, .copy = copies[0]}, 10us});
  for (std::uint64_t order = 7; order <= 9; ++order) {
    desk.assign(order, order);
  }
  BOOST_TEST(desk.begun().empty());
  for (std::size_t i = 1; i < copies.size(); ++i) {
    desk.end({{.kind = wire::OutcomeKind::held, .copy = copies[i]}, 10us});
  }
  BOOST_TEST(desk.begun().size() == 1U);
}

BOOST_AUTO_TEST_CASE(p5_slices_beyond_what_a_slot_holds_in_number_or_bytes_go_back) {
  SlotDesk desk{.slot = {{.window_max = 3, .prefetch_bytes_max = 1'000}, {.ex_id = {"ex1"}, .process = {"s1"}}}};
  desk.connect();
  desk.hear(wire::SliceAssign{1, ++desk.batch, {{{0, 1}, {1, 1}, std::string(5'000, 'x')}}});
  BOOST_TEST(desk.begun().size() == 1U, "one is taken, however large");
  desk.hear(wire::SliceAssign{
      1, ++desk.batch, {{{0, 2}, {1, 2}, std::string(900, 'x')}, {{0, 3}, {1, 3}, std::string(101, 'x')}}});
  BOOST_TEST((desk.said<wire::SliceReturned>().at(0).slices == Copies{{{0, 3}, {1, 3}}}));
  for (std::uint64_t order = 4; order <= 6; ++order) {
    desk.assign(order, order);
  }
  BOOST_TEST((desk.said<wire::SliceReturned>().at(0).slices == Copies{{{0, 6}, {1, 6}}}));
  desk.end({{.copy = {{0, 1}, {1, 1}}}, 1ms});
  BOOST_TEST(desk.begun().at(0).slice.slicer_order == 2U);
  desk.hear(wire::SliceAssign{1, ++desk.batch, {{{0, 7}, {1, 7}, std::string(900, 'x')}}});
  BOOST_TEST(desk.said<wire::SliceReturned>().empty(), "what runs takes no place of what waits");
}

BOOST_AUTO_TEST_CASE(what_a_beat_answer_names_is_returned_and_finished_output_is_not_touched) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy done = desk.assign(1, 1);
  const SliceCopy running = desk.assign(2, 2);
  const SliceCopy waiting = desk.assign(3, 3);
  desk.completed(done);
  desk.hear(wire::SlotBeatAck{0, {done, running, waiting}});
  BOOST_TEST((desk.returned() == Copies{waiting}));
  BOOST_TEST(desk.take<DropOutput>().empty());
  desk.said<wire::SliceReport>();
  desk.completed(running);
  BOOST_TEST(desk.said<wire::SliceReport>().size() == 1U);  // it may still be the first
}

BOOST_AUTO_TEST_CASE(of_held_slices_all_go_when_one_is_taken_back) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy first = desk.assign(1, 1);
  desk.held(first);
  const SliceCopy second = desk.assign(2, 2);
  desk.held(second);
  const SliceCopy running = desk.assign(3, 3);
  desk.hear(wire::SlotBeatAck{0, {first}});
  BOOST_TEST(desk.take<DiscardHeld>().size() == 1U);
  BOOST_TEST((desk.returned() == Copies{first, second}));
  desk.completed(running, {first, second, running});  // it had them already
  BOOST_TEST((desk.take<DropOutput>().at(0).copies == Copies{running}));
  BOOST_TEST((desk.returned() == Copies{running}));
}

BOOST_AUTO_TEST_CASE(a_beat_lists_held_slices_last_and_says_how_many) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy first = desk.assign(1, 1);
  desk.held(first);
  const SliceCopy second = desk.assign(2, 2);
  desk.said<wire::SlotBeat>();
  desk.wait(1s);
  const auto beats = desk.said<wire::SlotBeat>();
  BOOST_TEST((beats.at(0).holds == Copies{second, first}));
  BOOST_TEST(beats.at(0).held == 1U);
}

BOOST_AUTO_TEST_CASE(a_flush_waits_for_the_slice_that_runs_and_its_outcome_names_all_members) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy first = desk.assign(1, 1);
  desk.held(first);
  const SliceCopy second = desk.assign(2, 2);
  desk.hear(wire::SliceFlush{1, ++desk.batch});
  BOOST_TEST(desk.take<FlushOperations>().empty());
  desk.held(second);
  BOOST_TEST(desk.take<FlushOperations>().size() == 1U);
  desk.said<wire::SliceReport>();
  desk.completed(second, {first, second});
  BOOST_TEST(desk.said<wire::SliceReport>().at(0).outcomes.at(0).members.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_slice_that_found_no_space_goes_back_with_the_reason) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy copy = desk.assign(1, 1);
  desk.step(SliceGivenBack{copy, "No space left on device under /out"});
  const auto answers = desk.said<wire::SliceReturned>();
  BOOST_TEST(answers.at(0).reason == "No space left on device under /out");
  BOOST_TEST((answers.at(0).slices == Copies{copy}));
}

BOOST_AUTO_TEST_CASE(between_two_attempts_the_prefetch_goes_back_and_no_more_is_asked_for) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy running = desk.assign(1, 1);
  const SliceCopy waiting = desk.assign(2, 2);
  desk.step(SliceBackedOff{running});
  const auto answers = desk.said<wire::SliceReturned>();
  BOOST_TEST((answers.at(0).slices == Copies{waiting}));
  BOOST_TEST(answers.at(0).window == 1U);
}

BOOST_AUTO_TEST_CASE(drained_it_finishes_what_runs_gives_back_the_rest_publishes_and_exits) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy running = desk.assign(1, 1);
  const SliceCopy waiting = desk.assign(2, 2);
  desk.step(Drain{});
  const auto answers = desk.said<wire::SliceReturned>();
  BOOST_TEST((answers.at(0).slices == Copies{waiting}));
  BOOST_TEST(answers.at(0).window == 0U);
  desk.completed(running);
  BOOST_TEST(desk.take<ExitSlot>().empty());
  desk.hear(wire::SliceAck{{{running, Verdict::publish}}});
  BOOST_TEST(desk.take<ExitSlot>().empty());
  desk.step(OutputPublished{{running}});
  BOOST_TEST(desk.take<ExitSlot>().at(0).code == 0);
}

// P2: nobody sweeps after the end; a slot that slept over it finds nobody to answer its reports.
BOOST_AUTO_TEST_CASE(over_it_drops_what_has_no_verdict_finishes_what_runs_for_nobody_and_exits) {
  SlotDesk desk;
  desk.connect();
  const SliceCopy accepted = desk.assign(1, 1);
  desk.completed(accepted);
  desk.hear(wire::SliceAck{{{accepted, Verdict::publish}}});
  const SliceCopy reported = desk.assign(2, 2);
  desk.completed(reported);
  const SliceCopy running = desk.assign(3, 3);
  desk.assign(4, 4);
  desk.begun();
  desk.step(Drain{});
  desk.step(Over{});
  BOOST_TEST((desk.take<DropOutput>().at(0).copies == Copies{reported}), "what was accepted stays");
  BOOST_TEST(desk.begun().empty());
  desk.completed(running);
  BOOST_TEST((desk.take<DropOutput>().at(0).copies == Copies{running}));
  desk.hear(wire::SliceAck{{{reported, Verdict::publish}}});
  BOOST_TEST(desk.take<PublishOutput>().size() == 1U, "that of the accepted one");
  BOOST_TEST(desk.take<ExitSlot>().empty());
  desk.step(OutputPublished{{accepted}});
  BOOST_TEST(desk.take<ExitSlot>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(over_while_records_are_held_it_lets_go_of_them_and_exits) {
  SlotDesk desk;
  desk.connect();
  desk.held(desk.assign(1, 1));
  desk.step(Drain{});
  desk.step(Over{});
  BOOST_TEST(desk.take<DiscardHeld>().size() == 1U);
  desk.step(NothingHeld{});  // answers the flush that draining had begun
  BOOST_TEST(desk.take<ExitSlot>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_controller_that_answers_no_beats_is_greeted_again) {
  SlotDesk desk;
  desk.connect();
  desk.said<wire::SlotHello>();
  desk.wait(5s);
  BOOST_TEST(desk.said<wire::SlotHello>().size() >= 1U);
}

BOOST_AUTO_TEST_CASE(
    a_slot_that_has_nothing_beats_half_as_often_and_one_that_has_something_at_once_as_often_as_others) {
  SlotDesk desk;
  desk.connect();
  desk.said<wire::SlotBeat>();  // with the welcome
  const auto beats_in = [&](Duration time) {
    std::size_t beats = 0;
    for (Duration passed{}; passed < time; passed += 100ms) {
      desk.wait(100ms);
      for (const wire::SlotBeat& beat : desk.said<wire::SlotBeat>()) {
        desk.hear(wire::SlotBeatAck{.sent_at_us = beat.sent_at_us});
        ++beats;
      }
    }
    return beats;
  };
  BOOST_TEST(beats_in(8s) == 4U);
  beats_in(100ms);
  desk.assign(1, 1);
  BOOST_TEST(beats_in(1s) == 1U, "its next beat does not wait as long as if it had nothing");
  BOOST_TEST(beats_in(5s) == 5U);
}

BOOST_AUTO_TEST_CASE(a_slot_beats_five_times_in_a_lease_however_short_that_is) {
  SlotDesk desk;
  desk.step(Connected{});
  const std::uint64_t number = desk.said<wire::SlotHello>().at(0).number;
  desk.hear(wire::SlotWelcome{.hello = number, .ex_id = {"ex1"}, .epoch = 1, .lease_ms = 1'000, .execution = "{}"});
  desk.assign(1, 1);
  desk.said<wire::SlotBeat>();
  std::size_t beats = 0;
  for (int i = 0; i < 20; ++i) {
    desk.wait(50ms);
    for (const wire::SlotBeat& beat : desk.said<wire::SlotBeat>()) {
      desk.hear(wire::SlotBeatAck{.sent_at_us = beat.sent_at_us});
      ++beats;
    }
  }
  BOOST_TEST(beats == 5U);
}

BOOST_AUTO_TEST_CASE(the_window_holds_about_its_target_of_work) {
  Window window{100ms, 2, 512};
  BOOST_TEST(window.size() == 2U);
  window.add(10us);
  BOOST_TEST(window.size() == 512U);
  for (int i = 0; i < 100; ++i) {
    window.add(10ms);
  }
  BOOST_TEST(window.size() == 10U);
  for (int i = 0; i < 100; ++i) {
    window.add(3s);
  }
  BOOST_TEST(window.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace slicebus::slot
