#include "tests/support/local_cluster.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/framework.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>

#include "common/process/ready.hpp"

namespace slicebus::support {

using namespace std::chrono_literals;  // NOLINT: test

namespace {

std::filesystem::path from_environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: one thread
  BOOST_REQUIRE_MESSAGE(value != nullptr, name << " is not set; run the tests by ctest");
  return value;
}

bool terminal(const std::string& status) {
  static const std::set<std::string> all{"completed", "stopped", "rejected", "failed", "terminated"};
  return all.count(status) > 0;
}

int failures = 0;

/// Counts what failed, so that a directory knows at its end whether someone will want to look into it.
class FailureWatch : public boost::unit_test::test_observer {
 public:
  static void begin() {
    static FailureWatch watch;
    static const bool registered = (boost::unit_test::framework::register_observer(watch), true);
    (void)registered;
  }
  void assertion_result(boost::unit_test::assertion_result result) override {
    failures += result == boost::unit_test::AR_FAILED ? 1 : 0;
  }
  void exception_caught(const boost::execution_exception&) override { ++failures; }
};

/// The flights, unpacked once per directory.
void unpack_examples(const std::filesystem::path& directory) {
  const std::filesystem::path data = directory / "examples" / "data";
  if (std::filesystem::exists(data)) {
    return;
  }
  std::filesystem::create_directories(data);
  const std::filesystem::path from = source_tree() / "examples" / "data";
  std::filesystem::copy_file(from / "earthquakes.ndjson", data / "earthquakes.ndjson");
  std::filesystem::copy_file(from / "flights-200k.ndjson.gz", data / "flights-200k.ndjson.gz");
  BOOST_REQUIRE(run({"gzip", "-d", "flights-200k.ndjson.gz"}, data.string()).code == 0);
}

}  // namespace

std::filesystem::path program(const std::string& name) { return from_environment("SLICEBUS_BIN") / name; }
std::filesystem::path source_tree() { return from_environment("SLICEBUS_SOURCE"); }

