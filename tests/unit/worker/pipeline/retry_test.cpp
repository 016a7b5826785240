#include "worker/pipeline/retry.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace slicebus;
using pipeline::BackOff;
using pipeline::decide;
using pipeline::Retry;

BOOST_AUTO_TEST_SUITE(retry)

BOOST_AUTO_TEST_CASE(what_will_stay_wrong_is_not_tried_again) {
  BOOST_TEST((decide(Errc::invalid, false) == Retry::stop));
}

BOOST_AUTO_TEST_CASE(no_space_under_a_sender_is_no_failed_attempt) {
  BOOST_TEST((decide(Errc::exhausted, true) == Retry::give_back));
  BOOST_TEST((decide(Errc::exhausted, false) == Retry::again));
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_tried_again_wherever_it_happens) {
  for (const Errc code : {Errc::not_found, Errc::conflict, Errc::unavailable, Errc::timed_out, Errc::internal}) {
    BOOST_TEST((decide(code, false) == Retry::again));
    BOOST_TEST((decide(code, true) == Retry::again));
  }
}

// R-ex-105
BOOST_DATA_TEST_CASE(pauses_begin_near_200_ms_grow_by_1_8_to_2_6_and_end_at_60_s, boost::unit_test::data::xrange(50),
                     seed) {
  BackOff back_off(static_cast<std::uint64_t>(seed));
  Duration last = back_off.next();
  BOOST_TEST(last.count() >= 180'000);
  BOOST_TEST(last.count() <= 220'000);
  for (int i = 0; i < 20; ++i) {
    const Duration next = back_off.next();
    BOOST_TEST(next.count() <= 60'000'000);
    if (next < 60s) {
      BOOST_TEST(static_cast<double>(next.count()) >= 1.79 * static_cast<double>(last.count()));
      BOOST_TEST(static_cast<double>(next.count()) <= 2.61 * static_cast<double>(last.count()));
    }
    last = next;
  }
  BOOST_TEST(last.count() == 60'000'000);
}

BOOST_AUTO_TEST_CASE(two_slots_do_not_retry_in_step) {
  BOOST_TEST(BackOff(1).next().count() != BackOff(2).next().count());
}

BOOST_AUTO_TEST_SUITE_END()
