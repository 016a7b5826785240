#include <boost/test/unit_test.hpp>

#include "agent_fixture.hpp"
#include "worker/agent/agent.hpp"

using namespace slicebus;
using namespace slicebus::agent;
using namespace slicebus::agent::testing;
using Keys = std::vector<std::uint64_t>;
using wire::DeathCause;

namespace {

/// One slot of ex_a, bound at 0 s.
struct OneSlot : Machine {
  OneSlot() : Machine(1) {
    tick(0s);
    want({share(ex_a, 1)}, 0s);
  }
  wire::SlotDied death_by(int signal, int code, bool out_of_memory = false) {
    ChildEnded ended{.key = 1, .signal = signal, .code = code, .out_of_memory = out_of_memory, .how = "somehow"};
    ended.running = wire::SliceCopy{{0, 5}, {1, 9}};
    const auto deaths = only<SendDeath>(step(ended, 20s));
    BOOST_REQUIRE_EQUAL(deaths.size(), 1U);
    return deaths[0].death;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(agent_deaths)

BOOST_AUTO_TEST_CASE(death_by_its_own_doing_is_told_apart_from_one_that_came_from_outside) {
  BOOST_TEST((OneSlot().death_by(SIGSEGV, 0).cause == DeathCause::own));
  BOOST_TEST((OneSlot().death_by(SIGABRT, 0).cause == DeathCause::own));
  BOOST_TEST((OneSlot().death_by(0, 3).cause == DeathCause::own));
  BOOST_TEST((OneSlot().death_by(SIGKILL, 0, true).cause == DeathCause::own));
  BOOST_TEST((OneSlot().death_by(SIGKILL, 0).cause == DeathCause::outside));
  BOOST_TEST((OneSlot().death_by(SIGTERM, 0).cause == DeathCause::outside));
  BOOST_TEST((OneSlot().death_by(0, 0).cause == DeathCause::outside));
}

BOOST_AUTO_TEST_CASE(death_names_the_process_and_the_slice_that_it_ran) {
  const wire::SlotDied death = OneSlot().death_by(SIGSEGV, 0);
  BOOST_TEST(death.ex_id == ex_a);
  BOOST_TEST(death.node == NodeId{"n1"});
  BOOST_TEST(death.process == ProcessId{"p1"});
  BOOST_TEST(death.how == "somehow");
  BOOST_TEST((death.running == std::vector{wire::SliceCopy{{0, 5}, {1, 9}}}));
}

BOOST_AUTO_TEST_CASE(death_is_repeated_every_beat_until_it_is_acknowledged) {
  OneSlot machine;
  machine.ends(1, SIGKILL, 0, 20s);
  BOOST_TEST(only<SendDeath>(machine.tick(21s)).size() == 1U);
  BOOST_TEST(only<SendDeath>(machine.tick(22s)).size() == 1U);
  machine.step(BrokerSaid{wire::SlotDeathAck{NodeId{"n1"}, ex_a, ProcessId{"someone else"}}}, 22s);
  BOOST_TEST(only<SendDeath>(machine.tick(23s)).size() == 1U);
  machine.step(BrokerSaid{wire::SlotDeathAck{NodeId{"n1"}, ex_a, ProcessId{"p1"}}}, 23s);
  BOOST_TEST(only<SendDeath>(machine.tick(24s)).empty());
}

BOOST_AUTO_TEST_CASE(death_is_repeated_while_the_execution_wants_no_slot_and_no_more_when_it_is_over) {
  OneSlot machine;
  machine.ends(1, SIGKILL, 0, 20s);
  machine.want({share(ex_a, 0)}, 20s);
  BOOST_TEST(only<SendDeath>(machine.tick(21s)).size() == 1U);
  machine.want({}, 21s);
  BOOST_TEST(only<SendDeath>(machine.tick(22s)).empty());
}

BOOST_AUTO_TEST_CASE(slot_of_an_execution_that_is_over_dies_untold) {
  OneSlot machine;
  machine.want({}, 1s);
  BOOST_TEST(only<SendDeath>(machine.ends(1, 0, 0, 2s)).empty());
}

BOOST_AUTO_TEST_CASE(orderly_end_of_a_drained_slot_is_told) {
  OneSlot machine;
  machine.want({share(ex_a, 0)}, 1s);
  const auto deaths = only<SendDeath>(machine.ends(1, 0, 0, 2s));
  BOOST_REQUIRE_EQUAL(deaths.size(), 1U);
  BOOST_TEST((deaths[0].death.cause == DeathCause::outside));
}

BOOST_AUTO_TEST_CASE(killed_slot_is_replaced_at_once) {
  OneSlot machine;
  BOOST_TEST((bound_keys(machine.ends(1, SIGKILL, 0, 20s)) == Keys{2}));
}

BOOST_AUTO_TEST_CASE(slots_that_keep_crashing_back_off_from_100_ms_to_10_s_and_are_said) {
  OneSlot machine;
  Duration now = 20s;
  Duration pause = 100ms;
  std::uint64_t key = 1;
  for (int crash = 1; crash <= 9; ++crash) {
    const AgentActions died = machine.ends(key, SIGSEGV, 0, now);
    BOOST_TEST((bound_keys(died) == Keys{}));
    BOOST_TEST((beat_of(died).trouble.find("signal 11") != std::string::npos) == (crash > 1));
    BOOST_TEST((bound_keys(machine.tick(now + pause - 1ms)) == Keys{}));
    BOOST_TEST((machine.agent.next_deadline() <= at(now + pause)));
    now += pause;
    BOOST_TEST((bound_keys(machine.tick(now)) == Keys{++key}));
    pause = std::min(pause * 2, Duration{10s});
  }
  BOOST_TEST(pause == 10s);
}

BOOST_AUTO_TEST_CASE(slots_that_die_together_back_off_once) {
  Machine machine(4);
  machine.tick(0s);
  machine.want({share(ex_a, 4)}, 0s);
  for (const std::uint64_t key : {1U, 2U, 3U, 4U}) {
    machine.ends(key, SIGSEGV, 0, 5s);
  }
  BOOST_TEST(bound_keys(machine.tick(5'100ms)).size() == 4U);
}

BOOST_AUTO_TEST_CASE(crashes_of_one_execution_do_not_hold_up_another) {
  Machine machine(2);
  machine.tick(0s);
  machine.want({share(ex_a, 1)}, 0s);
  machine.ends(1, SIGSEGV, 0, 1s);
  const AgentActions actions = machine.want({share(ex_a, 1), share(ex_b, 1)}, 1'010ms);
  BOOST_REQUIRE_EQUAL(bound_keys(actions).size(), 1U);
  BOOST_TEST(only<TellSlot>(actions)[0].binding.ex_id == ex_b);
}

BOOST_AUTO_TEST_CASE(slot_that_lives_for_10_s_ends_the_trouble) {
  OneSlot machine;
  machine.ends(1, SIGSEGV, 0, 20s);
  machine.tick(20'100ms);
  machine.ends(2, SIGSEGV, 0, 20'200ms);
  BOOST_TEST(!beat_of(machine.tick(21s)).trouble.empty());
  BOOST_TEST(!beat_of(machine.tick(30s)).trouble.empty());
  BOOST_TEST(beat_of(machine.tick(31s)).trouble.empty());
}

BOOST_AUTO_TEST_CASE(spares_that_do_not_start_back_off_and_are_said) {
  Machine machine(1);
  machine.spares_start = false;
  const AgentActions first = machine.tick(0s);
  BOOST_TEST(machine.started.size() == 1U);
  BOOST_TEST(reported(first, "spare_slot_lost"));
  machine.tick(50ms);
  BOOST_TEST(machine.started.size() == 1U);
  const AgentActions second = machine.tick(100ms);
  BOOST_TEST(machine.started.size() == 2U);
  BOOST_TEST(beat_of(second).trouble == "slot processes do not start: start slicebus-worker: no such file, 2 in a row");
  machine.spares_start = true;
  machine.tick(300ms);
  BOOST_TEST(machine.started.size() == 3U);
  BOOST_TEST(beat_of(machine.tick(10'400ms)).trouble.empty());
}

BOOST_AUTO_TEST_CASE(spare_that_crashes_is_replaced_after_the_back_off) {
  Machine machine(1);
  machine.tick(0s);
  machine.ends(1, 0, 127, 5s);
  BOOST_TEST((machine.started == Keys{1}));
  machine.tick(5'100ms);
  BOOST_TEST((machine.started == Keys{1, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
