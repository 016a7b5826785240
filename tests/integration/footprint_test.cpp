// M5 and M6: what `ps` shows, what an idle cluster weighs, how soon a small job is done. Limits hold for the release
// build: the programs come from $SLICEBUS_RELEASE_BIN when it is set (ctest builds that preset first), and are only
// looked at otherwise.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

constexpr long resident_kib_max = 15 * 1'024;
constexpr auto small_job_max = 100ms;

struct UseReleasePrograms {
  UseReleasePrograms() {
    const char* release = std::getenv("SLICEBUS_RELEASE_BIN");  // NOLINT: one thread
    BOOST_REQUIRE_MESSAGE(release != nullptr && std::filesystem::exists(std::filesystem::path(release) / "slicebus"),
                          "the release programs are not built; ./quickstart builds them");
    ::setenv("SLICEBUS_BIN", release, 1);  // NOLINT: one thread
  }
};

const LocalCluster& cluster() { return shared_cluster(); }

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(UseReleasePrograms);

BOOST_AUTO_TEST_SUITE(footprint)

BOOST_AUTO_TEST_CASE(every_kind_of_process_is_seen_by_its_name_and_weighs_little_idle) {
  const json job{{"workers", 4},
                 {"operations",
                  {{{"_op", "data_generator"}, {"size", 50'000}, {"slice_size", 100}, {"seed", 1}},
                   {{"_op", "delay"}, {"ms", 20}},
                   {{"_op", "noop"}}}}};
  const auto posted = cluster().submit(job);
  BOOST_REQUIRE(cluster().has_processed(posted.ex_id, 11));
  BOOST_REQUIRE(cluster().post("/v1/ex/" + posted.ex_id + "/_pause").status == 200);
  std::this_thread::sleep_for(1s);

  const std::vector<std::pair<std::string, std::size_t>> kinds{{"slicebus-broker ", 1},
                                                               {"slicebus-master --", 1},
                                                               {"slicebus-master controller ", 1},
                                                               {"slicebus-worker --", 1},
                                                               {"slicebus-worker slot ", 4}};
  const auto family = cluster().family();
  for (const auto& [begins, least] : kinds) {
    std::size_t count = 0;
    for (const ProcessInfo& info : family) {
      if (info.command.rfind(begins, 0) == 0) {
        ++count;
        const long kib = resident_kib(info.pid).value_or(0);
        BOOST_TEST_MESSAGE(kib << " KiB: " << info.command);
        BOOST_TEST(kib < resident_kib_max, info.command << " takes " << kib << " KiB");
        BOOST_TEST(kib > 0);
      }
    }
    BOOST_TEST(count >= least, count << " processes begin with \"" << begins << "\"");
  }
  BOOST_TEST(cluster().post("/v1/ex/" + posted.ex_id + "/_stop").status == 200);
}

BOOST_AUTO_TEST_CASE(job_of_one_slice_posted_while_idle_is_completed_within_100_ms_in_the_median) {
  const json job{{"workers", 1},
                 {"operations",
                  {{{"_op", "data_generator"}, {"size", 10}, {"slice_size", 10}, {"seed", 1}},
                   {{"_op", "file_exporter"}, {"path", "output/small"}, {"format", "ldjson"}}}}};
  std::vector<std::chrono::microseconds> times;
  for (int run = 0; run < 20; ++run) {
    const auto posted = cluster().submit(job);
    const auto begin = std::chrono::steady_clock::now();
    std::string status;
    while ((status = cluster().status(posted.ex_id)) != "completed" && std::chrono::steady_clock::now() - begin < 30s) {
      std::this_thread::sleep_for(2ms);
    }
    times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin));
    BOOST_REQUIRE(status == "completed");
    std::this_thread::sleep_for(500ms);  // idle again: spares are back
  }
  std::sort(times.begin(), times.end());
  const auto median = times.at(times.size() / 2);
  BOOST_TEST_MESSAGE("median " << median.count() << " us, least " << times.front().count() << " us, most "
                               << times.back().count() << " us");
  BOOST_TEST(median.count() < std::chrono::microseconds(small_job_max).count());
}

BOOST_AUTO_TEST_SUITE_END()
