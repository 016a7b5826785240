// M9: what is wrong is answered with what, where and the remedy; nothing crashes, hangs or is lost.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/descriptor.hpp"
#include "common/process/child.hpp"
#include "common/process/ready.hpp"
#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"

using namespace slicebus;              // NOLINT: test
using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

/// A port of the loopback address with a listener that is ours.
class TakenPort {
 public:
  TakenPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) ==
                  0);  // NOLINT: sockets
    BOOST_REQUIRE(::listen(socket_.get(), 1) == 0);
    BOOST_REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);  // NOLINT: sockets
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }

 private:
  Descriptor socket_;
  std::uint16_t port_ = 0;
};

/// Bound and not listening: nobody answers there, and nobody else gets it.
std::uint16_t silent_port() {
  static const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  static const std::uint16_t port = [] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);  // NOLINT: sockets
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);    // NOLINT: sockets
    return ntohs(address.sin_port);
  }();
  return port;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const LocalCluster& cluster() { return shared_cluster(); }

void require_refusal(const std::string& body, int status, const std::vector<std::string>& says) {
  const auto answer = cluster().post("/v1/jobs", body);
  BOOST_TEST(answer.status == status, body << " was answered " << answer.status << " " << answer.body);
  const json error = answer.json();
  BOOST_TEST(error.at("error").get<int>() == status);
  const std::string message = error.at("message");
  for (const std::string& part : says) {
    BOOST_TEST(contains(message, part), "\"" << message << "\" does not say \"" << part << "\"");
  }
}

json job_of(json operations) { return {{"name", "wrong"}, {"operations", std::move(operations)}}; }

