// Issue 7, M7 and Deliver 10: jobs start, stop, scale, fail and recover for a long time, and nothing grows: no orphan,
// no zombie, no descriptor, no thread, no file, no memory.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/wishes.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

using Steady = std::chrono::steady_clock;

/// ./run-tests --long asks for 1,000 and for a minute; thirty minutes are run by hand.
long cycles() { return asked_for("SLICEBUS_SOAK_CYCLES", 40); }
std::chrono::seconds soak_time() { return std::chrono::seconds(asked_for("SLICEBUS_SOAK_SECONDS", 10)); }

/// What a process that lives long has taken.
struct Holdings {
  std::size_t descriptors = 0, threads = 0;
  long resident_kib = 0;
  long cached_kib_min = 0, cached_kib_max = 0;  ///< what it may keep in memory of its own files
};

std::size_t entries_of(const std::filesystem::path& path) {
  std::error_code gone;
  const std::filesystem::directory_iterator all(path, gone);
  return gone ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// The master keeps pages of its records in memory, up to 32 MiB; SQLite takes somewhat more than a page for each.
/// Pages of the log come to the file only now and then.
long pages_kib(const LocalCluster& cluster, const std::vector<std::string>& files) {
  std::uintmax_t bytes = 0;
  for (const std::string& file : files) {
    std::error_code absent;
    const std::uintmax_t size = std::filesystem::file_size(cluster.directory() / "data" / file, absent);
    bytes += absent ? 0 : size;
  }
  return static_cast<long>(bytes / 1'024 * 5 / 4);
}

std::map<std::string, Holdings> holdings(const LocalCluster& cluster) {
  std::map<std::string, Holdings> found;
  for (const auto& [name, pid] : {std::pair<std::string, std::optional<pid_t>>{"slicebus local", cluster.pid()},
                                  {"slicebus-broker", cluster.broker()},
                                  {"slicebus-master", cluster.master()},
                                  {"slicebus-worker", cluster.agent()}}) {
    BOOST_REQUIRE_MESSAGE(pid.has_value(), name << " is gone\n" << cluster.logs());
    const std::filesystem::path process = "/proc/" + std::to_string(*pid);
    found[name] = {entries_of(process / "fd"), entries_of(process / "task"), resident_kib(*pid).value_or(0), 0, 0};
    if (name == "slicebus-master") {
      found[name].cached_kib_min = pages_kib(cluster, {"records.db", "errors.db"});
      found[name].cached_kib_max = pages_kib(cluster, {"records.db", "errors.db", "records.db-wal", "errors.db-wal"});
    }
  }
  return found;
}

/// Idle: the four processes and the spares, four slots and one controller.
constexpr std::size_t idle_family = 4 + 4 + 1;

/// Waits until nothing runs any more and says what is held then. A connection of the last request may live a moment
/// longer.
std::map<std::string, Holdings> idle_holdings(const LocalCluster& cluster) {
  BOOST_TEST(eventually(30s, [&] { return cluster.family().size() == idle_family; }), [&] {
    std::string all;
    for (const ProcessInfo& info : cluster.family()) {
      all += info.command + "\n";
    }
    return all;
  }());
  std::map<std::string, Holdings> before = holdings(cluster);
  eventually(10s, [&] {
    std::this_thread::sleep_for(500ms);
    const std::map<std::string, Holdings> now = holdings(cluster);
    const bool still = std::equal(now.begin(), now.end(), before.begin(), [](const auto& a, const auto& b) {
      return a.second.descriptors == b.second.descriptors && a.second.threads == b.second.threads;
    });
    before = now;
    return still;
  });
  return before;
}

std::size_t zombies_of(const LocalCluster& cluster) {
  std::size_t count = 0;
  for (const ProcessInfo& parent : cluster.family()) {
    std::ifstream list("/proc/" + std::to_string(parent.pid) + "/task/" + std::to_string(parent.pid) + "/children");
    for (pid_t child = 0; list >> child;) {
      count += alive(child) ? 0 : 1;
    }
  }
  return count;
}

/// The sanitizers keep what was freed, so their programs' memory says nothing.
bool keeps_freed_memory(const LocalCluster& cluster) {
  std::ifstream maps("/proc/" + std::to_string(cluster.pid()) + "/maps");
  const std::string text((std::istreambuf_iterator<char>(maps)), std::istreambuf_iterator<char>());
  return text.find("libasan") != std::string::npos || text.find("libtsan") != std::string::npos;
}

std::string told(const std::map<std::string, Holdings>& all) {
  std::string text;
  for (const auto& [name, held] : all) {
    text += "; " + name + ": " + std::to_string(held.descriptors) + " descriptors, " + std::to_string(held.threads) +
            " threads, " + std::to_string(held.resident_kib) + " KiB" +
            (held.cached_kib_max > 0 ? ", its records " + std::to_string(held.cached_kib_max) + " KiB" : "");
  }
  return text.substr(2);
}

void require_flat(const LocalCluster& cluster, const std::map<std::string, Holdings>& before,
                  const std::map<std::string, Holdings>& after) {
  BOOST_TEST_MESSAGE("before: " << told(before));
  BOOST_TEST_MESSAGE("after:  " << told(after));
  const bool weighed = !keeps_freed_memory(cluster);
  for (const auto& [name, then] : before) {
    const Holdings& now = after.at(name);
    BOOST_TEST(now.descriptors == then.descriptors, name);
    BOOST_TEST(now.threads == then.threads, name);
    // The allocator's own ways; a leak of a kilobyte an execution shows after some thousand of them.
    const long slack_kib = then.resident_kib / 10 + 1'024 + now.cached_kib_max - then.cached_kib_min;
    BOOST_TEST((!weighed || now.resident_kib < then.resident_kib + slack_kib),
               name << " grew from " << then.resident_kib << " to " << now.resident_kib << " KiB");
  }
  BOOST_TEST(zombies_of(cluster) == 0U);
}

json job(const std::string& name, std::size_t slices, long slice_ms) {
  return job_of({.name = name, .workers = 2, .slices = slices, .slice_ms = slice_ms, .output = "output/" + name});
}

using Lineages = std::set<std::string>;

/// A ledger and a lock for each lineage that has begun, perhaps for one that was stopped before it could, and nothing
/// else: no log of a closed database, no temporary file.
void require_files_of(const LocalCluster& cluster, const Lineages& begun, const Lineages& stopped_early) {
  std::map<std::string, Lineages> found;
  for (const auto& entry : std::filesystem::directory_iterator(cluster.directory() / "data/ledgers")) {
    found[entry.path().extension().string()].insert(entry.path().stem().string());
  }
  Lineages ledgers = found[".db"];
  BOOST_TEST(found.size() == 2U, "ledgers, locks and something else");
  BOOST_TEST((found[".lock"] == ledgers), "a ledger without a lock, or a lock without a ledger");
  for (const std::string& each : begun) {
    BOOST_TEST(ledgers.erase(each) == 1U, "no ledger of " << each);
  }
  for (const std::string& each : ledgers) {
    BOOST_TEST(stopped_early.contains(each), "ledger of " << each << ", which is no lineage");
  }
  for (const auto& entry : std::filesystem::directory_iterator(cluster.directory() / "output")) {
    BOOST_TEST(hidden_files(entry.path()).empty(), entry.path());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(soak)

BOOST_AUTO_TEST_CASE(starts_and_stops_of_executions_leave_no_orphan_zombie_socket_or_file) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const json failing = failing_job(directory.path());
  Lineages begun, stopped_early;
  const auto runs_to_its_end = [&](const json& which, const std::string& status) {
    const std::string ex_id = cluster.submit(which).ex_id;
    BOOST_TEST(cluster.wait_for_end(ex_id) == status);
    begun.insert(ex_id);
  };
  const auto is_stopped = [&](bool after_it_has_begun) {
    const std::string ex_id = cluster.submit(job("stopped", 100'000, 5)).ex_id;
    if (after_it_has_begun) {
      BOOST_TEST(cluster.has_processed(ex_id));
    }
    BOOST_TEST(cluster.post("/v1/ex/" + ex_id + "/_stop").status == 200);
    BOOST_TEST(cluster.wait_for_end(ex_id) == "stopped");
    (after_it_has_begun ? begun : stopped_early).insert(ex_id);
  };
  const auto cycle = [&](long each) {
    if (each % 10 == 9) {
      runs_to_its_end(failing, "failed");
    } else if (each % 2 == 0) {
      runs_to_its_end(job("short", 4, 0), "completed");
    } else {
      is_stopped(each % 4 == 1);
    }
  };
  for (long warm = 0; warm < std::max(20L, cycles() / 5); ++warm) {
    cycle(warm);
  }
  const auto before = idle_holdings(cluster);
  const auto began = Steady::now();
  for (long each = 0; each < cycles(); ++each) {
    cycle(each);
  }
  BOOST_TEST_MESSAGE(cycles() << " cycles in " << (Steady::now() - began) / 1s << " s");
  require_flat(cluster, before, idle_holdings(cluster));
  require_files_of(cluster, begun, stopped_early);
}

BOOST_AUTO_TEST_CASE(jobs_that_start_stop_scale_fail_and_recover_all_the_time_let_nothing_grow) {
  std::mt19937 chance(drawn_seed());
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const json failing = failing_job(directory.path());
  std::vector<std::string> running, stopped;
  std::map<std::string, int> done;
  // What ended meanwhile, waits for its slots or wants one worker only says so (R-api-17, R-api-90, design.md §8).
  const auto command = [&](const std::string& ex_id, const std::string& what) {
    const HttpAnswer answer = cluster.post("/v1/ex/" + ex_id + what);
    const bool in_time = answer.status == 200 || answer.status == 404 || answer.status == 409 ||
                         (answer.status == 400 && what == "/_workers?remove=1") ||
                         (answer.status == 500 && answer.body.find("is not available to") != std::string::npos);
    BOOST_TEST(in_time, what << " was answered " << answer.status << " " << answer.body);
    ++done[what.substr(1, what.find('?') - 1)];
  };
  const auto act = [&] {
    const std::string ex_id = running.empty() ? "" : running[chance() % running.size()];
    switch (running.size() < 2 ? chance() % 3 : running.size() < 5 ? chance() % 8 : 3 + chance() % 5) {
      case 0:
        running.push_back(cluster.submit(job("long", 100'000, 10)).ex_id);
        ++done["long jobs"];
        break;
      case 1:
        running.push_back(cluster.submit(job("short", 50, 5)).ex_id);
        ++done["short jobs"];
        break;
      case 2:
        running.push_back(cluster.submit(failing).ex_id);
        ++done["failing jobs"];
        break;
      case 3:
        command(ex_id, "/_workers?add=" + std::to_string(1 + chance() % 3));
        break;
      case 4:
        command(ex_id, "/_workers?remove=1");
        break;
      case 5:
        command(ex_id, "/_pause");
        break;
      case 6:
        command(ex_id, "/_resume");
        break;
      default:
        command(ex_id, "/_stop");
        stopped.push_back(ex_id);
    }
    if (!stopped.empty() && chance() % 8 == 0) {
      const std::string again = stopped[chance() % stopped.size()];
      const HttpAnswer answer = cluster.post("/v1/ex/" + again + "/_recover");
      BOOST_TEST((answer.status == 200 || answer.status == 409 || answer.status == 400), answer.body);
      if (answer.status == 200) {
        running.push_back(answer.json().at("ex_id"));
        ++done["recoveries"];
      }
      std::erase(stopped, again);
    }
    std::erase_if(running, [&](const std::string& each) {
      const std::string status = cluster.status(each);
      return status == "completed" || status == "stopped" || status == "failed";
    });
  };
  const auto soak_for = [&](std::chrono::seconds time) {
    for (const auto end = Steady::now() + time; Steady::now() < end;) {
      act();
      std::this_thread::sleep_for(std::chrono::milliseconds(chance() % 400));
    }
    for (const std::string& each : running) {
      cluster.post("/v1/ex/" + each + "/_stop");
    }
    for (const std::string& each : running) {
      const std::string status = cluster.wait_for_end(each, 60s);
      BOOST_TEST((status == "completed" || status == "stopped" || status == "failed"), each << " is " << status);
    }
    running.clear();
  };
  soak_for(std::max<std::chrono::seconds>(10s, soak_time() / 6));
  const auto before = idle_holdings(cluster);
  done.clear();
  soak_for(soak_time());
  std::string acts;
  for (const auto& [what, count] : done) {
    acts += (acts.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  }
  BOOST_TEST_MESSAGE(soak_time().count() << " s: " << acts);
  require_flat(cluster, before, idle_holdings(cluster));
}

BOOST_AUTO_TEST_SUITE_END()