TestDirectory::TestDirectory() : failures_before_(failures) {
  FailureWatch::begin();
  std::string name = (std::filesystem::temp_directory_path() / "slicebus-test-XXXXXX").string();
  BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TestDirectory::~TestDirectory() {
  if (failures > failures_before_) {
    std::fprintf(stderr, "kept for a look: %s\n", path_.c_str());
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool eventually(std::chrono::milliseconds patience, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

LocalCluster::LocalCluster(const std::filesystem::path& directory, Options options)
    : directory_(directory), options_(std::move(options)) {
  unpack_examples(directory_);
  start();
}

LocalCluster::~LocalCluster() = default;

void LocalCluster::start() {
  auto ready = process::ReadyPipe::open();
  BOOST_REQUIRE(ready.has_value());
  process::SpawnOptions spawn;
  spawn.program = "/usr/bin/env";  // changes the directory and becomes the program
  spawn.name = "env";
  spawn.arguments = {"-C", directory_.string()};
  spawn.arguments.insert(spawn.arguments.end(), options_.wrapped_in.begin(), options_.wrapped_in.end());
  spawn.arguments.insert(
      spawn.arguments.end(),
      {program("slicebus").string(), "local", "--rest-port", std::to_string(options_.rest_port), "--data", "data",
       "--slots", std::to_string(options_.slots), "--ready-fd", std::to_string(ready->child_fd())});
  spawn.output_path = (directory_ / "local.log").string();
  spawn.keep_fds = {ready->child_fd()};
  auto child = process::Child::spawn(spawn);
  BOOST_REQUIRE_MESSAGE(child.has_value(), "slicebus local cannot be started");
  ready->started();
  child_.emplace(std::move(*child));
  const auto port = ready->await(60'000);
  if (!port) {
    BOOST_FAIL("slicebus local is not ready: " << port.error().text() << "\n" << logs());
  }
  client_ = HttpClient(*port);
}

std::optional<int> LocalCluster::stop(std::chrono::milliseconds patience) {
  child_->signal(SIGTERM);
  std::optional<process::Exit> exit;
  if (!eventually(patience, [&] { return (exit = child_->reap()).has_value(); })) {
    return std::nullopt;
  }
  child_.reset();
  return exit->signal != 0 ? 128 + exit->signal : exit->code;
}

std::optional<pid_t> LocalCluster::process(const std::string& begins) const {
  for (const ProcessInfo& info : family()) {
    if (info.command.rfind(begins, 0) == 0) {
      return info.pid;
    }
  }
  return std::nullopt;
}

namespace {

std::vector<pid_t> listed(const nlohmann::json& state, const std::string& assignment, const std::string& ex_id) {
  std::vector<pid_t> pids;
  for (const auto& node : state) {
    if (node.value("state", "") != "connected") {
      continue;
    }
    for (const auto& entry : node.at("active")) {
      if (entry.value("assignment", "") == assignment && entry.value("ex_id", "") == ex_id) {
        pids.push_back(entry.at("pid").get<pid_t>());
      }
    }
  }
  return pids;
}

}  // namespace

std::optional<pid_t> LocalCluster::controller(const std::string& ex_id) const {
  const std::vector<pid_t> pids = listed(get("/v1/cluster/state").json(), "execution_controller", ex_id);
  return pids.empty() ? std::nullopt : std::optional(pids.front());
}

std::vector<pid_t> LocalCluster::slots(const std::string& ex_id) const {
  return listed(get("/v1/cluster/state").json(), "worker", ex_id);
}

HttpAnswer LocalCluster::get(const std::string& target) const {
  std::optional<HttpAnswer> answer;
  const bool answered = eventually(60s, [&] {
    answer = client_.request("GET", target);
    return answer && answer->body.find("api is not available") == std::string::npos;
  });
  if (!answered) {
    BOOST_FAIL("no answer to GET " << target << " for a minute\n" << logs());
  }
  return *answer;
}

HttpAnswer LocalCluster::post(const std::string& target, const std::string& body) const {
  const auto answer = client_.request("POST", target, body);
  if (!answer) {
    BOOST_FAIL("no answer to POST " << target << "\n" << logs());
  }
  return *answer;
}

LocalCluster::Posted LocalCluster::submit(const nlohmann::json& job) const {
  const HttpAnswer answer = post("/v1/jobs", job.dump());
  BOOST_REQUIRE_MESSAGE(answer.status == 200, "job refused: " << answer.body);
  const nlohmann::json ids = answer.json();
  return {ids.at("job_id"), ids.at("ex_id")};
}

std::optional<long> LocalCluster::processed(const std::string& ex_id) const {
  const HttpAnswer answer = get("/v1/ex/" + ex_id + "/controller");
  if (answer.status != 200) {
    return std::nullopt;
  }
  return answer.json().at(0).at("processed").get<long>();
}

std::string LocalCluster::wait_for_end(const std::string& ex_id, std::chrono::milliseconds patience) const {
  std::string now;
  eventually(patience, [&] { return terminal(now = status(ex_id)); });
  if (now != "completed" && now != "stopped") {
    BOOST_TEST_MESSAGE("execution " << ex_id << " is " << now << ": " << execution(ex_id).dump(2) << "\n" << logs());
  }
  return now;
}

bool LocalCluster::becomes(const std::string& ex_id, const std::string& wanted) const {
  std::string now;
  const bool reached = eventually(60s, [&] { return (now = status(ex_id)) == wanted; });
  BOOST_TEST(reached, "execution " << ex_id << " is " << now << ", not " << wanted << "\n" << (reached ? "" : logs()));
  return reached;
}

bool LocalCluster::has_processed(const std::string& ex_id, long count) const {
  const bool reached = eventually(60s, [&] { return processed(ex_id).value_or(0) >= count; });
  BOOST_TEST(reached, "execution " << ex_id << " has not processed " << count << " slices; status " << status(ex_id)
                                   << "\n"
                                   << (reached ? "" : logs()));
  return reached;
}

std::string LocalCluster::recover(const std::string& ex_id, const std::string& query) const {
  const HttpAnswer answer = post("/v1/ex/" + ex_id + "/_recover" + query);
  BOOST_REQUIRE_MESSAGE(answer.status == 200, "recovery of " << ex_id << " refused: " << answer.body);
  return answer.json().at("ex_id");
}

void LocalCluster::require_sound_ledger(const std::string& lineage) const {
  const Ended checked =
      run({program("slicebus"), "ledger", "check", directory_ / "data" / "ledgers" / (lineage + ".db")});
  BOOST_TEST(checked.code == 0, checked.output);
}

std::string LocalCluster::logs() const {
  std::string all;
  std::vector<std::filesystem::path> files{directory_ / "local.log"};
  for (const char* name : {"slicebus-broker", "slicebus-master", "slicebus-worker"}) {
    files.push_back(directory_ / "data" / "logs" / (std::string(name) + ".log"));
  }
  for (const std::filesystem::path& file : files) {
    std::ifstream log(file);
    const std::string text((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
    constexpr std::size_t shown_max = 4'000;
    all +=
        "---- " + file.filename().string() + "\n" + text.substr(text.size() > shown_max ? text.size() - shown_max : 0);
  }
  return all;
}

LocalCluster& shared_cluster(const LocalCluster::Options& options) {
  static const TestDirectory directory;
  static LocalCluster one(directory.path(), options);
  return one;
}

std::vector<std::filesystem::path> output_files(const std::filesystem::path& path, const std::string& lineage) {
  std::vector<std::filesystem::path> files;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(path, absent)) {
    if (entry.path().filename().string().rfind(lineage + ".", 0) == 0) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> output_records(const std::filesystem::path& path, const std::string& lineage) {
  std::vector<std::string> lines;
  for (const std::filesystem::path& file : output_files(path, lineage)) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<std::string> hidden_files(const std::filesystem::path& path) {
  std::vector<std::string> names;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(path, absent)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind('.', 0) == 0) {
      names.push_back(name);
    }
  }
  return names;
}

Tally tally(const std::vector<std::string>& lines) {
  std::vector<std::string_view> sorted(lines.begin(), lines.end());
  std::sort(sorted.begin(), sorted.end());
  const auto distinct = std::unique(sorted.begin(), sorted.end()) - sorted.begin();
  return {lines.size(), static_cast<std::size_t>(distinct)};
}

}  // namespace slicebus::support
