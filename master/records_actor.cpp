#include "master/records_actor.hpp"

#include <type_traits>

#include "common/log/log.hpp"

namespace slicebus {
namespace {

constexpr std::chrono::milliseconds write_again_after{1'000};

service::Sources system_sources() { return {.wall = wall_now, .new_id = new_uuid}; }

}  // namespace

RecordsActor::RecordsActor(RecordsConfig config, store::JobStore& jobs, store::ExecutionStore& executions,
                           http::HttpServer& server, ToMe control)
    : config_(std::move(config)),
      stamps_(wall_now),
      executions_(executions, system_sources(), stamps_, config_.stop_timeout),
      jobs_(jobs, executions_, system_sources(), stamps_),
      cluster_(config_.identity, wall_now),
      api_(config_.api, {jobs_, executions_, cluster_, config_.cluster_name}),
      server_(server),
      control_(std::move(control)) {}

Result<void> RecordsActor::load() {
  SB_TRY_VOID(jobs_.load());
  return executions_.load();
}

void RecordsActor::run() {
  bus::Poll poll;
  poll.watch(control_.native());
  const int requests = poll.watch_fd(server_.fd());
  finish_round();  // what load() found goes to the control actor
  for (bool open = true; open;) {
    poll.wait(executions_.unwritten() ? std::optional<std::chrono::microseconds>(write_again_after) : std::nullopt);
    open = take_facts();
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
    std::visit(
        [&](const auto& told) {
          using Told = std::decay_t<decltype(told)>;
          if constexpr (std::is_same_v<Told, scheduler::CloseRecords>) {
            open = false;
          } else if constexpr (std::is_same_v<Told, scheduler::StopServing>) {
            on(told);
          } else if constexpr (std::is_same_v<Told, scheduler::ClusterChanged> ||
                               std::is_same_v<Told, scheduler::ControllersChanged> ||
                               std::is_same_v<Told, scheduler::BrokerHeard>) {
            cluster_.on(told);
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
  for (const http::HttpRequest& request : server_.take()) {
    if (auto response = api_.handle(request)) {
      log::debug("request_answered",
                 {{"method", request.method}, {"target", request.target}, {"status", response->status}});
      // What a command ordered is on its way before its answer: who reads the answer may count on it.
      for (scheduler::ToControl& order : executions_.outbox()) {
        control_.send(std::move(order));
      }
      server_.answer(request.id, std::move(*response));
    }
  }
}

/// Durable first, then told and answered.
void RecordsActor::finish_round() {
  const Result<void> written = executions_.flush();
  if (!written && !write_failed_) {
    log::error("records_not_written", {{"cause", written.error().text()}});
  }
  write_failed_ = !written;
  for (scheduler::ToControl& order : executions_.outbox()) {
    control_.send(std::move(order));
  }
  for (const service::Settled& settled : executions_.settled()) {
    server_.answer(settled.ticket, api_.render(settled.answer));
  }
}

void RecordsActor::on(const scheduler::StopServing&) {
  serving_ = false;
  executions_.give_up_waiting();
  for (const http::HttpRequest& request : server_.take()) {
    server_.answer(request.id, api::standard_error(503, "the master is shutting down; ask again when it is back"));
  }
  finish_round();
  server_.drain(config_.drain_limit);
}

}  // namespace slicebus
