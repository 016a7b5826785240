// M6 of issue 7: an execution that is stopped at random moments and recovered 24 times writes what an undisturbed one
// does, byte for byte.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/wishes.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

constexpr int recoveries = 24;
constexpr std::size_t slices = 900;
constexpr std::size_t records_of_slice = 10;

/// @param slice_ms  so long that a run with few workers does not come to its end before it is stopped; it changes
///                  nothing of the output
json job(const std::string& path, int workers, long slice_ms) {
  return job_of({.name = "a job that is stopped again and again",
                 .workers = workers,
                 .slices = slices,
                 .records_of_slice = records_of_slice,
                 .slice_ms = slice_ms,
                 .output = path});
}

std::vector<std::string> sorted_output(const LocalCluster& cluster, const std::string& path,
                                       const std::string& lineage) {
  std::vector<std::string> lines = output_records(cluster.directory() / path, lineage);
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery_chain)

BOOST_AUTO_TEST_CASE(m6_24_recoveries_in_a_chain_with_random_stops_write_what_an_undisturbed_run_does) {
  std::mt19937 chance(drawn_seed());
  const TestDirectory directory;
  const LocalCluster cluster(directory.path(), {.slots = 6});

  const auto undisturbed = cluster.submit(job("output/undisturbed", 6, 0));
  BOOST_TEST_REQUIRE(cluster.wait_for_end(undisturbed.ex_id) == "completed", cluster.logs());

  const auto first = cluster.submit(job("output/chain", 2, 80));
  std::vector<std::string> chain{first.ex_id};
  while (chain.size() <= recoveries) {
    const std::string& ex_id = chain.back();
    BOOST_TEST_REQUIRE(cluster.has_processed(ex_id));
    std::this_thread::sleep_for(std::chrono::milliseconds(chance() % 250));
    const bool by_force = chance() % 3 == 0;
    const auto stopped = cluster.post("/v1/ex/" + ex_id + "/_stop" + (by_force ? "?force=true" : ""));
    BOOST_TEST_REQUIRE(stopped.status == 200, stopped.body);
    BOOST_TEST_REQUIRE(cluster.status(ex_id) == "stopped", "recovery " << chain.size() - 1);
    chain.push_back(cluster.recover(ex_id));
  }
  BOOST_TEST(cluster.post("/v1/ex/" + chain.back() + "/_workers?total=6").status == 200);
  BOOST_TEST(cluster.wait_for_end(chain.back()) == "completed", cluster.logs());

  const auto expected = sorted_output(cluster, "output/undisturbed", undisturbed.ex_id);
  BOOST_TEST(expected.size() == slices * records_of_slice);
  BOOST_TEST((sorted_output(cluster, "output/chain", first.ex_id) == expected), "the outputs differ");
  BOOST_TEST(output_files(cluster.directory() / "output/chain", first.ex_id).size() == slices);
  BOOST_TEST(eventually(20s, [&] { return hidden_files(cluster.directory() / "output/chain").empty(); }),
             "temporary files are left");

  // P4 over the lineage: each slice and each record is in the accounts of one execution.
  std::size_t completed = 0;
  std::size_t written = 0;
  std::string shares;
  for (const std::string& ex_id : chain) {
    const json accounts = cluster.execution(ex_id).at("_accounting");
    completed += accounts.at("slices").at("completed").get<std::size_t>();
    written += accounts.at("records").at("written").get<std::size_t>();
    shares += " " + accounts.at("slices").at("completed").dump();
  }
  BOOST_TEST_MESSAGE("slices completed by each of " << chain.size() << " executions:" << shares);
  BOOST_TEST(completed == slices, shares);
  BOOST_TEST(written == slices * records_of_slice);
  cluster.require_sound_ledger(first.ex_id);
}

BOOST_AUTO_TEST_SUITE_END()
