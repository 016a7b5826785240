// M3: the life of a job through every call of the REST overview, against the real programs.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/wishes.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

constexpr std::size_t slices_of_job = 200;

/// Long enough to be met in the middle: 200 slices, each held up a little.
json slow_job(const std::string& path, long records = records_of_job()) {
  return job_of({.name = "a job to be met in the middle",
                 .workers = 4,
                 .slices = slices_of_job,
                 .records_of_slice = static_cast<std::size_t>(records) / slices_of_job,
                 .slice_ms = 60,
                 .output = path});
}

/// Of the ledger without a name that a process holds; 0: it holds none.
ino_t nameless_ledger(std::optional<pid_t> pid) {
  if (!pid) {
    return 0;
  }
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(*pid) + "/fd", gone)) {
    struct stat about {};
    if (std::filesystem::read_symlink(entry.path(), gone).string().find("/ledgers/#") != std::string::npos &&
        ::stat(entry.path().c_str(), &about) == 0) {
      return about.st_ino;
    }
  }
  return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(local_cluster)

BOOST_AUTO_TEST_CASE(a_new_ledger_is_the_file_that_a_spare_controller_had_made) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  ino_t spare = 0;
  BOOST_REQUIRE(
      eventually(20s, [&] { return (spare = nameless_ledger(cluster.process("slicebus-master controller"))) != 0; }));
  const auto posted = cluster.submit(job_of({.slices = 3}));
  BOOST_TEST(cluster.wait_for_end(posted.ex_id) == "completed");
  struct stat ledger {};
  BOOST_REQUIRE(::stat((directory / ("data/ledgers/" + posted.ex_id + ".db")).c_str(), &ledger) == 0);
  BOOST_TEST(ledger.st_ino == spare);
}

BOOST_AUTO_TEST_CASE(paused_execution_gives_out_nothing_and_keeps_its_slots_until_resumed) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const auto posted = cluster.submit(slow_job("output/paused"));
  BOOST_REQUIRE(cluster.has_processed(posted.ex_id, 20));

  const auto paused = cluster.post("/v1/jobs/" + posted.job_id + "/_pause");
  BOOST_TEST(paused.status == 200);
  BOOST_TEST(paused.json() == json({{"status", "paused"}}));
  BOOST_TEST(cluster.status(posted.ex_id) == "paused");
  // What ran when the pause was answered may still finish: four slices of 60 ms at most.
  BOOST_TEST(eventually(10s, [&] {
    const auto stats = cluster.get("/v1/jobs/" + posted.job_id + "/controller").json().at(0);
    return stats.at("workers_active").get<int>() == 0;
  }));
  const auto before = cluster.processed(posted.ex_id);
  std::this_thread::sleep_for(1'500ms);
  BOOST_TEST((cluster.processed(posted.ex_id) == before));
  BOOST_TEST(before.value() < static_cast<long>(slices_of_job));
  BOOST_TEST(cluster.slots(posted.ex_id).size() == 4U);
  const auto stats = cluster.get("/v1/ex/" + posted.ex_id + "/controller").json().at(0);
  BOOST_TEST(stats.at("workers_available").get<int>() == 4);

  const auto resumed = cluster.post("/v1/jobs/" + posted.job_id + "/_resume");
  BOOST_TEST(resumed.status == 200);
  BOOST_TEST(resumed.json() == json({{"status", "running"}}));
  BOOST_TEST(cluster.wait_for_end(posted.ex_id) == "completed");
  const auto records = static_cast<std::size_t>(records_of_job());
  BOOST_TEST((tally(output_records(cluster.directory() / "output/paused", posted.ex_id)) == Tally{records, records}));
}

