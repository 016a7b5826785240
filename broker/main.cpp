#include <csignal>
#include <cstdio>

#include "broker/actor.hpp"
#include "common/config/config.hpp"
#include "common/log/log.hpp"
#include "common/process/ready.hpp"

using namespace slicebus;

namespace {

struct Settings {
  std::string bind = "127.0.0.1";
  std::int64_t port = 5'680;
  broker::MembershipConfig membership;
  std::string log_level = "info";
  std::int64_t ready_fd = -1;
};

config::Program program(Settings& settings) {
  return {.name = "slicebus-broker",
          .summary =
              "Knows which nodes of the cluster are alive, and carries control between master, controllers and agents.",
          .fields = {{.name = "bind",
                      .target = &settings.bind,
                      .help = "Address to listen on; 0.0.0.0 is every one",
                      .range = "address"},
                     {.name = "port",
                      .target = &settings.port,
                      .help = "Port to listen on; 0 takes a free one",
                      .range = "",
                      .min = 0,
                      .max = 65'535},
                     {.name = "silence_limit",
                      .target = &settings.membership.silence_limit,
                      .help = "Silence after which a node counts as lost",
                      .range = "1 s..10 min",
                      .min = 1'000,
                      .max = 600'000},
                     {.name = "forget_after",
                      .target = &settings.membership.forget_after,
                      .help = "Silence after which a lost node is removed from the cluster",
                      .range = "1 s..7 days",
                      .min = 1'000,
                      .max = 604'800'000},
                     config::log_level_field(&settings.log_level),
                     {.name = "ready_fd",
                      .target = &settings.ready_fd,
                      .help = "Descriptor that gets the line `port <n>` once the broker serves",
                      .range = "-1: none",
                      .min = -1,
                      .max = 1'000'000}},
          .positionals = {}};
}

}  // namespace

int main(int argc, char** argv) {
  process::SignalFd signals({SIGTERM, SIGINT});
  Settings settings;
  const config::Loaded loaded = config::load(program(settings), argc, argv);
  if (loaded.exit_code) {
    return *loaded.exit_code;
  }
  log::start("slicebus-broker", settings.log_level);
  if (settings.membership.forget_after < settings.membership.silence_limit) {
    std::fprintf(
        stderr,
        "slicebus-broker: --forget-after is shorter than --silence-limit; a node is lost before it is removed\n");
    return 2;
  }
  bus::Context context;
  auto router = bus::Router::bind(context, "tcp://" + settings.bind + ":" + std::to_string(settings.port));
  if (!router) {
    std::fprintf(stderr, "slicebus-broker: %s\n", router.error().text().c_str());
    return 1;
  }
  const ProcessId process{new_uuid()};
  const std::uint16_t port = router->port();
  broker::Actor actor(broker::Switchboard(settings.membership, process, monotonic_now()), std::move(*router), signals);
  log::info("broker_started", {{"bind", settings.bind}, {"port", port}, {"process", process.text}});
  process::tell_ready(static_cast<int>(settings.ready_fd), port);
  actor.run();
  return 0;
}
