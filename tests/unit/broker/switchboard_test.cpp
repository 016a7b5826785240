#include "broker/switchboard.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/broker/nodes.hpp"

using namespace slicebus;
using namespace slicebus::broker;

namespace {

/// A broker in the middle of its life, told what arrives, with what it would send.
struct Fixture {
  Switchboard broker{{.silence_limit = 9s, .forget_after = 60s}, ProcessId{"b1"}, at(0s)};
  Duration now = 0s;

  Actions step(const Event& event) { return broker.step(event, at(now)); }
  /// The loop turns twice a second.
  Actions wait(Duration duration) {
    Actions out;
    for (const Duration end = now + duration; now < end;) {
      now = std::min<Duration>(now + 500ms, end);
      for (Action& action : step(Tick{})) {
        out.push_back(std::move(action));
      }
    }
    return out;
  }
  Actions node(const std::string& id, const std::string& agent) {
    return step(Arrived{Peer{"peer-" + agent}, beat_of(id, agent)});
  }
  Actions master(const std::string& process, bool resync = false) {
    return step(Arrived{Peer{"peer-" + process}, wire::MasterBeat{ProcessId{process}, resync}});
  }
  Actions controller(const std::string& ex_id, const std::string& process, std::uint64_t epoch = 1) {
    wire::ControllerBeat beat;
    beat.ex_id = ExecutionId{ex_id};
    beat.process = ProcessId{process};
    beat.epoch = epoch;
    return step(Arrived{Peer{"peer-" + process}, beat});
  }
};

template <class Wanted>
std::vector<Wanted> messages_to(const Actions& actions, const std::string& peer) {
  std::vector<Wanted> out;
  for (const Send& send : all<Send>(actions)) {
    if (const auto* message = std::get_if<Wanted>(&send.message); message != nullptr && send.peer.text == peer) {
      out.push_back(*message);
    }
  }
  return out;
}

bool says(const Actions& actions, News::Kind kind) {
  for (const News& news : all<News>(actions)) {
    if (news.kind == kind) {
      return true;
    }
  }
  return false;
}

using Kind = News::Kind;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(switchboard, Fixture)

BOOST_AUTO_TEST_CASE(each_beat_is_answered_by_a_beat) {
  BOOST_TEST(messages_to<wire::BrokerBeat>(node("n1", "a1"), "peer-a1").size() == 1U);
  BOOST_TEST(messages_to<wire::BrokerBeat>(node("n1", "a1"), "peer-a1").size() == 1U);
  BOOST_TEST(messages_to<wire::BrokerBeat>(controller("e1", "c1"), "peer-c1").size() == 1U);
  BOOST_TEST(messages_to<wire::BrokerBeat>(master("m1"), "peer-m1").at(0).broker.text == "b1");
}

BOOST_AUTO_TEST_CASE(a_master_that_registers_gets_all_nodes_at_once) {
  node("n1", "a1");
  node("n2", "a2");
  const auto updates = messages_to<wire::ClusterUpdate>(master("m1"), "peer-m1");
  BOOST_REQUIRE(updates.size() == 1U);
  BOOST_TEST(updates[0].snapshot);
  BOOST_TEST(updates[0].nodes.size() == 2U);
  BOOST_TEST(messages_to<wire::ClusterUpdate>(master("m1"), "peer-m1").empty());
  BOOST_TEST(messages_to<wire::ClusterUpdate>(master("m1", true), "peer-m1").at(0).snapshot);
  BOOST_TEST(messages_to<wire::ClusterUpdate>(master("m2"), "peer-m2").at(0).snapshot);
}

BOOST_AUTO_TEST_CASE(changes_of_one_turn_reach_the_master_together_at_its_end) {
  master("m1");
  node("n1", "a1");
  node("n2", "a2");
  const auto updates = messages_to<wire::ClusterUpdate>(step(Tick{}), "peer-m1");
  BOOST_REQUIRE(updates.size() == 1U);
  BOOST_TEST(updates[0].nodes.size() == 2U);
  BOOST_TEST(updates[0].sequence == 2U);
}

BOOST_AUTO_TEST_CASE(a_quiet_cluster_is_told_every_second) {
  master("m1");
  BOOST_TEST((broker.next_deadline() == at(500ms)));
  const auto updates = messages_to<wire::ClusterUpdate>(wait(3s), "peer-m1");
  BOOST_TEST(updates.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_lost_node_is_told_to_the_master_and_in_the_news) {
  master("m1");
  node("n1", "a1");
  const Actions actions = wait(10s);
  BOOST_TEST(says(actions, Kind::node_lost));
  bool told = false;
  for (const auto& update : messages_to<wire::ClusterUpdate>(actions, "peer-m1")) {
    for (const wire::NodeEntry& entry : update.nodes) {
      told = told || (entry.beat.node.text == "n1" && !entry.connected);
    }
  }
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(a_node_that_signs_off_is_removed_and_no_longer_routed_to) {
  master("m1");
  node("n1", "a1");
  step(Tick{});
  wire::NodeBeat goodbye = beat_of("n1", "a1");
  goodbye.leaving = true;
  step(Arrived{Peer{"peer-a1"}, goodbye});
  BOOST_TEST((messages_to<wire::ClusterUpdate>(step(Tick{}), "peer-m1").at(0).removed == std::vector{NodeId{"n1"}}));
  BOOST_TEST(says(step(Passing{Peer{"peer-m1"}, "node/n1"}), Kind::nobody_there));
}

BOOST_AUTO_TEST_CASE(a_broker_that_stood_still_loses_nobody_for_that) {
  node("n1", "a1");
  now += 30s;
  BOOST_TEST(!says(step(Tick{}), Kind::node_lost));
  BOOST_TEST(!says(wait(8s), Kind::node_lost));
  BOOST_TEST(says(wait(2s), Kind::node_lost));
}

BOOST_AUTO_TEST_CASE(beats_of_controllers_reach_the_master_as_they_came) {
  BOOST_TEST(!has<Forward>(controller("e1", "c1")));
  master("m1");
  BOOST_TEST((all<Forward>(controller("e1", "c1")) == std::vector{Forward{Peer{"peer-m1"}}}));
}

BOOST_AUTO_TEST_CASE(a_controller_of_an_older_epoch_is_neither_answered_nor_passed_on) {
  master("m1");
  controller("e1", "c2", 2);
  const Actions late = controller("e1", "c1", 1);
  BOOST_TEST(!has<Forward>(late));
  BOOST_TEST(!has<Send>(late));
  BOOST_TEST(says(late, Kind::process_superseded));
}

BOOST_AUTO_TEST_CASE(a_new_controller_hears_of_the_agent_of_each_node_once) {
  node("n1", "a1");
  node("n2", "a2");
  BOOST_TEST(messages_to<wire::AgentRestarted>(controller("e1", "c1"), "peer-c1").size() == 2U);
  BOOST_TEST(messages_to<wire::AgentRestarted>(controller("e1", "c1"), "peer-c1").empty());
  BOOST_TEST(messages_to<wire::AgentRestarted>(controller("e1", "c2", 2), "peer-c2").size() == 2U);
}

BOOST_AUTO_TEST_CASE(every_controller_hears_of_a_killed_agents_successor) {
  node("n1", "a1");
  controller("e1", "c1");
  controller("e2", "c2");
  BOOST_TEST((all<Probe>(node("n1", "a2")) == std::vector{Probe{NodeId{"n1"}, Peer{"peer-a1"}}}));
  const Actions accepted = step(ProbeFailed{NodeId{"n1"}});
  for (const std::string peer : {"peer-c1", "peer-c2"}) {
    const auto heard = messages_to<wire::AgentRestarted>(accepted, peer);
    BOOST_REQUIRE(heard.size() == 1U);
    BOOST_TEST(heard[0].agent.text == "a2");
    BOOST_TEST((heard[0].former == std::vector{ProcessId{"a1"}}));
  }
  BOOST_TEST(messages_to<wire::BrokerBeat>(accepted, "peer-a2").size() == 1U);
  BOOST_TEST((all<Forward>(step(Passing{Peer{"peer-m1"}, "node/n1"})) == std::vector{Forward{Peer{"peer-a2"}}}));
}

BOOST_AUTO_TEST_CASE(a_second_live_agent_is_refused_and_the_first_keeps_its_mail) {
  node("n1", "a1");
  node("n1", "a2");
  step(ProbePassed{NodeId{"n1"}});
  BOOST_TEST((broker.next_deadline() == at(20ms)));
  now += 200ms;
  BOOST_TEST(has<Probe>(step(Tick{})));
  const Actions refused = step(ProbePassed{NodeId{"n1"}});
  BOOST_TEST(messages_to<wire::NodeRefused>(refused, "peer-a2").size() == 1U);
  BOOST_TEST(says(refused, Kind::agent_refused));
  BOOST_TEST((all<Forward>(step(Passing{Peer{"x"}, "node/n1"})) == std::vector{Forward{Peer{"peer-a1"}}}));
}

BOOST_AUTO_TEST_CASE(other_messages_go_where_their_address_says) {
  node("n1", "a1");
  controller("e1", "c1");
  controller("e2", "c2");
  BOOST_TEST((all<Forward>(step(Passing{Peer{"x"}, "ex/e1"})) == std::vector{Forward{Peer{"peer-c1"}}}));
  BOOST_TEST((all<Forward>(step(Passing{Peer{"x"}, "ex/*"})).size() == 2U));
  BOOST_TEST((all<Forward>(step(Passing{Peer{"x"}, "node/n1"})) == std::vector{Forward{Peer{"peer-a1"}}}));
  const Actions lost = step(Passing{Peer{"x"}, "ex/e3"});
  BOOST_TEST(!has<Forward>(lost));
  BOOST_TEST(says(lost, Kind::nobody_there));
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_gone_is_forgotten_until_it_speaks) {
  controller("e1", "c1");
  step(Unreachable{Peer{"peer-c1"}});
  BOOST_TEST(says(step(Passing{Peer{"x"}, "ex/e1"}), Kind::nobody_there));
  controller("e1", "c1");
  BOOST_TEST(has<Forward>(step(Passing{Peer{"x"}, "ex/e1"})));
}

BOOST_AUTO_TEST_CASE(names_that_cannot_be_addresses_and_messages_that_are_not_for_it_are_protocol_errors) {
  for (const std::string& name :
       {std::string(), std::string("*"), std::string("a b"), std::string("a\nb"), std::string(256, 'n')}) {
    BOOST_TEST(says(controller(name, "c1"), Kind::protocol_error));
  }
  BOOST_TEST(says(node("", "a1"), Kind::protocol_error));
  BOOST_TEST(says(node("n1", ""), Kind::protocol_error));
  BOOST_TEST(says(master(""), Kind::protocol_error));
  BOOST_TEST(says(step(Arrived{Peer{"x"}, wire::SliceAssign{}}), Kind::protocol_error));
}

BOOST_AUTO_TEST_SUITE_END()
