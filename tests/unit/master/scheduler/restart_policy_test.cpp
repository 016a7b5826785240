#include "master/scheduler/restart_policy.hpp"

using namespace slicebus;
using namespace slicebus::scheduler;

BOOST_AUTO_TEST_SUITE(restart_policy)

BOOST_AUTO_TEST_CASE(the_fifth_own_death_in_a_row_without_progress_gives_up) {
  RestartPolicy policy(true);
  for (int death = 1; death < 5; ++death) {
    BOOST_TEST(!policy.died(true).give_up);
    policy.saw(0, 0);
  }
  BOOST_TEST(policy.died(true).give_up);
}

BOOST_AUTO_TEST_CASE(progress_between_deaths_forgives_them) {
  RestartPolicy policy(true);
  for (std::uint64_t round = 1; round < 40; ++round) {
    BOOST_TEST(!policy.died(true).give_up);
    policy.saw(10, round);
  }
}

BOOST_AUTO_TEST_CASE(what_the_ledger_held_before_is_no_progress) {
  RestartPolicy policy(false);
  for (int death = 1; death < 5; ++death) {
    policy.saw(100, 40);
    BOOST_TEST(!policy.died(true).give_up);
  }
  policy.saw(100, 40);
  BOOST_TEST(policy.died(true).give_up);
}

BOOST_AUTO_TEST_CASE(deaths_from_outside_only_back_off) {
  RestartPolicy policy(true);
  Duration longest{};
  BOOST_TEST((policy.died(false).wait == Duration{0}), "the first restart is at once");
  for (int death = 0; death < 1'000; ++death) {
    const auto verdict = policy.died(false);
    BOOST_TEST(!verdict.give_up);
    BOOST_TEST((verdict.wait >= longest));
    longest = std::max(longest, verdict.wait);
  }
  BOOST_TEST((longest == Duration{10s}));
}

BOOST_AUTO_TEST_SUITE_END()
