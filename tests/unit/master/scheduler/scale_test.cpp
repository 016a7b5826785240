// The planned size (design.md §9): 500 nodes, 10,000 slots, 1,000 executions. A step must stay well below 10 ms.
#include <algorithm>
#include <ctime>

#include "master/scheduler/scheduler.hpp"

using namespace slicebus;
using namespace slicebus::scheduler;

namespace {

constexpr std::uint32_t nodes_count = 500;
constexpr std::uint32_t slots_each = 20;
constexpr std::uint32_t executions_count = 1'000;
constexpr std::uint32_t workers_each = 10;

#ifdef __OPTIMIZE__
constexpr bool optimised = true;
#else
constexpr bool optimised = false;
#endif
#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
/// What users run has to stay within the 10 ms; builds that look for mistakes are allowed to be slower.
constexpr double limit_ms = optimised && !sanitized ? 10 : 100;

std::string named(const char* what, std::uint32_t number) {
  std::string digits = std::to_string(number);
  return std::string(what) + "-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

/// A cluster whose nodes run at once whatever is wished, and the CPU time of the scheduler's steps.
class FullCluster {
 public:
  FullCluster() : scheduler_({.broker = "tcp://b:1", .ledger_folder = "/d"}) {
    step(RecordsLoaded{});
    wire::ClusterUpdate all{ProcessId{"broker"}, ++sequence_, true, {}, {}};
    for (std::uint32_t i = 0; i < nodes_count; ++i) {
      wire::NodeEntry entry;
      entry.beat.node = NodeId{named("node", i)};
      entry.beat.slots_total = slots_each;
      entries_[entry.beat.node] = entry;
      all.nodes.push_back(std::move(entry));
    }
    step(all);
  }

  double submit(std::uint32_t number, std::uint32_t workers) {
    ExecutionWanted wanted;
    wanted.ex_id = ExecutionId{named("exec", number)};
    wanted.job_id = JobId{named("jobs", number)};
    wanted.lineage = LineageId{wanted.ex_id.text};
    wanted.workers = workers;
    return step(wanted);
  }
  double beat(const ExecutionId& ex_id) {
    wire::ControllerBeat beat;
    beat.ex_id = ex_id;
    beat.pid = pids_.at(ex_id);
    beat.host = "127.0.0.1";
    beat.port = 25'679;
    return step(beat);
  }
  /// The agents do what they are told and say so.
  void obey() {
    for (const NodeId& node : std::exchange(changed_, {})) {
      report(node);
    }
  }
  double report(const NodeId& node) {
    return step(wire::ClusterUpdate{ProcessId{"broker"}, ++sequence_, false, {entries_.at(node)}, {}});
  }
  wire::NodeBeat& node(std::uint32_t number) { return entries_.at(NodeId{named("node", number)}).beat; }
  double tick() {
    now_ += 1s;
    return step(Tick{});
  }
  const std::map<ExecutionId, std::uint32_t>& controllers() const { return pids_; }

  /// @return  ms of CPU time
  double step(const SchedulerEvent& event) {
    const std::clock_t before = std::clock();
    const SchedulerActions actions = scheduler_.step(event, TimePoint{now_});
    const double took = 1'000.0 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    for (const SchedulerAction& action : actions) {
      if (const auto* start = std::get_if<StartController>(&action)) {
        pids_[start->binding.ex_id] = ++pid_;
        starting_.push_back(start->binding.ex_id);
      } else if (const auto* send = std::get_if<SendControl>(&action)) {
        if (const auto* wish = std::get_if<wire::SlotsWanted>(&send->message)) {
          take(*wish);
        }
      }
    }
    for (const ExecutionId& ex_id : std::exchange(starting_, {})) {
      step(ControllerStarted{ex_id, pids_.at(ex_id)});
      beat(ex_id);
    }
    return took;
  }

 private:
  void take(const wire::SlotsWanted& wish) {
    std::vector<wire::SlotState> slots;
    for (const wire::WantedSlots& execution : wish.executions) {
      for (std::uint32_t i = 0; i < execution.slots; ++i) {
        slots.push_back({.worker_id = static_cast<std::uint32_t>(slots.size() + 1), .ex_id = execution.ex_id});
      }
    }
    wire::NodeBeat& beat = entries_.at(wish.node).beat;
    if (slots != beat.slots) {
      beat.slots = std::move(slots);
      changed_.insert(wish.node);
    }
  }

  Scheduler scheduler_;
  Duration now_{};
  std::uint64_t sequence_ = 0;
  std::uint32_t pid_ = 0;
  std::map<NodeId, wire::NodeEntry> entries_;
  std::map<ExecutionId, std::uint32_t> pids_;
  std::vector<ExecutionId> starting_;
  std::set<NodeId> changed_;
};

/// Of `count` steps: the worst but one in ten.
template <class Step>
void require_quick(const std::string& what, std::uint32_t count, Step step) {
  std::vector<double> ms;
  for (std::uint32_t i = 0; i < count; ++i) {
    ms.push_back(step(i));
  }
  std::sort(ms.begin(), ms.end());
  const double typical = ms[ms.size() / 2], slow = ms[ms.size() * 9 / 10];
  BOOST_TEST_MESSAGE(what << ": median " << typical << " ms, p90 " << slow << " ms of CPU");
  BOOST_TEST(slow < limit_ms, what << " took " << slow << " ms (limit " << limit_ms << " ms)");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scheduling_at_scale)

BOOST_AUTO_TEST_CASE(a_step_stays_well_below_ten_milliseconds) {
  FullCluster cluster;
  require_quick("a new execution", executions_count, [&](std::uint32_t i) { return cluster.submit(i, workers_each); });
  cluster.obey();
  BOOST_REQUIRE(cluster.controllers().size() == executions_count);
  std::size_t running = 0;
  for (std::uint32_t i = 0; i < nodes_count; ++i) {
    running += cluster.node(i).slots.size();
  }
  BOOST_TEST(running == std::size_t{nodes_count} * slots_each, "every slot has work");

  require_quick("an execution that has to wait", 50,
                [&](std::uint32_t i) { return cluster.submit(executions_count + i, workers_each); });
  require_quick("a controller's beat", 200,
                [&](std::uint32_t i) { return cluster.beat(ExecutionId{named("exec", i)}); });
  require_quick("a slot that died", 200, [&](std::uint32_t i) {
    cluster.node(i).slots.pop_back();
    return cluster.report(NodeId{named("node", i)});
  });
  require_quick("the beat to everyone", 20, [&](std::uint32_t) { return cluster.tick(); });
  require_quick("fewer workers", 50, [&](std::uint32_t i) {
    return cluster.step(WorkersChanged{ExecutionId{named("exec", i)}, 5, 1});
  });
  require_quick("a stop", 50, [&](std::uint32_t i) {
    const ExecutionId ex_id{named("exec", 100 + i)};
    return cluster.step(DesireChanged{ex_id, {.version = 2, .stopping = true, .stop_timeout = 1s}});
  });
  cluster.obey();  // and keeps a place until its controller has spoken
  require_quick("the beat to everyone while stops keep places", 20, [&](std::uint32_t) { return cluster.tick(); });
  require_quick("an execution that ended", 50,
                [&](std::uint32_t i) { return cluster.step(ExecutionEnded{ExecutionId{named("exec", i)}}); });
}

BOOST_AUTO_TEST_SUITE_END()
