#include "broker/cluster_state.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/broker/nodes.hpp"

using namespace slicebus;
using namespace slicebus::broker;

namespace {

struct Fixture {
  Membership members{{}, at(0s)};
  ClusterState state{ProcessId{"b1"}};

  Fixture() {
    members.step(spoke("n1", "a1"), at(0s));
    members.step(spoke("n2", "a2"), at(0s));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(cluster_state, Fixture)

BOOST_AUTO_TEST_CASE(the_first_update_is_a_snapshot_of_all) {
  state.changed(NodeId{"n1"});
  const auto update = state.take(members, at(0s)).value();
  BOOST_TEST(update.snapshot);
  BOOST_TEST(update.sequence == 1U);
  BOOST_TEST(update.broker.text == "b1");
  BOOST_TEST(update.nodes.size() == 2U);
  BOOST_TEST(!state.take(members, at(0s)).has_value());
}

BOOST_AUTO_TEST_CASE(a_change_goes_out_at_once_and_alone_under_the_next_number) {
  state.take(members, at(0s));
  state.changed(NodeId{"n2"});
  const auto update = state.take(members, at(1ms)).value();
  BOOST_TEST(!update.snapshot);
  BOOST_TEST(update.sequence == 2U);
  BOOST_REQUIRE(update.nodes.size() == 1U);
  BOOST_TEST(update.nodes[0].beat.node.text == "n2");
  BOOST_TEST(update.nodes[0].silent_for_ms == 1U);
}

BOOST_AUTO_TEST_CASE(a_quiet_second_is_said_too) {
  state.take(members, at(0s));
  BOOST_TEST(!state.take(members, at(999ms)).has_value());
  BOOST_TEST((state.next_update() == at(1s)));
  const auto update = state.take(members, at(1s)).value();
  BOOST_TEST(update.sequence == 2U);
  BOOST_TEST(update.nodes.empty());
}

BOOST_AUTO_TEST_CASE(a_removed_node_is_named_once_and_one_that_came_back_is_not) {
  state.take(members, at(0s));
  members.step(leaves("n1", "a1"), at(1ms));
  state.removed(NodeId{"n1"});
  state.removed(NodeId{"n2"});
  state.changed(NodeId{"n2"});
  const auto update = state.take(members, at(1ms)).value();
  BOOST_TEST((update.removed == std::vector{NodeId{"n1"}}));
  BOOST_TEST(update.nodes.size() == 1U);
  BOOST_TEST(state.take(members, at(2s)).value().removed.empty());
}

BOOST_AUTO_TEST_CASE(a_master_that_asks_gets_a_snapshot_and_the_numbers_go_on) {
  state.take(members, at(0s));
  state.restart();
  const auto update = state.take(members, at(1ms)).value();
  BOOST_TEST(update.snapshot);
  BOOST_TEST(update.sequence == 2U);
  BOOST_TEST(update.nodes.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
