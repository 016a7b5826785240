#include <boost/test/unit_test.hpp>

#include "fakes.hpp"
#include "worker/pipeline/pipeline.hpp"

using namespace slicebus;
using namespace slicebus::pipeline;
using namespace slicebus::pipeline::fakes;

namespace {

std::vector<std::uint64_t> ins_and_outs(const wire::SliceOutcome& outcome) {
  std::vector<std::uint64_t> flat;
  for (const wire::OperationCount& count : outcome.counts) {
    flat.push_back(count.records_in);
    flat.push_back(count.records_out);
  }
  return flat;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(operations_that_hold_records_across_slices)

BOOST_AUTO_TEST_CASE(slices_are_held_until_they_leave_together_under_the_name_of_the_last) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 3, holder(3), sender("file", journal)), 1);
  Pauses pauses;
  for (const std::uint64_t order : {1U, 2U}) {
    const Ended held = pipeline.run(slice(order), pauses.taker());
    BOOST_REQUIRE(held.outcome.has_value());
    BOOST_TEST((held.outcome->kind == wire::OutcomeKind::held));
    BOOST_TEST((held.outcome->copy == copy_of(order)));
    BOOST_TEST(held.outcome->counts.empty());
  }
  BOOST_TEST((pipeline.held() == std::vector{copy_of(1), copy_of(2)}));
  const Ended left = pipeline.run(slice(3), pauses.taker());
  BOOST_REQUIRE(left.outcome.has_value());
  BOOST_TEST((left.outcome->kind == wire::OutcomeKind::completed));
  BOOST_TEST((left.outcome->copy == copy_of(3)));
  BOOST_TEST((left.outcome->members == std::vector{copy_of(1), copy_of(2), copy_of(3)}));
  BOOST_TEST((ins_and_outs(*left.outcome) == std::vector<std::uint64_t>{12, 12, 12, 12, 12, 12}));
  BOOST_TEST(pipeline.held().empty());
  BOOST_TEST(journal.back() == "file prepare 3 with 12");
}

BOOST_AUTO_TEST_CASE(flush_lets_go_of_all_that_is_held_under_the_name_of_the_last) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 3, holder(99), sender("file", journal)), 1);
  Pauses pauses;
  BOOST_TEST(!pipeline.flush(pauses.taker()).has_value());
  pipeline.run(slice(5), pauses.taker());
  pipeline.run(slice(6), pauses.taker());
  const std::optional<Ended> flushed = pipeline.flush(pauses.taker());
  BOOST_REQUIRE(flushed.has_value());
  BOOST_REQUIRE(flushed->outcome.has_value());
  BOOST_TEST((flushed->outcome->members == std::vector{copy_of(5), copy_of(6)}));
  BOOST_TEST((ins_and_outs(*flushed->outcome) == std::vector<std::uint64_t>{8, 8, 8, 8, 8, 8}));
  BOOST_TEST(journal.back() == "file prepare 6 with 8");
  BOOST_TEST(!pipeline.flush(pauses.taker()).has_value());
}

BOOST_AUTO_TEST_CASE(attempt_after_the_release_goes_on_from_what_was_released) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 3, holder(2), sender("file", journal, first(2, Errc::internal))), 1);
  Pauses pauses;
  pipeline.run(slice(1), pauses.taker());
  const Ended left = pipeline.run(slice(2), pauses.taker());
  BOOST_REQUIRE(left.outcome.has_value());
  BOOST_TEST((left.outcome->kind == wire::OutcomeKind::completed));
  BOOST_TEST(left.outcome->retries == 2U);
  BOOST_TEST((ins_and_outs(*left.outcome) == std::vector<std::uint64_t>{8, 8, 8, 8, 8, 8}));
  BOOST_TEST(std::count(journal.begin(), journal.end(), "fetch request 2") == 1);
  BOOST_TEST(std::count(journal.begin(), journal.end(), "file prepare 2 with 8") == 3);
}

BOOST_AUTO_TEST_CASE(of_slices_that_left_together_and_failed_the_last_bears_the_failure) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 1, holder(2), sender("file", journal, first(99, Errc::internal))), 1);
  Pauses pauses;
  pipeline.run(slice(1), pauses.taker());
  const Ended left = pipeline.run(slice(2), pauses.taker());
  BOOST_REQUIRE(left.outcome.has_value());
  BOOST_TEST((left.outcome->kind == wire::OutcomeKind::failed));
  BOOST_TEST(left.outcome->members.empty());
  BOOST_TEST((left.outcome->copy == copy_of(2)));
  BOOST_TEST(pipeline.held().empty());
}

BOOST_AUTO_TEST_CASE(slices_that_left_together_go_back_together_from_a_full_disk) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 1, holder(2), sender("file", journal, first(1, Errc::exhausted))), 1);
  Pauses pauses;
  pipeline.run(slice(1), pauses.taker());
  const Ended left = pipeline.run(slice(2), pauses.taker());
  BOOST_TEST(!left.outcome.has_value());
  BOOST_TEST((left.given_back == std::vector{copy_of(1), copy_of(2)}));
}

BOOST_AUTO_TEST_CASE(discarded_slices_leave_no_output) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 1, holder(2), sender("file", journal)), 1);
  Pauses pauses;
  pipeline.run(slice(1), pauses.taker());
  pipeline.discard();
  BOOST_TEST(pipeline.held().empty());
  BOOST_TEST((pipeline.run(slice(2), pauses.taker()).outcome->kind == wire::OutcomeKind::held));
  const Ended left = pipeline.run(slice(3), pauses.taker());
  BOOST_TEST((left.outcome->members == std::vector{copy_of(2), copy_of(3)}));
  BOOST_TEST(journal.back() == "file prepare 3 with 8");
}

BOOST_AUTO_TEST_SUITE_END()
