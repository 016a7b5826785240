// Executions' third part: what the control actor tells becomes status, statistics and answers.
#include <nlohmann/json.hpp>

#include "master/service/executions.hpp"

namespace slicebus::service {

void Executions::happen(Living& living, StatusEvent event) {
  living.status = after(living.status, event);
  living.record.status = name_of(living.status);
  living.record.updated = stamps_.next();
  set_status(living.document.json(), living.status, living.record.updated);
  living.dirty = true;
}

/// As happen(), but a status that stays is no write.
void Executions::follow(Living& living, StatusEvent event) {
  if (after(living.status, event) != living.status) {
    happen(living, event);
  }
}

/// R-api-91: what was failing or recovering before a resume does not show again until something new fails.
void Executions::forgive(Living& living) {
  living.failures_forgiven = living.beat.slices_failed;
  living.recovery_forgiven = living.beat.recovering;
  living.probation.reset();
  if (living.beat.slices_failed > 0) {
    // So that the next master knows, too, which failures are forgiven.
    living.document.json()["_slicer_stats"] = slicer_stats(living.beat, 0);
  }
}

/// R-ex-106, 107: a slice failed that was not forgiven. `once` goes on to its end; `persistent` has no end, so it may
/// come through a probation instead.
void Executions::fail(Living& living) {
  Json& document = living.document.json();
  if (living.status != Status::failing) {
    happen(living, StatusEvent::slices_fail);
    set_outcome(document, "execution " + living.record.ex_id.text +
                              " has encountered a processing error, reason: slice failure event");
    document["_slicer_stats"] = slicer_stats(living.beat, 0);
    living.probation.reset();
  }
  if (text_of(document, "lifecycle") == "persistent") {
    watch(living);
  }
}

void Executions::watch(Living& living) {
  const wire::ControllerBeat& beat = living.beat;
  const WallTime now = sources_.wall();
  if (living.probation && now < living.probation->ends) {
    return;
  }
  if (living.probation && beat.slices_failed == living.probation->failed &&
      beat.slices_processed > living.probation->processed) {
    const bool recovering = beat.recovering && !living.recovery_forgiven;
    forgive(living);
    living.recovery_forgiven = !recovering;
    happen(living, recovering ? StatusEvent::slices_recover : StatusEvent::slices_run);
    return;
  }
  const std::chrono::milliseconds window(count_of(living.document.json(), "probation_window", 300'000));
  living.probation = Probation{now + window, beat.slices_failed, beat.slices_processed};
}

void Executions::end(Living& living, StatusEvent event, const std::string& reason) {
  if (is_terminal(living.status)) {
    return;  // told again while the first word of it is being written
  }
  happen(living, event);
  living.record.desired.clear();
  set_outcome(living.document.json(), reason);
  if (living.beat.started_ms > 0 || living.connected) {
    Json& document = living.document.json();
    document["_slicer_stats"] = slicer_stats(living.beat, sources_.wall().time_since_epoch().count());
    document["_accounting"] = accounting(living.beat, document["operations"]);
  }
}

void Executions::on(const scheduler::ExecutionPlaced& placed) {
  if (Living* found = living(placed.ex_id)) {
    follow(*found, StatusEvent::placed);
  }
}

void Executions::on(const scheduler::ControllerOpened& opened) {
  Living* found = living(opened.ex_id);
  if (found == nullptr || is_terminal(found->status)) {
    return;
  }
  found->connected = true;
  Json& document = found->document.json();
  if (text_of(document, "slicer_hostname") != opened.host || count_of(document, "slicer_port", 0) != opened.port) {
    document["slicer_hostname"] = opened.host;
    document["slicer_port"] = opened.port;
    found->dirty = true;
  }
  follow(*found, StatusEvent::controller_open);
}

void Executions::on(const scheduler::ControllerSaid& said) {
  Living* found = living(said.beat.ex_id);
  if (found == nullptr || is_terminal(found->status)) {
    return;
  }
  const wire::ControllerBeat& beat = said.beat;
  found->beat = beat;
  found->connected = true;
  const bool obeyed = said.obeyed == found->desire.version;
  if (beat.final_status == "completed") {
    return end(*found, StatusEvent::ended_completed, beat.failure_reason);
  }
  if (beat.final_status == "stopped") {
    return end(*found, StatusEvent::ended_stopped, beat.failure_reason);
  }
  if (!beat.final_status.empty()) {
    return end(*found, StatusEvent::ended_failed,
               beat.failure_reason.empty() ? "execution " + beat.ex_id.text + " ended without saying why"
                                           : beat.failure_reason);
  }
  if (obeyed && beat.paused == found->desire.paused) {
    found->reached = found->desire.version;
  }
  if (found->desire.stopping) {
    return;
  }
  if (found->desire.paused) {
    if (found->reached == found->desire.version) {
      follow(*found, StatusEvent::was_paused);
    }
    return;
  }
  if (found->status == Status::paused) {
    if (found->reached == found->desire.version) {
      forgive(*found);
      follow(*found, StatusEvent::was_resumed);
    }
    return;
  }
  if (beat.failing && beat.slices_failed > found->failures_forgiven) {
    return fail(*found);
  }
  if (beat.recovering && !found->recovery_forgiven) {
    follow(*found, StatusEvent::slices_recover);
  } else if (beat.slicing) {
    follow(*found, StatusEvent::slices_run);
  }
}

void Executions::on(const scheduler::ControllerGone& gone) {
  if (Living* found = living(gone.ex_id)) {
    found->connected = false;
  }
}

void Executions::on(const scheduler::WorkersReached& reached) {
  if (Living* found = living(reached.ex_id)) {
    found->workers_reached = reached.version;
  }
}

void Executions::on(const scheduler::ExecutionNeverRan& never) {
  if (Living* found = living(never.ex_id)) {
    end(*found, StatusEvent::ended_stopped, "");
  }
}

void Executions::on(const scheduler::ExecutionBroke& broke) {
  if (Living* found = living(broke.ex_id)) {
    end(*found, StatusEvent::ended_failed, broke.reason);
  }
}

void Executions::on(const scheduler::WaitingChanged& changed) {
  if (Living* found = living(changed.ex_id)) {
    found->waiting = changed.text;
  }
}

Result<void> Executions::write(Living& living) {
  living.record.document = living.document.text();
  SB_TRY_VOID(store_.put({living.record}));
  living.dirty = false;
  return {};
}

Result<void> Executions::flush() {
  std::vector<store::ExecutionRecord> changed;
  for (auto& [ex_id, living] : living_) {
    if (living.dirty) {
      living.record.document = living.document.text();
      changed.push_back(living.record);
    }
  }
  if (!changed.empty()) {
    if (auto written = store_.put(changed); !written) {
      write_trouble_ = "its record cannot be written: " + written.error().text();
      return written;
    }
    write_trouble_.clear();
  }
  for (const store::ExecutionRecord& record : changed) {
    living_.at(record.ex_id).dirty = false;
  }
  for (auto it = living_.begin(); it != living_.end();) {
    settle(it->first, it->second);
    if (is_terminal(it->second.status)) {
      outbox_.emplace_back(scheduler::ExecutionEnded{it->first, it->second.beat.settled});
      it = living_.erase(it);
    } else {
      ++it;
    }
  }
  return {};
}

bool Executions::unwritten() const {
  for (const auto& [ex_id, living] : living_) {
    if (living.dirty) {
      return true;
    }
  }
  return false;
}

void Executions::settle(const ExecutionId& ex_id, const Living& living) {
  const auto [first, last] = waiters_.equal_range(ex_id);
  for (auto it = first; it != last;) {
    if (auto answer = answer_for(it->second, living)) {
      settled_.push_back({it->second.ticket, std::move(*answer)});
      it = waiters_.erase(it);
    } else {
      ++it;
    }
  }
}

std::optional<Answer<Document>> Executions::answer_for(const Waiter& waiter, const Living& living) const {
  const std::string& ex = living.record.ex_id.text;
  const bool ended = is_terminal(living.status);
  if (waiter.kind == Waits::stop) {
    if (!ended) {
      return std::nullopt;
    }
    Json answer = waiter.force
                      ? Json{{"message", "Force stop complete for exId " + ex}, {"status", name_of(living.status)}}
                      : Json{{"status", name_of(living.status)}};
    return Document(std::move(answer));
  }
  if (waiter.kind == Waits::workers) {
    if (!ended && living.workers_reached < waiter.workers_version) {
      return std::nullopt;
    }
    return workers_answer(living.record.ex_id, waiter.removed, "remove");
  }
  const bool pauses = waiter.kind == Waits::pause;
  if (ended) {
    return refuse(RefusalKind::not_found, "no active execution context was found for ex_id: " + ex);
  }
  if (living.desire.stopping) {
    return refuse(RefusalKind::conflict, "Execution " + ex + " was stopped meanwhile");
  }
  if (living.desire.paused != pauses) {
    return refuse(RefusalKind::conflict,
                  "Execution " + ex + (pauses ? " was resumed meanwhile" : " was paused meanwhile"));
  }
  if (living.reached != living.desire.version || (living.status == Status::paused) != pauses) {
    return std::nullopt;
  }
  return Document(Json{{"status", name_of(pauses ? Status::paused : Status::running)}});
}

void Executions::give_up_waiting() {
  for (const auto& [ex_id, waiter] : waiters_) {
    settled_.push_back({waiter.ticket, refuse(RefusalKind::not_available,
                                              "the master is shutting down; execution " + ex_id.text +
                                                  " goes on, and the order with it, when the master is back")});
  }
  waiters_.clear();
}

}  // namespace slicebus::service
