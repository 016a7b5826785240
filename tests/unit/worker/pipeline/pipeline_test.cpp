#include "worker/pipeline/pipeline.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>

#include "fakes.hpp"

using namespace slicebus;
using namespace slicebus::pipeline;
using namespace slicebus::pipeline::fakes;

namespace {

/// Keeps all but `rejected` records.
FakeProcessor::Call rejects(std::size_t rejected) {
  return [rejected](const record::RecordBatch& batch) -> Result<operations::Processed> {
    return operations::Processed{batch_of(batch.size() - rejected), rejected};
  };
}

FakeProcessor::Call fails_first(int times, Errc code) {
  return [times, code](record::RecordBatch batch) mutable -> Result<operations::Processed> {
    if (times-- > 0) {
      return fail(code, "", "the service is busy");
    }
    return operations::Processed{std::move(batch), 0};
  };
}

const wire::SliceOutcome& only(const Ended& ended) {
  BOOST_REQUIRE(ended.outcome.has_value());
  BOOST_TEST(ended.given_back.empty());
  return *ended.outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(running_a_slice)

// P4
BOOST_AUTO_TEST_CASE(what_goes_out_of_an_operation_goes_into_the_next) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 10), 0, processor("filter", rejects(3)), processor("clean", rejects(2)),
                             sender("file", journal)),
                    1);
  Pauses pauses;
  const Ended ended = pipeline.run(slice(7), pauses.taker());
  const wire::SliceOutcome& outcome = only(ended);
  BOOST_TEST((outcome.kind == wire::OutcomeKind::completed));
  BOOST_TEST((outcome.copy == copy_of(7)));
  BOOST_TEST(outcome.members.empty(), "it leaves alone");
  BOOST_TEST(outcome.has_output);
  BOOST_REQUIRE_EQUAL(outcome.counts.size(), 4U);
  const std::vector<std::vector<std::uint64_t>> expected{{10, 10, 0}, {10, 7, 3}, {7, 5, 2}, {5, 5, 0}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const wire::OperationCount& count = outcome.counts[i];
    BOOST_TEST((std::vector{count.records_in, count.records_out, count.records_rejected} == expected[i]),
               "operation " << i);
  }
  BOOST_TEST((journal == Journal{"fetch request 7", "file prepare 7 with 5"}));
}

BOOST_AUTO_TEST_CASE(slice_without_records_has_no_output) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 0), 0, sender("file", journal)), 1);
  Pauses pauses;
  const Ended ended = pipeline.run(slice(1), pauses.taker());
  BOOST_TEST((only(ended).kind == wire::OutcomeKind::completed));
  BOOST_TEST(!only(ended).has_output);
}

// R-ex-105
BOOST_AUTO_TEST_CASE(failed_attempt_is_repeated_from_the_fetcher_and_counts_once) {
  Journal journal;
  Pipeline pipeline(
      parts_of(fetches(journal, 4), 3, processor("ask", fails_first(2, Errc::unavailable)), sender("file", journal)),
      1);
  Pauses pauses;
  const Ended ended = pipeline.run(slice(1), pauses.taker());
  BOOST_TEST((only(ended).kind == wire::OutcomeKind::completed));
  BOOST_TEST(only(ended).retries == 2U);
  BOOST_TEST(only(ended).counts[0].records_out == 4U);
  BOOST_TEST(only(ended).counts[1].records_in == 4U);
  BOOST_TEST(pauses.asked.size() == 2U);
  BOOST_TEST((pauses.asked[0] < pauses.asked[1]));
  BOOST_TEST(std::count(journal.begin(), journal.end(), "fetch request 1") == 3);
}

BOOST_AUTO_TEST_CASE(slice_fails_after_max_retries_more_attempts_with_operation_and_reason) {
  Journal journal;
  Pipeline pipeline(
      parts_of(fetches(journal, 4), 2, processor("operations[1] \"ask\"", fails_first(99, Errc::timed_out))), 1);
  Pauses pauses;
  const Ended ended = pipeline.run(slice(1), pauses.taker());
  BOOST_TEST((only(ended).kind == wire::OutcomeKind::failed));
  BOOST_TEST(only(ended).error == "operations[1] \"ask\": the service is busy (attempt 3 of 3)");
  BOOST_TEST(only(ended).counts.empty());
  BOOST_TEST(pauses.asked.size() == 2U);
}

BOOST_AUTO_TEST_CASE(max_retries_0_means_one_attempt) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 0, processor("ask", fails_first(1, Errc::timed_out))), 1);
  Pauses pauses;
  const Ended ended = pipeline.run(slice(1), pauses.taker());
  BOOST_TEST((only(ended).kind == wire::OutcomeKind::failed));
  BOOST_TEST(pauses.asked.empty());
}