BOOST_AUTO_TEST_CASE(
    stopped_execution_frees_its_slots_and_recovers_with_every_record_once_and_a_new_run_stands_beside_it) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const auto output = cluster.directory() / "output/stopped";
  const auto records = static_cast<std::size_t>(records_of_job());
  const auto first = cluster.submit(slow_job("output/stopped"));
  BOOST_REQUIRE(cluster.has_processed(first.ex_id, 20));

  const auto again = cluster.post("/v1/jobs/" + first.job_id + "/_start");
  BOOST_TEST(again.status == 409, again.body);
  const auto too_early = cluster.post("/v1/jobs/" + first.job_id + "/_recover");
  BOOST_TEST(too_early.status == 409, too_early.body);

  const auto stopped = cluster.post("/v1/jobs/" + first.job_id + "/_stop");
  BOOST_TEST(stopped.status == 200);
  BOOST_TEST(stopped.json() == json({{"status", "stopped"}}));
  BOOST_TEST(eventually(5s, [&] { return cluster.slots(first.ex_id).empty(); }));
  BOOST_TEST(eventually(5s, [&] {
    for (const auto& node : cluster.get("/cluster/state").json()) {
      if (node.at("total").get<int>() == 4) {
        return node.at("available").get<int>() == 4;
      }
    }
    return false;
  }));
  const std::size_t written = output_records(output, first.ex_id).size();
  BOOST_TEST(written < records);
  BOOST_TEST(hidden_files(output).empty());
  BOOST_TEST(cluster.post("/v1/jobs/" + first.job_id + "/_pause").status == 404);
  BOOST_TEST(cluster.get("/v1/jobs/" + first.job_id + "/controller").status == 404);

  const auto recovered = cluster.post("/v1/jobs/" + first.job_id + "/_recover");
  BOOST_REQUIRE_MESSAGE(recovered.status == 200, recovered.body);
  const std::string second = recovered.json().at("ex_id");
  BOOST_TEST(second != first.ex_id);
  BOOST_TEST(cluster.execution(second).at("recovered_execution") == first.ex_id);
  BOOST_TEST(cluster.wait_for_end(second) == "completed");
  BOOST_TEST((tally(output_records(output, first.ex_id)) == Tally{records, records}));
  BOOST_TEST(output_files(output, second).empty());  // the lineage keeps its first name
  BOOST_TEST(cluster.status(first.ex_id) == "stopped");

  const auto restarted = cluster.post("/jobs/" + first.job_id + "/_start");
  BOOST_REQUIRE_MESSAGE(restarted.status == 200, restarted.body);
  const std::string third = restarted.json().at("ex_id");
  BOOST_TEST(cluster.wait_for_end(third) == "completed");
  BOOST_TEST((tally(output_records(output, third)) == Tally{records, records}));
  BOOST_TEST((tally(output_records(output, first.ex_id)) == Tally{records, records}));
}

BOOST_AUTO_TEST_CASE(every_get_of_the_overview_answers_with_and_without_v1) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const auto kept = cluster.post("/jobs?start=false", slow_job("output/overview", 20'000).dump());
  BOOST_TEST(kept.status == 200);
  BOOST_TEST(!kept.json().contains("ex_id"));
  const std::string job = kept.json().at("job_id");
  BOOST_TEST(cluster.get("/v1/jobs/" + job + "/ex").status == 404);
  const auto started = cluster.post("/v1/jobs/" + job + "/_start");
  BOOST_REQUIRE_MESSAGE(started.status == 200, started.body);
  const std::string ex = started.json().at("ex_id");
  BOOST_REQUIRE(cluster.has_processed(ex, 20));

  for (const std::string prefix : {"", "/v1"}) {
    const json info = cluster.get(prefix + "/").json();
    for (const char* field : {"arch", "clustering_type", "name", "node_version", "platform", "teraslice_version"}) {
      BOOST_TEST(info.contains(field), "GET " << prefix << "/ has no " << field);
    }
    BOOST_TEST(cluster.get(prefix + "/jobs").json().at(0).at("job_id") == job);
    BOOST_TEST(cluster.get(prefix + "/jobs/" + job).json().at("job_id") == job);
    BOOST_TEST(cluster.get(prefix + "/jobs/" + job + "/ex").json().at("ex_id") == ex);
    BOOST_TEST(cluster.get(prefix + "/ex").json().at(0).at("ex_id") == ex);
    BOOST_TEST(cluster.get(prefix + "/ex/" + ex).json().at("_status") == "running");
    BOOST_TEST(cluster.get(prefix + "/jobs/" + job + "/controller").json().at(0).at("ex_id") == ex);
    BOOST_TEST(cluster.get(prefix + "/cluster/state").json().size() >= 2U);
    const auto unknown = cluster.get(prefix + "/nothing/here?x=1");
    BOOST_TEST(unknown.status == 405);
    BOOST_TEST(unknown.json().at("message") == "cannot GET endpoint " + prefix + "/nothing/here?x=1");
  }
  BOOST_TEST(cluster.wait_for_end(ex) == "completed");
}

BOOST_AUTO_TEST_CASE(two_local_clusters_live_side_by_side) {
  const TestDirectory here;
  const TestDirectory there;
  LocalCluster one(here.path());
  LocalCluster other(there.path());
  BOOST_TEST(one.rest_port() != other.rest_port());
  const auto first = one.submit(slow_job("output/side", 2'000));
  const auto second = other.submit(slow_job("output/side", 2'000));
  BOOST_TEST(one.wait_for_end(first.ex_id) == "completed");
  BOOST_TEST(other.wait_for_end(second.ex_id) == "completed");
  BOOST_TEST(one.get("/ex/" + second.ex_id).status == 404);
  BOOST_TEST(one.stop().value_or(-1) == 0);
  BOOST_TEST(other.stop().value_or(-1) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
