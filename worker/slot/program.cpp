#include "worker/slot/program.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>

#include "common/config/config.hpp"
#include "common/log/log.hpp"
#include "common/process/heap.hpp"
#include "worker/slot/actor.hpp"

namespace slicebus::slot {

namespace {

/// The agent's first binding; nothing: the agent is gone, or ends this spare. A spare holds no socket and no thread.
std::optional<wire::SlotBinding> wait_for_binding(process::Channel& agent, process::SignalFd& signals) {
  bus::Poll poll;
  poll.watch_fd(agent.fd());
  poll.watch_fd(signals.fd());
  while (true) {
    AgentWord word = listen(agent);
    if (word.gone || signals.take() == SIGTERM) {
      return std::nullopt;
    }
    if (word.binding) {
      return word.binding;
    }
    poll.wait(std::nullopt);
  }
}

}  // namespace

int run_program(int argc, char** argv) {
  process::keep_freed_memory();
  process::SignalFd signals({SIGTERM});
  std::int64_t page_fd = -1;
  std::chrono::milliseconds beat{1'000};
  std::int64_t operation_nice = 0;
  std::string log_level = "info";
  config::Program program{.name = "slicebus-worker slot",
                          .summary = "One slot; started by slicebus-worker, not by hand."};
  program.fields = {{.name = "page_fd",
                     .target = &page_fd,
                     .help = "Descriptor of the page shared with the agent.",
                     .range = "3..",
                     .min = -1},
                    {.name = "beat",
                     .target = &beat,
                     .help = "Interval of the beats to the controller.",
                     .range = "50 ms..1 min",
                     .min = 50,
                     .max = 60'000},
                    {.name = "operation_nice",
                     .target = &operation_nice,
                     .help = "Niceness of the thread that runs the operations.",
                     .range = "0..19",
                     .min = 0,
                     .max = 19},
                    config::log_level_field(&log_level)};
  const config::Loaded loaded = config::load(program, argc, argv);
  if (loaded.exit_code) {
    return *loaded.exit_code;
  }
  log::start("slicebus-worker slot", log_level);
  auto page = PageWriter::open(static_cast<int>(page_fd));
  if (!page) {
    log::error("slot_not_started", {{"cause", page.error().text()}});
    return 2;
  }
  process::Channel agent(STDIN_FILENO);
  auto binding = wait_for_binding(agent, signals);
  if (!binding) {
    return 0;
  }
  SlotActor actor({.beat = beat}, static_cast<int>(operation_nice), std::move(*binding), agent, signals, *page);
  if (auto ended = actor.run(); !ended) {
    log::error("slot_not_started", {{"cause", ended.error().text()}});
    return 2;
  }
  return 0;
}

}  // namespace slicebus::slot
