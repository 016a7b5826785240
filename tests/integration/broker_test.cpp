// The real broker process over loopback; its peers are DEALERs of this test.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <random>

#include "common/bus/socket.hpp"
#include "common/process/child.hpp"
#include "common/process/ready.hpp"
#include "common/time.hpp"
#include "common/wire/codec.hpp"

using namespace slicebus;

namespace {

constexpr auto patience = 20s;
constexpr int patience_ms = 20'000;

struct Broker {
  process::Child child;
  std::uint16_t port;
  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port); }
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Broker start_broker(std::vector<std::string> arguments, const std::string& output_path = {}) {
  const char* bin = std::getenv("SLICEBUS_BIN");
  BOOST_REQUIRE_MESSAGE(bin != nullptr, "SLICEBUS_BIN names the folder with the programs; run this by ctest");
  auto ready = process::ReadyPipe::open().value();
  process::SpawnOptions options;
  options.program = std::string(bin) + "/slicebus-broker";
  options.name = "slicebus-broker";
  options.arguments = std::move(arguments);
  options.arguments.insert(options.arguments.end(), {"--ready-fd", std::to_string(ready.child_fd())});
  options.keep_fds = {ready.child_fd()};
  options.output_path = output_path;
  auto child = process::Child::spawn(options);
  BOOST_REQUIRE_MESSAGE(child.has_value(), (child ? "" : child.error().text()));
  ready.started();
  const auto port = ready.await(patience_ms);
  BOOST_REQUIRE_MESSAGE(port.has_value(), (port ? "" : port.error().text()));
  return {std::move(*child), *port};
}

process::Exit end_of(process::Child& child) {
  pollfd ended{child.pidfd(), POLLIN, 0};
  BOOST_REQUIRE(poll(&ended, 1, patience_ms) == 1);
  return child.reap().value();
}

/// The next message of that kind; others are passed over.
template <class Wanted>
std::optional<Wanted> await(bus::Dealer& dealer) {
  bus::Poll poll;
  poll.watch(dealer.native());
  const TimePoint deadline = monotonic_now() + patience;
  while (monotonic_now() < deadline) {
    while (const auto received = dealer.receive()) {
      const auto message = wire::decode(received->header, received->body);
      BOOST_REQUIRE(message.has_value());
      if (const auto* wanted = std::get_if<Wanted>(&*message)) {
        return *wanted;
      }
    }
    poll.wait(deadline - monotonic_now());
  }
  return std::nullopt;
}

bus::Dealer connect(bus::Context& context, const std::string& endpoint) {
  return bus::Dealer::connect(context, endpoint, new_uuid()).value();
}

wire::NodeBeat node_beat(const std::string& node, const std::string& agent) {
  wire::NodeBeat beat;
  beat.node = NodeId{node};
  beat.agent = ProcessId{agent};
  beat.hostname = "127.0.0.1";
  beat.slots_total = 2;
  return beat;
}

wire::ControllerBeat controller_beat(const std::string& ex_id, const std::string& process) {
  wire::ControllerBeat beat;
  beat.ex_id = ExecutionId{ex_id};
  beat.process = ProcessId{process};
  beat.epoch = 1;
  return beat;
}

/// An agent in a process of its own, which can therefore be killed. Made before this process has any ZeroMQ thread.
pid_t agent_process(const std::string& endpoint, const std::string& node) {
  int told[2];
  BOOST_REQUIRE(pipe(told) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    bus::Context context;
    auto dealer = bus::Dealer::connect(context, endpoint, new_uuid());
    if (dealer && dealer->send("broker", node_beat(node, "first"))) {
      bus::Poll poll;
      poll.watch(dealer->native());
      poll.wait(patience);
      (void)!write(told[1], "x", 1);
    }
    pause();
    _exit(1);
  }
  char byte = 0;
  BOOST_REQUIRE(read(told[0], &byte, 1) == 1);
  close(told[0]);
  close(told[1]);
  return pid;
}

