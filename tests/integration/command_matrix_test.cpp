// M3: what each command answers and does in each state of the job's latest execution, cell by cell of R-api-104,
// against the real processes. One slot for all: long slices, a missing slot, a stopped controller and a locked ledger
// hold the states open.
#include <sqlite3.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;
using Posted = LocalCluster::Posted;

namespace {

LocalCluster& cluster() { return shared_cluster({.slots = 1}); }

/// Slices that take `ms` each, without output.
json job(std::size_t slices, long ms) { return job_of({.slices = slices, .slice_ms = ms}); }
const json long_job = job(100'000, 100);
const json short_job = job(1, 0);

Posted running(const json& posted = long_job) {
  const Posted ids = cluster().submit(posted);
  BOOST_REQUIRE(cluster().becomes(ids.ex_id, "running"));
  return ids;
}
json asked(const std::string& method, const std::string& target, int status) {
  const auto answer = cluster().api().request(method, target);
  BOOST_REQUIRE_MESSAGE(answer.has_value(), "no answer to " << method << " " << target);
  BOOST_TEST(answer->status == status,
             method << " " << target << " answered " << answer->status << " " << answer->body);
  return answer->json();
}
/// A cell that refuses: status and message.
void refuses(const std::string& method, const std::string& target, int status, const std::string& message) {
  const json answer = asked(method, target, status);
  BOOST_TEST(answer.value("error", 0) == status);
  BOOST_TEST(answer.value("message", "") == message, method << " " << target);
}
/// A cell that proceeds: the whole body.
void answers(const std::string& target, const json& body) {
  const json answer = asked("POST", target, 200);
  BOOST_TEST(answer == body, target << " answered " << answer.dump());
}
std::string on_job(const Posted& ids, const std::string& command) { return "/jobs/" + ids.job_id + "/" + command; }
std::string on_ex(const Posted& ids, const std::string& command) { return "/ex/" + ids.ex_id + "/" + command; }
json status_is(const std::string& status) { return {{"status", status}}; }

/// _start, _recover, DELETE and _workers: the same in every state that is not terminal. None of them changes it.
void cells_of_every_living_state(const Posted& ids, const std::string& state) {
  BOOST_TEST(cluster().status(ids.ex_id) == state);
  refuses("POST", on_job(ids, "_start"), 409,
          "Job " + ids.job_id + " is currently running, cannot have the same job concurrently running");
  for (const std::string& target : {on_job(ids, "_recover"), on_ex(ids, "_recover")}) {
    refuses("POST", target, 409,
            "Execution " + ids.ex_id + " is still " + state + ", it must be in a terminal status to recover");
  }
  refuses("DELETE", "/jobs/" + ids.job_id, 409,
          "Job " + ids.job_id + " is currently running, cannot delete a running job.");
  const std::string of_this = " for execution: " + ids.ex_id;
  const int before = cluster().execution(ids.ex_id).at("_workers_wanted");
  answers(on_job(ids, "_workers?add=2"), {{"message", "2 workers have been enqueued" + of_this}});
  BOOST_TEST(cluster().execution(ids.ex_id).at("_workers_wanted") == before + 2);
  answers(on_ex(ids, "_workers?remove=1"), {{"message", "1 workers have been remove" + of_this}});
  answers(on_ex(ids, "_workers?total=" + std::to_string(before + 1)),
          {{"message", std::to_string(before + 1) + " workers have been set" + of_this}});
  refuses("POST", on_job(ids, "_workers?remove=" + std::to_string(before + 1)), 400,
          "workers to be removed: " + std::to_string(before + 1) +
              " cannot be >= to current workers: " + std::to_string(before + 1));
  answers(on_job(ids, "_workers?total=" + std::to_string(before)),
          {{"message", "1 workers have been remove" + of_this}});
  BOOST_TEST(cluster().execution(ids.ex_id).at("_workers_wanted") == before);
  BOOST_TEST(cluster().execution(ids.ex_id).at("workers") == 1, "what was posted stays");
  BOOST_TEST(cluster().status(ids.ex_id) == state, "none of these changes the state");
}
void pause_and_resume_are_not_available(const Posted& ids) {
  for (const std::string verb : {"pause", "resume"}) {
    const std::string message = "Execution " + ids.ex_id + " is not available to " + verb;
    refuses("POST", on_job(ids, "_" + verb), 500, message);
    refuses("POST", on_ex(ids, "_" + verb), 500, message);
  }
}
void pause_and_resume_work(const Posted& ids) {
  answers(on_job(ids, "_pause"), status_is("paused"));
  BOOST_TEST(cluster().status(ids.ex_id) == "paused");
  answers(on_ex(ids, "_pause"), status_is("paused"));
  answers(on_job(ids, "_resume"), status_is("running"));
  BOOST_TEST(cluster().status(ids.ex_id) == "running");
  answers(on_ex(ids, "_resume"), status_is("running"));
}
void stop_works(const Posted& ids) {
  answers(on_job(ids, "_stop"), status_is("stopped"));
  BOOST_TEST(cluster().status(ids.ex_id) == "stopped");
  BOOST_TEST(eventually(20s, [&] { return cluster().slots(ids.ex_id).empty(); }));
}
std::future<json> in_background(const std::string& target) {
  return std::async(std::launch::async, [target] {
    const auto answer = cluster().api().request("POST", target);
    return answer ? answer->json() : json();
  });
}

/// Started, and serving no execution yet.
std::optional<pid_t> spare_controller() {
  std::vector<pid_t> serving;
  for (const auto& node : cluster().get("/cluster/state").json()) {
    for (const auto& entry : node.at("active")) {
      serving.push_back(entry.at("pid").get<pid_t>());
    }
  }
  for (const ProcessInfo& info : cluster().family()) {
    if (info.command.rfind("slicebus-master controller", 0) == 0 &&
        std::find(serving.begin(), serving.end(), info.pid) == serving.end()) {
      return info.pid;
    }
  }
  return std::nullopt;
}
/// The next controller that is bound to an execution says nothing until this ends. The master's patience is 10 s.
class SilentController {
 public:
  SilentController() {
    BOOST_REQUIRE(eventually(20s, [&] { return (pid_ = spare_controller()).has_value(); }));
    BOOST_REQUIRE(::kill(*pid_, SIGSTOP) == 0);
  }
  ~SilentController() { ::kill(*pid_, SIGCONT); }
  SilentController(const SilentController&) = delete;
  SilentController& operator=(const SilentController&) = delete;

 private:
  std::optional<pid_t> pid_;
};

class Database {
 public:
  explicit Database(const std::string& name) {
    const std::string path = (cluster().directory() / "data" / name).string();
    sqlite3* opened = nullptr;
    BOOST_REQUIRE_MESSAGE(sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK, path);
    handle_.reset(opened);
    sqlite3_busy_timeout(opened, 10'000);
  }
  void run(const std::string& sql) {
    char* error = nullptr;
    sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, &error);
    BOOST_REQUIRE_MESSAGE(error == nullptr, sql << ": " << error);
  }

 private:
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_{nullptr, sqlite3_close};
};

/// Stopped with slices left, so that a recovery has something to do.
Posted stopped_midway(const json& posted = long_job) {
  const Posted ids = running(posted);
  BOOST_REQUIRE(cluster().has_processed(ids.ex_id));
  stop_works(ids);
  return ids;
}
Posted recovered(const Posted& ids) {
  return {ids.job_id, asked("POST", on_job(ids, "_recover"), 200).at("ex_id").get<std::string>()};
}

/// Thirteen slices of it fail once its first file is gone, those of the second go on.
VanishingInput input_of(int lines_that_stay = 20'000) {
  return {
      cluster().directory(),
      {.lines_that_go = 30, .lines_that_stay = lines_that_stay, .bytes_of_slice = 20, .slice_ms = 200, .workers = 1}};
}
Posted hit_by_vanishing(const VanishingInput& input, const json& posted) {
  const Posted ids = cluster().submit(posted);
  BOOST_REQUIRE(cluster().has_processed(ids.ex_id));
  input.take_away();
  return ids;
}
/// `failing`, and nothing fails any more: the slices of the file that is gone are all answered.
Posted failing(const VanishingInput& input, const json& posted) {
  const Posted ids = hit_by_vanishing(input, posted);
  BOOST_REQUIRE(cluster().has_processed(ids.ex_id, 26));
  BOOST_REQUIRE(cluster().becomes(ids.ex_id, "failing"));
  return ids;
}

void cells_of_a_terminal_state(const Posted& ids, const std::string& state) {
  BOOST_TEST(cluster().status(ids.ex_id) == state);
  for (const std::string& target : {on_job(ids, "_stop"), on_ex(ids, "_stop"), on_job(ids, "_stop?blocking=false")}) {
    answers(target, status_is(state));
  }
  answers(on_job(ids, "_stop?force=true"),
          {{"message", "Force stop complete for exId " + ids.ex_id}, {"status", state}});
  const std::string gone = "no active execution context was found for ex_id: " + ids.ex_id;
  for (const std::string command : {"_pause", "_resume", "_workers?add=1"}) {
    refuses("POST", on_job(ids, command), 404, gone);
    refuses("POST", on_ex(ids, command), 404, gone);
  }
  BOOST_TEST(cluster().status(ids.ex_id) == state, "nothing of it changes the state");
}
/// Three jobs whose latest execution ended so.
void cells_of_three_that_ended(const std::vector<Posted>& ended, const std::string& state) {
  for (const Posted& ids : ended) {
    cells_of_a_terminal_state(ids, state);
  }
  const json started = asked("POST", on_job(ended[0], "_start"), 200);
  BOOST_TEST(started.at("job_id") == ended[0].job_id);
  BOOST_TEST(!cluster().execution(started.at("ex_id")).contains("recovered_execution"));
  asked("POST", "/ex/" + started.at("ex_id").get<std::string>() + "/_stop", 200);

  const Posted recovery = recovered(ended[1]);
  BOOST_TEST(cluster().execution(recovery.ex_id).at("recovered_execution") == ended[1].ex_id);
  cluster().wait_for_end(recovery.ex_id);

  const json deleted = asked("DELETE", "/jobs/" + ended[2].job_id, 200);
  BOOST_TEST(deleted.at("_deleted") == true);
  cells_of_a_terminal_state(ended[2], state);
  const std::string job = "Job " + ended[2].job_id + " has ";
  refuses("POST", on_job(ended[2], "_start"), 410, job + "been deleted and cannot be started.");
  refuses("POST", on_job(ended[2], "_recover"), 410, job + "been deleted and cannot be recovered.");
  refuses("DELETE", "/jobs/" + ended[2].job_id, 410, job + "already been deleted.");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command_matrix)

BOOST_AUTO_TEST_CASE(never_run) {
  const auto stored = [](const json& posted) {
    return Posted{cluster().post("/jobs?start=false", posted.dump()).json().at("job_id"), ""};
  };
  const Posted ids = stored(short_job);
  for (const std::string command : {"_stop", "_pause", "_resume", "_workers?add=1"}) {
    refuses("POST", on_job(ids, command), 404, "No execution was found for job " + ids.job_id);
  }
  refuses("POST", on_job(ids, "_recover"), 404, "Job " + ids.job_id + " is missing an execution to recover from");
  const json started = asked("POST", on_job(ids, "_start"), 200);
  BOOST_TEST(cluster().wait_for_end(started.at("ex_id")) == "completed");
  const Posted unwanted = stored(short_job);
  BOOST_TEST(asked("DELETE", "/jobs/" + unwanted.job_id, 200).at("_deleted") == true);
  json autorecover = short_job;
  autorecover["autorecover"] = true;
  const Posted willing = stored(autorecover);
  const Posted first{willing.job_id, asked("POST", on_job(willing, "_recover"), 200).at("ex_id").get<std::string>()};
  BOOST_TEST(!cluster().execution(first.ex_id).contains("recovered_execution"), "a fresh one (R-api-93)");
  BOOST_TEST(cluster().wait_for_end(first.ex_id) == "completed");
  const json second = asked("POST", on_job(willing, "_start"), 200);
  BOOST_TEST(cluster().execution(second.at("ex_id")).at("recovered_execution") == first.ex_id, "R-api-83, R-ex-120g");
  BOOST_TEST(cluster().execution(second.at("ex_id")).at("recovered_slice_type") == "pending", "R-ex-120a");
  BOOST_TEST(cluster().wait_for_end(second.at("ex_id")) == "completed");
}

BOOST_AUTO_TEST_CASE(pending) {
  const Posted occupant = running();
  const Posted ids = cluster().submit(short_job);
  cells_of_every_living_state(ids, "pending");
  pause_and_resume_are_not_available(ids);
  stop_works(ids);  // it ends without ever having been allocated (R-api-88)
  BOOST_TEST(!cluster().execution(ids.ex_id).contains("slicer_port"));
  stop_works(occupant);
}

BOOST_AUTO_TEST_CASE(scheduling) {
  std::future<json> stop;
  Posted ids;
  {
    const SilentController held;
    ids = cluster().submit(long_job);
    BOOST_REQUIRE(cluster().becomes(ids.ex_id, "scheduling"));
    cells_of_every_living_state(ids, "scheduling");
    pause_and_resume_are_not_available(ids);
    answers(on_job(ids, "_stop?blocking=false"), status_is("stopping"));
    stop = in_background(on_job(ids, "_stop"));
  }
  BOOST_TEST(stop.get() == status_is("stopped"), "a stop while it starts ends stopped (R-ex Q-4)");
}

BOOST_AUTO_TEST_CASE(initializing) {
  const Posted first = stopped_midway();
  std::future<json> pause;
  Posted ids;
  {
    Database ledger("ledgers/" + first.ex_id + ".db");
    ledger.run("BEGIN IMMEDIATE");
    ids = recovered(first);
    BOOST_REQUIRE(cluster().becomes(ids.ex_id, "initializing"));
    cells_of_every_living_state(ids, "initializing");
    {
      const SilentController held;
      const auto lost = cluster().controller(ids.ex_id);
      BOOST_REQUIRE(lost.has_value());
      BOOST_REQUIRE(::kill(*lost, SIGKILL) == 0);
      BOOST_REQUIRE(eventually(10s, [&] { return cluster().controller(ids.ex_id) != lost; }));
      pause_and_resume_are_not_available(ids);
      BOOST_TEST(cluster().status(ids.ex_id) == "initializing");
    }
    // Connected again: the order is taken, and answered once the controller obeys.
    BOOST_REQUIRE(eventually(30s, [&] {
      return !cluster().execution(ids.ex_id).value("_waiting", "").empty() && cluster().controller(ids.ex_id);
    }));
    pause = in_background(on_job(ids, "_pause"));
    BOOST_TEST((pause.wait_for(1s) == std::future_status::timeout));
    ledger.run("ROLLBACK");
  }
  BOOST_TEST(pause.get() == status_is("paused"));
  pause_and_resume_work(ids);
  stop_works(ids);
}

BOOST_AUTO_TEST_CASE(recovering) {
  const Posted first = cluster().submit(job(3, 60'000));
  BOOST_REQUIRE(eventually(60s, [&] { return cluster().slots(first.ex_id).size() == 1; }));
  BOOST_REQUIRE(cluster().becomes(first.ex_id, "running"));
  answers(on_job(first, "_stop?timeout=0"), status_is("stopped"));
  const Posted ids = recovered(first);
  BOOST_REQUIRE(cluster().becomes(ids.ex_id, "recovering"));
  cells_of_every_living_state(ids, "recovering");
  refuses("POST", on_ex(first, "_recover"), 409,  // it is terminal, and another of its lineage is not
          "Execution " + ids.ex_id + " is still recovering, it must be in a terminal status to recover");
  pause_and_resume_work(ids);  // a resume writes `running` whatever it was before (R-api-91)
  answers(on_job(ids, "_stop?timeout=0"), status_is("stopped"));
}

BOOST_AUTO_TEST_CASE(running_state) {
  const Posted ids = running();
  cells_of_every_living_state(ids, "running");
  pause_and_resume_work(ids);
  answers(on_job(ids, "_stop?force=true"),
          {{"message", "Force stop complete for exId " + ids.ex_id}, {"status", "stopped"}});
}

BOOST_AUTO_TEST_CASE(failing_state_and_the_end_of_once_R_ex_106) {
  const VanishingInput input = input_of();
  const Posted ids = failing(input, input.job());
  cells_of_every_living_state(ids, "failing");
  const json record = cluster().execution(ids.ex_id);
  BOOST_TEST(record.at("_has_errors") == true);
  BOOST_TEST(record.at("_failureReason") ==
             "execution " + ids.ex_id + " has encountered a processing error, reason: slice failure event");
  BOOST_TEST(record.at("_slicer_stats").at("failed").get<int>() > 0);
  answers(on_job(ids, "_resume"), status_is("running"));
  BOOST_TEST(cluster().status(ids.ex_id) == "running", "and it stays so until something new fails (R-api-91)");
  pause_and_resume_work(ids);
  stop_works(ids);
}

BOOST_AUTO_TEST_CASE(failing_persistent_comes_through_its_probation_R_ex_107) {
  const VanishingInput input = input_of();
  json posted = input.job();
  posted["lifecycle"] = "persistent";
  posted["probation_window"] = 3'000;
  const Posted ids = hit_by_vanishing(input, posted);
  BOOST_REQUIRE(cluster().becomes(ids.ex_id, "failing"));
  BOOST_REQUIRE(cluster().becomes(ids.ex_id, "running"));
  stop_works(ids);
}

BOOST_AUTO_TEST_CASE(paused) {
  const Posted ids = running();
  answers(on_ex(ids, "_pause"), status_is("paused"));
  cells_of_every_living_state(ids, "paused");
  const long answered = cluster().processed(ids.ex_id).value_or(-1);
  pause_and_resume_work(ids);
  BOOST_TEST(eventually(20s, [&] { return cluster().processed(ids.ex_id).value_or(-1) > answered; }));
  answers(on_ex(ids, "_pause"), status_is("paused"));
  stop_works(ids);
}

BOOST_AUTO_TEST_CASE(stopping_and_the_time_of_a_stop_Q_12) {
  const Posted ids = running(job(2, 3'600'000));
  BOOST_REQUIRE(eventually(60s, [&] {
    const HttpAnswer answer = cluster().get("/ex/" + ids.ex_id + "/controller");
    return answer.status == 200 && answer.json().at(0).at("workers_active") == 1;
  }));
  answers(on_ex(ids, "_stop?blocking=false&timeout=1%20hour"), status_is("stopping"));
  cells_of_every_living_state(ids, "stopping");
  for (const std::string verb : {"pause", "resume"}) {
    refuses("POST", on_job(ids, "_" + verb), 409,
            "Execution " + ids.ex_id + " is stopping, it cannot be asked to " + verb);
  }
  auto waits = in_background(on_job(ids, "_stop"));
  BOOST_TEST((waits.wait_for(9s) == std::future_status::timeout), "longer than slots get without a time");
  const auto ordered = std::chrono::steady_clock::now();
  answers(on_ex(ids, "_stop?timeout=100"), status_is("stopped"));
  BOOST_TEST((std::chrono::steady_clock::now() - ordered < 6s), "shorter than slots get without a time");
  BOOST_TEST(waits.get() == status_is("stopped"));
}

BOOST_AUTO_TEST_CASE(completed_then_deleted) {
  std::vector<Posted> ended;
  for (int i = 0; i < 3; ++i) {
    ended.push_back(cluster().submit(short_job));
    BOOST_TEST(cluster().wait_for_end(ended.back().ex_id) == "completed");
  }
  cells_of_three_that_ended(ended, "completed");
}

BOOST_AUTO_TEST_CASE(stopped_then_deleted) {
  std::vector<Posted> ended;
  for (int i = 0; i < 3; ++i) {
    ended.push_back(running(job(20, 200)));
    stop_works(ended.back());
  }
  cells_of_three_that_ended(ended, "stopped");
}

BOOST_AUTO_TEST_CASE(failed_then_deleted) {
  std::vector<Posted> ended;
  for (int i = 0; i < 3; ++i) {
    const VanishingInput input = input_of(20);
    ended.push_back(hit_by_vanishing(input, input.job()));
    BOOST_TEST(cluster().wait_for_end(ended.back().ex_id) == "failed");
  }
  cells_of_three_that_ended(ended, "failed");
}

/// Nothing of ours sets these two; records that came from elsewhere may have them.
BOOST_AUTO_TEST_CASE(rejected_and_terminated_then_deleted) {
  std::map<std::string, std::vector<Posted>> ended;
  for (const std::string state : {"rejected", "terminated"}) {
    for (int i = 0; i < 3; ++i) {
      ended[state].push_back(cluster().submit(short_job));
      BOOST_TEST(cluster().wait_for_end(ended[state].back().ex_id) == "completed");
    }
  }
  BOOST_REQUIRE(cluster().stop().has_value());
  {
    Database records("records.db");
    for (const auto& [state, executions] : ended) {
      for (const Posted& ids : executions) {
        records.run("UPDATE execution SET status = '" + state + "', document = json_set(document, '$._status', '" +
                    state + "') WHERE ex_id = '" + ids.ex_id + "'");
      }
    }
  }
  cluster().start();
  for (const auto& [state, executions] : ended) {
    cells_of_three_that_ended(executions, state);
  }
}

BOOST_AUTO_TEST_SUITE_END()
