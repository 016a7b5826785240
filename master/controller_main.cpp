#include "master/controller_main.hpp"

#include <unistd.h>

#include <csignal>
#include <optional>
#include <variant>

#include "common/bus/socket.hpp"
#include "common/config/config.hpp"
#include "common/log/log.hpp"
#include "common/process/channel.hpp"
#include "common/process/heap.hpp"
#include "common/process/signals.hpp"
#include "common/wire/codec.hpp"
#include "master/execution/actor.hpp"
#include "master/execution/slot_port.hpp"
#include "master/store/sqlite/blank_file.hpp"
#include "master/store/sqlite/ledger_tables.hpp"
#include "master/store/sqlite/slice_ledger.hpp"

namespace slicebus {
namespace {

constexpr int exit_usage = 2;

struct Settings {
  std::string bind = "127.0.0.1";
  std::string advertise;
  std::string broker = "tcp://127.0.0.1:5680";
  std::string slicer_port_range = "25679:26678";
  std::chrono::milliseconds beat{1'000};
  std::chrono::milliseconds lease{5'000};
  std::string ledgers;
  std::string log_level = "info";
};

config::Program program_of(Settings& settings) {
  return {
      .name = "slicebus-master controller",
      .summary =
          "Runs one execution: cuts it into slices, gives them to slots and keeps its ledger. Started by the master.",
      .fields = {{"bind", &settings.bind, "Address that slots connect to", "address of this machine"},
                 {"advertise", &settings.advertise, "The same address as other machines see it; empty: as bind",
                  "host name or address"},
                 {"broker", &settings.broker, "Where the broker is", "tcp://host:port"},
                 {"slicer_port_range", &settings.slicer_port_range, "Ports for slots, one an execution", "first:last"},
                 {"beat", &settings.beat, "How often it tells the master and its slots that it lives", "50 ms..1 min",
                  50, 60'000},
                 {"lease", &settings.lease,
                  "Silence about a slice after which it is given out again; of its slot, three fifths",
                  "200 ms..1 hour", 200, 3'600'000},
                 {"ledgers", &settings.ledgers,
                  "Where new ledgers will lie, so that a spare has one ready; empty: made when needed", "directory"},
                 config::log_level_field(&settings.log_level)}};
}

using Blank = std::optional<store::sqlite::BlankFile>;

/// For the ledger of an execution that is not known yet; nothing where that cannot be.
Blank blank_ledger_in(const std::string& folder) {
  if (folder.empty()) {
    return std::nullopt;
  }
  auto made = store::sqlite::BlankFile::make(folder, store::sqlite::ledger_schema());
  if (!made) {
    log::debug("no_ledger_in_advance", {{"cause", made.error().text()}});
    return std::nullopt;
  }
  return *std::move(made);
}

/// Opens ledgers; a new one begins as `blank`, which the caller owns and keeps as long.
execution::LedgerOpener opener_with(Blank& blank) {
  return [&blank](const std::string& path) -> Result<std::unique_ptr<store::SliceLedger>> {
    if (blank) {
      blank->become(path);
      blank.reset();
    }
    SB_TRY(ledger, store::SqliteSliceLedger::open_file(path));
    return std::unique_ptr<store::SliceLedger>(std::move(ledger));
  };
}

/// The binding, or the exit code of a spare that never gets one.
std::variant<wire::ControllerBinding, int> await_binding(process::Channel& master, process::SignalFd& signals) {
  bus::Poll poll;
  poll.watch_fd(master.fd());
  poll.watch_fd(signals.fd());
  for (;;) {
    poll.wait(std::nullopt);
    while (const std::optional<int> signal = signals.take()) {
      if (*signal == SIGTERM) {
        return 0;
      }
    }
    const process::Channel::Read read = master.read();
    if (read.message) {
      Result<wire::Message> message = wire::unpack_whole(*read.message);
      if (message && std::holds_alternative<wire::ControllerBinding>(*message)) {
        return std::get<wire::ControllerBinding>(*std::move(message));
      }
      log::error("binding_refused",
                 {{"cause", message ? std::string(wire::message_name(*message)) : message.error().text()}});
      return exit_usage;
    }
    if (read.closed) {
      return 0;
    }
  }
}

}  // namespace

int controller_main(int argc, char** argv) {
  process::keep_freed_memory();
  process::SignalFd signals({SIGTERM, SIGINT});
  Settings settings;
  const config::Loaded loaded = config::load(program_of(settings), argc, argv);
  if (loaded.exit_code) {
    return *loaded.exit_code;
  }
  log::start("slicebus-master controller", settings.log_level);
  const auto ports = execution::parse_port_range(settings.slicer_port_range);
  if (!ports) {
    log::error("settings_refused", {{"cause", ports.error().text()}});
    return exit_usage;
  }
  process::Channel master(STDIN_FILENO);
  Blank blank = blank_ledger_in(settings.ledgers);
  std::variant<wire::ControllerBinding, int> bound = await_binding(master, signals);
  if (const int* code = std::get_if<int>(&bound)) {
    return *code;
  }
  const execution::ControllerShellConfig shell{
      .bind = settings.bind,
      .advertise = settings.advertise.empty() ? settings.bind : settings.advertise,
      .broker = settings.broker,
      .port_first = ports->first,
      .port_last = ports->second,
      .beat = settings.beat,
      .lease = settings.lease};
  return execution::serve_execution(shell, std::get<wire::ControllerBinding>(std::move(bound)), signals, master,
                                    opener_with(blank));
}

}  // namespace slicebus
