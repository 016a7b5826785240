// Executions' second part: what the users order.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "master/service/executions.hpp"

namespace slicebus::service {
namespace {

Document status_answer(Status status) { return Document(Json{{"status", name_of(status)}}); }

/// R-api-17.
Refusal no_active(const ExecutionId& ex_id) {
  return {RefusalKind::not_found, "no active execution context was found for ex_id: " + ex_id.text};
}

}  // namespace

/// Durable first, then told; a store that fails leaves everything as it was.
Answer<void> Executions::ordered(Living& living, Living before) {
  ++living.desire.version;
  living.record.desired = desired_text(living.desire);
  if (const auto written = write(living); !written) {
    living = std::move(before);
    return refuse(written.error());
  }
  outbox_.emplace_back(scheduler::DesireChanged{living.record.ex_id, living.desire});
  return {};
}

Answer<std::optional<Document>> Executions::stop(const ExecutionId& ex_id, const StopOptions& options, Ticket ticket) {
  Living* found = living(ex_id);
  if (found == nullptr) {
    const Answer<Document> record = get(ex_id);
    if (!record) {
      return tl::make_unexpected(record.error());
    }
    Json answer{{"status", text_of(record->json(), "_status")}};
    if (options.force) {
      answer = {{"message", "Force stop complete for exId " + ex_id.text},
                {"status", text_of(record->json(), "_status")}};
    }
    return Document(std::move(answer));
  }
  const bool again = found->desire.stopping;
  if (!again || options.force || options.timeout) {
    Living before = *found;
    found->desire.stopping = true;
    found->desire.paused = false;
    found->desire.stop_timeout = options.timeout.value_or(options.force ? Duration{0} : stop_timeout_);
    if (!options.force) {
      happen(*found, StatusEvent::stop_ordered);
    }
    if (const Answer<void> order = ordered(*found, std::move(before)); !order) {
      return tl::make_unexpected(order.error());
    }
  }
  if (!options.blocking) {
    return Document(Json{{"status", name_of(Status::stopping)}});
  }
  wait(ex_id, Waiter{ticket, Waits::stop, options.force});
  return std::nullopt;
}

/// Whether a pause or resume may be ordered now (R-api-17, 90, 104).
Answer<void> Executions::may_change(const ExecutionId& ex_id, Command command) {
  const Living* found = living(ex_id);
  const std::string verb = command == Command::pause ? "pause" : "resume";
  switch (found == nullptr ? Ruling::not_active : ruling(command, found->status)) {
    case Ruling::not_active:
    case Ruling::already:
      return tl::make_unexpected(no_active(ex_id));
    case Ruling::conflict:
      return refuse(RefusalKind::conflict, "Execution " + ex_id.text + " is stopping, it cannot be asked to " + verb);
    case Ruling::proceed:
      break;
    case Ruling::if_connected:
      if (found->connected) {
        break;
      }
      [[fallthrough]];
    case Ruling::not_available:
      return refuse(RefusalKind::not_available, "Execution " + ex_id.text + " is not available to " + verb);
  }
  if (found->desire.stopping) {  // a forced stop does not show in the status
    return refuse(RefusalKind::conflict,
                  "Execution " + ex_id.text + " is being stopped, it cannot be asked to " + verb);
  }
  return {};
}

Answer<std::optional<Document>> Executions::pause(const ExecutionId& ex_id, Ticket ticket) {
  if (const Answer<void> may = may_change(ex_id, Command::pause); !may) {
    return tl::make_unexpected(may.error());
  }
  Living& found = *living(ex_id);
  if (found.status == Status::paused && found.reached == found.desire.version) {
    happen(found, StatusEvent::was_paused);
    if (const auto written = write(found); !written) {
      return refuse(written.error());
    }
    return status_answer(Status::paused);
  }
  if (!found.desire.paused) {
    Living before = found;
    found.desire.paused = true;
    if (const Answer<void> order = ordered(found, std::move(before)); !order) {
      return tl::make_unexpected(order.error());
    }
  }
  wait(ex_id, Waiter{ticket, Waits::pause, false});
  return std::nullopt;
}

Answer<std::optional<Document>> Executions::resume(const ExecutionId& ex_id, Ticket ticket) {
  if (const Answer<void> may = may_change(ex_id, Command::resume); !may) {
    return tl::make_unexpected(may.error());
  }
  Living& found = *living(ex_id);
  if (!found.desire.paused && found.status != Status::paused) {
    forgive(found);
    happen(found, StatusEvent::was_resumed);
    if (const auto written = write(found); !written) {
      return refuse(written.error());
    }
    return status_answer(found.status);
  }
  if (found.desire.paused) {
    Living before = found;
    found.desire.paused = false;
    if (const Answer<void> order = ordered(found, std::move(before)); !order) {
      return tl::make_unexpected(order.error());
    }
  }
  wait(ex_id, Waiter{ticket, Waits::resume, false});
  return std::nullopt;
}

Answer<std::optional<Document>> Executions::change_workers(const ExecutionId& ex_id, const WorkersChange& change,
                                                           Ticket ticket) {
  Living* found = living(ex_id);
  if (found == nullptr || ruling(Command::change_workers, found->status) != Ruling::proceed) {
    return tl::make_unexpected(no_active(ex_id));
  }
  const std::uint32_t wanted = count_of(found->document.json(), "_workers_wanted", 1);
  const bool fewer = change.kind == WorkersChange::Kind::remove ||
                     (change.kind == WorkersChange::Kind::total && change.count < wanted);
  if (change.kind == WorkersChange::Kind::total && change.count == wanted) {
    return workers_answer(ex_id, change.count, "set");
  }
  if (change.kind == WorkersChange::Kind::remove && change.count >= wanted) {
    return refuse(RefusalKind::invalid, "workers to be removed: " + std::to_string(change.count) +
                                            " cannot be >= to current workers: " + std::to_string(wanted));
  }
  const std::uint64_t then = change.kind == WorkersChange::Kind::total ? change.count
                             : fewer                                   ? wanted - change.count
                                                                       : std::uint64_t{wanted} + change.count;
  if (then > workers_wanted_max) {
    return refuse(RefusalKind::invalid, "execution " + ex_id.text + " would want " + std::to_string(then) +
                                            " workers (limit " + std::to_string(workers_wanted_max) + ")");
  }
  Living before = *found;
  Json& json = found->document.json();
  json["_workers_wanted"] = then;
  found->record.updated = stamps_.next();
  json["_updated"] = iso8601(found->record.updated);
  ++found->workers_version;
  if (const auto written = write(*found); !written) {
    *found = std::move(before);
    return refuse(written.error());
  }
  outbox_.emplace_back(scheduler::WorkersChanged{ex_id, static_cast<std::uint32_t>(then), found->workers_version});
  if (!fewer) {
    return workers_answer(ex_id, static_cast<std::uint32_t>(then - wanted), "enqueued");
  }
  wait(ex_id, Waiter{.ticket = ticket,
                     .kind = Waits::workers,
                     .workers_version = found->workers_version,
                     .removed = static_cast<std::uint32_t>(wanted - then)});
  return std::nullopt;
}

void Executions::wait(const ExecutionId& ex_id, Waiter waiter) {
  waiters_.emplace(ex_id, waiter);
  if (waiters_.size() <= waiting_max) {
    return;
  }
  const auto oldest = std::min_element(waiters_.begin(), waiters_.end(),
                                       [](const auto& a, const auto& b) { return a.second.ticket < b.second.ticket; });
  settled_.push_back({oldest->second.ticket,
                      refuse(RefusalKind::not_available, "more than " + std::to_string(waiting_max) +
                                                             " requests wait for executions; the order for execution " +
                                                             oldest->first.text + " stands, ask for its status")});
  waiters_.erase(oldest);
}

}  // namespace slicebus::service
