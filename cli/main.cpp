// Composition root of `slicebus`, the command line for people.
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "cli/local.hpp"
#include "common/config/config.hpp"
#include "common/process/child.hpp"
#include "common/version.hpp"

namespace {

constexpr const char* usage =
    "slicebus: the command line of Slicebus\n"
    "\n"
    "  slicebus local      run a whole cluster on this machine: broker, master and one worker\n"
    "  slicebus ledger     check or copy the ledger of an execution\n"
    "  slicebus --version  print the version\n"
    "\n"
    "slicebus local --help lists its options, slicebus ledger --help its commands.\n";

int local(int argc, char** argv) {
  slicebus::local::LocalConfig config;
  const slicebus::config::Program program{
      .name = "slicebus local",
      .summary =
          "Runs a whole cluster on this machine (broker, master, one worker) until SIGINT or SIGTERM, and goes on with "
          "what "
          "was running when started again on the same data directory.",
      .fields =
          {
              {"rest_port", &config.rest_port, "Port of the REST API on 127.0.0.1; 0 takes a free one.", "0..65535", 0,
               65'535},
              {"data", &config.data,
               "Directory for everything the cluster stores, its logs included; made when absent.", "directory"},
              {"slots", &config.slots, "Slices that run at once.", "1..1'024", 1, 1'024},
              {"broker_port", &config.broker_port, "Port of the broker on 127.0.0.1; 0 takes a free one.", "0..65535",
               0, 65'535},
              {"log_level", &config.log_level, "Least level that goes to the logs.", "trace, debug, info, warn, error"},
              {"ready_fd", &config.ready_fd,
               "Open descriptor that gets \"port <REST port>\" once the API answers; -1: none.", "-1..1'048'576", -1,
               1'048'576},
          },
      .positionals = {}};
  if (const auto loaded = slicebus::config::load(program, argc, argv); loaded.exit_code) {
    return *loaded.exit_code;
  }
  return slicebus::local::run_local(config);
}

/// The ledger is the master's: its program knows the file.
int ledger(char** argv) {
  const std::string program = slicebus::process::sibling_program("slicebus-master");
  std::string name = "slicebus";
  argv[0] = name.data();
  ::execv(program.c_str(), argv);
  std::fprintf(stderr, "slicebus: cannot start %s: %s\n", program.c_str(), std::strerror(errno));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "local") == 0) {
    return local(argc - 1, argv + 1);
  }
  if (argc >= 2 && std::strcmp(argv[1], "ledger") == 0) {
    return ledger(argv);
  }
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::printf("slicebus %s\n", slicebus::version);
    return 0;
  }
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "help") == 0)) {
    std::fputs(usage, stdout);
    return 0;
  }
  if (argc >= 2) {
    std::fprintf(stderr, "slicebus: no command \"%s\"; there are `slicebus local` and `slicebus ledger`\n\n", argv[1]);
  }
  std::fputs(usage, stderr);
  return 2;
}
