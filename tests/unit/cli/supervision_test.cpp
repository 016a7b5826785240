#include "cli/supervision.hpp"

#include <boost/test/unit_test.hpp>

using namespace slicebus;         // NOLINT: test
using namespace slicebus::local;  // NOLINT: test

namespace {

TimePoint at(Duration since_start) { return TimePoint{since_start}; }

/// A supervision whose three children serve since second 0.
Supervision ready_cluster() {
  Supervision cluster{{}};
  cluster.step(Begin{}, at(0s));
  for (const Role role : roles) {
    cluster.step(ChildReady{role}, at(0s));
  }
  return cluster;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(supervision)

BOOST_AUTO_TEST_CASE(broker_starts_first_and_ready_is_announced_once_all_three_serve) {
  Supervision cluster{{}};
  BOOST_TEST((cluster.step(Begin{}, at(0s)) == Actions{StartChild{Role::broker}}));
  BOOST_TEST(
      (cluster.step(ChildReady{Role::broker}, at(1s)) == Actions{StartChild{Role::master}, StartChild{Role::worker}}));
  BOOST_TEST(cluster.step(ChildReady{Role::worker}, at(2s)).empty());
  BOOST_TEST((cluster.step(ChildReady{Role::master}, at(3s)) == Actions{AnnounceReady{}}));
  BOOST_TEST(!cluster.next_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(child_that_dies_is_started_again_and_not_announced_again) {
  Supervision cluster = ready_cluster();
  BOOST_TEST(cluster.step(ChildEnded{Role::master, true}, at(60s)).empty());
  BOOST_TEST((cluster.next_deadline() == at(60'100ms)));
  BOOST_TEST((cluster.step(Tick{}, at(60'100ms)) == Actions{StartChild{Role::master}}));
  BOOST_TEST(cluster.step(ChildReady{Role::master}, at(61s)).empty());
}

BOOST_AUTO_TEST_CASE(broker_that_dies_leaves_master_and_worker_running) {
  Supervision cluster = ready_cluster();
  cluster.step(ChildEnded{Role::broker, true}, at(60s));
  BOOST_TEST((cluster.step(Tick{}, at(61s)) == Actions{StartChild{Role::broker}}));
  BOOST_TEST(cluster.step(ChildReady{Role::broker}, at(62s)).empty());
}

BOOST_AUTO_TEST_CASE(deaths_in_a_row_wait_longer_up_to_ten_seconds_and_a_steady_run_resets_it) {
  Supervision cluster = ready_cluster();
  TimePoint now = at(0s);
  std::vector<Duration> pauses;
  for (int death = 0; death < 9; ++death) {
    cluster.step(ChildEnded{Role::worker, false}, now);
    pauses.push_back(*cluster.next_deadline() - now);
    now = *cluster.next_deadline();
    cluster.step(Tick{}, now);
  }
  BOOST_TEST((pauses == std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1'600ms, 3'200ms, 6'400ms, 10s, 10s}));
  cluster.step(ChildReady{Role::worker}, now);
  cluster.step(ChildEnded{Role::worker, false}, now + 10s);
  BOOST_TEST((*cluster.next_deadline() == now + 10'100ms));
}

BOOST_AUTO_TEST_CASE(stop_ends_worker_then_master_then_broker_each_after_the_one_before_is_gone) {
  Supervision cluster = ready_cluster();
  BOOST_TEST((cluster.step(StopAsked{}, at(1s)) == Actions{TerminateChild{Role::worker}}));
  BOOST_TEST((cluster.step(ChildEnded{Role::worker, false}, at(2s)) == Actions{TerminateChild{Role::master}}));
  BOOST_TEST((cluster.step(ChildEnded{Role::master, false}, at(3s)) == Actions{TerminateChild{Role::broker}}));
  BOOST_TEST((cluster.step(ChildEnded{Role::broker, false}, at(4s)) == Actions{Finish{true}}));
}

BOOST_AUTO_TEST_CASE(child_that_ignores_the_stop_is_killed_when_patience_ends) {
  Supervision cluster = ready_cluster();
  cluster.step(StopAsked{}, at(1s));
  BOOST_TEST((cluster.next_deadline() == at(13s)));
  BOOST_TEST(cluster.step(Tick{}, at(12s)).empty());
  BOOST_TEST((cluster.step(Tick{}, at(13s)) == Actions{KillChild{Role::worker}}));
}

BOOST_AUTO_TEST_CASE(second_stop_kills_all_at_once) {
  Supervision cluster = ready_cluster();
  cluster.step(StopAsked{}, at(1s));
  BOOST_TEST((cluster.step(StopAsked{}, at(2s)) ==
              Actions{KillChild{Role::broker}, KillChild{Role::master}, KillChild{Role::worker}}));
  BOOST_TEST(cluster.step(ChildEnded{Role::broker, true}, at(2s)).empty());
  BOOST_TEST(cluster.step(ChildEnded{Role::worker, true}, at(2s)).empty());
  BOOST_TEST((cluster.step(ChildEnded{Role::master, true}, at(2s)) == Actions{Finish{true}}));
}

BOOST_AUTO_TEST_CASE(child_that_waits_to_be_started_again_is_not_started_after_a_stop) {
  Supervision cluster = ready_cluster();
  cluster.step(ChildEnded{Role::worker, true}, at(1s));
  BOOST_TEST((cluster.step(StopAsked{}, at(1s)) == Actions{TerminateChild{Role::master}}));
  BOOST_TEST(cluster.step(Tick{}, at(5s)).empty());
}

BOOST_AUTO_TEST_CASE(refusal_at_the_first_start_ends_everything_and_is_not_clean) {
  Supervision cluster{{}};
  cluster.step(Begin{}, at(0s));
  cluster.step(ChildReady{Role::broker}, at(0s));
  BOOST_TEST((cluster.step(ChildEnded{Role::master, false}, at(1s)) ==
              Actions{ReportRefusal{Role::master}, TerminateChild{Role::worker}}));
  BOOST_TEST((cluster.step(ChildEnded{Role::worker, false}, at(2s)) == Actions{TerminateChild{Role::broker}}));
  BOOST_TEST((cluster.step(ChildEnded{Role::broker, false}, at(3s)) == Actions{Finish{false}}));
}

BOOST_AUTO_TEST_CASE(child_killed_from_outside_before_the_first_ready_is_started_again) {
  Supervision cluster{{}};
  cluster.step(Begin{}, at(0s));
  BOOST_TEST(cluster.step(ChildEnded{Role::broker, true}, at(1s)).empty());
  BOOST_TEST((cluster.step(Tick{}, at(2s)) == Actions{StartChild{Role::broker}}));
}

BOOST_AUTO_TEST_CASE(stop_before_anything_runs_finishes_at_once) {
  Supervision cluster{{}};
  BOOST_TEST((cluster.step(StopAsked{}, at(0s)) == Actions{Finish{true}}));
}

BOOST_AUTO_TEST_SUITE_END()
