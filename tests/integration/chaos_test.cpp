// Issue 7, M2: processes of all five kinds are killed, or frozen for seconds, at random and all the time; nobody helps,
// and nothing is lost or doubled.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <future>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/support/exporting.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/wishes.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

using Steady = std::chrono::steady_clock;

constexpr int workers = 4;
/// ./run-tests --long asks for 200,000 and five minutes.
long slices() { return asked_for("SLICEBUS_CHAOS_SLICES", 3'000); }
/// What the job needs without any failure: the slices of each worker wait that long in all.
std::chrono::seconds chaos_time() { return std::chrono::seconds(asked_for("SLICEBUS_CHAOS_SECONDS", 20)); }

MadeUp exporting() {
  return {.name = "a job among failures",
          .workers = workers,
          .slices = static_cast<std::size_t>(slices()),
          .records_of_slice = 10,
          .slice_ms = chaos_time() / 1ms * workers / slices(),
          .output = "output/chaos"};
}

struct Victim {
  std::string kind;  ///< what its command begins with
  pid_t pid = 0;
};

/// Draws victims, each kind once a round, so that the one master is met as often as the many slots.
class Fate {
 public:
  explicit Fate(unsigned seed) : chance_(seed) {}

  std::chrono::milliseconds between(int from, int to) {
    return std::chrono::milliseconds(std::uniform_int_distribution<int>(from, to)(chance_));
  }
  /// Nothing: no process of the kind that is due lives at this moment; the kind stays due.
  std::optional<Victim> victim(const LocalCluster& cluster) {
    if (due_.empty()) {
      due_ = {"slicebus-broker", "slicebus-master --", "slicebus-master controller", "slicebus-worker --",
              "slicebus-worker slot"};
      std::shuffle(due_.begin(), due_.end(), chance_);
    }
    std::vector<pid_t> of_kind;
    for (const ProcessInfo& info : cluster.family()) {
      if (info.command.rfind(due_.back(), 0) == 0) {
        of_kind.push_back(info.pid);
      }
    }
    if (of_kind.empty()) {
      return std::nullopt;
    }
    const Victim drawn{due_.back(), of_kind[chance_() % of_kind.size()]};
    due_.pop_back();
    return drawn;
  }

 private:
  std::mt19937 chance_;
  std::vector<std::string> due_;  ///< kinds that this round has not met yet
};

/// Strikes until the job is done.
template <class Strike>
void strike_while_it_runs(const std::string& what, Strike strike) {
  Fate fate(drawn_seed());
  const TestDirectory directory;
  // A session of its own: a group with a stopped process in it gets SIGHUP, whole, when the shell that started it ends.
  const LocalCluster cluster(directory.path(), {.wrapped_in = {"setsid"}});
  const Exporting writer(cluster, exporting());
  const auto done = [&] {
    const auto answer = cluster.api().request("GET", "/v1/ex/" + writer.ex_id());
    return answer && answer->status == 200 && answer->json().value("_status", "") == "completed";
  };
  std::map<std::string, int> strikes;
  const auto began = Steady::now();
  while (Steady::now() < began + 10 * chaos_time() && !done()) {
    std::this_thread::sleep_for(fate.between(200, 2'000));
    if (const auto victim = fate.victim(cluster)) {
      ++strikes[victim->kind];
      strike(fate, victim->pid);
    }
  }
  std::string told;
  for (const auto& [kind, count] : strikes) {
    told += " " + kind + ": " + std::to_string(count) + ";";
  }
  BOOST_TEST_MESSAGE(what << told << " in " << (Steady::now() - began) / 1s
                          << " s, output files by then: " << writer.files());
  BOOST_TEST(strikes.size() == 5U, "too short to meet every kind");
  strike.rest();
  writer.require_each_record_once(10min);
  cluster.require_sound_ledger(writer.ex_id());
}

struct Kill {
  void operator()(Fate& /*fate*/, pid_t victim) { ::kill(victim, SIGKILL); }
  void rest() {}
};

/// Longer than a lease and than the silence after which a node or a controller is given up, too.
class Freeze {
 public:
  void operator()(Fate& fate, pid_t victim) {
    ::kill(victim, SIGSTOP);
    waking_.push_back(std::async(std::launch::async, [victim, length = fate.between(100, 12'000)] {
      std::this_thread::sleep_for(length);
      ::kill(victim, SIGCONT);
    }));
  }
  void rest() { waking_.clear(); }  // waits for each

 private:
  std::vector<std::future<void>> waking_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(chaos)

BOOST_AUTO_TEST_CASE(kill_9_of_random_processes_loses_and_doubles_nothing) { strike_while_it_runs("killed", Kill()); }

BOOST_AUTO_TEST_CASE(random_processes_that_freeze_and_wake_lose_and_double_nothing) {
  strike_while_it_runs("frozen", Freeze());
}

BOOST_AUTO_TEST_SUITE_END()
