#include "worker/agent/agent.hpp"

#include <boost/test/unit_test.hpp>

#include "agent_fixture.hpp"

using namespace slicebus;
using namespace slicebus::agent;
using namespace slicebus::agent::testing;
using Keys = std::vector<std::uint64_t>;

BOOST_AUTO_TEST_SUITE(agent_core)

BOOST_AUTO_TEST_CASE(free_slots_have_a_started_spare_each_and_none_is_listed) {
  Machine machine(3);
  const AgentActions actions = machine.tick(0s);
  BOOST_TEST((machine.started == Keys{1, 2, 3}));
  BOOST_TEST(beat_of(actions).slots_total == 3U);
  BOOST_TEST(beat_of(actions).slots.empty());
}

BOOST_AUTO_TEST_CASE(wanted_slots_are_bound_spares_and_said_at_once) {
  Machine machine(3);
  machine.tick(0s);
  const AgentActions actions = machine.want({share(ex_a, 2)}, 100ms);
  BOOST_TEST((bound_keys(actions) == Keys{1, 2}));
  const wire::SlotBinding binding = only<TellSlot>(actions)[0].binding;
  BOOST_TEST(binding.ex_id == ex_a);
  BOOST_TEST(binding.endpoint == "tcp://c:1");
  BOOST_TEST(binding.process == ProcessId{"p1"});
  BOOST_TEST(binding.agent == ProcessId{"agent-1"});
  BOOST_REQUIRE_EQUAL(beat_of(actions).slots.size(), 2U);
  BOOST_TEST(beat_of(actions).slots[0].pid == 1'001U);
  BOOST_TEST(beat_of(actions).slots[0].worker_id != beat_of(actions).slots[1].worker_id);
  BOOST_TEST(machine.started.size() == 3U);  // the third is the spare of the free slot
}

BOOST_AUTO_TEST_CASE(never_more_slots_than_the_machine_has) {
  Machine machine(2);
  machine.tick(0s);
  BOOST_TEST((bound_keys(machine.want({share(ex_a, 5)}, 0s)) == Keys{1, 2}));
  BOOST_TEST((bound_keys(machine.want({share(ex_a, 5), share(ex_b, 5)}, 1s)) == Keys{}));
  // A slot that drains still runs: its place is free when it has ended.
  BOOST_TEST((drained_keys(machine.want({share(ex_a, 1), share(ex_b, 1)}, 2s)) == Keys{2}));
  BOOST_TEST((bound_keys(machine.tick(3s)) == Keys{}));
  const AgentActions ended = machine.ends(2, 0, 0, 4s);
  BOOST_TEST((machine.started == Keys{1, 2, 3}));
  BOOST_TEST((bound_keys(ended) == Keys{3}));
  BOOST_TEST(beat_of(ended).slots.back().ex_id == ex_b);
}

BOOST_AUTO_TEST_CASE(surplus_is_drained_newest_first_and_what_is_not_listed_wholly) {
  Machine machine(4);
  machine.tick(0s);
  machine.want({share(ex_a, 3), share(ex_b, 1)}, 0s);
  BOOST_TEST((drained_keys(machine.want({share(ex_a, 1), share(ex_b, 1)}, 1s)) == Keys{3, 2}));
  const AgentActions over = machine.want({share(ex_a, 1)}, 2s);
  BOOST_TEST((drained_keys(over) == Keys{4}));
  BOOST_TEST(beat_of(over).slots.size() == 4U);
  BOOST_TEST(beat_of(over).slots[3].draining);
}

BOOST_AUTO_TEST_CASE(slots_of_a_settled_execution_are_told_that_it_is_over_draining_ones_too_and_once) {
  Machine machine(3);
  machine.tick(0s);
  machine.want({share(ex_a, 2), share(ex_b, 1)}, 0s);
  machine.want({share(ex_a, 1), share(ex_b, 1)}, 1s);
  const auto over = [&](std::vector<wire::WantedSlots> executions, std::vector<ExecutionId> settled, Duration time) {
    Keys keys;
    for (const TellSlot& tell : only<TellSlot>(machine.step(
             BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, ++machine.number, std::move(executions), std::move(settled)}},
             time))) {
      BOOST_TEST(tell.binding.drain);
      if (tell.binding.over) {
        keys.push_back(tell.key);
      }
    }
    return keys;
  };
  BOOST_TEST((over({share(ex_b, 1)}, {ex_a}, 2s) == Keys{1, 2}));
  BOOST_TEST((over({share(ex_b, 1)}, {ex_a}, 3s) == Keys{}));
  BOOST_TEST((over({}, {ex_a}, 4s) == Keys{}), "not listed and not settled: only drained");
  // Told does not mean that it has more time.
  BOOST_TEST(only<SignalChild>(machine.tick(8s)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(older_orders_that_come_late_and_orders_for_others_change_nothing) {
  Machine machine(2);
  machine.tick(0s);
  machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, 10, {share(ex_a, 1)}}}, 0s);
  BOOST_TEST(only<TellSlot>(machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, 9, {}}}, 1s)).empty());
  BOOST_TEST(only<TellSlot>(machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n2"}, 11, {}}}, 1s)).empty());
  BOOST_TEST(
      only<TellSlot>(machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, 10, {share(ex_a, 1)}}}, 1s)).empty());
}

