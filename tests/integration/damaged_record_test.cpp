// A record that cannot be read, as after a disk's fault, is missed alone: the real master starts, says so in its log,
// and goes on with all others.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "master/store/sqlite/record_tables.hpp"
#include "tests/support/local_cluster.hpp"

using namespace slicebus;
using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

const json long_job{
    {"name", "goes on"},
    {"workers", 1},
    {"operations",
     {{{"_op", "data_generator"}, {"size", 100'000}, {"slice_size", 1}}, {{"_op", "delay"}, {"ms", 100}}}}};

std::set<std::string> ids(const HttpAnswer& list, const std::string& field) {
  BOOST_REQUIRE_MESSAGE(list.status == 200, list.status << " " << list.body);
  std::set<std::string> found;
  for (const json& record : list.json()) {
    found.insert(record.at(field));
  }
  return found;
}

void check_damaged(const LocalCluster& cluster, const std::string& target, const std::string& what) {
  const HttpAnswer answer = cluster.get(target);
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.json().at("message").get<std::string>().find(what) != std::string::npos, answer.body);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_damaged_record_is_missed_alone) {
  const TestDirectory directory;
  LocalCluster cluster(directory.path(), {.slots = 2});
  const auto sound = cluster.submit(long_job);
  const auto damaged = cluster.submit(long_job);
  for (const auto& posted : {sound, damaged}) {
    BOOST_REQUIRE(eventually(60s, [&] { return cluster.status(posted.ex_id) == "running"; }));
  }
  BOOST_REQUIRE(cluster.stop().value_or(-1) == 0);
  {
    const auto records = store::sqlite::open_records((directory / "data" / "records.db").string()).value();
    for (const std::string& sql : {"UPDATE job SET document = '{\"cut sh' WHERE job_id = '" + damaged.job_id + "'",
                                   "UPDATE execution SET document = '' WHERE ex_id = '" + damaged.ex_id + "'"}) {
      BOOST_REQUIRE(records->run(sql.c_str()).has_value());
    }
  }
  cluster.start();

  std::ifstream log(directory / "data" / "logs" / "slicebus-master.log");
  const std::string said((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  const std::size_t line = said.find("event=execution_unreadable");
  BOOST_REQUIRE_MESSAGE(line != std::string::npos, said);
  BOOST_TEST(said.substr(line, said.find('\n', line) - line).find(damaged.ex_id) != std::string::npos);

  BOOST_CHECK(ids(cluster.get("/v1/jobs"), "job_id") == std::set{sound.job_id});
  BOOST_CHECK(ids(cluster.get("/v1/jobs?ex="), "job_id") == std::set{sound.job_id});
  BOOST_CHECK(ids(cluster.get("/v1/ex"), "ex_id") == std::set{sound.ex_id});
  check_damaged(cluster, "/v1/jobs/" + damaged.job_id, "job " + damaged.job_id);
  check_damaged(cluster, "/v1/ex/" + damaged.ex_id, "execution " + damaged.ex_id);

  const std::optional<long> before = cluster.processed(sound.ex_id);
  BOOST_TEST(cluster.has_processed(sound.ex_id, before.value_or(0) + 1));
  BOOST_TEST(cluster.post("/v1/jobs/" + sound.job_id + "/_stop").status == 200);
}
