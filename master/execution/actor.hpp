#pragma once
#include <cstdint>
#include <string>

#include "common/process/channel.hpp"
#include "common/process/signals.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/execution/ledger_actor.hpp"

/// The shell of an execution's controller: sockets, the master's channel, signals, and the threads of ledger and
/// slicers around the core. One loop, one poller.
namespace slicebus::execution {

struct ControllerShellConfig {
  std::string bind = "127.0.0.1";       ///< address that slots connect to
  std::string advertise = "127.0.0.1";  ///< the same as others see it
  std::string broker = "tcp://127.0.0.1:5680";
  std::uint16_t port_first = 25'679, port_last = 26'678;
  Duration beat = 1s;
  Duration lease = 5s;
};

/// Serves the execution until it is over, the master is gone, or SIGTERM. Errors of disk and ports are waited out and
/// told in beats.
/// @return the exit code; 0: orderly
int serve_execution(const ControllerShellConfig& config, wire::ControllerBinding binding, process::SignalFd& signals,
                    process::Channel& master, LedgerOpener opener);

}  // namespace slicebus::execution
