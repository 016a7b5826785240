// Every ledger keeps these promises (design.md §5). An adapter is done when its fixture is in the list and green.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;
using slicebus::tests::MemorySliceLedgerFixture;
using slicebus::tests::SqliteSliceLedgerFixture;

namespace {

using Adapters = boost::mpl::list<MemorySliceLedgerFixture, SqliteSliceLedgerFixture>;
using Orders = std::vector<std::uint64_t>;

const ExecutionId first_run{"e1"};
const ExecutionId second_run{"e2"};
const ExecutionId third_run{"e3"};

SlicePosition at(std::uint64_t order, std::uint32_t slicer = 0) { return {slicer, order}; }
std::string request(SlicePosition slice) { return "{\"n\":" + std::to_string(slice.slicer_order) + "}"; }

/// A group under construction.
struct Group : LedgerBatch {
  explicit Group(std::uint64_t of_epoch) { epoch = of_epoch; }
  Group& plan(std::uint64_t from, std::uint64_t to, std::uint32_t slicer = 0) {
    for (std::uint64_t order = from; order <= to; ++order) {
      planned.push_back({at(order, slicer), request(at(order, slicer))});
    }
    slicers.push_back({slicer, to, "after " + std::to_string(to), false});
    return *this;
  }
  Group& complete(const Orders& orders, bool has_output = false, std::uint64_t fence = 1) {
    for (const std::uint64_t order : orders) {
      completed.push_back({{at(order)}, Fence{epoch, fence}, has_output});
    }
    return *this;
  }
  Group& fail_slices(const Orders& orders, const std::string& text = "broken") {
    for (const std::uint64_t order : orders) {
      errors.push_back({at(order), text, 3});
    }
    return *this;
  }
  Group& publish(const Orders& orders) {
    for (const std::uint64_t order : orders) {
      published.push_back(at(order));
    }
    return *this;
  }
};

OpenedLedger open(SliceLedger& ledger, const ExecutionId& ex_id, Cleanup cleanup = Cleanup::none) {
  auto opened = ledger.open(ex_id, cleanup);
  BOOST_TEST_REQUIRE(opened.has_value(), (opened ? "" : opened.error().text()));
  return *std::move(opened);
}

void apply(SliceLedger& ledger, const LedgerBatch& group) {
  const auto applied = ledger.apply(group);
  BOOST_TEST_REQUIRE(applied.has_value(), (applied ? "" : applied.error().text()));
}

Errc refusal(SliceLedger& ledger, const LedgerBatch& group) {
  const auto applied = ledger.apply(group);
  BOOST_TEST_REQUIRE(!applied.has_value(), "the group was applied");
  return applied.error().code;
}

Orders unfinished(SliceLedger& ledger, SlicePosition after = {}, std::size_t limit = 10'000) {
  Orders orders;
  const auto page = ledger.unfinished(after, limit).value();
  for (const PlannedSlice& slice : page) {
    BOOST_TEST(slice.request == request(slice.slice));
    orders.push_back(slice.slice.slicer_order);
  }
  return orders;
}

std::vector<wire::FailedSlice> journal(SliceLedger& ledger, std::uint64_t after = 0, std::size_t limit = 1'000,
                                       std::size_t bytes = 1U << 20U) {
  auto page = ledger.errors(after, limit, bytes);
  BOOST_TEST_REQUIRE(page.has_value(), (page ? "" : page.error().text()));
  return *page;
}

/// Slices that failed in this execution.
Orders failed(SliceLedger& ledger, const ExecutionId& ex_id) {
  Orders orders;
  for (const wire::FailedSlice& error : journal(ledger)) {
    if (error.ex_id == ex_id) {
      orders.push_back(error.slice.slicer_order);
    }
  }
  return orders;
}

/// Of eight slices: 1 and 2 completed, 3 to 6 unfinished, 7 and 8 in error (R-ex-120h).
std::uint64_t eight_slices(SliceLedger& ledger) {
  const std::uint64_t epoch = open(ledger, first_run).epoch;
  apply(ledger, Group(epoch).plan(1, 8));
  apply(ledger, Group(epoch).complete({1, 2}).fail_slices({7, 8}));
  return epoch;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(an_empty_ledger_opens_with_epoch_one_and_nothing_in_it, Fixture, Adapters) {
  Fixture f;
  const OpenedLedger opened = open(f.ledger(), first_run);
  BOOST_TEST(opened.epoch == 1u);
  BOOST_TEST(opened.slicers.empty());
  BOOST_TEST(opened.unfinished == 0u);
  BOOST_TEST((opened.tally == Tally{}));
  BOOST_TEST(!opened.final_state.has_value());
  BOOST_TEST(f.ledger().counts().value() == LedgerCounts{});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(each_open_starts_a_new_epoch_and_the_former_writer_is_refused, Fixture, Adapters) {
  Fixture f;
  const std::uint64_t former = open(f.ledger(), first_run).epoch;
  apply(f.ledger(), Group(former).plan(1, 2));
  const std::uint64_t present = open(f.ledger(), first_run).epoch;
  BOOST_TEST(present == former + 1);
  BOOST_CHECK(refusal(f.ledger(), Group(former).complete({1})) == Errc::conflict);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{1, 2}), boost::test_tools::per_element());
  apply(f.ledger(), Group(present).complete({1}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_group_before_any_open_is_refused, Fixture, Adapters) {
  Fixture f;
  BOOST_CHECK(refusal(f.ledger(), Group(0).plan(1, 1)) == Errc::conflict);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(slices_and_cursor_of_a_group_survive_a_crash_together, Fixture, Adapters) {
  Fixture f;
  const std::uint64_t epoch = open(f.ledger(), first_run).epoch;
  apply(f.ledger(), Group(epoch).plan(1, 2'500).plan(1, 3, 7));
  f.crash();
  const OpenedLedger opened = open(f.ledger(), first_run);
  BOOST_TEST_REQUIRE(opened.slicers.size() == 2u);
  BOOST_CHECK((opened.slicers[0] == SlicerState{0, 2'500, "after 2500", false}));
  BOOST_CHECK((opened.slicers[1] == SlicerState{7, 3, "after 3", false}));
  BOOST_TEST(opened.unfinished == 2'503u);
  BOOST_TEST(opened.epoch == epoch + 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_slicer_without_a_cursor_and_one_that_is_done_are_told_apart, Fixture, Adapters) {
  Fixture f;
  Group group(open(f.ledger(), first_run).epoch);
  group.slicers = {{0, 0, std::nullopt, false}, {1, 0, "", true}};
  apply(f.ledger(), group);
  f.crash();
  BOOST_CHECK((open(f.ledger(), first_run).slicers == group.slicers));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_group_applied_twice_counts_once, Fixture, Adapters) {
  Fixture f;
  const std::uint64_t epoch = open(f.ledger(), first_run).epoch;
  for (int again = 0; again < 2; ++again) {
    apply(f.ledger(), Group(epoch).plan(1, 5));
  }
  for (int again = 0; again < 2; ++again) {
    apply(f.ledger(), Group(epoch).complete({2}, true).complete({3}).fail_slices({4}));
  }
  BOOST_TEST(f.ledger().counts().value() ==
             (LedgerCounts{.planned = 5, .completed = 2, .in_error = 1, .unpublished = 1}));
  for (int again = 0; again < 2; ++again) {
    apply(f.ledger(), Group(epoch).publish({2}));
  }
  BOOST_TEST(f.ledger().counts().value().unpublished == 0u);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{1, 5}), boost::test_tools::per_element());
  BOOST_TEST(failed(f.ledger(), first_run) == (Orders{4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_completion_under_another_fence_is_refused_and_leaves_the_accepted_one, Fixture,
                              Adapters) {
  Fixture f;
  const std::uint64_t epoch = open(f.ledger(), first_run).epoch;
  apply(f.ledger(), Group(epoch).plan(1, 3));
  apply(f.ledger(), Group(epoch).complete({1}, true, 10));
  BOOST_CHECK(refusal(f.ledger(), Group(epoch).complete({2}, true, 12).complete({1}, true, 11)) == Errc::conflict);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{2, 3}), boost::test_tools::per_element());
  f.crash();
  const OpenedLedger opened = open(f.ledger(), first_run);
  BOOST_TEST_REQUIRE(opened.unpublished.size() == 1u);
  BOOST_CHECK((opened.unpublished[0] == std::pair(at(1), Fence{epoch, 10})));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_slice_completed_twice_in_a_group_under_two_fences_is_refused, Fixture, Adapters) {
  Fixture f;
  const std::uint64_t epoch = open(f.ledger(), first_run).epoch;
  apply(f.ledger(), Group(epoch).plan(1, 3));
  BOOST_CHECK(refusal(f.ledger(), Group(epoch).complete({1}, true, 10).complete({1}, true, 11)) == Errc::conflict);
  BOOST_TEST(f.ledger().counts().value().completed == 0u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_contradicts_the_ledger_is_refused_as_a_whole, Fixture, Adapters) {
  Fixture f;
  const std::uint64_t epoch = eight_slices(f.ledger());
  BOOST_CHECK(refusal(f.ledger(), Group(epoch).plan(9, 9).complete({10})) == Errc::conflict);       // never planned
  BOOST_CHECK(refusal(f.ledger(), Group(epoch).complete({3}).complete({7})) == Errc::conflict);     // in error
  BOOST_CHECK(refusal(f.ledger(), Group(epoch).complete({3}).fail_slices({1})) == Errc::conflict);  // completed
  BOOST_CHECK(refusal(f.ledger(), Group(epoch).plan(9, 9).plan(11, 12)) == Errc::conflict);         // a hole
  BOOST_CHECK(refusal(f.ledger(), Group(epoch).complete({0})) == Errc::conflict);
  Group ahead(epoch);
  ahead.slicers = {{0, 20, "after 20", false}};
  BOOST_CHECK(refusal(f.ledger(), ahead) == Errc::conflict);
  BOOST_TEST(f.ledger().counts().value() == (LedgerCounts{.planned = 8, .completed = 2, .in_error = 2}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(slices_that_leave_together_are_completed_together_under_the_last_ones_name, Fixture,
                              Adapters) {
  Fixture f;
  const std::uint64_t epoch = open(f.ledger(), first_run).epoch;
  apply(f.ledger(), Group(epoch).plan(1, 6));
  Group group(epoch);
  group.completed.push_back({{at(2), at(5), at(3)}, Fence{epoch, 4}, true});
  apply(f.ledger(), group);
  apply(f.ledger(), group);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{1, 4, 6}), boost::test_tools::per_element());
  Group overlapping(epoch);
  overlapping.completed.push_back({{at(1), at(5)}, Fence{epoch, 9}, false});
  BOOST_CHECK(refusal(f.ledger(), overlapping) == Errc::conflict);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{1, 4, 6}), boost::test_tools::per_element());
  f.crash();
  const OpenedLedger opened = open(f.ledger(), first_run);
  BOOST_TEST_REQUIRE(opened.unpublished.size() == 1u);
  BOOST_CHECK((opened.unpublished[0] == std::pair(at(3), Fence{epoch, 4})));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deaths_of_slots_are_kept_with_their_slice_until_it_is_completed_or_in_error, Fixture,
                              Adapters) {
  Fixture fixture;
  const std::uint64_t epoch = open(fixture.ledger(), first_run).epoch;
  apply(fixture.ledger(), Group(epoch).plan(1, 3));
  const auto deaths = [](std::uint64_t order, std::uint32_t count) {
    return SlotDeaths{{0, order}, count, {"process " + std::to_string(count)}, "signal 11"};
  };
  Group charges(epoch);
  charges.slot_deaths = {deaths(1, 1), deaths(2, 1), deaths(3, 2)};
  apply(fixture.ledger(), charges);
  charges.slot_deaths = {deaths(2, 2)};
  apply(fixture.ledger(), charges);
  fixture.crash();
  auto opened = open(fixture.ledger(), first_run);
  BOOST_TEST((opened.slot_deaths == std::vector{deaths(1, 1), deaths(2, 2), deaths(3, 2)}));

  Group last(opened.epoch);
  last.complete({1}).fail_slices({3});
  last.slot_deaths = {deaths(1, 2), deaths(3, 3)};
  apply(fixture.ledger(), last);
  apply(fixture.ledger(), last);
  fixture.crash();
  opened = open(fixture.ledger(), first_run);
  BOOST_TEST((opened.slot_deaths == std::vector{deaths(2, 2)}));

  charges.epoch = opened.epoch;
  charges.slot_deaths = {deaths(4, 1)};
  BOOST_TEST((refusal(fixture.ledger(), charges) == Errc::conflict), "a slice that was never planned");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(unfinished_slices_come_in_pages_in_slice_order, Fixture, Adapters) {
  Fixture f;
  const std::uint64_t epoch = open(f.ledger(), first_run).epoch;
  apply(f.ledger(), Group(epoch).plan(1, 1'200));
  apply(f.ledger(), Group(epoch).plan(1, 2, 1).plan(1'201, 1'300));
  Group most(epoch);
  for (std::uint64_t order = 1; order <= 1'300; ++order) {
    if (order % 100 != 0) {
      most.complete({order});
    }
  }
  apply(f.ledger(), most);
  std::vector<SlicePosition> seen;
  SlicePosition after;
  for (;;) {
    const auto page = f.ledger().unfinished(after, 4).value();
    for (const PlannedSlice& slice : page) {
      BOOST_TEST(slice.request == request(slice.slice));
      seen.push_back(slice.slice);
    }
    if (page.empty()) {
      break;
    }
    BOOST_TEST(page.size() <= 4u);
    after = page.back().slice;
  }
  std::vector<SlicePosition> expected;
  for (std::uint64_t order = 100; order <= 1'300; order += 100) {
    expected.push_back(at(order));
  }
  expected.push_back(at(1, 1));
  expected.push_back(at(2, 1));
  BOOST_TEST(seen == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(requests_of_unfinished_and_failed_slices_are_found_and_of_unknown_ones_not, Fixture,
                              Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const auto found = f.ledger().requests({at(8), at(3)});
  BOOST_TEST_REQUIRE(found.has_value());
  BOOST_CHECK((*found == std::vector<PlannedSlice>{{at(8), request(at(8))}, {at(3), request(at(3))}}));
  const auto missing = f.ledger().requests({at(3), at(9)});
  BOOST_TEST_REQUIRE(!missing.has_value());
  BOOST_CHECK(missing.error().code == Errc::not_found);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(tally_and_final_state_belong_to_their_execution, Fixture, Adapters) {
  Fixture f;
  Group group(open(f.ledger(), first_run).epoch);
  group.plan(1, 12).complete({1, 2, 3, 4, 5, 6, 8, 9, 10, 12}).fail_slices({7, 11});
  group.tally = Tally{12, 2, 1'700'000'000'000, 1'700'000'000'500, {{10, 9, 1, 55}, {9, 9, 0, 7}}};
  group.final_state = FinalState{"failed", "slice s0/7: broken"};
  apply(f.ledger(), group);
  f.crash();
  const OpenedLedger again = open(f.ledger(), first_run);
  BOOST_CHECK((again.tally == *group.tally));
  BOOST_CHECK((again.final_state == group.final_state));
  apply(f.ledger(), Group(again.epoch));
  const OpenedLedger other = open(f.ledger(), second_run);
  BOOST_CHECK((other.tally == Tally{}));
  BOOST_CHECK(!other.final_state.has_value());
  BOOST_CHECK((open(f.ledger(), first_run).final_state == group.final_state));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(p4_a_final_state_is_refused_while_the_tallies_contradict_the_slices, Fixture, Adapters) {
  Fixture f;
  const std::uint64_t epoch = eight_slices(f.ledger());
  Group end(epoch);
  end.final_state = FinalState{"stopped", ""};
  for (const Tally& wrong : {Tally{}, Tally{.processed = 4}, Tally{.processed = 5, .failed = 2}, Tally{.failed = 2}}) {
    end.tally = wrong;
    const auto refused = f.ledger().apply(end);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_CHECK(refused.error().code == Errc::internal);
    BOOST_TEST(
        refused.error().text().find("8 slices were planned, but 2 are in error, 4 unfinished") != std::string::npos,
        refused.error().text());
  }
  f.crash();
  const OpenedLedger again = open(f.ledger(), first_run);
  BOOST_TEST(!again.final_state.has_value());
  end.epoch = again.epoch;
  end.tally = Tally{.processed = 4, .failed = 2};
  apply(f.ledger(), end);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(p4_a_slice_that_failed_and_was_repaired_by_a_recovery_counts_once_as_completed, Fixture,
                              Adapters) {
  Fixture f;
  Group first(eight_slices(f.ledger()));
  first.tally = Tally{.processed = 4, .failed = 2};
  first.final_state = FinalState{"failed", "2 slice failures"};
  apply(f.ledger(), first);
  Group second(open(f.ledger(), second_run).epoch);
  second.complete({3, 4, 5, 6, 7}).fail_slices({8});
  second.tally = Tally{.processed = 5, .failed = 1};
  second.final_state = FinalState{"failed", "1 slice failures"};
  BOOST_CHECK(refusal(f.ledger(), second) == Errc::internal);
  second.tally = Tally{.processed = 6, .failed = 1};
  apply(f.ledger(), second);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(errors_keep_text_request_and_retries_and_come_in_pages_by_their_number, Fixture,
                              Adapters) {
  Fixture f;
  const std::uint64_t epoch = open(f.ledger(), first_run).epoch;
  apply(f.ledger(), Group(epoch).plan(1, 5));
  apply(f.ledger(), Group(epoch).fail_slices({4, 2}, "line 1\nline \"2\" \xE2\x9C\x93"));
  apply(f.ledger(), Group(epoch).fail_slices({5}));
  const auto page = journal(f.ledger(), 0, 2);
  BOOST_TEST_REQUIRE(page.size() == 2u);
  BOOST_CHECK((page[0].slice == at(4)));
  BOOST_CHECK((page[1] == wire::FailedSlice{.number = page[1].number,
                                            .slice = at(2),
                                            .ex_id = first_run,
                                            .request = request(at(2)),
                                            .error = "line 1\nline \"2\" \xE2\x9C\x93",
                                            .retries = 3}));
  BOOST_TEST(page[0].number > 0u);
  BOOST_TEST(page[1].number > page[0].number);
  const auto rest = journal(f.ledger(), page[1].number);
  BOOST_TEST_REQUIRE(rest.size() == 1u);
  BOOST_CHECK((rest[0].slice == at(5)));
  BOOST_TEST(journal(f.ledger(), rest[0].number).empty());
  // Bounded in bytes too, though one entry always comes.
  BOOST_TEST(journal(f.ledger(), 0, 1'000, 1).size() == 1u);
  BOOST_TEST(journal(f.ledger(), 0, 1'000, page[0].request.size() + page[0].error.size() + 1).size() == 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_group_with_errors_applied_twice_leaves_the_journal_as_it_was, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger second = open(f.ledger(), second_run, Cleanup::errors);
  apply(f.ledger(), Group(second.epoch).complete({7}).fail_slices({8}, "again"));
  const auto once = journal(f.ledger());
  apply(f.ledger(), Group(second.epoch).complete({7}).fail_slices({8}, "again"));
  BOOST_CHECK((journal(f.ledger()) == once));
}

// design.md §5: an error stays with its execution; repaired, it says by which one; failing again makes a new one.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_repair_is_news_of_every_failure_of_its_slice, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger second = open(f.ledger(), second_run, Cleanup::errors);
  const std::uint64_t known = journal(f.ledger()).back().number;
  BOOST_TEST(journal(f.ledger(), known).empty());  // that they are run again is no news yet
  apply(f.ledger(), Group(second.epoch).complete({7}).fail_slices({8}, "again"));
  const auto news = journal(f.ledger(), known);
  BOOST_TEST_REQUIRE(news.size() == 2u);
  BOOST_CHECK((news[0].slice == at(7) && news[0].ex_id == first_run && news[0].recovered_by == second_run));
  BOOST_CHECK((news[1].slice == at(8) && news[1].ex_id == second_run && news[1].recovered_by.empty()));
  BOOST_TEST(news[1].request == request(at(8)));

  f.crash();
  const OpenedLedger third = open(f.ledger(), third_run, Cleanup::all);
  apply(f.ledger(), Group(third.epoch).complete({8}));
  const auto repaired = journal(f.ledger(), news[1].number);
  BOOST_TEST_REQUIRE(repaired.size() == 2u);
  BOOST_CHECK((repaired[0].ex_id == first_run && repaired[1].ex_id == second_run));
  for (const wire::FailedSlice& each : repaired) {
    BOOST_CHECK((each.slice == at(8) && each.recovered_by == third_run));
  }
  BOOST_TEST(repaired[1].number > repaired[0].number);
  BOOST_TEST(journal(f.ledger()).size() == 3u);
}

// R-ex-120b, R-ex-120h: what a recovery runs, of 2 completed, 4 unfinished and 2 failed slices.

BOOST_AUTO_TEST_CASE_TEMPLATE(recovery_of_errors_runs_the_failed_ones_and_shows_no_other, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger opened = open(f.ledger(), second_run, Cleanup::errors);
  BOOST_TEST(opened.unfinished == 2u);
  BOOST_TEST(opened.in_error == 0u);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{7, 8}), boost::test_tools::per_element());
  apply(f.ledger(), Group(opened.epoch).complete({7}).fail_slices({8}, "again"));
  BOOST_TEST(unfinished(f.ledger()).empty());
  BOOST_TEST(f.ledger().counts().value() == (LedgerCounts{.planned = 8, .completed = 3, .in_error = 1}));
  f.crash();
  const OpenedLedger again = open(f.ledger(), second_run, Cleanup::errors);
  BOOST_TEST(again.unfinished == 0u);
  BOOST_TEST(again.in_error == 1u);
  BOOST_TEST(failed(f.ledger(), second_run) == (Orders{8}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(recovery_of_pending_runs_the_unfinished_ones_and_old_errors_do_not_count, Fixture,
                              Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger opened = open(f.ledger(), second_run, Cleanup::pending);
  BOOST_TEST(opened.unfinished == 4u);
  BOOST_TEST(opened.in_error == 0u);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{3, 4, 5, 6}), boost::test_tools::per_element());
  apply(f.ledger(), Group(opened.epoch).complete({3, 4, 5}).fail_slices({6}));
  f.crash();
  const OpenedLedger again = open(f.ledger(), second_run, Cleanup::pending);
  BOOST_TEST(again.unfinished == 0u);
  BOOST_TEST(again.in_error == 1u);
  BOOST_TEST(f.ledger().counts().value() == (LedgerCounts{.planned = 8, .completed = 5, .in_error = 3}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(recovery_of_all_runs_six, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  BOOST_TEST(open(f.ledger(), second_run, Cleanup::all).unfinished == 6u);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{3, 4, 5, 6, 7, 8}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(recovery_without_a_type_runs_six_and_goes_on_from_the_cursor, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger opened = open(f.ledger(), second_run);
  BOOST_TEST(opened.unfinished == 6u);
  BOOST_TEST_REQUIRE(opened.slicers.size() == 1u);
  BOOST_CHECK((opened.slicers[0] == SlicerState{0, 8, "after 8", false}));
  apply(f.ledger(), Group(opened.epoch).plan(9, 10).complete({3, 7}));
  BOOST_TEST(unfinished(f.ledger()) == (Orders{4, 5, 6, 8, 9, 10}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(recovery_of_errors_that_slices_on_owns_what_it_plans_itself, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger opened = open(f.ledger(), second_run, Cleanup::errors);
  apply(f.ledger(), Group(opened.epoch).plan(9, 10));
  BOOST_TEST(unfinished(f.ledger()) == (Orders{7, 8, 9, 10}), boost::test_tools::per_element());
  f.crash();
  BOOST_TEST(open(f.ledger(), second_run, Cleanup::errors).unfinished == 4u);
  BOOST_TEST(unfinished(f.ledger(), at(8)) == (Orders{9, 10}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_chain_of_recoveries_continues_the_present_state, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  // Second: only errors; one is repaired, one fails again.
  const OpenedLedger second = open(f.ledger(), second_run, Cleanup::errors);
  apply(f.ledger(), Group(second.epoch).complete({7}, true, 20).fail_slices({8}, "again"));
  f.crash();
  // Third: everything. The repaired one is not run again, its output is still to be published.
  const OpenedLedger third = open(f.ledger(), third_run, Cleanup::all);
  BOOST_TEST(third.unfinished == 5u);
  BOOST_TEST(third.in_error == 0u);
  BOOST_TEST_REQUIRE(third.unpublished.size() == 1u);
  BOOST_CHECK((third.unpublished[0] == std::pair(at(7), Fence{second.epoch, 20})));
  BOOST_TEST(unfinished(f.ledger()) == (Orders{3, 4, 5, 6, 8}), boost::test_tools::per_element());
  apply(f.ledger(), Group(third.epoch).complete({3, 4, 8}).publish({7}).fail_slices({5}));
  BOOST_TEST(failed(f.ledger(), third_run) == (Orders{5}), boost::test_tools::per_element());
  // Fourth: the one that the third left unfinished.
  const OpenedLedger fourth = open(f.ledger(), ExecutionId{"e4"}, Cleanup::pending);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{6}), boost::test_tools::per_element());
  apply(f.ledger(), Group(fourth.epoch).complete({6}));
  BOOST_TEST(f.ledger().counts().value() == (LedgerCounts{.planned = 8, .completed = 7, .in_error = 1}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_chosen_slice_that_a_stopped_recovery_did_not_run_stays_unfinished, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger second = open(f.ledger(), second_run, Cleanup::errors);
  apply(f.ledger(), Group(second.epoch).complete({8}));
  const OpenedLedger third = open(f.ledger(), third_run, Cleanup::pending);
  BOOST_TEST(third.unfinished == 5u);
  BOOST_TEST(unfinished(f.ledger()) == (Orders{3, 4, 5, 6, 7}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_second_open_of_a_recovery_chooses_nothing_anew, Fixture, Adapters) {
  Fixture f;
  eight_slices(f.ledger());
  const OpenedLedger once = open(f.ledger(), second_run, Cleanup::errors);
  apply(f.ledger(), Group(once.epoch).fail_slices({7, 8}));
  const OpenedLedger twice = open(f.ledger(), second_run, Cleanup::errors);
  BOOST_TEST(twice.unfinished == 0u);
  BOOST_TEST(twice.in_error == 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_state_survives_crashes_between_groups, Fixture, Adapters) {
  Fixture f;
  std::uint64_t planned = 0;
  std::uint64_t completed = 0;
  std::uint64_t in_error = 0;
  for (int round = 0; round < 12; ++round) {
    const OpenedLedger opened = open(f.ledger(), first_run);
    BOOST_TEST(opened.unfinished == planned - completed - in_error);
    BOOST_TEST(opened.in_error == in_error);
    apply(f.ledger(), Group(opened.epoch).plan(planned + 1, planned + 1'700));
    planned += 1'700;
    Group group(opened.epoch);
    for (const std::uint64_t order : unfinished(f.ledger(), {}, 1'500)) {
      (order % 97 == 0) ? group.fail_slices({order}) : group.complete({order});
      (order % 97 == 0 ? in_error : completed) += 1;
    }
    apply(f.ledger(), group);
    BOOST_TEST(f.ledger().counts().value() ==
               (LedgerCounts{.planned = planned, .completed = completed, .in_error = in_error}));
    f.crash();
  }
}
