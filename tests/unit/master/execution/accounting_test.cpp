// P4, truthful counts: each equation, broken, is an error that says where.
#include "master/execution/accounting.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/master/execution/controller_desk.hpp"

namespace slicebus::execution {
namespace {

using Counts = wire::OperationCounts;

wire::SliceOutcome outcome(std::uint64_t order, Counts counts) {
  const wire::SliceCopy copy{{0, order}, {1, order}};
  return {.copy = copy, .members = {copy}, .counts = std::move(counts)};
}

/// Everything that was said is durable.
void commit(Accounting& accounting) {
  while (accounting.begin() != nullptr) {
    accounting.end();
  }
}

/// Of `planned` slices of one execution, nothing is done.
Accounting planned(std::uint64_t planned) {
  Accounting accounting;
  accounting.open({.epoch = 1}, 0);
  std::vector<store::PlannedSlice> slices;
  for (std::uint64_t order = 1; order <= planned; ++order) {
    slices.push_back({{0, order}, "{}"});
  }
  accounting.plan(std::move(slices), {0, planned, "", true});
  commit(accounting);
  return accounting;
}

std::string said(const Accounting& accounting, std::size_t unfinished) {
  return accounting.contradiction(unfinished).value_or("nothing");
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

BOOST_AUTO_TEST_SUITE(accounting)

BOOST_AUTO_TEST_CASE(p4_sums_that_add_up_contradict_nothing) {
  Accounting accounting = planned(4);
  accounting.complete(outcome(1, {{10, 9, 1}, {9, 4, 0}, {4, 4, 0}}), {1, 1});
  accounting.complete(outcome(2, {{5, 5, 0}, {5, 5, 0}, {5, 3, 2}}), {1, 2});
  accounting.fail({0, 3}, "broken", 3);
  commit(accounting);
  BOOST_TEST(said(accounting, 1) == "nothing");
}

BOOST_AUTO_TEST_CASE(p4_an_outcome_whose_operations_do_not_go_on_from_each_other_is_named_by_its_slice) {
  Accounting accounting = planned(2);
  accounting.complete(outcome(1, {{10, 9, 1}, {8, 8, 0}}), {1, 1});
  accounting.complete(outcome(2, {{10, 9, 1}, {10, 10, 0}}), {1, 2});  // in all it adds up again
  commit(accounting);
  const std::string text = said(accounting, 0);
  BOOST_TEST(says(text, "slice s0/1 under fence 1.1"), text);
  BOOST_TEST(says(text, "operations[0] gave out 9 records, operations[1] took in 8"), text);
}

BOOST_AUTO_TEST_CASE(p4_an_outcome_that_counts_another_number_of_operations_is_named_by_its_slice) {
  Accounting accounting = planned(2);
  accounting.complete(outcome(1, {{10, 10, 0}, {10, 10, 0}}), {1, 1});
  accounting.complete(outcome(2, {{10, 10, 0}}), {1, 2});
  commit(accounting);
  const std::string text = said(accounting, 0);
  BOOST_TEST(says(text, "slice s0/2"), text);
  BOOST_TEST(says(text, "records of 1 operations, slices before it those of 2"), text);
}

BOOST_AUTO_TEST_CASE(p4_sums_of_an_earlier_controller_that_do_not_go_on_from_each_other_are_told) {
  Accounting accounting;
  store::OpenedLedger ledger{.epoch = 2};
  ledger.tally = {.processed = 3, .counts = {{30, 30, 0}, {29, 29, 0}}};
  accounting.open(ledger, 0);
  const std::string text = said(accounting, 0);
  BOOST_TEST(says(text, "operations[0] gave out 30 records, operations[1] took in 29"), text);
}

BOOST_AUTO_TEST_CASE(p4_planned_slices_are_completed_in_error_or_unfinished) {
  Accounting accounting = planned(5);
  accounting.complete(outcome(1, {}), {1, 1});
  accounting.fail({0, 2}, "broken", 0);
  commit(accounting);
  BOOST_TEST(said(accounting, 3) == "nothing");
  const std::string lost = said(accounting, 2);
  BOOST_TEST(says(lost, "5 were planned, but 1 are completed, 1 in error and 2 unfinished"), lost);
  BOOST_TEST(says(said(accounting, 4), "4 unfinished"), "one too many is wrong, too");
}

BOOST_AUTO_TEST_CASE(p4_a_recovery_answers_for_the_slices_that_it_was_given_and_for_those_it_planned) {
  Accounting accounting;
  store::OpenedLedger ledger{.epoch = 2, .unfinished = 4};
  ledger.tally.processed = 2;  // by an earlier controller of this execution
  accounting.open(ledger, 4);
  BOOST_TEST(said(accounting, 4) == "nothing");
  accounting.plan({{{0, 9}, "{}"}}, {0, 9, "", true});
  accounting.complete(outcome(7, {}), {2, 1});
  commit(accounting);
  BOOST_TEST(said(accounting, 4) == "nothing");
  BOOST_TEST(says(said(accounting, 3), "7 were planned, but 3 are completed, 0 in error and 3 unfinished"));
}

BOOST_AUTO_TEST_CASE(p4_a_ledger_that_counts_more_unfinished_slices_than_it_has_requests_of_is_told) {
  Accounting accounting;
  accounting.open({.epoch = 2, .unfinished = 4}, 3);
  const std::string text = said(accounting, 3);
  BOOST_TEST(says(text, "the ledger counts 4 unfinished ones, and has requests of 3"), text);
}

BOOST_AUTO_TEST_CASE(p4_an_execution_whose_counts_contradict_each_other_ends_failed_and_says_where) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1");
  desk.slice(2);
  desk.commit();
  for (const wire::SliceCopy& copy : desk.assigned("s1")) {
    wire::SliceOutcome wrong = ControllerDesk::outcome(copy, false);
    wrong.counts[1].records_in -= copy.slice.slicer_order == 2 ? 1 : 0;
    desk.said("s1", wire::SliceReport{{"s1"}, {wrong}});
  }
  desk.commit();
  BOOST_TEST(desk.beat().final_status == "failed");
  BOOST_TEST(says(desk.last_beat.failure_reason, "accounts of slice s0/2"), desk.last_beat.failure_reason);
}

BOOST_AUTO_TEST_CASE(p4_an_end_that_the_ledger_contradicts_is_failed_with_the_ledgers_reason) {
  ControllerDesk desk;
  desk.open();
  desk.commit();
  desk.hello("s1");
  desk.slice(1);
  desk.commit();
  desk.completed("s1", desk.assigned("s1").at(0), false);
  desk.step(GroupCommitted{desk.groups().at(0).group});
  const auto last = desk.groups();
  BOOST_REQUIRE_EQUAL(last.size(), 1U);
  BOOST_REQUIRE(last[0].batch->final_state.has_value());
  desk.step(GroupFailed{last[0].group, Error{Errc::internal, "ledger", "1 slices were planned, but 1 unfinished", ""}});
  BOOST_TEST(desk.beat().final_status == "failed");
  BOOST_TEST(desk.last_beat.failure_reason == "ledger: 1 slices were planned, but 1 unfinished");
  BOOST_TEST(!desk.last_beat.settled);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace slicebus::execution