void send_raw(std::uint16_t port, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  char answer[256];
  pollfd readable{fd, POLLIN, 0};
  poll(&readable, 1, 20);
  (void)recv(fd, answer, sizeof answer, MSG_DONTWAIT);
  close(fd);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(broker_process)

BOOST_AUTO_TEST_CASE(beats_register_and_control_finds_its_way) {
  const Broker broker = start_broker({"--port", "0"});
  bus::Context context;
  bus::Dealer agent = connect(context, broker.endpoint());
  bus::Dealer master = connect(context, broker.endpoint());
  bus::Dealer controller = connect(context, broker.endpoint());

  BOOST_REQUIRE(agent.send("broker", node_beat("n1", "a1")).has_value());
  BOOST_REQUIRE(await<wire::BrokerBeat>(agent).has_value());
  BOOST_REQUIRE(master.send("broker", wire::MasterBeat{ProcessId{"m1"}, true}).has_value());
  const auto snapshot = await<wire::ClusterUpdate>(master);
  BOOST_REQUIRE(snapshot.has_value());
  BOOST_TEST(snapshot->snapshot);
  BOOST_REQUIRE(snapshot->nodes.size() == 1U);
  BOOST_TEST(snapshot->nodes[0].beat.node.text == "n1");

  BOOST_REQUIRE(controller.send("broker", controller_beat("e1", "c1")).has_value());
  BOOST_TEST(await<wire::AgentRestarted>(controller)->agent.text == "a1");
  BOOST_TEST(await<wire::ControllerBeat>(master)->ex_id.text == "e1");

  BOOST_REQUIRE(master.send("ex/e1", wire::ControllerOrder{ExecutionId{"e1"}, 5, true, false, false}).has_value());
  BOOST_TEST(await<wire::ControllerOrder>(controller)->number == 5U);
  BOOST_REQUIRE(master.send("node/n1", wire::SlotsWanted{NodeId{"n1"}, 6, {}}).has_value());
  BOOST_TEST(await<wire::SlotsWanted>(agent)->number == 6U);
  wire::SlotDied died;
  died.ex_id = ExecutionId{"e1"};
  died.node = NodeId{"n1"};
  died.process = ProcessId{"s1"};
  BOOST_REQUIRE(agent.send("ex/e1", died).has_value());
  BOOST_TEST(await<wire::SlotDied>(controller)->process.text == "s1");
  BOOST_REQUIRE(controller.send("node/n1", wire::SlotDeathAck{died.node, died.ex_id, died.process}).has_value());
  BOOST_TEST(await<wire::SlotDeathAck>(agent)->process.text == "s1");
}

BOOST_AUTO_TEST_CASE(an_agent_restarted_after_a_kill_has_its_name_at_once) {
  const Broker broker = start_broker({"--port", "0"});
  const pid_t first = agent_process(broker.endpoint(), "n1");
  bus::Context context;
  bus::Dealer controller = connect(context, broker.endpoint());
  BOOST_REQUIRE(controller.send("broker", controller_beat("e1", "c1")).has_value());
  BOOST_TEST(await<wire::AgentRestarted>(controller)->agent.text == "first");
  bus::Dealer successor = connect(context, broker.endpoint());

  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
  const TimePoint killed = monotonic_now();
  BOOST_REQUIRE(successor.send("broker", node_beat("n1", "second")).has_value());
  BOOST_REQUIRE(await<wire::BrokerBeat>(successor).has_value());
  const auto after = std::chrono::duration_cast<std::chrono::milliseconds>(monotonic_now() - killed).count();
  BOOST_TEST(after < 1'000, "accepted " << after << " ms after the kill");
  const auto heard = await<wire::AgentRestarted>(controller);
  BOOST_REQUIRE(heard.has_value());
  BOOST_TEST(heard->agent.text == "second");
  BOOST_TEST((heard->former == std::vector{ProcessId{"first"}}));
}

BOOST_AUTO_TEST_CASE(a_second_live_agent_is_refused_with_the_remedy) {
  const Broker broker = start_broker({"--port", "0"});
  bus::Context context;
  bus::Dealer first = connect(context, broker.endpoint());
  bus::Dealer second = connect(context, broker.endpoint());
  BOOST_REQUIRE(first.send("broker", node_beat("n1", "a1")).has_value());
  BOOST_REQUIRE(await<wire::BrokerBeat>(first).has_value());
  BOOST_REQUIRE(second.send("broker", node_beat("n1", "a2")).has_value());
  const auto refused = await<wire::NodeRefused>(second);
  BOOST_REQUIRE(refused.has_value());
  BOOST_TEST(refused->reason.find("--node-id") != std::string::npos);
  BOOST_REQUIRE(first.send("broker", node_beat("n1", "a1")).has_value());
  BOOST_TEST(await<wire::BrokerBeat>(first).has_value());
}

BOOST_AUTO_TEST_CASE(a_silent_node_is_reported_disconnected_then_removed) {
  const Broker broker = start_broker({"--port", "0", "--silence-limit", "1 s", "--forget-after", "2 s"});
  bus::Context context;
  bus::Dealer master = connect(context, broker.endpoint());
  bus::Dealer agent = connect(context, broker.endpoint());
  BOOST_REQUIRE(agent.send("broker", node_beat("n1", "a1")).has_value());
  BOOST_REQUIRE(await<wire::BrokerBeat>(agent).has_value());
  bool disconnected = false;
  bool removed = false;
  const TimePoint deadline = monotonic_now() + patience;
  while (!removed && monotonic_now() < deadline) {
    // The master beats on: only the node is silent.
    BOOST_REQUIRE(master.send("broker", wire::MasterBeat{ProcessId{"m1"}, false}).has_value());
    const auto update = await<wire::ClusterUpdate>(master);
    BOOST_REQUIRE(update.has_value());
    for (const wire::NodeEntry& entry : update->nodes) {
      disconnected = disconnected || !entry.connected;
    }
    removed = !update->removed.empty();
  }
  BOOST_TEST(disconnected);
  BOOST_TEST(removed);
}

BOOST_AUTO_TEST_CASE(everyone_finds_a_broker_that_was_killed_and_restarted) {
  Broker broker = start_broker({"--port", "0"});
  bus::Context context;
  bus::Dealer agent = connect(context, broker.endpoint());
  BOOST_REQUIRE(agent.send("broker", node_beat("n1", "a1")).has_value());
  const auto before = await<wire::BrokerBeat>(agent);
  BOOST_REQUIRE(before.has_value());
  BOOST_TEST(agent.reconnected());
  broker.child.signal(SIGKILL);
  end_of(broker.child);
  const Broker again = start_broker({"--port", std::to_string(broker.port)});
  bus::Poll poll;
  poll.watch(agent.monitor());
  poll.wait(patience);
  BOOST_TEST(agent.reconnected());
  BOOST_REQUIRE(agent.send("broker", node_beat("n1", "a1")).has_value());
  const auto after = await<wire::BrokerBeat>(agent);
  BOOST_REQUIRE(after.has_value());
  BOOST_TEST(after->broker.text != before->broker.text);
}

BOOST_AUTO_TEST_CASE(garbage_is_ignored_and_logged_once) {
  const std::string log =
      (std::filesystem::temp_directory_path() / ("broker_test." + std::to_string(getpid()) + ".log")).string();
  Broker broker = start_broker({"--port", "0"}, log);
  std::mt19937 random{11};  // a fixed seed: the same bytes in every run
  for (int round = 0; round < 20; ++round) {
    std::string bytes = round % 2 == 0 ? std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16) : std::string();
    for (int i = 0; i < 200; ++i) {
      bytes += static_cast<char>(random());
    }
    send_raw(broker.port, bytes);
  }
  send_raw(broker.port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  bus::Context context;
  bus::Dealer stranger = bus::Dealer::connect(context, broker.endpoint(), "stranger").value();
  for (int i = 0; i < 3; ++i) {
    BOOST_REQUIRE(stranger.send("broker", wire::SliceAssign{}).has_value());
    BOOST_REQUIRE(stranger.send(wire::SliceAssign{}).has_value());
    BOOST_REQUIRE(stranger.send("nobody", wire::SliceAssign{}).has_value());
    BOOST_REQUIRE(stranger.send("broker", node_beat("a name with blanks", "a1")).has_value());
  }
  BOOST_REQUIRE(stranger.send("broker", node_beat("n1", "a1")).has_value());
  BOOST_TEST(await<wire::BrokerBeat>(stranger).has_value());
  broker.child.signal(SIGTERM);
  BOOST_TEST(end_of(broker.child).text() == "exit code 0");
  const std::string lines = text_of(log);
  const std::string wanted = "event=protocol_error_ignored peer=stranger";
  BOOST_TEST(lines.find(wanted) != std::string::npos, lines);
  BOOST_TEST(lines.find(wanted) == lines.rfind(wanted), lines);
  std::filesystem::remove(log);
}

BOOST_AUTO_TEST_CASE(both_signals_end_it_cleanly) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Broker broker = start_broker({"--port", "0"});
    bus::Context context;
    bus::Dealer agent = connect(context, broker.endpoint());
    BOOST_REQUIRE(agent.send("broker", node_beat("n1", "a1")).has_value());
    BOOST_REQUIRE(await<wire::BrokerBeat>(agent).has_value());
    broker.child.signal(signal);
    BOOST_TEST(end_of(broker.child).text() == "exit code 0");
  }
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_said_with_the_remedy_and_exit_code_1) {
  const std::string log =
      (std::filesystem::temp_directory_path() / ("broker_test." + std::to_string(getpid()) + ".log")).string();
  const Broker broker = start_broker({"--port", "0"});
  process::SpawnOptions options;
  options.program = std::string(std::getenv("SLICEBUS_BIN")) + "/slicebus-broker";
  options.name = "slicebus-broker";
  options.arguments = {"--port", std::to_string(broker.port)};
  options.output_path = log;
  process::Child second = process::Child::spawn(options).value();
  BOOST_TEST(end_of(second).text() == "exit code 1");
  const std::string port = std::to_string(broker.port);
  BOOST_TEST(text_of(log) == "slicebus-broker: bind tcp://127.0.0.1:" + port + ": port " + port +
                                 " is taken; stop what listens there (`ss -ltnp sport = :" + port +
                                 "` shows it) or choose another port\n");
  std::filesystem::remove(log);
}

BOOST_AUTO_TEST_SUITE_END()