BOOST_AUTO_TEST_CASE(what_an_operation_throws_fails_the_attempt_and_nothing_else) {
  Journal journal;
  int calls = 0;
  Pipeline pipeline(parts_of(fetches(journal, 4), 1,
                             processor("risky",
                                       [&calls](record::RecordBatch batch) -> Result<operations::Processed> {
                                         if (++calls == 1) {
                                           throw std::runtime_error("map::at");
                                         }
                                         if (calls == 3 || calls == 4) {
                                           throw 42;
                                         }
                                         return operations::Processed{std::move(batch), 0};
                                       })),
                    1);
  Pauses pauses;
  BOOST_TEST((only(pipeline.run(slice(1), pauses.taker())).kind == wire::OutcomeKind::completed));
  const Ended thrown = pipeline.run(slice(2), pauses.taker());
  BOOST_TEST((only(thrown).kind == wire::OutcomeKind::failed));
  BOOST_TEST(only(thrown).error.find("risky: threw something") == 0U);
  BOOST_TEST((only(pipeline.run(slice(3), pauses.taker())).kind == wire::OutcomeKind::completed));
}

BOOST_AUTO_TEST_CASE(wrong_input_is_not_tried_again) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 4), 5, processor("parse", fails_first(99, Errc::invalid))), 1);
  Pauses pauses;
  const Ended ended = pipeline.run(slice(1), pauses.taker());
  BOOST_TEST((only(ended).kind == wire::OutcomeKind::failed));
  BOOST_TEST(only(ended).retries == 0U);
  BOOST_TEST(pauses.asked.empty());
}

BOOST_AUTO_TEST_CASE(full_disk_gives_the_slice_back_at_once_with_the_reason_and_what_was_prepared_is_dropped) {
  Journal journal;
  Pipeline pipeline(
      parts_of(fetches(journal, 4), 5, sender("first", journal), sender("second", journal, first(1, Errc::exhausted))),
      1);
  Pauses pauses;
  const Ended ended = pipeline.run(slice(1), pauses.taker());
  BOOST_TEST(!ended.outcome.has_value());
  BOOST_TEST((ended.given_back == std::vector{copy_of(1)}));
  BOOST_TEST(ended.reason == "second: /out: No space left on device");
  BOOST_TEST(pauses.asked.empty());
  const Journal tail(journal.end() - 2, journal.end());
  BOOST_TEST((tail == Journal{"first drop 1", "second drop 1"}));
}

BOOST_AUTO_TEST_CASE(prepared_output_of_a_failed_attempt_is_dropped_before_the_next) {
  Journal journal;
  Pipeline pipeline(
      parts_of(fetches(journal, 2), 1, sender("file", journal), processor("ask", fails_first(1, Errc::internal))), 1);
  Pauses pauses;
  BOOST_TEST((only(pipeline.run(slice(1), pauses.taker())).kind == wire::OutcomeKind::completed));
  BOOST_TEST((journal == Journal{"fetch request 1", "file prepare 1 with 2", "file drop 1", "fetch request 1",
                                 "file prepare 1 with 2"}));
}

BOOST_AUTO_TEST_CASE(draining_slot_does_not_wait_for_the_next_attempt) {
  Journal journal;
  Pipeline pipeline(parts_of(fetches(journal, 2), 5, processor("ask", fails_first(99, Errc::unavailable))), 1);
  Pauses pauses;
  pauses.goes_on = false;
  const Ended ended = pipeline.run(slice(1), pauses.taker());
  BOOST_TEST((ended.given_back == std::vector{copy_of(1)}));
  BOOST_TEST(ended.reason.find("the service is busy") != std::string::npos);
  BOOST_TEST(pauses.asked.size() == 1U);
}

BOOST_AUTO_TEST_CASE(long_error_texts_are_cut) {
  Journal journal;
  Pipeline pipeline(
      parts_of(
          std::make_unique<FakeFetcher>(journal, [] { return fail(Errc::invalid, "", std::string(200'000, 'x')); }), 0),
      1);
  Pauses pauses;
  BOOST_TEST(only(pipeline.run(slice(1), pauses.taker())).error.size() == 64U * 1024U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(outlet)

BOOST_AUTO_TEST_CASE(every_sender_is_asked_and_the_first_that_cannot_publish_says_why) {
  Journal journal;
  std::vector<std::unique_ptr<operations::Sender>> senders;
  senders.push_back(std::make_unique<FakeSender>("first", journal, never()));
  senders.push_back(std::make_unique<FakeSender>("second", journal, first(1, Errc::unavailable)));
  Outlet outlet(LineageId{"lineage"}, std::move(senders));
  const Result<void> full = outlet.publish(copy_of(1));
  BOOST_REQUIRE(!full);
  BOOST_TEST((full.error().code == Errc::unavailable));
  BOOST_TEST(outlet.publish(copy_of(1)).has_value());
  outlet.drop(copy_of(2));
  BOOST_TEST((journal == Journal{"first publish 1", "second publish 1", "first publish 1", "second publish 1",
                                 "first drop 2", "second drop 2"}));
}

BOOST_AUTO_TEST_SUITE_END()