BOOST_AUTO_TEST_CASE(a_master_whose_clock_was_set_back_is_heard_once_the_former_one_is_silent) {
  Machine machine(2);
  machine.tick(0s);
  machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, 10, {share(ex_a, 1)}}}, 0s);
  BOOST_TEST(only<TellSlot>(machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, 2, {}}}, 2900ms)).empty());
  BOOST_TEST(only<TellSlot>(machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, 2, {}}}, 3900ms)).size() == 1U);
  BOOST_TEST((bound_keys(machine.step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, 3, {share(ex_a, 2)}}}, 4s)).size()) ==
             1U);
}

BOOST_AUTO_TEST_CASE(slots_follow_their_controller_to_another_endpoint_draining_ones_too) {
  Machine machine(2);
  machine.tick(0s);
  machine.want({share(ex_a, 2)}, 0s);
  machine.want({share(ex_a, 1)}, 1s);
  const auto told = only<TellSlot>(machine.want({share(ex_a, 1, "tcp://c:2")}, 2s));
  BOOST_REQUIRE_EQUAL(told.size(), 2U);
  BOOST_TEST(told[0].binding.endpoint == "tcp://c:2");
  BOOST_TEST(!told[0].binding.drain);
  BOOST_TEST(told[1].binding.endpoint == "tcp://c:2");
  BOOST_TEST(told[1].binding.drain);
}

BOOST_AUTO_TEST_CASE(execution_without_a_controller_yet_gets_its_slots_when_it_has_one) {
  Machine machine(1);
  machine.tick(0s);
  BOOST_TEST((bound_keys(machine.want({share(ex_a, 1, "")}, 0s)) == Keys{}));
  BOOST_TEST((bound_keys(machine.want({share(ex_a, 1)}, 1s)) == Keys{1}));
}

