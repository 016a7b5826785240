#include "master/records_actor.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <type_traits>
#include <utility>

#include "common/log/log.hpp"
#include "master/http/response_writer.hpp"

namespace slicebus {
namespace {

constexpr std::chrono::milliseconds write_again_after{1'000};
/// What the cluster tells never waits behind more.
constexpr std::size_t requests_per_turn = 16;

service::Sources system_sources() { return {.wall = wall_now, .new_id = new_uuid}; }

}  // namespace

RecordsActor::RecordsActor(RecordsConfig config, RecordsStores stores, http::HttpServer& server, bus::Context& context,
                           ToMe control)
    : config_(std::move(config)),
      stamps_(wall_now),
      executions_(stores.executions, system_sources(), stamps_, config_.stop_timeout),
      assets_(stores.assets, stores.blobs, stamps_),
      jobs_(stores.jobs, executions_, system_sources(), stamps_,
            [this](const std::string& reference) { return assets_.resolve(reference); }),
      errors_(stores.errors, stamps_),
      cluster_(config_.identity, wall_now),
      api_(config_.api, {jobs_, executions_, errors_, cluster_, config_.cluster_name, assets_}),
      server_(server),
      checker_(context,
               [&blobs = stores.blobs](const service::Upload& upload) { return service::check_upload(upload, blobs); }),
      control_(std::move(control)) {}

Result<void> RecordsActor::load() {
  SB_TRY_VOID(jobs_.load());
  SB_TRY_VOID(assets_.load());
  SB_TRY_VOID(errors_.load());
  SB_TRY_VOID(executions_.load());
  for (const Error& error : executions_.unreadable()) {
    log::error("execution_unreadable", {{"error", error.text()}});
  }
  return {};
}

void RecordsActor::run() {
  bus::Poll poll;
  poll.watch(control_.native());
  poll.watch(checker_.native());
  const int requests = poll.watch_fd(server_.fd());
  autoload();
  finish_round();  // what load() found goes to the control actor
  for (bool open = true; open;) {
    poll.wait(executions_.unwritten() ? std::optional<std::chrono::microseconds>(write_again_after) : std::nullopt);
    open = take_facts();
    while (auto checked = checker_.receive()) {
      begin_change();
      assets_.on(std::move(*checked));
    }
    if (serving_ && poll.ready(requests)) {
      take_requests();
    }
    finish_round();
  }
  control_.send(scheduler::RecordsClosed{});
}

bool RecordsActor::take_facts() {
  bool open = true;
  while (auto fact = control_.receive()) {
    begin_change();
    std::visit(
        [&](const auto& told) {
          using Told = std::decay_t<decltype(told)>;
          if constexpr (std::is_same_v<Told, scheduler::CloseRecords>) {
            open = false;
          } else if constexpr (std::is_same_v<Told, scheduler::StopServing> ||
                               std::is_same_v<Told, scheduler::AssetAsked>) {
            on(told);
          } else if constexpr (std::is_same_v<Told, scheduler::ClusterChanged> ||
                               std::is_same_v<Told, scheduler::ControllersChanged> ||
                               std::is_same_v<Told, scheduler::BrokerHeard>) {
            cluster_.on(told);
          } else if constexpr (std::is_same_v<Told, wire::SlicesFailed>) {
            record_errors(told);
          } else {
            if constexpr (std::is_same_v<Told, scheduler::ControllerSaid> ||
                          std::is_same_v<Told, scheduler::ControllerGone>) {
              cluster_.on(told);
            }
            executions_.on(told);
          }
        },
        *fact);
  }
  return open;
}

void RecordsActor::take_requests() {
  for (const http::HttpRequest& request : server_.take(requests_per_turn)) {
    if (!api::only_reads(request)) {
      begin_change();
    }
    if (auto response = api_.handle(request)) {
      if (log::enabled(log::Level::debug)) {
        log::debug(
            "request_answered",
            {{"method", request.method}, {"target", request.target}, {"status", response->status}, {"from", "loop"}});
      }
      // What a command ordered is on its way before its answer: who reads the answer may count on it.
      tell_control();
      server_.answer(request.id, std::move(*response));
    }
  }
}

/// Before anything that reads may be answered with is touched: what the HTTP server has kept is older from here on.
void RecordsActor::begin_change() {
  server_.invalidate();
  changed_ = true;
}

/// Durable first, then told and answered.
void RecordsActor::finish_round() {
  // Writing what the round left changes what is read once more: an ended execution is no longer a living one.
  if (std::exchange(changed_, false) || executions_.unwritten()) {
    server_.invalidate();
  }
  const Result<void> written = executions_.flush();
  if (!written && !write_failed_) {
    log::error("records_not_written", {{"cause", written.error().text()}});
  }
  write_failed_ = !written;
  tell_control();
  for (const service::Settled& settled : executions_.settled()) {
    server_.answer(settled.ticket, api_.render(settled.answer));
  }
  for (service::Upload& upload : assets_.uploads()) {
    checker_.send(std::move(upload));
  }
  for (const service::UploadSettled& settled : assets_.settled()) {
    server_.answer(settled.ticket, api_.render(settled.answer, settled.created ? 201 : 200));
  }
  for (const auto& [source, outcome] : assets_.autoloaded()) {
    log::info("asset_autoloaded", {{"file", source}, {"outcome", outcome}});
  }
}

void RecordsActor::on(const scheduler::AssetAsked& asked) {
  control_.send(scheduler::AssetRead{assets_.chunk(asked.wanted)});
}

/// Each file is held in memory until it is checked, as an upload is, so larger ones than those are not taken.
void RecordsActor::autoload() {
  constexpr std::uintmax_t bytes_max = 32U << 20U;
  std::error_code absent;
  std::set<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(config_.autoload_directory, absent), end; !absent && entry != end;
       entry.increment(absent)) {
    if (entry->path().extension() == ".zip" && entry->is_regular_file(absent)) {
      files.insert(entry->path());
    }
  }
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::uintmax_t size = std::filesystem::file_size(path, absent);
    if (!file || absent || size > bytes_max) {
      log::warn("asset_not_autoloaded", {{"file", path.string()},
                                         {"cause", !file || absent ? "cannot be read" : "larger than 32 MiB"},
                                         {"remedy", "put a bundle there that this user may read"}});
      continue;
    }
    assets_.autoload({std::istreambuf_iterator<char>(file), {}}, path.string());
  }
}

void RecordsActor::tell_control() {
  for (scheduler::ToControl& order : executions_.outbox()) {
    control_.send(std::move(order));
  }
  for (scheduler::ToControl& answer : errors_.outbox()) {
    control_.send(std::move(answer));
  }
}

void RecordsActor::record_errors(const wire::SlicesFailed& told) {
  const Result<void> written = errors_.record(told);
  if (!written && !errors_failed_) {
    log::error("errors_not_written", {{"ex", told.ex_id.text}, {"cause", written.error().text()}});
  }
  errors_failed_ = !written;
}

void RecordsActor::on(const scheduler::StopServing&) {
  serving_ = false;
  executions_.give_up_waiting();
  assets_.give_up_waiting();
  for (const http::HttpRequest& request : server_.take(SIZE_MAX)) {
    server_.answer(request.id, http::standard_error(503, "the master is shutting down; ask again when it is back"));
  }
  finish_round();
  server_.drain(config_.drain_limit);
}

}  // namespace slicebus
