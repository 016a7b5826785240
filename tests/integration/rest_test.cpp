// The API of a real cluster of one slot: what commands answer in the states that unit tests can only pretend.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <functional>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

const LocalCluster& cluster() { return shared_cluster({.slots = 1}); }

/// Slices that take `ms` each, without output.
json job(std::size_t slices, long ms) { return job_of({.slices = slices, .slice_ms = ms}); }

using Told = std::pair<int, std::string>;
Told told(const HttpAnswer& answer) { return {answer.status, answer.json().value("message", "")}; }
json stop(const std::string& ex_id) { return cluster().post("/ex/" + ex_id + "/_stop").json(); }
/// A slot runs a slice of it, which the master knows.
bool is_busy(const std::string& ex_id) {
  return eventually(60s, [&] {
    const HttpAnswer answer = cluster().get("/ex/" + ex_id + "/controller");
    return answer.status == 200 && answer.json().at(0).at("workers_active") == 1;
  });
}

/// Reads `target` over and over in some threads, and counts what is older than `told`, the newest that was known when
/// the read began.
class Hammer {
 public:
  Hammer(const std::string& target, const std::function<int(const json&)>& state_of) {
    for (int i = 0; i < 3; ++i) {
      threads_.emplace_back([this, target, state_of] {
        while (!done_) {
          const int before = told_;
          const int state = state_of(cluster().get(target).json());
          stale_ += state < before ? 1 : 0;
          learn(state);
          ++reads_;
        }
      });
    }
  }
  ~Hammer() { end(); }
  void learn(int state) {
    for (int known = told_; known < state && !told_.compare_exchange_weak(known, state);) {
    }
  }
  void end() {
    done_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }
  int stale() const { return stale_; }
  int reads() const { return reads_; }

