// Existing clients work: teraslice-client-js, as npm serves it, drives a real cluster through the life of a job
// (R-api-130…133, 136). What it does is in teraslice_client/drive.js.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/foreign_clients.hpp"
#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;  // NOLINT: test

BOOST_AUTO_TEST_SUITE(teraslice_client)

BOOST_AUTO_TEST_CASE(teraslice_client_js_drives_the_whole_life_of_a_job) {
  const std::filesystem::path client = installed_by_npm("tests/integration/teraslice_client");
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const Ended driven = run(
      {"env", "SLICEBUS_URL=http://127.0.0.1:" + std::to_string(cluster.rest_port()),
       "SLICEBUS_OUTPUT=" + (directory / "output").string(), "NODE_PATH=" + (client / "node_modules").string(), "node",
       "--no-deprecation", "--test", (source_tree() / "tests/integration/teraslice_client/drive.js").string()},
      directory.path().string());
  BOOST_TEST(driven.code == 0, driven.output << cluster.logs());
}

BOOST_AUTO_TEST_SUITE_END()
