#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/config/config.hpp"
#include "common/log/log.hpp"
#include "common/process/ready.hpp"
#include "master/control_actor.hpp"
#include "master/controller_main.hpp"
#include "master/ledger_main.hpp"
#include "master/master_lock.hpp"
#include "master/records_actor.hpp"
#include "master/rest_settings.hpp"
#include "master/store/files/asset_blobs.hpp"
#include "master/store/sqlite/asset_store.hpp"
#include "master/store/sqlite/error_store.hpp"
#include "master/store/sqlite/record_stores.hpp"

/// The master's composition root: the only file that names concrete adapters, and the one place that knows that there
/// are two actors.
namespace slicebus {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

struct Settings {
  std::string data = "slicebus-data";
  RestSettings rest;
  std::string bind = "127.0.0.1";
  std::string advertise;
  std::string broker = "tcp://127.0.0.1:5680";
  std::string slicer_port_range = "25679:26678";
  std::string name = "teracluster";
  std::string autoload_directory = "autoload";
  std::chrono::milliseconds shutdown_timeout{7'000};
  std::chrono::milliseconds beat{1'000};
  std::chrono::milliseconds lease{5'000};
  std::chrono::milliseconds silence_limit{9'000};
  std::int64_t api_validation_status = 400;
  std::string log_level = "info";
  std::int64_t ready_fd = -1;
};

config::Program program_of(Settings& settings) {
  config::Program program{
      .name = "slicebus-master",
      .summary =
          "Serves the REST API, keeps the records of jobs and executions, and starts a controller for each running "
          "execution.",
      .fields = {
          {"data", &settings.data, "Where records and ledgers lie; made when absent", "directory"},
          {"bind", &settings.bind, "Address that the API and the controllers listen on", "address of this machine"},
          {"advertise", &settings.advertise, "The same address as other machines see it; empty: as bind",
           "host name or address"},
          {"broker", &settings.broker, "Where the broker is", "tcp://host:port"},
          {"slicer_port_range", &settings.slicer_port_range, "Ports of the controllers, one an execution",
           "first:last"},
          {"name", &settings.name, "The cluster's name, as GET / shows it", "text"},
          {"autoload_directory", &settings.autoload_directory,
           "Asset bundles (*.zip) that are stored at every start; empty, or not there: none", "directory"},
          {"shutdown_timeout", &settings.shutdown_timeout,
           "How long controllers may take to end at SIGTERM, and running slices at a stop", "0 s..1 hour", 0,
           3'600'000},
          {"beat", &settings.beat, "How often orders are repeated and life is told", "50 ms..1 min", 50, 60'000},
          {"lease", &settings.lease,
           "Silence about a slice after which it is given out again; of its slot, three fifths", "200 ms..1 hour", 200,
           3'600'000},
          {"silence_limit", &settings.silence_limit, "Silence after which a controller is ended and started again",
           "1 s..10 min", 1'000, 600'000},
          {"api_validation_status", &settings.api_validation_status,
           "HTTP status of an invalid job; 500 for suites that assert Teraslice's", "400 or 500", 400, 500},
          config::log_level_field(&settings.log_level),
          {"ready_fd", &settings.ready_fd, "Descriptor that is told the port once the API serves; -1: none", "a number",
           -1, 1'000'000}}};
  const std::vector<config::Field> rest = fields_of(settings.rest);
  program.fields.insert(program.fields.end(), rest.begin(), rest.end());
  return program;
}

/// Each open connection takes a descriptor, each controller two.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? 65'536 : std::min<rlim_t>(limit.rlim_max, 65'536);
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

int failed(const Error& error) {
  log::error("master_not_started", {{"cause", error.text()}});
  return exit_failed;
}

std::string ledger_folder(const Settings& settings) {
  return std::filesystem::absolute(settings.data).lexically_normal().string() + "/ledgers";
}

std::vector<std::string> controller_arguments(const Settings& settings) {
  const auto ms = [](std::chrono::milliseconds duration) { return std::to_string(duration.count()) + "ms"; };
  return {"controller",
          "--bind",
          settings.bind,
          "--advertise",
          settings.advertise,
          "--broker",
          settings.broker,
          "--slicer-port-range",
          settings.slicer_port_range,
          "--beat",
          ms(settings.beat),
          "--lease",
          ms(settings.lease),
          "--ledgers",
          ledger_folder(settings),
          "--log-level",
          settings.log_level};
}

ControlConfig control_config(const Settings& settings, scheduler::PortRange ports) {
  ControlConfig control;
  control.scheduler.beat = settings.beat;
  control.scheduler.silence_limit = settings.silence_limit;
  control.scheduler.node_grace = settings.silence_limit;
  control.scheduler.ports = ports;
  control.scheduler.broker = settings.broker;
  control.scheduler.ledger_folder = ledger_folder(settings);
  control.scheduler.process = ProcessId{new_uuid()};
  control.scheduler.first_number = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  control.program = process::sibling_program("slicebus-master");
  control.controller_arguments = controller_arguments(settings);
  control.shutdown_timeout = settings.shutdown_timeout;
  control.broker = settings.broker;
  return control;
}

int serve(const Settings& settings, scheduler::PortRange ports, process::SignalFd& signals) {
  const auto lock = MasterLock::take(settings.data);
  if (!lock) {
    return failed(lock.error());
  }
  std::error_code made;
  std::filesystem::create_directories(settings.data + "/ledgers", made);
  if (made) {
    return failed({Errc::unavailable, "directory " + settings.data + "/ledgers", made.message(),
                   "make it writable for this user"});
  }
  const auto records = store::SqliteRecords::open(settings.data + "/records.db");
  if (!records) {
    return failed(records.error());
  }
  // Beside the records, so that a bundle of some megabytes never stands before a job's row.
  const std::string assets_folder = settings.data + "/assets";
  const auto blobs = store::FileAssetBlobs::open(assets_folder);
  if (!blobs) {
    return failed(blobs.error());
  }
  const auto assets = store::SqliteAssetStore::open(assets_folder + "/index.db");
  if (!assets) {
    return failed(assets.error());
  }
  const auto errors = store::SqliteErrorStore::open(settings.data + "/errors.db");
  if (!errors) {
    return failed(errors.error());
  }
  const auto server = http::HttpServer::start(http_config(settings.rest, settings.bind));
  if (!server) {
    return failed(server.error());
  }
  bus::Context context;
  auto broker = bus::Dealer::connect(context, settings.broker, "master-" + new_uuid());
  if (!broker) {
    return failed(broker.error());
  }
  auto [to_records, to_control] = bus::make_pipe<scheduler::ToRecords, scheduler::ToControl>(context);
  RecordsActor records_actor({.api = {.validation_status = static_cast<int>(settings.api_validation_status)},
                              .cluster_name = settings.name,
                              .identity = {host_name(), settings.advertise, static_cast<std::uint32_t>(getpid())},
                              .autoload_directory = settings.autoload_directory,
                              .stop_timeout = settings.shutdown_timeout},
                             {(*records)->jobs(), (*records)->executions(), **errors, **assets, **blobs}, **server,
                             context, std::move(to_control));
  if (const auto loaded = records_actor.load(); !loaded) {
    return failed(loaded.error());
  }
  ControlActor control(control_config(settings, ports), std::move(*broker), signals, std::move(to_records));
  std::thread records_thread([&records_actor] { records_actor.run(); });
  log::info("master_serves", {{"rest", settings.bind + ":" + std::to_string((*server)->port())},
                              {"data", settings.data},
                              {"broker", settings.broker}});
  process::tell_ready(static_cast<int>(settings.ready_fd), (*server)->port());
  control.run();
  records_thread.join();
  log::info("master_ended", {});
  return 0;
}

int run(int argc, char** argv) {
  process::SignalFd signals({SIGTERM, SIGINT});
  Settings settings;
  const config::Loaded loaded = config::load(program_of(settings), argc, argv);
  if (loaded.exit_code) {
    return *loaded.exit_code;
  }
  log::start("slicebus-master", settings.log_level);
  if (settings.advertise.empty()) {
    settings.advertise = settings.bind;
  }
  const auto ports = scheduler::parse_port_range(settings.slicer_port_range);
  if (!ports || (settings.api_validation_status != 400 && settings.api_validation_status != 500)) {
    log::error("settings_refused",
               {{"cause", ports ? "api_validation_status must be 400 or 500" : ports.error().text()}});
    return exit_usage;
  }
  raise_descriptor_limit();
  return serve(settings, *ports, signals);
}

}  // namespace
}  // namespace slicebus

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "controller") == 0) {
    argv[1] = argv[0];
    return slicebus::controller_main(argc - 1, argv + 1);
  }
  if (argc > 1 && std::strcmp(argv[1], "ledger") == 0) {
    return slicebus::ledger_main(argc - 1, argv + 1);
  }
  return slicebus::run(argc, argv);
}
