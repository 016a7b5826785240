// The OpenAPI document is true (M1): schemathesis makes requests from it, good and bad, and holds every answer against
// it.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iomanip>
#include <string>

#include "tests/support/foreign_clients.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/zip_builder.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test

namespace {

constexpr int jobs_of_each_kind = 8;

std::string stored_bundle(const LocalCluster& cluster) {
  const std::string zip = bundle_zip("example", "1.0.0");
  const auto answer = cluster.api().raw("POST /assets HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                                            std::to_string(zip.size()) + "\r\n\r\n" + zip,
                                        60s);
  BOOST_REQUIRE(answer.has_value());
  return nlohmann::json::parse(answer->substr(answer->find("\r\n\r\n") + 4)).at("asset_id");
}

/// Jobs that have ended, jobs that run and jobs that wait, a bundle, and their ids where schemathesis.toml reads them.
void furnish(const LocalCluster& cluster, const std::filesystem::path& directory) {
  const nlohmann::json quick{
      {"name", "quick"}, {"workers", 1}, {"operations", {{{"_op", "test-reader"}}, {{"_op", "noop"}}}}};
  const nlohmann::json slow{
      {"name", "slow"},
      {"workers", 1},
      {"operations",
       {{{"_op", "data_generator"}, {"size", 100'000}, {"slice_size", 1}}, {{"_op", "delay"}, {"ms", 50}}}}};
  std::ofstream jobs(directory / "jobs.txt");
  std::ofstream executions(directory / "executions.txt");
  for (int i = 0; i < jobs_of_each_kind; ++i) {
    for (const nlohmann::json& job : {quick, slow}) {
      const auto posted = cluster.submit(job);
      jobs << std::quoted(posted.job_id) << '\n';
      executions << std::quoted(posted.ex_id) << '\n';
    }
  }
  std::ofstream(directory / "assets.txt") << std::quoted(stored_bundle(cluster)) << "\n\"example\"\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schemathesis)

BOOST_AUTO_TEST_CASE(every_answer_is_as_the_document_says) {
  const std::filesystem::path programs = installed_by_pip("tests/integration/schemathesis");
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  std::filesystem::copy_file(source_tree() / "tests/integration/schemathesis/schemathesis.toml",
                             directory / "schemathesis.toml");
  furnish(cluster, directory.path());
  const std::string document = "http://127.0.0.1:" + std::to_string(cluster.rest_port()) + "/openapi.json";
  const Ended checked =
      run({(programs / "schemathesis").string(), "run", "--no-color", document}, directory.path().string(), 8min);
  BOOST_TEST_MESSAGE(checked.output);
  BOOST_TEST(checked.code == 0, checked.output << cluster.logs());
  BOOST_TEST(cluster.get("/").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
