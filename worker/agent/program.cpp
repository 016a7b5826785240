#include "worker/agent/program.hpp"

#include <unistd.h>

#include <chrono>
#include <climits>
#include <csignal>

#include "common/config/config.hpp"
#include "common/log/log.hpp"
#include "common/version.hpp"
#include "worker/agent/actor.hpp"

namespace slicebus::agent {

namespace {

/// Defaults, then what file, environment and flags say.
struct Settings {
  std::string broker = "tcp://127.0.0.1:5680";
  std::int64_t slots = 2;
  std::string node_id;
  std::string advertise = "127.0.0.1";
  std::string assets_directory = "assets";
  std::chrono::milliseconds shutdown_timeout{7'000};
  std::chrono::milliseconds beat{1'000};
  std::chrono::milliseconds silence_limit{9'000};
  std::int64_t operation_nice = 10;
  std::string log_level = "info";
  std::int64_t ready_fd = -1;
};

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 && name[0] != '\0' ? name : "localhost";
}

config::Program program_of(Settings& settings) {
  config::Program program{
      .name = "slicebus-worker",
      .summary = "Runs slots on this machine: processes that run slices through an execution's operations."};
  program.fields = {
      {.name = "broker",
       .target = &settings.broker,
       .help = "Where the cluster's broker listens.",
       .range = "tcp://<host>:<port>"},
      {.name = "slots",
       .target = &settings.slots,
       .help = "Slices that this machine runs at once, a process each.",
       .range = "1..1024",
       .min = 1,
       .max = 1'024},
      {.name = "node_id",
       .target = &settings.node_id,
       .help = "Name of this machine in the cluster; the host name unless given."},
      {.name = "advertise", .target = &settings.advertise, .help = "This machine's address, as told to others."},
      {.name = "assets_directory",
       .target = &settings.assets_directory,
       .help = "Where asset bundles are unpacked; made with the first one. Machines may share it.",
       .range = "directory"},
      {.name = "operation_nice",
       .target = &settings.operation_nice,
       .help = "Niceness of the threads that run operations: on a busy machine whoever decides and beats comes first.",
       .range = "0..19",
       .min = 0,
       .max = 19},
      {.name = "shutdown_timeout",
       .target = &settings.shutdown_timeout,
       .help = "What a slot that is told to end gets for the slice it runs, before it is killed.",
       .range = "0 s..1 hour",
       .min = 0,
       .max = 3'600'000},
      {.name = "beat",
       .target = &settings.beat,
       .help = "Interval of the beats to broker and controllers.",
       .range = "50 ms..1 min",
       .min = 50,
       .max = 60'000},
      {.name = "silence_limit",
       .target = &settings.silence_limit,
       .help = "Silence of the broker that is worth a line of the log.",
       .range = "1 s..10 min",
       .min = 1'000,
       .max = 600'000},
      config::log_level_field(&settings.log_level),
      {.name = "ready_fd",
       .target = &settings.ready_fd,
       .help = "Descriptor that is told \"port 0\" once the broker has answered; -1: none.",
       .range = "-1..",
       .min = -1}};
  return program;
}

}  // namespace

int run_program(int argc, char** argv) {
  process::SignalFd signals({SIGTERM, SIGINT});
  Settings settings;
  settings.node_id = host_name();
  const config::Loaded loaded = config::load(program_of(settings), argc, argv);
  if (loaded.exit_code) {
    return *loaded.exit_code;
  }
  log::start("slicebus-worker", settings.log_level);
  AgentConfig config{.node = NodeId{settings.node_id},
                     .agent = ProcessId{new_uuid()},
                     .hostname = settings.advertise,
                     .broker = settings.broker,
                     .pid = static_cast<std::uint32_t>(getpid()),
                     .version = version,
                     .slots_total = static_cast<std::uint32_t>(settings.slots),
                     .beat = settings.beat,
                     .shutdown_timeout = settings.shutdown_timeout,
                     .broker_silence = settings.silence_limit};
  ShellConfig shell{.broker = settings.broker,
                    .program = process::sibling_program("slicebus-worker"),
                    .slot_options = {"--beat", std::to_string(settings.beat.count()), "--operation-nice",
                                     std::to_string(settings.operation_nice), "--log-level", settings.log_level},
                    .assets_directory = settings.assets_directory,
                    .ready_fd = static_cast<int>(settings.ready_fd)};
  log::info("agent_started", {{"node", settings.node_id}, {"broker", settings.broker}, {"slots", settings.slots}});
  AgentActor actor(std::move(config), std::move(shell), signals);
  auto ended = actor.run();
  if (!ended) {
    log::error("agent_not_started", {{"cause", ended.error().text()}});
    return 2;
  }
  return *ended;
}

}  // namespace slicebus::agent
