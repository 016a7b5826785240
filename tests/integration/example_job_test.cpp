// M2: the example jobs as a user posts them, against computations that know nothing of Slicebus.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/local_cluster.hpp"
#include "tests/support/wishes.hpp"

using namespace slicebus::support;  // NOLINT: test
using nlohmann::json;

namespace {

/// One cluster for all cases of this file: they only post jobs.
const LocalCluster& cluster() { return shared_cluster(); }

/// By curl, as in the README: -d@file without a content type of ours.
LocalCluster::Posted post_by_curl(const std::string& name) {
  const auto ended = run({"curl", "-sS", "-d@" + (source_tree() / "examples" / "jobs" / name).string(),
                          "http://127.0.0.1:" + std::to_string(cluster().rest_port()) + "/jobs"});
  BOOST_REQUIRE_MESSAGE(ended.code == 0, ended.output);
  const json ids = json::parse(ended.output, nullptr, false);
  BOOST_REQUIRE_MESSAGE(ids.contains("ex_id"), "POST /jobs answered " << ended.output);
  return {ids.at("job_id"), ids.at("ex_id")};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(example_jobs)

BOOST_AUTO_TEST_CASE(flights_job_writes_what_python_computes_over_at_least_fifty_slices) {
  const auto posted = post_by_curl("flights.json");
  BOOST_REQUIRE(cluster().wait_for_end(posted.ex_id) == "completed");
  const auto output = cluster().directory() / "output" / "flights";
  const auto compared =
      run({"python3", (source_tree() / "tests/integration/expected_flights.py").string(),
           (cluster().directory() / "examples/data/flights-200k.ndjson").string(), output.string(), posted.ex_id});
  BOOST_TEST(compared.code == 0, compared.output);
  BOOST_TEST(compared.output.find("expected 9845 records, written 9845") != std::string::npos, compared.output);
  BOOST_TEST(hidden_files(output).empty());

  const json stats = cluster().execution(posted.ex_id).at("_slicer_stats");
  BOOST_TEST(stats.at("processed").get<long>() >= 50);
  BOOST_TEST(stats.at("failed").get<long>() == 0);
  BOOST_TEST(stats.at("queued").get<long>() == 0);
}

BOOST_AUTO_TEST_CASE(earthquakes_job_keeps_magnitude_four_and_more) {
  const auto posted = post_by_curl("earthquakes.json");
  BOOST_REQUIRE(cluster().wait_for_end(posted.ex_id) == "completed");
  const auto records = output_records(cluster().directory() / "output" / "earthquakes", posted.ex_id);
  BOOST_TEST(records.size() == 128U);
  for (const std::string& record : records) {
    const json quake = json::parse(record);
    BOOST_REQUIRE(quake.at("properties").at("mag").get<double>() >= 4.0);
    BOOST_REQUIRE(!quake.contains("id"));
    BOOST_REQUIRE(!quake.contains("type"));
    BOOST_REQUIRE(quake.contains("geometry"));
  }
}

BOOST_AUTO_TEST_CASE(generator_writes_as_many_distinct_records_as_asked) {
  std::ifstream file(source_tree() / "examples" / "jobs" / "generate.json");
  json job = json::parse(file);
  BOOST_TEST(job.at("operations").at(0).at("size").get<long>() == 1'000'000);
  const long wanted = records_of_job();
  job["operations"][0]["size"] = wanted;
  const auto posted = cluster().submit(job);
  BOOST_REQUIRE(cluster().wait_for_end(posted.ex_id, std::chrono::minutes(20)) == "completed");
  const auto output = cluster().directory() / "output" / "generate";
  const auto size = static_cast<std::size_t>(wanted);
  BOOST_TEST((tally(output_records(output, posted.ex_id)) == Tally{size, size}));
  BOOST_TEST(hidden_files(output).empty());
}

BOOST_AUTO_TEST_CASE(same_seed_writes_the_same_records_in_the_same_order) {
  const json job{{"name", "twice"},
                 {"operations",
                  {{{"_op", "data_generator"},
                    {"size", 1'000},
                    {"slice_size", 100},
                    {"seed", 7},
                    {"start", "2020-01-01T00:00:00.000Z"},
                    {"end", "2021-01-01T00:00:00.000Z"}},
                   {{"_op", "file_exporter"}, {"path", "output/twice"}, {"format", "ldjson"}}}}};
  const auto first = cluster().submit(job);
  BOOST_REQUIRE(cluster().wait_for_end(first.ex_id) == "completed");
  const auto second =
      json::parse(cluster().post("/v1/jobs/" + first.job_id + "/_start").body).at("ex_id").get<std::string>();
  BOOST_REQUIRE(cluster().wait_for_end(second) == "completed");
  const auto output = cluster().directory() / "output" / "twice";
  const auto records = output_records(output, first.ex_id);
  BOOST_TEST(records.size() == 1'000U);
  BOOST_TEST((records == output_records(output, second)));
}

BOOST_AUTO_TEST_SUITE_END()
