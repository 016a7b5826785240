// Errors of slices reach the records of a real cluster, whoever is killed on the way; log levels reach its slots.
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

const LocalCluster& cluster() { return shared_cluster({.slots = 2}); }

json errors(const std::string& target) {
  const HttpAnswer answer = cluster().get(target);
  BOOST_REQUIRE_MESSAGE(answer.status == 200, target << " was answered " << answer.status << " " << answer.body);
  return answer.json();
}
json errors_of(const std::string& ex_id) { return errors("/v1/ex/" + ex_id + "/errors?size=1000"); }

std::set<std::string> values(const json& list, const std::string& field) {
  std::set<std::string> found;
  for (const json& each : list) {
    found.insert(each.value(field, ""));
  }
  return found;
}

/// How often the workers' log says this event of this execution, at that level.
std::size_t logged(const std::string& level, const std::string& event, const std::string& ex_id) {
  std::size_t count = 0;
  std::ifstream log(cluster().directory() / "data" / "logs" / "slicebus-worker.log");
  for (std::string line; std::getline(log, line);) {
    count += line.find("level=" + level + " ") != std::string::npos &&
                     line.find("event=" + event + " ex=" + ex_id) != std::string::npos
                 ? 1
                 : 0;
  }
  return count;
}

json slow_job(std::size_t slices, long ms) { return job_of({.slices = slices, .slice_ms = ms}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(errors_and_settings)

// R-api-50, R-api-63…66; design.md §5.
BOOST_AUTO_TEST_CASE(failed_slices_are_listed_once_each_whoever_is_killed_and_say_who_recovered_them) {
  const VanishingInput input(cluster().directory(), {.max_retries = 1});
  const auto first = cluster().submit(input.job());
  BOOST_REQUIRE(cluster().has_processed(first.ex_id, 4));
  input.take_away();
  // They are there while the execution runs, and its controller dies, and the master.
  BOOST_REQUIRE(eventually(60s, [&] { return !errors_of(first.ex_id).empty(); }));
  BOOST_TEST(cluster().status(first.ex_id) == "failing");
  ::kill(cluster().controller(first.ex_id).value(), SIGKILL);
  const std::size_t before = errors_of(first.ex_id).size();
  BOOST_REQUIRE(eventually(60s, [&] { return errors_of(first.ex_id).size() > before; }));
  ::kill(cluster().master().value(), SIGKILL);
  BOOST_TEST(cluster().wait_for_end(first.ex_id) == "failed");

  const json all = errors_of(first.ex_id);
  const json execution = cluster().execution(first.ex_id);
  BOOST_TEST(all.size() == execution.at("_slicer_stats").at("failed").get<std::size_t>(), execution.dump());
  BOOST_TEST(all.size() > before);
  BOOST_TEST(values(all, "slice_id").size() == all.size());
  for (const json& each : all) {
    BOOST_TEST((each.at("slicer_id") == 0));
    BOOST_TEST(each.at("slicer_order").get<int>() > 0);
    BOOST_TEST(json::parse(each.at("request").get<std::string>()).is_object());
    BOOST_TEST((each.at("state") == "error"));
    BOOST_TEST((each.at("ex_id") == first.ex_id));
    BOOST_TEST((each.at("retry_count") == 1));
    BOOST_TEST(each.at("error").get<std::string>().find(input.path().string()) != std::string::npos, each.dump());
    BOOST_TEST(!each.contains("recovered_by"));
    BOOST_TEST((each.at("_created") == each.at("_updated")));
  }
  for (std::size_t i = 1; i < all.size(); ++i) {
    BOOST_TEST(all[i - 1].at("_updated").get<std::string>() > all[i].at("_updated").get<std::string>());
  }
  BOOST_TEST((errors("/v1/jobs/" + first.job_id + "/errors?size=1000") == all));
  BOOST_TEST((errors("/ex/errors?size=1000") == all));
  BOOST_TEST((errors("/ex/" + first.ex_id + "/errors?from=1&size=1") == json::array({all.at(1)})));
  const json lowest = errors("/ex/errors?sort=slicer_order:asc&size=1").at(0);
  BOOST_TEST((errors("/ex/errors?filter=slicer_order:" + lowest.at("slicer_order").dump()) == json::array({lowest})));
  BOOST_TEST(errors("/ex/errors?size=1000&filter=error:directory%20AND%20ex_id:" + first.ex_id).size() == all.size());
  BOOST_TEST(errors("/ex/errors?filter=error:absent").empty());

  // Failing again makes new records under the new execution; the old ones stay as they are.
  const std::string second = cluster().recover(first.ex_id, "?cleanup_type=errors");
  BOOST_TEST(cluster().wait_for_end(second) == "failed");
  BOOST_TEST((values(errors_of(second), "slice_id") == values(all, "slice_id")));
  BOOST_TEST((values(errors_of(second), "ex_id") == std::set{second}));
  BOOST_TEST((errors_of(first.ex_id) == all));

  // Repaired, every record of the slice says by whom.
  input.put_back();
  const std::string third = cluster().recover(second, "?cleanup_type=errors");
  BOOST_TEST(cluster().wait_for_end(third) == "completed");
  BOOST_TEST(errors_of(third).empty());
  BOOST_TEST(errors("/jobs/" + first.job_id + "/errors").empty());  // the latest execution only (R-api-64)
  for (const std::string& ex_id : {first.ex_id, second}) {
    const json repaired = errors_of(ex_id);
    BOOST_TEST(repaired.size() == all.size());
    BOOST_TEST((values(repaired, "recovered_by") == std::set{third}));
    BOOST_TEST((values(repaired, "state") == std::set<std::string>{"error"}));
  }
  BOOST_TEST(errors("/ex/errors?size=10000").size() == 2 * all.size());
}

BOOST_AUTO_TEST_CASE(unknown_executions_have_no_errors_and_jobs_that_never_ran_no_list) {
  BOOST_TEST(errors("/ex/unknown/errors").empty());  // R-api-65
  const auto kept = cluster().post("/v1/jobs?start=false", slow_job(1, 0).dump()).json();
  const HttpAnswer never = cluster().get("/v1/jobs/" + kept.at("job_id").get<std::string>() + "/errors");
  BOOST_TEST(never.status == 404);
  BOOST_TEST(never.json().at("message").get<std::string>() ==
             "No execution was found for job " + kept.at("job_id").get<std::string>());
}

// R-ex-24, R-ex-114.
BOOST_AUTO_TEST_CASE(the_log_level_of_a_job_is_that_of_its_slots_from_the_first_slice_on) {
  json talkative = slow_job(3, 1);
  talkative["log_level"] = "debug";
  const auto loud = cluster().submit(talkative);
  BOOST_TEST(cluster().wait_for_end(loud.ex_id) == "completed");
  BOOST_TEST(logged("debug", "slice_begun", loud.ex_id) == 3U);
  const auto quiet = cluster().submit(slow_job(3, 1));
  BOOST_TEST(cluster().wait_for_end(quiet.ex_id) == "completed");
  BOOST_TEST(logged("debug", "slice_begun", quiet.ex_id) == 0U);
}

// R-api-102, R-ex-97.
BOOST_AUTO_TEST_CASE(the_log_level_of_a_running_execution_is_changed_with_the_next_slice_and_outlives_its_controller) {
  const auto posted = cluster().submit(slow_job(100'000, 20));
  const std::string settings = "/v1/jobs/" + posted.job_id + "/_settings";
  BOOST_REQUIRE(cluster().has_processed(posted.ex_id));
  BOOST_TEST(logged("debug", "slice_begun", posted.ex_id) == 0U);
  const HttpAnswer wrong = cluster().post(settings + "?log_level=loud");
  BOOST_TEST(wrong.status == 400);
  BOOST_TEST(wrong.json().at("message").get<std::string>() ==
             "Invalid log level \"loud\", must be one of: trace, debug, info, warn, error, fatal");
  const HttpAnswer changed = cluster().post(settings + "?log_level=debug");
  BOOST_TEST(changed.status == 200, changed.body);
  BOOST_TEST((changed.json() == json{{"exId", posted.ex_id}, {"level", "debug"}}));
  BOOST_TEST(eventually(60s, [&] { return logged("debug", "slice_begun", posted.ex_id) > 0; }));
  BOOST_TEST(eventually(60s, [&] { return logged("debug", "slice_ended", posted.ex_id) > 0; }));

  const std::size_t told = logged("info", "log_level_changed", posted.ex_id);
  // A slot that begins under a controller that begins under a master that begins hears it too.
  const std::vector<pid_t> slots = cluster().slots(posted.ex_id);
  BOOST_REQUIRE(!slots.empty());
  ::kill(cluster().master().value(), SIGKILL);
  for (const pid_t slot : slots) {
    ::kill(slot, SIGKILL);
  }
  BOOST_TEST(eventually(60s, [&] { return logged("info", "log_level_changed", posted.ex_id) > told; }));

  BOOST_TEST(cluster().status(posted.ex_id) == "running");  // waits for the next master
  BOOST_TEST(cluster().post("/v1/jobs/" + posted.job_id + "/_stop").status == 200);
  const HttpAnswer late = cluster().post(settings + "?log_level=debug");
  BOOST_TEST(late.status == 404);
  BOOST_TEST(late.json().at("message").get<std::string>() ==
             "no active execution context was found for ex_id: " + posted.ex_id);
}

BOOST_AUTO_TEST_SUITE_END()