const json exporter{{"_op", "file_exporter"}, {"path", "output/wrong"}, {"format", "ldjson"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(bad_input)

BOOST_AUTO_TEST_CASE(job_without_operations_is_refused) {
  require_refusal("{}", 400, {"No job was posted"});
  require_refusal(R"({"name":"x"})", 400, {"No job was posted"});
  require_refusal(job_of(json::array({{{"_op", "noop"}}})).dump(), 400, {"at least two operations"});
}

BOOST_AUTO_TEST_CASE(malformed_json_is_refused) {
  require_refusal("{\"name\": \"x\", ", 400, {"the json submitted is malformed"});
}

BOOST_AUTO_TEST_CASE(unknown_operation_is_refused_with_the_nearest_name) {
  require_refusal(job_of({{{"_op", "file_raeder"}, {"path", "x"}, {"format", "ldjson"}}, exporter}).dump(), 400,
                  {"file_raeder", "did you mean", "file_reader"});
}

BOOST_AUTO_TEST_CASE(bad_option_value_is_refused_with_its_name) {
  require_refusal(
      job_of({{{"_op", "file_reader"}, {"path", "x"}, {"format", "ldjson"}, {"size", "ten"}}, exporter}).dump(), 400,
      {"size"});
  require_refusal(
      job_of({{{"_op", "data_generator"}, {"size", 10}}, {{"_op", "filter"}, {"query", "delay:>>60"}}, exporter})
          .dump(),
      400, {"query"});
  json workers = job_of({{{"_op", "data_generator"}, {"size", 10}}, exporter});
  workers["workers"] = -1;
  require_refusal(workers.dump(), 400, {"workers", "must be valid integer greater than zero"});
}

BOOST_AUTO_TEST_CASE(missing_input_file_is_named_when_the_job_is_posted_and_when_it_is_started) {
  const auto of = [](const std::string& path) {
    return job_of({{{"_op", "file_reader"}, {"path", path}, {"format", "ldjson"}}, exporter});
  };
  require_refusal(of("no/such/file.ndjson").dump(), 400,
                  {"file_reader", "no/such/file.ndjson", "No such file or directory"});

  const auto here = cluster().directory() / "for-now.ndjson";
  std::ofstream(here) << "{\"a\":1}\n";
  const auto kept = cluster().post("/v1/jobs?start=false", of(here.string()).dump());
  BOOST_REQUIRE_MESSAGE(kept.status == 200, kept.body);
  std::filesystem::remove(here);
  const auto started = cluster().post("/v1/jobs/" + kept.json().at("job_id").get<std::string>() + "/_start");
  BOOST_TEST(started.status == 400, started.body);
  BOOST_TEST(contains(started.body, here.string()), started.body);
}

BOOST_AUTO_TEST_CASE(input_that_vanishes_while_it_is_read_fails_its_slices_and_the_execution_says_so) {
  const VanishingInput input(cluster().directory(), {.bytes_of_slice = 200});
  json job = input.job();
  job["operations"].push_back(exporter);
  const auto posted = cluster().submit(job);
  BOOST_REQUIRE(cluster().has_processed(posted.ex_id));
  input.take_away();
  BOOST_TEST(cluster().becomes(posted.ex_id, "failed"));
  const json execution = cluster().execution(posted.ex_id);
  BOOST_TEST(execution.at("_has_errors").get<bool>());
  BOOST_TEST(contains(execution.at("_failureReason"), "slice failures during processing"),
             execution.at("_failureReason"));
  BOOST_TEST(execution.at("_slicer_stats").at("failed").get<int>() > 0);
}

BOOST_AUTO_TEST_CASE(unreadable_directory_is_refused_and_named) {
  // Root may read everything, so the cluster runs without that privilege.
  const TestDirectory directory;
  const auto locked = directory / "locked";
  std::filesystem::create_directory(locked);
  std::ofstream(locked / "input.ndjson") << "{\"a\":1}\n";
  std::filesystem::permissions(locked, std::filesystem::perms::none);
  LocalCluster::Options options;
  if (::geteuid() == 0) {
    options.wrapped_in = {"setpriv", "--bounding-set=-dac_override,-dac_read_search",
                          "--inh-caps=-dac_override,-dac_read_search"};
  }
  const LocalCluster unprivileged(directory.path(), options);
  const auto answer = unprivileged.post(
      "/v1/jobs", job_of({{{"_op", "file_reader"}, {"path", locked.string()}, {"format", "ldjson"}}, exporter}).dump());
  BOOST_TEST(answer.status == 400, answer.body);
  BOOST_TEST(contains(answer.body, locked.string()), answer.body);
  BOOST_TEST(contains(answer.body, "Permission denied"), answer.body);
  std::filesystem::permissions(locked, std::filesystem::perms::owner_all);
}

BOOST_AUTO_TEST_CASE(port_that_is_taken_is_named_and_nothing_is_left_running) {
  const TestDirectory directory;
  const TakenPort taken;
  const std::string port = std::to_string(taken.port());
  const auto local = run(
      {program("slicebus").string(), "local", "--rest-port", port, "--data", (directory / "data").string()}, {}, 60s);
  BOOST_TEST(local.code == 1);
  BOOST_TEST(contains(local.output, port), local.output);
  BOOST_TEST(contains(local.output, "is taken"), local.output);
  BOOST_TEST(contains(local.output, "--rest-port"), local.output);

  const auto master =
      run({program("slicebus-master").string(), "--rest-port", port, "--data", (directory / "master").string(),
           "--broker", "tcp://127.0.0.1:" + std::to_string(silent_port())},
          {}, 60s);
  BOOST_TEST(master.code != 0);
  BOOST_TEST(master.code < 128, "ended with " << master.code);
  BOOST_TEST(contains(master.output, port), master.output);

  const auto broker = run({program("slicebus-broker").string(), "--port", port}, {}, 60s);
  BOOST_TEST(broker.code != 0);
  BOOST_TEST(broker.code < 128, "ended with " << broker.code);
  BOOST_TEST(contains(broker.output, port), broker.output);
  BOOST_TEST(processes_with(directory.path().string()).empty());
}

BOOST_AUTO_TEST_CASE(second_local_cluster_on_the_same_directory_names_the_first) {
  const auto second = run(
      {program("slicebus").string(), "local", "--rest-port", "0", "--data", (cluster().directory() / "data").string()},
      {}, 60s);
  BOOST_TEST(second.code == 1);
  BOOST_TEST(
      contains(second.output, "another `slicebus local` runs on it (pid " + std::to_string(cluster().pid()) + ")"),
      second.output);
  BOOST_TEST(cluster().get("/").status == 200);
}

BOOST_AUTO_TEST_CASE(second_master_on_the_same_data_is_refused_and_the_first_goes_on) {
  const auto second =
      run({program("slicebus-master").string(), "--rest-port", "0", "--data", (cluster().directory() / "data").string(),
           "--broker", "tcp://127.0.0.1:" + std::to_string(silent_port())},
          {}, 60s);
  BOOST_TEST(second.code != 0);
  BOOST_TEST(second.code < 128, "ended with " << second.code);
  BOOST_TEST(contains(second.output, (cluster().directory() / "data").string()), second.output);
  BOOST_TEST(contains(second.output, std::to_string(cluster().master().value())), second.output);
  BOOST_TEST(cluster().get("/").status == 200);
}

BOOST_AUTO_TEST_CASE(programs_without_a_broker_wait_for_it_and_end_cleanly) {
  const TestDirectory directory;
  const std::string broker = "tcp://127.0.0.1:" + std::to_string(silent_port());
  for (const std::string name : {"slicebus-master", "slicebus-worker"}) {
    const auto log = directory / (name + ".log");
    process::SpawnOptions options;
    options.program = program(name).string();
    options.name = name;
    options.arguments = {"--broker", broker};
    if (name == "slicebus-master") {
      options.arguments.insert(options.arguments.end(), {"--data", (directory / "data").string(), "--rest-port", "0"});
    }
    options.output_path = log.string();
    auto child = process::Child::spawn(options);
    BOOST_REQUIRE(child.has_value());
    const auto said = [&] {
      std::ifstream file(log);
      return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    };
    // Nine seconds of silence is the limit; what it says names the broker.
    BOOST_TEST(eventually(30s, [&] { return contains(said(), broker) && contains(said(), "event=broker_silent"); }),
               name << " said: " << said());
    BOOST_TEST(!child->reap().has_value(), name << " ended: " << said());
    child->signal(SIGTERM);
    std::optional<process::Exit> exit;
    BOOST_TEST(eventually(15s, [&] { return (exit = child->reap()).has_value(); }), name << " does not end");
    BOOST_TEST((exit && exit->signal == 0 && exit->code == 0),
               name << " ended with " << (exit ? exit->text() : "nothing"));
  }
}

BOOST_AUTO_TEST_CASE(wrong_flag_is_named_with_the_nearest_one) {
  for (const std::string name : {"slicebus-broker", "slicebus-master", "slicebus-worker"}) {
    const auto ended = run({program(name).string(), "--log-levle", "info"}, {}, 30s);
    BOOST_TEST(ended.code == 2, name << " ended with " << ended.code << ": " << ended.output);
    BOOST_TEST(contains(ended.output, "log-level"), ended.output);
  }
  const auto local = run({program("slicebus").string(), "local", "--slot", "3"}, {}, 30s);
  BOOST_TEST(local.code == 2);
  BOOST_TEST(contains(local.output, "--slots"), local.output);
  const auto command = run({program("slicebus").string(), "locla"}, {}, 30s);
  BOOST_TEST(command.code == 2);
  BOOST_TEST(contains(command.output, "no command \"locla\""), command.output);
}

BOOST_AUTO_TEST_CASE(cluster_is_unharmed_at_the_end) {
  const auto posted = cluster().submit(job_of({{{"_op", "data_generator"}, {"size", 100}, {"seed", 1}}, exporter}));
  BOOST_TEST(cluster().wait_for_end(posted.ex_id) == "completed");
  const std::string logs = cluster().logs();
  BOOST_TEST(!contains(logs, "ended with"), logs);
}

BOOST_AUTO_TEST_SUITE_END()