 private:
  std::atomic<int> told_ = 0, stale_ = 0, reads_ = 0;
  std::atomic<bool> done_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(rest)

BOOST_AUTO_TEST_CASE(an_execution_without_a_free_slot_waits_in_order_says_so_and_can_be_stopped) {
  const auto first = cluster().submit(job(10'000, 20));
  BOOST_REQUIRE(cluster().becomes(first.ex_id, "running"));
  const auto second = cluster().submit(job(1, 0));
  const auto third = cluster().submit(job(1, 0));
  BOOST_TEST(eventually(10s, [&] {
    return cluster().execution(second.ex_id).value("_waiting", "") ==
           "no slot is free: all 1 slots of 1 node are taken";
  }));
  BOOST_TEST(cluster().status(second.ex_id) == "pending");
  BOOST_TEST((told(cluster().post("/jobs/" + second.job_id + "/_pause")) ==
              Told{500, "Execution " + second.ex_id + " is not available to pause"}));
  BOOST_TEST(
      (told(cluster().post("/jobs/" + second.job_id + "/_start")) ==
       Told{409, "Job " + second.job_id + " is currently running, cannot have the same job concurrently running"}));
  BOOST_TEST(
      (told(cluster().post("/ex/" + second.ex_id + "/_recover")) ==
       Told{409, "Execution " + second.ex_id + " is still pending, it must be in a terminal status to recover"}));
  BOOST_TEST((told(cluster().get("/ex/" + second.ex_id + "/controller")) ==
              Told{404, "Could not find active slicer for ex_id: " + second.ex_id}));
  BOOST_TEST(cluster().get("/ex?status=pending").json().size() == 2U);
  BOOST_TEST(stop(second.ex_id) == json({{"status", "stopped"}}));
  BOOST_TEST(stop(first.ex_id) == json({{"status", "stopped"}}));
  BOOST_TEST(cluster().wait_for_end(third.ex_id) == "completed");
  BOOST_TEST(!cluster().execution(third.ex_id).contains("_waiting"));
}

BOOST_AUTO_TEST_CASE(no_read_shows_a_job_as_it_was_before_a_change_that_was_answered) {
  json changing = job(1, 0);
  const std::string job_id = cluster().post("/jobs?start=false", changing.dump()).json().at("job_id");
  const auto number = [](const json& shown) {
    const std::string name = shown.at("name");
    return name.starts_with("change ") ? std::stoi(name.substr(7)) : 0;
  };
  Hammer hammer("/jobs/" + job_id, number);
  for (int i = 1; i <= 150; ++i) {
    changing["name"] = "change " + std::to_string(i);
    BOOST_REQUIRE(cluster().api().request("PUT", "/jobs/" + job_id, changing.dump())->status == 200);
    hammer.learn(i);
    BOOST_TEST_REQUIRE(number(cluster().get("/jobs/" + job_id).json()) == i);
  }
  hammer.end();
  BOOST_TEST(hammer.stale() == 0);
  BOOST_TEST(hammer.reads() > 0);
}

BOOST_AUTO_TEST_CASE(no_read_shows_an_execution_as_it_was_before_a_command_that_was_answered) {
  const auto posted = cluster().submit(job(100'000, 20));
  BOOST_REQUIRE(cluster().becomes(posted.ex_id, "running"));
  const std::string target = "/ex/" + posted.ex_id;
  const auto hammer_as = [&](const std::string& command, const std::string& status) {
    Hammer hammer(target, [status](const json& shown) { return shown.at("_status") == status ? 1 : 0; });
    BOOST_TEST_REQUIRE(cluster().post(target + command).json().at("status") == status);
    hammer.learn(1);
    BOOST_TEST(cluster().status(posted.ex_id) == status);
    BOOST_TEST(cluster().get("/jobs/" + posted.job_id + "/ex").json().at("_status") == status);
    BOOST_TEST(cluster().get("/ex?status=" + status).body.find(posted.ex_id) != std::string::npos);
    hammer.end();
    BOOST_TEST(hammer.stale() == 0);
  };
  for (int i = 0; i < 5; ++i) {
    hammer_as("/_pause", "paused");
    hammer_as("/_resume", "running");
  }
  hammer_as("/_stop", "stopped");
  BOOST_TEST(cluster().get(target + "/controller").status == 404);
}

BOOST_AUTO_TEST_CASE(every_waiting_stop_is_answered_and_later_ones_say_how_it_ended) {
  const auto posted = cluster().submit(job(10'000, 20));
  BOOST_REQUIRE(cluster().becomes(posted.ex_id, "running"));
  auto one = std::async(std::launch::async, stop, posted.ex_id);
  auto two = std::async(std::launch::async, stop, posted.ex_id);
  BOOST_TEST(one.get() == json({{"status", "stopped"}}));
  BOOST_TEST(two.get() == json({{"status", "stopped"}}));
  BOOST_TEST(stop(posted.ex_id) == json({{"status", "stopped"}}));
  BOOST_TEST(cluster().post("/ex/" + posted.ex_id + "/_stop?force=true").json() ==
             json({{"message", "Force stop complete for exId " + posted.ex_id}, {"status", "stopped"}}));
  BOOST_TEST((told(cluster().post("/ex/" + posted.ex_id + "/_resume")) ==
              Told{404, "no active execution context was found for ex_id: " + posted.ex_id}));
}

BOOST_AUTO_TEST_CASE(a_stop_does_not_wait_for_a_slice_of_an_hour) {
  const auto posted = cluster().submit(job(2, 3'600'000));
  BOOST_REQUIRE(is_busy(posted.ex_id));
  BOOST_TEST(cluster().post("/ex/" + posted.ex_id + "/_stop?blocking=false").json() == json({{"status", "stopping"}}));
  BOOST_TEST((told(cluster().post("/ex/" + posted.ex_id + "/_pause")).first == 409));
  BOOST_TEST(cluster().wait_for_end(posted.ex_id, 45s) == "stopped");
  BOOST_TEST(eventually(10s, [&] { return cluster().slots(posted.ex_id).empty(); }));
}

BOOST_AUTO_TEST_CASE(a_recovery_runs_what_its_cleanup_type_asks_for_and_ends) {
  const auto posted = cluster().submit(job(200, 20));
  BOOST_REQUIRE(cluster().has_processed(posted.ex_id, 4));
  BOOST_TEST(stop(posted.ex_id) == json({{"status", "stopped"}}));
  BOOST_TEST(told(cluster().post("/ex/" + posted.ex_id + "/_recover?cleanup_type=some")).first == 400);
  const std::string errors = cluster().recover(posted.ex_id, "?cleanup_type=errors");
  BOOST_TEST(cluster().wait_for_end(errors) == "completed");
  const json record = cluster().execution(errors);
  BOOST_TEST(record.at("recovered_execution") == posted.ex_id);
  BOOST_TEST(record.at("recovered_slice_type") == "errors");
  BOOST_TEST(record.at("_slicer_stats").at("processed") == 0, "nothing had failed");
  const json rest = cluster().post("/jobs/" + posted.job_id + "/_recover").json();
  BOOST_TEST(cluster().wait_for_end(rest.at("ex_id")) == "completed");
  const long first = cluster().execution(posted.ex_id).at("_slicer_stats").at("processed");
  const long later = cluster().execution(rest.at("ex_id")).at("_slicer_stats").at("processed");
  BOOST_TEST(first + later == 200);
}

BOOST_AUTO_TEST_CASE(a_controller_that_dies_five_times_of_its_own_doing_ends_the_execution_with_the_reason) {
  const auto posted = cluster().submit(job(2, 3'600'000));
  BOOST_REQUIRE(is_busy(posted.ex_id));  // planning counts as progress, so it has to be over
  pid_t last = 0;
  for (int death = 0; death < 5; ++death) {
    BOOST_REQUIRE(eventually(60s, [&] {
      const auto pid = cluster().controller(posted.ex_id);
      return pid && *pid != last && cluster().get("/ex/" + posted.ex_id + "/controller").status == 200;
    }));
    last = cluster().controller(posted.ex_id).value();
    BOOST_REQUIRE(::kill(last, SIGABRT) == 0);
  }
  BOOST_TEST(cluster().becomes(posted.ex_id, "failed"));
  stop(posted.ex_id);  // of a terminal one that changes nothing; else the cases behind this one would wait for its slot
  const std::string reason = cluster().execution(posted.ex_id).at("_failureReason");
  BOOST_TEST(reason.find("died 5 times in a row") != std::string::npos, reason);
  BOOST_TEST(reason.find("signal 6") != std::string::npos, reason);
  BOOST_TEST(eventually(20s, [&] { return cluster().slots(posted.ex_id).empty(); }));
}

BOOST_AUTO_TEST_CASE(paths_methods_and_bodies_are_taken_as_clients_send_them) {
  const HttpClient& api = cluster().api();
  BOOST_TEST(api.request("HEAD", "/v1/jobs")->status == 200);
  BOOST_TEST(api.request("HEAD", "/v1/jobs")->body.empty());
  BOOST_TEST(api.request("OPTIONS", "/jobs")->body == "POST,GET,HEAD");
  BOOST_TEST(api.request("GET", "/V1/Cluster/State/")->status == 200);
  BOOST_TEST((told(*api.request("PATCH", "/v1/jobs?x=1")) == Told{405, "cannot PATCH endpoint /v1/jobs?x=1"}));
  BOOST_TEST((told(*api.request("POST", "/jobs/x/_stop", "{")) == Told{400, "the json submitted is malformed"}));
  const auto answer = api.raw(
      "POST /jobs?start=false HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\n"
      "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "2a\r\n{\"operations\":[{\"_op\":\"test-reader\",\"siz\":\r\n1a\r\n 1},{\"_op\":\"noop\"}],   "
      "\"a\"\r\n4\r\n:1}\n\r\n0\r\n\r\n",
      10s);
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->find("HTTP/1.1 200") == 0U, *answer);
  const json body = json::parse(answer->substr(answer->find("\r\n\r\n") + 4));
  BOOST_TEST(!body.contains("ex_id"));
  BOOST_TEST(body.at("warnings").at(0).at("reason").at("reason").at("field") == "siz");
  BOOST_TEST(told(cluster().get("/jobs/" + body.at("job_id").get<std::string>() + "/ex")).second ==
             "No execution was found for job " + body.at("job_id").get<std::string>());
}

BOOST_AUTO_TEST_CASE(a_stop_that_was_ordered_is_finished_by_the_next_master) {
  const auto posted = cluster().submit(job(2, 3'600'000));
  BOOST_REQUIRE(cluster().becomes(posted.ex_id, "running"));
  cluster().post("/ex/" + posted.ex_id + "/_stop?blocking=false");
  BOOST_REQUIRE(::kill(cluster().master().value(), SIGKILL) == 0);
  BOOST_TEST(cluster().wait_for_end(posted.ex_id, 60s) == "stopped");
  const auto after = cluster().submit(job(1, 0));
  BOOST_TEST(cluster().wait_for_end(after.ex_id) == "completed");
}

BOOST_AUTO_TEST_SUITE_END()
