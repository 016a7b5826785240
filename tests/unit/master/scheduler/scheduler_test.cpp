#include "master/scheduler/scheduler.hpp"

using namespace slicebus;
using namespace slicebus::scheduler;

namespace {

TimePoint at(Duration since) { return TimePoint{since}; }

/// A scheduler, its answers to StartController played, and what it did.
class Play {
 public:
  Play() : scheduler_({.ports = {100, 199}, .broker = "tcp://b:1", .ledger_folder = "/d", .first_number = 1'000}) {}

  SchedulerActions step(const SchedulerEvent& event, Duration when) {
    now_ = std::max(now_, when);
    SchedulerActions done = scheduler_.step(event, at(now_));
    for (std::size_t i = 0; i < done.size(); ++i) {
      if (const auto* start = std::get_if<StartController>(&done[i])) {
        const auto more = scheduler_.step(ControllerStarted{start->binding.ex_id, ++pid_}, at(now_));
        pids_[start->binding.ex_id] = pid_;
        done.insert(done.end(), more.begin(), more.end());
      }
    }
    return done;
  }
  SchedulerActions nodes(std::vector<wire::NodeEntry> entries, Duration when, std::vector<NodeId> removed = {}) {
    const bool first = ++sequence_ == 1;
    return step(wire::ClusterUpdate{ProcessId{"broker"}, sequence_, first, std::move(entries), std::move(removed)},
                when);
  }
  SchedulerActions beat(const std::string& ex, Duration when, std::uint64_t planned = 0,
                        const std::string& final_status = {}, bool settled = false) {
    wire::ControllerBeat beat;
    beat.ex_id = ExecutionId{ex};
    beat.pid = pids_.at(beat.ex_id);
    beat.host = "h";
    beat.port = 100;
    beat.slices_planned = planned;
    beat.final_status = final_status;
    beat.settled = settled;
    beat.order_seen = seen_[ex];
    return step(beat, when);
  }
  SchedulerActions dies(const std::string& ex, bool own, Duration when) {
    return step(ControllerDied{ExecutionId{ex}, pids_.at(ExecutionId{ex}), own,
                               own ? "signal 11 (Segmentation fault)" : "signal 9 (Killed)"},
                when);
  }
  void order_seen(const std::string& ex, std::uint64_t number) { seen_[ex] = number; }
  Scheduler& scheduler() { return scheduler_; }
  std::uint32_t pid_of(const std::string& ex) const { return pids_.at(ExecutionId{ex}); }

 private:
  Scheduler scheduler_;
  Duration now_{};
  std::uint64_t sequence_ = 0;
  std::uint32_t pid_ = 0;
  std::map<ExecutionId, std::uint32_t> pids_;
  std::map<std::string, std::uint64_t> seen_;
};

ExecutionWanted wanted(const std::string& ex, std::uint32_t workers = 2, bool started = false) {
  ExecutionWanted out;
  out.ex_id = ExecutionId{ex};
  out.job_id = JobId{"job of " + ex};
  out.lineage = LineageId{ex};
  out.workers = workers;
  out.started = started;
  out.desire.version = 1;
  return out;
}

wire::NodeEntry node(const std::string& name, std::uint32_t slots, std::vector<std::string> running = {},
                     bool connected = true) {
  wire::NodeEntry entry;
  entry.beat.node = NodeId{name};
  entry.beat.slots_total = slots;
  entry.connected = connected;
  for (const std::string& ex : running) {
    entry.beat.slots.push_back(
        {.worker_id = static_cast<std::uint32_t>(entry.beat.slots.size() + 1), .ex_id = ExecutionId{ex}});
  }
  return entry;
}

template <class Action>
std::vector<Action> all(const SchedulerActions& actions) {
  std::vector<Action> out;
  for (const auto& action : actions) {
    if (const auto* one = std::get_if<Action>(&action)) {
      out.push_back(*one);
    }
  }
  return out;
}
template <class Message>
std::vector<Message> told(const SchedulerActions& actions) {
  std::vector<Message> out;
  for (const TellRecords& tell : all<TellRecords>(actions)) {
    if (const auto* one = std::get_if<Message>(&tell.message)) {
      out.push_back(*one);
    }
  }
  return out;
}
template <class Message>
std::vector<Message> sent(const SchedulerActions& actions) {
  std::vector<Message> out;
  for (const SendControl& send : all<SendControl>(actions)) {
    if (const auto* one = std::get_if<Message>(&send.message)) {
      out.push_back(*one);
    }
  }
  return out;
}
/// Slots wished on a node, by execution, as last sent in these actions.
std::map<std::string, std::uint32_t> wishes(const SchedulerActions& actions, const std::string& name) {
  std::map<std::string, std::uint32_t> out;
  for (const wire::SlotsWanted& wish : sent<wire::SlotsWanted>(actions)) {
    if (wish.node.text == name) {
      out.clear();
      for (const wire::WantedSlots& execution : wish.executions) {
        out[execution.ex_id.text] = execution.slots;
      }
    }
  }
  return out;
}
using Wishes = std::map<std::string, std::uint32_t>;
/// The time that draining slots of the execution have there, as last sent in these actions.
std::int64_t grace(const SchedulerActions& actions, const std::string& name, const std::string& ex) {
  std::int64_t out = -2;
  for (const wire::SlotsWanted& wish : sent<wire::SlotsWanted>(actions)) {
    for (const wire::WantedSlots& execution : wish.executions) {
      out = wish.node.text == name && execution.ex_id.text == ex ? execution.drain_grace_ms : out;
    }
  }
  return out;
}

struct Running : Play {
  Running() {
    step(RecordsLoaded{}, 0s);
    nodes({node("n1", 4)}, 0s);
    step(wanted("e1"), 0s);
    beat("e1", 0s);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(scheduling)

BOOST_AUTO_TEST_CASE(an_execution_on_an_idle_cluster_is_placed_and_started_in_the_same_step) {
  Play play;
  play.step(RecordsLoaded{}, 0s);
  play.nodes({node("n1", 1)}, 0s);
  const auto done = play.step(wanted("e1"), 1s);
  BOOST_TEST(told<ExecutionPlaced>(done).size() == 1u);
  const auto starts = all<StartController>(done);
  BOOST_REQUIRE(starts.size() == 1u);
  BOOST_TEST(starts[0].binding.port == 100);
  BOOST_TEST(starts[0].binding.ledger_path == "/d/e1.db");
  BOOST_TEST((wishes(play.beat("e1", 1s), "n1") == Wishes{{"e1", 1}}), "slots are wanted the moment the port is known");
}

BOOST_AUTO_TEST_CASE(executions_wait_in_order_and_say_for_what) {
  Play play;
  play.step(RecordsLoaded{}, 0s);
  auto done = play.step(wanted("e1", 1), 0s);
  BOOST_TEST(told<WaitingChanged>(done).at(0).text.find("the broker at tcp://b:1 has not answered yet") == 0u);
  done = play.step(wire::BrokerBeat{ProcessId{"broker"}}, 1s);
  BOOST_TEST(told<WaitingChanged>(done).at(0).text.find("no worker node is connected") == 0u);
  play.step(wanted("e2", 1), 1s);
  done = play.nodes({node("n1", 1)}, 1s);
  BOOST_TEST(told<ExecutionPlaced>(done).at(0).ex_id.text == "e1");
  BOOST_TEST(told<ExecutionPlaced>(done).size() == 1u);
  bool said = false;
  for (const auto& waiting : told<WaitingChanged>(done)) {
    said |= waiting.ex_id.text == "e2" && waiting.text == "no slot is free: all 1 slots of 1 node are taken";
  }
  BOOST_TEST(said);
}

BOOST_AUTO_TEST_CASE(no_node_is_told_anything_before_all_records_are_known) {
  Play play;
  auto done = play.nodes({node("n1", 2, {"e1", "e1"})}, 0s);
  BOOST_TEST(sent<wire::SlotsWanted>(done).empty());
  done = play.step(Tick{}, 1s);
  BOOST_TEST(sent<wire::SlotsWanted>(done).empty());
  BOOST_TEST(sent<wire::MasterBeat>(done).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_restarted_master_keeps_slots_where_they_run) {
  Play play;
  play.nodes({node("n1", 4), node("n2", 2, {"e1", "e1"})}, 0s);
  auto old = wanted("e1", 2, true);
  old.host = "h";
  old.port = 150;
  play.step(old, 0s);
  const auto done = play.step(RecordsLoaded{}, 0s);
  BOOST_TEST(all<StartController>(done).at(0).binding.port == 150);
  BOOST_TEST((wishes(done, "n2") == Wishes{{"e1", 2}}));
  BOOST_TEST(wishes(done, "n1").empty(), "it has nothing of it");
}

BOOST_AUTO_TEST_CASE(a_node_with_a_death_to_tell_is_asked_for_it_by_a_restarted_master) {
  Play play;
  auto mourning = node("n1", 4);
  mourning.beat.deaths = {ExecutionId{"e1"}, ExecutionId{"long over"}};
  play.nodes({mourning, node("n2", 2, {"e1", "e1"})}, 0s);
  auto old = wanted("e1", 2, true);
  old.host = "h";
  old.port = 150;
  play.step(old, 0s);
  BOOST_TEST((wishes(play.step(RecordsLoaded{}, 0s), "n1") == Wishes{{"e1", 0}}));
}

BOOST_FIXTURE_TEST_CASE(slots_of_a_lost_node_are_asked_elsewhere_and_its_surplus_is_drained_on_return, Running) {
  nodes({node("n2", 2)}, 1s);
  nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  auto done = nodes({node("n1", 4, {"e1", "e1"}, false)}, 10s);
  BOOST_TEST((wishes(done, "n2") == Wishes{{"e1", 2}}));
  nodes({node("n2", 2, {"e1", "e1"})}, 11s);
  done = nodes({node("n1", 4, {"e1", "e1"})}, 12s);
  BOOST_TEST((wishes(done, "n1") == Wishes{{"e1", 0}}));
  BOOST_TEST(wishes(done, "n2").empty(), "nothing changes there");
}

BOOST_FIXTURE_TEST_CASE(a_dead_slots_place_stays_with_its_execution, Running) {
  nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  step(wanted("e2", 9), 1s);
  beat("e2", 1s);
  const auto done = nodes({node("n1", 4, {"e1", "e2", "e2"})}, 2s);
  BOOST_TEST(sent<wire::SlotsWanted>(done).empty());
}

// design.md §4: output that was accepted stays until it is visible, and only the controller knows when that is.
BOOST_FIXTURE_TEST_CASE(a_node_hears_that_an_execution_is_settled_while_it_has_slots_of_it, Running) {
  const auto settled = [](const SchedulerActions& actions) {
    std::vector<std::string> names;
    for (const wire::SlotsWanted& wish : sent<wire::SlotsWanted>(actions)) {
      names.clear();
      for (const ExecutionId& ex_id : wish.settled) {
        names.push_back(ex_id.text);
      }
    }
    return names;
  };
  using Names = std::vector<std::string>;
  nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  BOOST_TEST((settled(step(ExecutionEnded{ExecutionId{"e1"}, true}, 2s)) == Names{"e1"}));
  // It slept, and still has them when the controller is long gone.
  dies("e1", false, 3s);
  BOOST_TEST(settled(nodes({node("n1", 4, {"e1"})}, 60s)).empty(), "nothing new to say");
  BOOST_TEST((settled(step(Tick{}, 61s)) == Names{"e1"}));
  BOOST_TEST(settled(nodes({node("n1", 4)}, 62s)).empty());
  BOOST_TEST(settled(step(Tick{}, 63s)).empty());
}

BOOST_FIXTURE_TEST_CASE(what_the_master_ended_by_itself_is_not_called_settled, Running) {
  nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  const auto done = sent<wire::SlotsWanted>(step(ExecutionEnded{ExecutionId{"e1"}, false}, 2s));
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  BOOST_TEST(done[0].executions.empty());
  BOOST_TEST(done[0].settled.empty());
}

BOOST_FIXTURE_TEST_CASE(a_slot_on_its_way_out_is_not_free, Running) {
  step(WorkersChanged{ExecutionId{"e1"}, 4}, 0s);
  nodes({node("n1", 4, {"e1", "e1", "e1", "e1"})}, 1s);
  step(ExecutionEnded{ExecutionId{"e1"}}, 2s);
  BOOST_TEST(told<ExecutionPlaced>(step(wanted("e2", 1), 2s)).empty());
  BOOST_TEST(told<ExecutionPlaced>(nodes({node("n1", 4, {"e1", "e1", "e1"})}, 3s)).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_dead_controller_starts_again_and_the_fifth_own_death_breaks_the_execution, Running) {
  Duration when = 1s;
  for (int death = 1; death <= 4; ++death) {
    auto done = dies("e1", true, when);
    BOOST_TEST(told<ControllerGone>(done).size() == 1u);
    BOOST_TEST(told<ExecutionBroke>(done).empty());
    if (death > 1) {
      BOOST_TEST(all<StartController>(done).empty(), "it backs off");
      when += 11s;
      done = step(Tick{}, when);
    }
    BOOST_TEST(all<StartController>(done).size() == 1u);
    beat("e1", when);
  }
  const auto done = dies("e1", true, when);
  const auto broke = told<ExecutionBroke>(done);
  BOOST_REQUIRE(broke.size() == 1u);
  BOOST_TEST(broke[0].reason.find("5 times in a row") != std::string::npos);
  BOOST_TEST(broke[0].reason.find("signal 11 (Segmentation fault)") != std::string::npos);
  BOOST_TEST(all<StartController>(step(Tick{}, when + 60s)).empty());
}

BOOST_FIXTURE_TEST_CASE(kills_from_outside_never_break_it, Running) {
  Duration when = 1s;
  for (int death = 0; death < 50; ++death) {
    const auto done = dies("e1", false, when);
    BOOST_TEST(told<ExecutionBroke>(done).empty());
    when += 11s;
    step(Tick{}, when);
  }
}

BOOST_FIXTURE_TEST_CASE(a_beat_of_an_earlier_controller_does_not_count, Running) {
  wire::ControllerBeat late;
  late.ex_id = ExecutionId{"e1"};
  late.pid = pid_of("e1");
  late.final_status = "completed";
  dies("e1", false, 1s);
  BOOST_TEST(told<ControllerSaid>(step(late, 1s)).empty());
}

BOOST_FIXTURE_TEST_CASE(a_silent_controller_is_killed_only_while_the_broker_speaks, Running) {
  Duration when = 0s;
  for (; when <= 10s; when += 1s) {
    step(wire::BrokerBeat{}, when);
    BOOST_TEST(all<KillController>(step(Tick{}, when)).empty());
  }
  step(wire::BrokerBeat{}, 11s);
  BOOST_TEST(all<KillController>(step(Tick{}, 11s)).size() == 1u);

  Running other;
  BOOST_TEST(all<KillController>(other.step(Tick{}, 60s)).empty(), "the broker was silent too");
  other.step(wire::BrokerBeat{}, 61s);
  BOOST_TEST(all<KillController>(other.step(Tick{}, 62s)).empty(), "it has only just come back");
}

BOOST_FIXTURE_TEST_CASE(an_absence_of_our_own_is_nobodys_silence, Running) {
  for (Duration when = 0s; when <= 5s; when += 1s) {
    step(wire::BrokerBeat{}, when);
    step(Tick{}, when);
  }
  step(StoodStill{30s}, 36s);
  step(wire::BrokerBeat{}, 36s);
  BOOST_TEST(all<KillController>(step(Tick{}, 37s)).empty());
}

BOOST_FIXTURE_TEST_CASE(orders_are_repeated_and_a_desire_counts_as_obeyed_when_its_number_was_seen, Running) {
  auto done = step(DesireChanged{ExecutionId{"e1"}, {.version = 7, .paused = true}}, 1s);
  const auto order = sent<wire::ControllerOrder>(done).at(0);
  BOOST_TEST(order.paused);
  BOOST_TEST(order.number > 1'000u);
  BOOST_TEST(told<ControllerSaid>(beat("e1", 1s)).at(0).obeyed == 0u);
  BOOST_TEST((sent<wire::ControllerOrder>(step(Tick{}, 2s)).at(0) == order));
  order_seen("e1", order.number);
  BOOST_TEST(told<ControllerSaid>(beat("e1", 2s)).at(0).obeyed == 7u);
}

BOOST_FIXTURE_TEST_CASE(a_controller_started_again_knows_what_is_wanted_from_its_binding, Running) {
  step(DesireChanged{ExecutionId{"e1"}, {.version = 7, .paused = true}}, 1s);
  BOOST_TEST(all<StartController>(dies("e1", false, 1s)).at(0).binding.paused);
}

BOOST_AUTO_TEST_CASE(a_stop_before_the_start_ends_it_without_a_controller) {
  Play play;
  play.step(RecordsLoaded{}, 0s);
  play.step(wanted("e1"), 0s);
  const auto done = play.step(DesireChanged{ExecutionId{"e1"}, {.version = 2, .stopping = true}}, 1s);
  BOOST_TEST(told<ExecutionNeverRan>(done).size() == 1u);
  BOOST_TEST(all<StartController>(play.nodes({node("n1", 4)}, 1s)).empty());
}

BOOST_AUTO_TEST_CASE(a_stop_of_one_that_an_earlier_master_left_pending_asks_its_ledger_by_a_controller) {
  Play play;
  ExecutionWanted kept = wanted("e1");
  kept.kept = true;
  play.step(kept, 0s);
  play.step(RecordsLoaded{}, 0s);
  const auto done = play.step(DesireChanged{ExecutionId{"e1"}, {.version = 2, .stopping = true}}, 1s);
  BOOST_TEST(told<ExecutionNeverRan>(done).empty());
  BOOST_REQUIRE_EQUAL(all<StartController>(done).size(), 1u);
  BOOST_TEST(all<StartController>(done)[0].binding.stopping);
}

BOOST_FIXTURE_TEST_CASE(a_stop_drains_the_slots_at_once_and_gives_them_its_own_time, Running) {
  nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  auto done = step(DesireChanged{ExecutionId{"e1"}, {.version = 2, .stopping = true, .stop_timeout = 30s}}, 2s);
  BOOST_TEST(wishes(done, "n1").at("e1") == 0u);
  BOOST_TEST(grace(done, "n1", "e1") == 30'000);
  beat("e1", 6s);
  nodes({node("n1", 4)}, 7s);
  BOOST_TEST(wishes(step(Tick{}, 8s), "n1").at("e1") == 0u, "a stop needs no slots by itself");
  BOOST_TEST(wishes(step(Tick{}, 9s), "n1").at("e1") == 1u, "but accepted output may wait for one to publish it");
}

/// e1 is stopping and has just lost its last slot, on a cluster of which e2 would take every place for ever; e0, which
/// is older, has one on a machine of its own.
struct StoppedAmongOthers : Play {
  StoppedAmongOthers() {
    step(RecordsLoaded{}, 0s);
    nodes({node("n0", 1)}, 0s);
    step(wanted("e0", 1), 0s);
    nodes({node("n0", 1, {"e0"}), node("n1", 1)}, 0s);
    step(wanted("e1", 1), 0s);
    nodes({node("n1", 3, {"e1"})}, 0s);
    step(wanted("e2", 9), 0s);
    for (const char* ex : {"e0", "e1", "e2"}) {
      beat(ex, 1s);
    }
    nodes({node("n1", 3, {"e1", "e2", "e2"})}, 1s);
    step(DesireChanged{ExecutionId{"e1"}, {.version = 2, .stopping = true, .stop_timeout = 30s}}, 2s);
    beat("e1", 3s);
    freed = nodes({node("n1", 3, {"e2", "e2"})}, 3s);
  }
  Wishes on_n1(const SchedulerActions& actions) { return wishes(actions, "n1"); }
  SchedulerActions freed;
};

BOOST_FIXTURE_TEST_CASE(the_place_of_a_stops_last_slot_is_kept_until_the_stop_needs_none, StoppedAmongOthers) {
  BOOST_TEST(sent<wire::SlotsWanted>(freed).empty());
  BOOST_TEST((on_n1(beat("e1", 3s, 0, "stopped", true)) == Wishes{{"e1", 0}, {"e2", 3}}));
}

BOOST_FIXTURE_TEST_CASE(a_stop_with_output_to_publish_has_the_place_that_its_last_slot_left, StoppedAmongOthers) {
  step(wanted("pending", 1), 3s);
  BOOST_TEST((on_n1(step(Tick{}, 4s)) == Wishes{{"e1", 0}, {"e2", 2}}), "it may end without a slot");
  BOOST_TEST((on_n1(step(Tick{}, 5s)) == Wishes{{"e1", 1}, {"e2", 2}}));
  nodes({node("n1", 3, {"e2", "e2", "e1"})}, 5s);
  // The end is proposed once the records have the errors; the slot is free before that.
  BOOST_TEST((on_n1(beat("e1", 5s, 0, "", true)) == Wishes{{"e1", 0}, {"e2", 2}}));
  BOOST_TEST(told<ExecutionPlaced>(nodes({node("n1", 3, {"e2", "e2"})}, 6s)).size() == 1u, "the pending one starts");
}

BOOST_FIXTURE_TEST_CASE(a_stop_whose_place_was_lost_has_the_next_before_an_older_one_without_slots,
                        StoppedAmongOthers) {
  nodes({node("n1", 2, {"e2", "e2"})}, 3s, {NodeId{"n0"}});
  step(WorkersChanged{ExecutionId{"e2"}, 1}, 5s);
  BOOST_TEST((on_n1(nodes({node("n1", 2, {"e2"})}, 5s)) == Wishes{{"e1", 1}, {"e2", 1}}));
}

BOOST_FIXTURE_TEST_CASE(each_stop_keeps_one_place_and_none_while_its_slots_drain, StoppedAmongOthers) {
  step(DesireChanged{ExecutionId{"e0"}, {.version = 2, .stopping = true, .stop_timeout = 30s}}, 3s);
  BOOST_TEST((on_n1(nodes({node("n1", 4, {"e2", "e2"})}, 3s)) == Wishes{{"e1", 0}, {"e2", 3}}));
  nodes({node("n0", 1)}, 3s);
  BOOST_TEST((on_n1(nodes({node("n1", 5, {"e2", "e2", "e2"})}, 3s)) == Wishes{{"e1", 0}, {"e2", 4}}),
             "of three free ones");
}

BOOST_FIXTURE_TEST_CASE(the_place_is_kept_for_a_new_controller_of_the_stop_but_not_for_ever, StoppedAmongOthers) {
  dies("e1", false, 3s);
  BOOST_TEST((on_n1(step(Tick{}, 20s)) == Wishes{{"e1", 0}, {"e2", 2}}));
  BOOST_TEST((on_n1(step(Tick{}, 22s)) == Wishes{{"e1", 0}, {"e2", 3}}), "it has not spoken for two silence limits");
}

BOOST_FIXTURE_TEST_CASE(an_absence_of_our_own_makes_no_stop_wait_for_a_slot, StoppedAmongOthers) {
  step(StoodStill{30s}, 34s);
  BOOST_TEST((on_n1(step(Tick{}, 34s)) == Wishes{{"e1", 0}, {"e2", 2}}));
}

BOOST_FIXTURE_TEST_CASE(a_stop_ordered_again_counts_its_time_from_then, Running) {
  nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  step(DesireChanged{ExecutionId{"e1"}, {.version = 2, .stopping = true, .stop_timeout = 60s}}, 2s);
  const auto done = step(DesireChanged{ExecutionId{"e1"}, {.version = 3, .stopping = true, .stop_timeout = 1s}}, 12s);
  BOOST_TEST(grace(done, "n1", "e1") == 11'000, "the agent counts from when it was told to drain");
}

BOOST_AUTO_TEST_CASE(slots_that_go_without_a_stop_have_the_agents_own_time) {
  Running play;
  play.nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  BOOST_TEST(grace(play.step(WorkersChanged{ExecutionId{"e1"}, 1, 1}, 2s), "n1", "e1") == -1);
}

BOOST_FIXTURE_TEST_CASE(a_stop_that_an_earlier_master_ordered_goes_on_with_its_time, Play) {
  auto stopping = wanted("e1", 2, true);
  stopping.host = "h";
  stopping.port = 150;
  stopping.desire = {.version = 1, .stopping = true, .stop_timeout = 20s};
  step(stopping, 0s);
  step(RecordsLoaded{}, 0s);
  const auto done = nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  BOOST_TEST(wishes(done, "n1").at("e1") == 0u);
  BOOST_TEST(grace(done, "n1", "e1") == 20'000);
}

BOOST_FIXTURE_TEST_CASE(fewer_workers_are_reached_when_the_processes_are_gone_R_api_101, Running) {
  step(WorkersChanged{ExecutionId{"e1"}, 4, 1}, 0s);
  nodes({node("n1", 4, {"e1", "e1", "e1", "e1"})}, 1s);
  auto done = step(WorkersChanged{ExecutionId{"e1"}, 2, 2}, 2s);
  BOOST_TEST(wishes(done, "n1").at("e1") == 2u);
  BOOST_TEST(told<WorkersReached>(done).empty());
  auto leaving = node("n1", 4, {"e1", "e1", "e1", "e1"});
  leaving.beat.slots[3].draining = leaving.beat.slots[2].draining = true;
  BOOST_TEST(told<WorkersReached>(nodes({leaving}, 2s)).empty(), "they finish what they run");
  done = nodes({node("n1", 4, {"e1", "e1"})}, 3s);
  BOOST_REQUIRE(told<WorkersReached>(done).size() == 1u);
  BOOST_TEST(told<WorkersReached>(done)[0].version == 2u);
  BOOST_TEST(told<WorkersReached>(step(Tick{}, 4s)).empty(), "said once");
}

BOOST_FIXTURE_TEST_CASE(fewer_workers_than_never_ran_are_reached_at_once, Running) {
  step(WorkersChanged{ExecutionId{"e1"}, 100, 1}, 0s);
  nodes({node("n1", 4, {"e1", "e1", "e1", "e1"})}, 1s);
  BOOST_TEST(told<WorkersReached>(step(WorkersChanged{ExecutionId{"e1"}, 50, 2}, 2s)).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(unmet_extra_workers_block_nobody_Q_1, Running) {
  step(WorkersChanged{ExecutionId{"e1"}, 100, 1}, 0s);
  nodes({node("n1", 4, {"e1", "e1", "e1", "e1"})}, 1s);
  BOOST_TEST(told<ExecutionPlaced>(step(wanted("e2", 100), 2s)).empty());
  BOOST_TEST(told<ExecutionPlaced>(step(wanted("e3", 1), 2s)).empty());
  auto done = nodes({node("n2", 1)}, 3s);
  BOOST_REQUIRE(told<ExecutionPlaced>(done).size() == 1u);
  BOOST_TEST(told<ExecutionPlaced>(done)[0].ex_id.text == "e2", "the older one starts, with one slot of its hundred");
  done = nodes({node("n3", 2)}, 4s);
  BOOST_REQUIRE(told<ExecutionPlaced>(done).size() == 1u);
  BOOST_TEST(told<ExecutionPlaced>(done)[0].ex_id.text == "e3", "before anyone gets a second one");
  BOOST_TEST((wishes(done, "n3") == Wishes{{"e1", 1}}), "then unmet wishes, the oldest first");
  BOOST_TEST((wishes(beat("e3", 4s), "n3") == Wishes{{"e1", 1}, {"e3", 1}}));
}

BOOST_FIXTURE_TEST_CASE(an_ended_execution_frees_its_slots_and_goes_when_its_controller_has, Running) {
  nodes({node("n1", 4, {"e1", "e1"})}, 1s);
  auto done = beat("e1", 2s, 3, "completed");
  BOOST_TEST(told<ControllerSaid>(done).at(0).beat.final_status == "completed");
  done = step(ExecutionEnded{ExecutionId{"e1"}}, 2s);
  BOOST_TEST(sent<wire::ControllerOrder>(done).at(0).final_recorded);
  BOOST_TEST(wishes(done, "n1").count("e1") == 0u, "what is not listed is over");
  done = dies("e1", false, 3s);
  BOOST_TEST(all<StartController>(done).empty());
  BOOST_TEST(told<ControllersChanged>(done).at(0).controllers.empty());
  BOOST_TEST(sent<wire::ControllerOrder>(step(Tick{}, 9s)).empty());
}

BOOST_FIXTURE_TEST_CASE(errors_go_to_the_records_and_how_far_they_are_goes_back_with_every_order, Running) {
  const wire::SlicesFailed page{{"e1"}, {"e1"}, 0, {{.number = 3, .slice = {0, 1}, .ex_id = {"e1"}}}};
  BOOST_TEST((told<wire::SlicesFailed>(step(page, 1s)).at(0) == page));
  BOOST_TEST(told<wire::SlicesFailed>(step(wire::SlicesFailed{{"e9"}, {"e9"}, 0, {}}, 1s)).empty());
  const auto order = sent<wire::ControllerOrder>(step(ErrorsRecorded{ExecutionId{"e1"}, 3}, 1s));
  BOOST_REQUIRE_EQUAL(order.size(), 1U);
  BOOST_TEST(order[0].errors_recorded == 3U);
  BOOST_TEST(sent<wire::ControllerOrder>(step(Tick{}, 3s)).at(0).errors_recorded == 3U);
  step(ErrorsRecorded{ExecutionId{"e9"}, 3}, 3s);
}

BOOST_FIXTURE_TEST_CASE(a_log_level_goes_with_every_order_and_outlives_the_controller, Running) {
  const auto order = sent<wire::ControllerOrder>(step(LogLevelChanged{ExecutionId{"e1"}, "debug"}, 1s));
  BOOST_REQUIRE_EQUAL(order.size(), 1U);
  BOOST_TEST(order[0].log_level == "debug");
  BOOST_TEST(all<StartController>(dies("e1", false, 2s)).size() == 1U);
  BOOST_TEST(sent<wire::ControllerOrder>(beat("e1", 2s)).at(0).log_level == "debug");
}

BOOST_FIXTURE_TEST_CASE(after_SIGTERM_nothing_is_started_or_taken_away, Running) {
  step(Terminate{}, 1s);
  BOOST_TEST(all<StartController>(dies("e1", false, 1s)).empty());
  BOOST_TEST(all<StartController>(step(wanted("e2"), 2s)).empty());
}

BOOST_FIXTURE_TEST_CASE(a_node_that_returns_smaller_gets_no_more_than_it_has, Running) {
  step(WorkersChanged{ExecutionId{"e1"}, 4}, 0s);
  step(wanted("e2", 2), 0s);
  const auto done = nodes({node("n1", 1)}, 1s);
  BOOST_TEST(wishes(done, "n1").at("e1") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