BOOST_AUTO_TEST_CASE(drained_slot_that_does_not_end_in_time_is_killed_once) {
  Machine machine(1);
  machine.tick(0s);
  machine.want({share(ex_a, 1)}, 0s);
  machine.want({share(ex_a, 0)}, 1s);
  BOOST_TEST(only<SignalChild>(machine.tick(7'900ms)).empty());
  const auto kills = only<SignalChild>(machine.tick(8s));
  BOOST_REQUIRE_EQUAL(kills.size(), 1U);
  BOOST_TEST(kills[0].key == 1U);
  BOOST_TEST(kills[0].signal == SIGKILL);
  BOOST_TEST(only<SignalChild>(machine.tick(9s)).empty());
  const AgentActions ended = machine.ends(1, SIGKILL, 0, 9s);
  BOOST_REQUIRE_EQUAL(only<SendDeath>(ended).size(), 1U);
  BOOST_TEST((only<SendDeath>(ended)[0].death.cause == wire::DeathCause::outside));
}

BOOST_AUTO_TEST_CASE(a_stop_sets_the_time_of_its_slots_shorter_and_longer) {
  Machine machine(2);
  machine.tick(0s);
  machine.want({share(ex_a, 1), share(ex_b, 1)}, 0s);
  auto brief = share(ex_a, 0), patient = share(ex_b, 0);
  brief.drain_grace_ms = 500;
  patient.drain_grace_ms = 60'000;
  BOOST_TEST((drained_keys(machine.want({brief, patient}, 1s)) == Keys{2, 1}));
  BOOST_TEST((machine.agent.next_deadline() <= at(1'500ms)));
  BOOST_TEST(only<SignalChild>(machine.tick(1'400ms)).empty());
  const auto first = only<SignalChild>(machine.tick(1'500ms));
  BOOST_REQUIRE_EQUAL(first.size(), 1U);
  BOOST_TEST(first[0].key == 1U);
  BOOST_TEST(only<SignalChild>(machine.tick(50s)).empty(), "longer than the agent's own time");
  patient.drain_grace_ms = 52'000;  // ordered again, with less time
  BOOST_TEST(only<SignalChild>(machine.want({brief, patient}, 51s)).empty());
  BOOST_TEST(only<SignalChild>(machine.tick(53s)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_stop_without_any_time_kills_at_once_and_sigterm_cuts_a_long_one_short) {
  Machine machine(2);
  machine.tick(0s);
  machine.want({share(ex_a, 1), share(ex_b, 1)}, 0s);
  auto now = share(ex_a, 0), patient = share(ex_b, 0);
  now.drain_grace_ms = 0;
  patient.drain_grace_ms = INT64_MAX;
  const auto kills = only<SignalChild>(machine.want({now, patient}, 1s));
  BOOST_REQUIRE_EQUAL(kills.size(), 1U);
  BOOST_TEST(kills[0].key == 1U);
  machine.step(Terminate{}, 2s);
  BOOST_TEST(only<SignalChild>(machine.tick(8'900ms)).empty());
  BOOST_TEST(only<SignalChild>(machine.tick(9s)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_beat_names_the_executions_whose_deaths_are_not_acknowledged) {
  Machine machine(2);
  machine.tick(0s);
  machine.want({share(ex_a, 2)}, 0s);
  machine.ends(1, SIGKILL, 0, 1s);
  const auto beat = beat_of(machine.ends(2, SIGKILL, 0, 1s));
  BOOST_TEST((beat.deaths == std::vector{ex_a}));
  machine.step(BrokerSaid{wire::SlotDeathAck{NodeId{"n1"}, ex_a, ProcessId{"p1"}}}, 2s);
  const auto acknowledged = machine.step(BrokerSaid{wire::SlotDeathAck{NodeId{"n1"}, ex_a, ProcessId{"p2"}}}, 2s);
  BOOST_TEST(beat_of(acknowledged).deaths.empty());
}

BOOST_AUTO_TEST_CASE(agent_that_stood_still_gives_its_draining_slots_the_time_back) {
  Machine machine(1);
  machine.tick(0s);
  machine.want({share(ex_a, 1)}, 0s);
  machine.want({share(ex_a, 0)}, 1s);
  const AgentActions woken = machine.step(StoodStill{20s}, 21s);
  BOOST_TEST(only<SignalChild>(woken).empty());
  const AgentActions ticked = machine.tick(21s);
  BOOST_TEST(only<SignalChild>(ticked).empty());
  BOOST_TEST(!reported(ticked, "broker_silent"));
  BOOST_TEST(only<SignalChild>(machine.tick(28s)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(beats_come_each_interval_and_at_once_on_reconnection) {
  Machine machine(1);
  BOOST_TEST(only<SendToBroker>(machine.tick(0s)).size() == 1U);
  BOOST_TEST(only<SendToBroker>(machine.tick(500ms)).empty());
  BOOST_TEST((machine.agent.next_deadline() == at(1s)));
  BOOST_TEST(only<SendToBroker>(machine.tick(1s)).size() == 1U);
  BOOST_TEST(only<SendToBroker>(machine.step(BrokerConnected{}, 1'100ms)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(silent_broker_is_said_once_and_its_return_too) {
  Machine machine(1);
  machine.tick(0s);
  BOOST_TEST(!reported(machine.tick(8s), "broker_silent"));
  BOOST_TEST(reported(machine.tick(9s), "broker_silent"));
  BOOST_TEST(!reported(machine.tick(10s), "broker_silent"));
  BOOST_TEST(reported(machine.step(BrokerSaid{wire::BrokerBeat{}}, 11s), "broker_heard_again"));
  BOOST_TEST(!reported(machine.tick(12s), "broker_silent"));
}

BOOST_AUTO_TEST_CASE(refused_node_is_said_once_with_the_remedy_and_keeps_trying) {
  Machine machine(1);
  machine.tick(0s);
  const BrokerSaid refusal{wire::NodeRefused{NodeId{"n1"}, "another live agent has it"}};
  const AgentActions first = machine.step(refusal, 100ms);
  BOOST_TEST(reported(first, "node_refused"));
  BOOST_TEST(only<SendToBroker>(machine.tick(2s)).empty());
  BOOST_TEST(only<SendToBroker>(machine.tick(3'100ms)).size() == 1U);
  BOOST_TEST(!reported(machine.step(refusal, 3'200ms), "node_refused"));
  BOOST_TEST(reported(machine.step(BrokerSaid{wire::BrokerBeat{}}, 6s), "node_accepted"));
}

BOOST_AUTO_TEST_CASE(sigterm_drains_every_slot_signs_off_and_leaves) {
  Machine machine(3);
  machine.tick(0s);
  machine.want({share(ex_a, 2)}, 0s);
  const AgentActions told = machine.step(Terminate{}, 1s);
  BOOST_TEST((drained_keys(told) == Keys{1, 2}));
  BOOST_REQUIRE_EQUAL(only<SignalChild>(told).size(), 1U);
  BOOST_TEST(only<SignalChild>(told)[0].key == 3U);
  BOOST_TEST(only<SignalChild>(told)[0].signal == SIGTERM);
  BOOST_TEST(beat_of(told).slots_total == 2U);  // nothing new fits
  machine.ends(3, 0, 0, 1'100ms);
  machine.ends(1, 0, 0, 2s);
  BOOST_TEST((bound_keys(machine.want({share(ex_a, 2)}, 2s)) == Keys{}));
  BOOST_TEST(only<ExitAgent>(machine.tick(3s)).empty());
  const AgentActions last = machine.ends(2, 0, 0, 4s);
  BOOST_TEST(beat_of(last).leaving);
  BOOST_TEST(beat_of(last).slots.empty());
  BOOST_TEST(only<ExitAgent>(last).size() == 1U);
  BOOST_TEST((machine.started == Keys{1, 2, 3}));
  BOOST_TEST(machine.tick(5s).empty());
  BOOST_TEST(!machine.agent.next_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(sigterm_waits_no_longer_than_the_shutdown_timeout_and_a_second_one_not_at_all) {
  Machine slow(1);
  slow.tick(0s);
  slow.want({share(ex_a, 1)}, 0s);
  slow.step(Terminate{}, 1s);
  BOOST_TEST((slow.agent.next_deadline() <= at(8s)));
  BOOST_TEST(only<SignalChild>(slow.tick(8s)).size() == 1U);
  Machine hurried(1);
  hurried.tick(0s);
  hurried.want({share(ex_a, 1)}, 0s);
  hurried.step(Terminate{}, 1s);
  const auto kills = only<SignalChild>(hurried.step(Terminate{}, 2s));
  BOOST_REQUIRE_EQUAL(kills.size(), 1U);
  BOOST_TEST(kills[0].signal == SIGKILL);
}

BOOST_AUTO_TEST_CASE(agent_without_children_leaves_at_once) {
  Machine machine(1);
  machine.spares_start = false;
  machine.tick(0s);
  BOOST_TEST(only<ExitAgent>(machine.step(Terminate{}, 10ms)).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
