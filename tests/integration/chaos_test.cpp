// Issue 7, M2: processes of all five kinds are killed, or frozen for seconds, at random and all the time; nobody helps,
// and nothing is lost or doubled.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

using Steady = std::chrono::steady_clock;

long number(const char* name, long otherwise) {
  const char* value = std::getenv(name);  // NOLINT: one thread
  return value != nullptr ? std::atol(value) : otherwise;
}

constexpr long records_of_slice = 10;
constexpr long workers = 4;
/// ./run-tests --long asks for 200,000 and five minutes.
long slices() { return number("SLICEBUS_CHAOS_SLICES", 3'000); }
/// What the job needs without any failure: the slices of each worker wait that long in all.
std::chrono::seconds chaos_time() { return std::chrono::seconds(number("SLICEBUS_CHAOS_SECONDS", 20)); }

json exporting_job() {
  return {{"name", "a job among failures"},
          {"workers", workers},
          {"operations",
           {{{"_op", "data_generator"},
             {"size", slices() * records_of_slice},
             {"slice_size", records_of_slice},
             {"seed", 7},
             {"set_id", "hexadecimal"}},
            {{"_op", "delay"}, {"ms", chaos_time() / 1ms * workers / slices()}},
            {{"_op", "file_exporter"}, {"path", "output/chaos"}, {"format", "ldjson"}}}}};
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

void require_each_record_once(const LocalCluster& cluster, const LocalCluster::Posted& posted) {
  BOOST_TEST(cluster.wait_for_end(posted.ex_id, 10min) == "completed", cluster.logs());
  const auto output = cluster.directory() / "output/chaos";
  const auto records = static_cast<std::size_t>(slices() * records_of_slice);
  const Tally found = tally(output_records(output, posted.ex_id));
  BOOST_TEST_MESSAGE(records << " records expected, " << found.distinct << " distinct of " << found.records
                             << " found");
  BOOST_TEST((found == Tally{records, records}), "lost or doubled records");
  // Who slept over the end has its shutdown_timeout, and drops what nobody will ask for.
  BOOST_TEST(eventually(20s, [&] { return hidden_files(output).empty(); }), hidden_files(output).size()
                                                                                << " temporary files are left");
  const json stats = cluster.execution(posted.ex_id).at("_slicer_stats");
  BOOST_TEST(stats.at("processed").get<long>() == slices());
  BOOST_TEST(stats.at("failed").get<long>() == 0);
  const std::string ledger = cluster.directory() / "data/ledgers" / (posted.ex_id + ".db");
  const Ended checked = run({program("slicebus"), "ledger", "check", ledger});
  BOOST_TEST(checked.code == 0, checked.output);
}

/// Strikes until the job is done.
template <class Strike>
void strike_while_it_runs(const std::string& what, Strike strike) {
  const auto seed = static_cast<unsigned>(number("SLICEBUS_SEED", static_cast<long>(std::random_device()() / 2)));
  BOOST_TEST_MESSAGE("seed " << seed << "; again with SLICEBUS_SEED=" << seed);
  Fate fate(seed);
  const TestDirectory directory;
  // A session of its own: a group with a stopped process in it gets SIGHUP, whole, when the shell that started it ends.
  const LocalCluster cluster(directory.path(), {.wrapped_in = {"setsid"}});
  const auto posted = cluster.submit(exporting_job());
  const auto done = [&] {
    const auto answer = cluster.api().request("GET", "/v1/ex/" + posted.ex_id);
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
  BOOST_TEST_MESSAGE(what << told << " in " << (Steady::now() - began) / 1s << " s, output files by then: "
                          << output_files(cluster.directory() / "output/chaos", posted.ex_id).size());
  BOOST_TEST(strikes.size() == 5U, "too short to meet every kind");
  strike.rest();
  require_each_record_once(cluster, posted);
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
