#include "broker/membership.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/broker/nodes.hpp"

using namespace slicebus;
using namespace slicebus::broker;

namespace {

struct Fixture {
  Membership members{{.silence_limit = 9s, .forget_after = 60s}, at(0s)};
  NodeId n1{"n1"};

  /// n1 of agent a1, whose connection the shell can reach until told otherwise.
  void join() { members.step(spoke("n1", "a1"), at(0s)); }
  bool connected(Duration now) const { return members.entry(n1, at(now))->connected; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(membership, Fixture)

BOOST_AUTO_TEST_CASE(a_new_node_joins_and_is_told_once) {
  BOOST_TEST((members.step(spoke("n1", "a1"), at(0s)) == MembershipActions{NodeJoined{n1, ProcessId{"a1"}, false},
                                                                           Heard{n1, ProcessId{"a1"}, Peer{"peer-a1"}},
                                                                           NodeChanged{n1}}));
  BOOST_TEST(
      (members.step(spoke("n1", "a1"), at(1s)) == MembershipActions{Heard{n1, ProcessId{"a1"}, Peer{"peer-a1"}}}));
}

BOOST_AUTO_TEST_CASE(a_beat_that_says_something_new_is_a_change) {
  join();
  NodeSpoke more = spoke("n1", "a1");
  more.beat.slots.push_back({.worker_id = 1, .pid = 8, .ex_id = ExecutionId{"e1"}});
  BOOST_TEST((all<NodeChanged>(members.step(more, at(1s))) == std::vector{NodeChanged{n1}}));
  BOOST_TEST(members.entry(n1, at(1s))->beat.slots.size() == 1U);
}

BOOST_AUTO_TEST_CASE(silent_node_is_reported_lost_exactly_once) {
  join();
  BOOST_TEST(members.tick(at(9s)).empty());
  BOOST_TEST((members.tick(at(9'001ms)) == MembershipActions{NodeLost{n1, 9'001ms}, NodeChanged{n1}}));
  BOOST_TEST(members.tick(at(10s)).empty());
  BOOST_TEST(!connected(10s));
  BOOST_TEST(members.entry(n1, at(10s))->silent_for_ms == 10'000U);
}

BOOST_AUTO_TEST_CASE(a_lost_node_that_speaks_again_is_back) {
  join();
  members.tick(at(10s));
  const auto back = members.step(spoke("n1", "a1"), at(20s));
  BOOST_TEST((all<NodeJoined>(back) == std::vector{NodeJoined{n1, ProcessId{"a1"}, true}}));
  BOOST_TEST(has<NodeChanged>(back));
  BOOST_TEST(!has<AgentChanged>(back));
  BOOST_TEST(connected(20s));
}

BOOST_AUTO_TEST_CASE(a_node_is_forgotten_after_the_long_silence) {
  join();
  members.tick(at(10s));
  BOOST_TEST(members.tick(at(60s)).empty());
  BOOST_TEST((members.tick(at(61s)) == MembershipActions{NodeRemoved{n1, false}}));
  BOOST_TEST(!members.entry(n1, at(61s)).has_value());
  BOOST_TEST(members.tick(at(62s)).empty());
}

BOOST_AUTO_TEST_CASE(signing_off_removes_at_once_and_only_by_the_agent_that_has_the_name) {
  join();
  BOOST_TEST(members.step(leaves("n1", "other"), at(1s)).empty());
  BOOST_TEST((members.step(leaves("n1", "a1"), at(1s)) == MembershipActions{NodeRemoved{n1, true}}));
  BOOST_TEST(members.step(leaves("n1", "a1"), at(1s)).empty());
  BOOST_TEST(members.entries(at(1s)).empty());
  BOOST_TEST(members.tick(at(1h)).empty());
}

BOOST_AUTO_TEST_CASE(the_successor_of_an_agent_that_signed_off_is_announced) {
  join();
  members.step(leaves("n1", "a1"), at(1s));
  BOOST_TEST((all<AgentChanged>(members.step(spoke("n1", "a2"), at(2s))) ==
              std::vector{AgentChanged{{n1, ProcessId{"a2"}, {ProcessId{"a1"}}}}}));
}

BOOST_AUTO_TEST_CASE(leaving_of_an_unknown_node_makes_no_node) {
  BOOST_TEST(members.step(leaves("n1", "a1"), at(0s)).empty());
  BOOST_TEST(members.entries(at(0s)).empty());
}

BOOST_AUTO_TEST_CASE(the_first_silence_limit_of_the_brokers_life_loses_nobody) {
  Membership young{{.silence_limit = 2s, .forget_after = 3s}, at(0s)};
  young.excuse(1s);  // its loop stood still: its life begins later
  young.step(spoke("n1", "a1"), at(-10s));
  BOOST_TEST(young.tick(at(2'900ms)).empty());
  BOOST_TEST(!young.tick(at(3s)).empty());
}

BOOST_AUTO_TEST_CASE(time_in_which_the_broker_stood_still_is_nobodys_silence) {
  join();
  members.excuse(30s);
  BOOST_TEST(members.tick(at(39s)).empty());
  BOOST_TEST(has<NodeLost>(members.tick(at(39'001ms))));
}

BOOST_AUTO_TEST_CASE(a_second_live_agent_is_probed_against_then_refused) {
  join();
  BOOST_TEST((members.step(spoke("n1", "a2"), at(1s)) == MembershipActions{ProbeAgent{n1, Peer{"peer-a1"}}}));
  BOOST_TEST(members.step(ProbePassed{n1}, at(1s)).empty());  // the death of a1 may not have been seen yet
  BOOST_TEST((members.next_claim().value() == at(1'020ms)));
  BOOST_TEST((members.tick(at(1'200ms)) == MembershipActions{ProbeAgent{n1, Peer{"peer-a1"}}}));
  const auto refused = all<Refuse>(members.step(ProbePassed{n1}, at(1'200ms)));
  BOOST_REQUIRE(refused.size() == 1U);
  BOOST_TEST(refused[0].peer.text == "peer-a2");
  BOOST_TEST(refused[0].message.reason ==
             "node \"n1\": the agent with pid 7 on host \"host-n1\" has this node_id and is alive; give each worker "
             "machine a --node-id of its own");
  BOOST_TEST(!members.next_claim().has_value());
  BOOST_TEST(members.entry(n1, at(2s))->beat.agent.text == "a1");
}

BOOST_AUTO_TEST_CASE(the_successor_of_a_killed_agent_is_accepted_at_once) {
  join();
  members.step(spoke("n1", "a2"), at(1s));
  const auto accepted = members.step(ProbeFailed{n1}, at(1s));
  BOOST_TEST((all<AgentChanged>(accepted) == std::vector{AgentChanged{{n1, ProcessId{"a2"}, {ProcessId{"a1"}}}}}));
  BOOST_TEST((all<Heard>(accepted) == std::vector{Heard{n1, ProcessId{"a2"}, Peer{"peer-a2"}}}));
  BOOST_TEST(has<NodeChanged>(accepted));
  BOOST_TEST(!members.next_claim().has_value());
}

BOOST_AUTO_TEST_CASE(a_broken_connection_alone_loses_nobody_but_lets_another_have_the_name) {
  join();
  members.unreachable(Peer{"peer-a1"});
  BOOST_TEST(members.tick(at(5s)).empty());
  BOOST_TEST(connected(5s));
  BOOST_TEST(has<AgentChanged>(members.step(spoke("n1", "a2"), at(5s))));
}

BOOST_AUTO_TEST_CASE(an_agent_that_came_back_from_a_broken_connection_keeps_its_name) {
  join();
  members.unreachable(Peer{"peer-a1"});
  members.step(spoke("n1", "a1"), at(1s));
  BOOST_TEST((members.step(spoke("n1", "a2"), at(2s)) == MembershipActions{ProbeAgent{n1, Peer{"peer-a1"}}}));
}

BOOST_AUTO_TEST_CASE(a_silent_agent_is_replaced_without_a_probe_and_never_gets_the_name_back) {
  join();
  const auto accepted = members.step(spoke("n1", "a2"), at(10s));  // before any tick said that it is lost
  BOOST_TEST(has<AgentChanged>(accepted));
  BOOST_TEST(!has<ProbeAgent>(accepted));
  const auto late = members.step(spoke("n1", "a1"), at(11s));  // it was frozen
  BOOST_TEST((late.size() == 1U && has<Refuse>(late)));
  members.tick(at(30s));  // a2 is lost in turn
  BOOST_TEST(has<Refuse>(members.step(spoke("n1", "a1"), at(31s))));
}

BOOST_AUTO_TEST_CASE(former_agents_are_kept_newest_last_and_at_most_16) {
  join();
  for (int i = 2; i <= 30; ++i) {
    members.step(leaves("n1", "a" + std::to_string(i - 1)), at(1s * i));
    members.step(spoke("n1", "a" + std::to_string(i)), at(1s * i));
  }
  const auto agents = members.agents();
  BOOST_REQUIRE(agents.size() == 1U);
  BOOST_TEST(agents[0].agent.text == "a30");
  BOOST_TEST(agents[0].former.size() == 16U);
  BOOST_TEST(agents[0].former.back().text == "a29");
}

BOOST_AUTO_TEST_CASE(nodes_beyond_the_limit_are_refused_with_the_limit) {
  for (int i = 0; i < 10'000; ++i) {
    members.step(spoke("n" + std::to_string(i), "a"), at(0s));
  }
  const auto refused = all<Refuse>(members.step(spoke("one-more", "a"), at(0s)));
  BOOST_REQUIRE(refused.size() == 1U);
  BOOST_TEST(refused[0].message.reason.find("10000 nodes") != std::string::npos);
  BOOST_TEST(members.entries(at(0s)).size() == 10'000U);
}

BOOST_AUTO_TEST_SUITE_END()
