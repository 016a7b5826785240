// M5: more workers wanted than there are slots, and wanted workers changed while the job runs (R-api-98…101, R-ex-75,
//
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;
using Posted = LocalCluster::Posted;

namespace {

const LocalCluster& cluster() { return shared_cluster({.slots = 4}); }

json job(int workers, std::size_t records, long ms, const std::string& path) {
  constexpr std::size_t records_of_slice = 10;
  return job_of({.workers = workers,
                 .slices = records / records_of_slice,
                 .records_of_slice = records_of_slice,
                 .slice_ms = ms,
                 .output = path});
}

bool has_slots(const Posted& ids, std::size_t count) {
  const bool reached = eventually(60s, [&] { return cluster().slots(ids.ex_id).size() == count; });
  BOOST_TEST(reached, "it has " << cluster().slots(ids.ex_id).size() << " slots, not " << count);
  return reached;
}
/// The answer's text, which is R-api-99's.
std::string total(const Posted& ids, int count) {
  const auto answer = cluster().post("/jobs/" + ids.job_id + "/_workers?total=" + std::to_string(count));
  BOOST_TEST(answer.status == 200, answer.body);
  return answer.json().value("message", "");
}
std::string said(int count, const std::string& action, const Posted& ids) {
  return std::to_string(count) + " workers have been " + action + " for execution: " + ids.ex_id;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(workers)

BOOST_AUTO_TEST_CASE(a_hundred_workers_on_four_slots_run_with_four_and_leave_one_to_the_next_job_when_asked) {
  const Posted large = cluster().submit(job(100, 100'000, 50, "output/large"));
  BOOST_REQUIRE(has_slots(large, 4));
  BOOST_TEST(cluster().execution(large.ex_id).at("_workers_wanted") == 100);
  BOOST_TEST(!cluster().execution(large.ex_id).contains("_waiting"), "fewer workers than wanted is no trouble");

  const Posted second = cluster().submit(job(3, 100, 50, "output/second"));
  const Posted third = cluster().submit(job(1, 10, 0, "output/third"));
  BOOST_TEST(eventually(10s, [&] {
    return cluster().execution(second.ex_id).value("_waiting", "") ==
           "no slot is free: all 4 slots of 1 node are taken";
  }));
  BOOST_TEST(cluster().status(second.ex_id) == "pending");

  BOOST_TEST(total(large, 3) == said(97, "remove", large));
  BOOST_TEST(cluster().slots(large.ex_id).size() <= 3U, "the answer comes when the process is gone");
  BOOST_TEST(cluster().wait_for_end(second.ex_id) == "completed", "it starts as soon as one slot fits");
  BOOST_TEST(cluster().wait_for_end(third.ex_id) == "completed");
  BOOST_TEST(cluster().status(large.ex_id) == "running");
  BOOST_TEST((tally(output_records(cluster().directory() / "output/second", second.ex_id)) == Tally{100, 100}));
  BOOST_TEST(cluster().post("/ex/" + large.ex_id + "/_stop").json() == json({{"status", "stopped"}}));
}

BOOST_AUTO_TEST_CASE(workers_go_up_and_down_while_a_job_runs_and_no_record_is_lost_or_doubled) {
  constexpr int records = 6'000;
  const Posted ids = cluster().submit(job(4, records, 60, "output/updown"));
  BOOST_REQUIRE(has_slots(ids, 4));
  int wanted = 4;
  for (const int next : {1, 3, 2, 50, 1, 1, 4, 2}) {
    const std::string expected = next == wanted  ? said(next, "set", ids)
                                 : next > wanted ? said(next - wanted, "enqueued", ids)
                                                 : said(wanted - next, "remove", ids);
    BOOST_TEST(total(ids, next) == expected);
    if (next < wanted) {
      BOOST_TEST(cluster().slots(ids.ex_id).size() <= static_cast<std::size_t>(next));
    }
    wanted = next;
    BOOST_REQUIRE(has_slots(ids, static_cast<std::size_t>(std::min(next, 4))));
    BOOST_TEST(cluster().execution(ids.ex_id).at("_workers_wanted") == next);
  }
  BOOST_TEST(total(ids, 100) == said(98, "enqueued", ids));
  BOOST_TEST(cluster().wait_for_end(ids.ex_id) == "completed");
  BOOST_TEST((tally(output_records(cluster().directory() / "output/updown", ids.ex_id)) == Tally{records, records}));
  const json stats = cluster().execution(ids.ex_id).at("_slicer_stats");
  BOOST_TEST(stats.at("processed") == records / 10);
  BOOST_TEST(stats.at("failed") == 0);
}

BOOST_AUTO_TEST_CASE(wanted_workers_survive_a_master_that_is_killed_Q_14) {
  const Posted ids = cluster().submit(job(4, 100'000, 50, "output/restart"));
  BOOST_REQUIRE(has_slots(ids, 4));
  BOOST_TEST(total(ids, 2) == said(2, "remove", ids));
  const pid_t master = cluster().master().value();
  BOOST_REQUIRE(::kill(master, SIGKILL) == 0);
  BOOST_REQUIRE(eventually(60s, [&] { return cluster().master().value_or(master) != master; }));
  BOOST_TEST(cluster().execution(ids.ex_id).at("_workers_wanted") == 2);
  BOOST_TEST(cluster().execution(ids.ex_id).at("workers") == 4);
  BOOST_REQUIRE(has_slots(ids, 2));
  BOOST_TEST(total(ids, 4) == said(2, "enqueued", ids));
  BOOST_REQUIRE(has_slots(ids, 4));
  BOOST_TEST(cluster().post("/ex/" + ids.ex_id + "/_stop").json() == json({{"status", "stopped"}}));
}

BOOST_AUTO_TEST_SUITE_END()
