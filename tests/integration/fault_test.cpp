// M4: kill -9 of every kind of process in the middle of a job, and an orderly end and new start: nothing lost, nothing
// doubled.
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/exporting.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/wishes.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

constexpr std::size_t slices_of_job = 500;

MadeUp long_job(long slice_ms) {
  return {.name = "a job that is hit in the middle",
          .workers = 4,
          .slices = slices_of_job,
          .records_of_slice = static_cast<std::size_t>(records_of_job()) / slices_of_job,
          .slice_ms = slice_ms,
          .output = "output/faults"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(kill_9_of_slot_agent_controller_broker_and_master_one_after_the_other_loses_and_doubles_nothing) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const Exporting writer(cluster, long_job(150));
  writer.require_progress("before any kill");

  const auto kill = [&](const std::string& what, const std::optional<pid_t> victim) {
    kill_9(what, victim);
    writer.require_progress("after kill -9 of the " + what);
    BOOST_TEST(cluster.status(writer.ex_id()) == "running");
  };
  const auto slots = cluster.slots(writer.ex_id());
  BOOST_REQUIRE(slots.size() == 4U);
  kill("slot", slots.front());
  kill("agent", cluster.agent());
  kill("controller", cluster.controller(writer.ex_id()));
  kill("broker", cluster.broker());
  kill("master", cluster.master());

  writer.require_each_record_once();
  cluster.require_sound_ledger(writer.ex_id());
  BOOST_TEST(cluster.master().has_value());
}

// Deliver 2 of issue 7: who is asked to end hands over in peace, so nothing fails, nothing is lost, no status changes.
BOOST_AUTO_TEST_CASE(rolling_restart_by_sigterm_of_every_process_costs_no_slice_and_no_execution) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const Exporting writer(cluster, long_job(150));
  writer.require_progress("before any restart");

  const auto restart = [&](const std::string& what, const std::optional<pid_t> victim, const auto& next) {
    BOOST_REQUIRE_MESSAGE(victim.has_value(), "no " << what << " to restart");
    BOOST_REQUIRE(::kill(*victim, SIGTERM) == 0);
    BOOST_TEST(eventually(20s, [&] { return !alive(*victim); }), "the " << what << " does not end");
    BOOST_TEST(eventually(20s, [&] { return next().has_value(); }), "no " << what << " follows");
    writer.require_progress("after the restart of the " + what);
    BOOST_TEST(cluster.status(writer.ex_id()) == "running");
  };
  restart("broker", cluster.broker(), [&] { return cluster.broker(); });
  restart("master", cluster.master(), [&] { return cluster.master(); });
  restart("controller", cluster.controller(writer.ex_id()), [&] { return cluster.controller(writer.ex_id()); });
  restart("agent", cluster.agent(), [&] { return cluster.agent(); });
  const auto slots = cluster.slots(writer.ex_id());
  BOOST_REQUIRE(!slots.empty());
  restart("slot", slots.front(), [&] {
    const auto now = cluster.slots(writer.ex_id());
    return now.size() == slots.size() ? std::optional(now.back()) : std::nullopt;
  });

  writer.require_each_record_once();
  cluster.require_sound_ledger(writer.ex_id());
  const json executions = cluster.get("/v1/ex").json();
  BOOST_TEST(executions.size() == 1U, executions.dump());
  BOOST_TEST(cluster.get("/v1/ex/" + writer.ex_id() + "/errors").json().empty());
}

BOOST_AUTO_TEST_CASE(sigterm_in_the_middle_and_a_new_start_on_the_same_directory_goes_on) {
  const TestDirectory directory;
  LocalCluster cluster(directory.path());
  const Exporting writer(cluster, long_job(60));
  writer.require_progress("before the end", 40);

  const auto family = cluster.family();
  BOOST_TEST(family.size() >= 8U);  // itself, broker, master, controller, agent and at least four slots
  BOOST_TEST(cluster.stop().value_or(-1) == 0);
  for (const ProcessInfo& info : family) {
    BOOST_TEST(!alive(info.pid), "left behind: " << info.command);
  }
  BOOST_TEST(writer.files() < slices_of_job);

  cluster.start();
  BOOST_TEST(cluster.status(writer.ex_id()) != "stopped");
  writer.require_each_record_once();
  cluster.require_sound_ledger(writer.ex_id());
  BOOST_TEST(cluster.stop().value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(kill_9_of_slicebus_local_takes_everything_along_and_a_new_start_goes_on) {
  const TestDirectory directory;
  LocalCluster cluster(directory.path());
  const Exporting writer(cluster, long_job(60));
  writer.require_progress("before the kill", 40);

  const auto family = cluster.family();
  BOOST_REQUIRE(::kill(cluster.pid(), SIGKILL) == 0);
  for (const ProcessInfo& info : family) {
    BOOST_TEST(eventually(10s, [&] { return !alive(info.pid); }), "left behind: " << info.command);
  }
  cluster.start();
  writer.require_each_record_once();
  cluster.require_sound_ledger(writer.ex_id());
}

BOOST_AUTO_TEST_CASE(paused_execution_stays_paused_over_a_kill_of_its_controller_and_of_the_master) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const Exporting writer(cluster, long_job(60));
  writer.require_progress("before the pause", 20);
  BOOST_REQUIRE(cluster.post("/v1/ex/" + writer.ex_id() + "/_pause").status == 200);

  kill_9("controller", cluster.controller(writer.ex_id()));
  kill_9("master", cluster.master());
  BOOST_TEST(eventually(60s, [&] {
    return cluster.processed(writer.ex_id()).has_value() && cluster.slots(writer.ex_id()).size() == 4U;
  }));
  BOOST_TEST(cluster.status(writer.ex_id()) == "paused");
  BOOST_TEST(eventually(20s, [&] {
    const auto resumed = cluster.post("/v1/ex/" + writer.ex_id() + "/_resume");
    return resumed.status == 200;
  }));
  writer.require_each_record_once();
  cluster.require_sound_ledger(writer.ex_id());
}

BOOST_AUTO_TEST_SUITE_END()
