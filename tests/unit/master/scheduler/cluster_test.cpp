#include "master/scheduler/cluster.hpp"

using namespace slicebus;
using namespace slicebus::scheduler;

namespace {

TimePoint at(Duration since) { return TimePoint{since}; }

wire::NodeEntry node(const std::string& name, std::uint32_t slots = 2, bool connected = true) {
  wire::NodeEntry entry;
  entry.beat.node = NodeId{name};
  entry.beat.slots_total = slots;
  entry.connected = connected;
  return entry;
}
wire::ClusterUpdate update(const std::string& broker, std::uint64_t sequence, bool snapshot,
                           std::vector<wire::NodeEntry> nodes) {
  return {ProcessId{broker}, sequence, snapshot, std::move(nodes), {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster)

BOOST_AUTO_TEST_CASE(a_gap_asks_for_a_snapshot_and_applies_nothing) {
  Cluster cluster(9s);
  BOOST_TEST(cluster.apply(update("b1", 4, false, {node("n1")}), at(0s)).resync);
  BOOST_TEST(!cluster.apply(update("b1", 5, true, {node("n1")}), at(0s)).resync);
  BOOST_TEST(cluster.apply(update("b1", 7, false, {node("n2")}), at(0s)).resync);
  BOOST_TEST(cluster.nodes().size() == 1u);
  BOOST_TEST(!cluster.apply(update("b1", 6, false, {node("n2")}), at(0s)).resync);
  BOOST_TEST(cluster.nodes().size() == 2u);
}

BOOST_AUTO_TEST_CASE(nobody_is_lost_because_the_broker_was_restarted) {
  Cluster cluster(9s);
  cluster.apply(update("b1", 1, true, {node("n1"), node("n2")}), at(0s));
  const auto change = cluster.apply(update("b2", 1, true, {node("n1")}), at(1s));
  BOOST_TEST(change.removed.empty());
  BOOST_TEST(cluster.nodes().at(NodeId{"n2"}).connected);
  BOOST_TEST(cluster.expire(at(9s)).nodes.empty());
  BOOST_TEST(cluster.expire(at(10s)).nodes.size() == 1u);
  BOOST_TEST(!cluster.nodes().at(NodeId{"n2"}).connected);
}

BOOST_AUTO_TEST_CASE(a_node_that_registers_with_the_new_broker_keeps_its_place) {
  Cluster cluster(9s);
  cluster.apply(update("b1", 1, true, {node("n1")}), at(0s));
  cluster.apply(update("b2", 1, true, {}), at(1s));
  BOOST_TEST(!cluster.apply(update("b2", 2, false, {node("n1")}), at(2s)).relevant);
  BOOST_TEST(cluster.expire(at(60s)).nodes.empty());
  BOOST_TEST(cluster.nodes().at(NodeId{"n1"}).connected);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_the_same_broker_removes_what_it_does_not_name) {
  Cluster cluster(9s);
  cluster.apply(update("b1", 1, true, {node("n1"), node("n2")}), at(0s));
  BOOST_TEST((cluster.apply(update("b1", 9, true, {node("n1")}), at(1s)).removed == std::vector{NodeId{"n2"}}));
  BOOST_TEST(cluster.nodes().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
