#include "master/execution/controller_start.hpp"

#include <unistd.h>

#include <algorithm>

#include "common/log/log.hpp"
#include "master/execution/slot_port.hpp"

namespace slicebus::execution {
namespace {

constexpr Duration back_off_max = 10s;

Result<store::Cleanup> cleanup_of(const std::string& text) {
  if (text.empty()) {
    return store::Cleanup::none;
  }
  if (text == "all" || text == "errors" || text == "pending") {
    return text == "all" ? store::Cleanup::all : text == "errors" ? store::Cleanup::errors : store::Cleanup::pending;
  }
  return fail(Errc::invalid, "recovered_slice_type", "\"" + text + "\" is none of all, errors and pending");
}

/// Whether trying again can help.
bool passes(const Error& error) { return error.code != Errc::internal && error.code != Errc::invalid; }

}  // namespace

void ControllerStart::begin(TimePoint now) {
  beat_at_ = now + config_.beat;  // a lock or a disk may take longer than the master's patience with silence
  attempt(now);
}

void ControllerStart::attempt(TimePoint now) {
  attempt_at_.reset();
  if (const auto port = find_port(); !port) {
    return passes(port.error()) ? fail_for_now(port.error(), now) : fail_for_good(port.error(), now);
  }
  if (const auto slicers = find_slicers(); !slicers) {
    return fail_for_good(slicers.error(), now);
  }
  const auto cleanup = cleanup_of(binding_.cleanup);
  if (!cleanup) {
    return fail_for_good(cleanup.error(), now);
  }
  ledger_.send(OpenLedger{binding_.ledger_path, binding_.ex_id, *cleanup});
}

Result<void> ControllerStart::find_port() {
  if (!slots_) {
    SB_TRY(router, bind_slot_port(context_, config_.bind, binding_.port, config_.port_first, config_.port_last,
                                  static_cast<std::uint32_t>(getpid())));
    slots_ = std::move(router);
  }
  return {};
}

Result<void> ControllerStart::find_slicers() {
  if (!slicers_) {
    SB_TRY(slicers, Slicers::from(binding_.execution, binding_.lineage));
    slicers_ = std::move(slicers);
  }
  return {};
}

void ControllerStart::ledger_not_opened(const Error& error, TimePoint now) {
  passes(error) ? fail_for_now(error, now) : fail_for_good(error, now);
}

void ControllerStart::fail_for_now(const Error& error, TimePoint now) {
  log::warn("controller_start_delayed", {{"ex", binding_.ex_id.text}, {"cause", error.text()}});
  trouble_ = error;
  attempt_at_ = now + back_off_;
  back_off_ = std::min(back_off_ * 2, back_off_max);
  beat_due_ = true;
  beat_at_ = now + config_.beat;
}

void ControllerStart::fail_for_good(const Error& error, TimePoint now) {
  log::error("execution_unusable", {{"ex", binding_.ex_id.text}, {"cause", error.text()}});
  trouble_ = error;
  unusable_ = true;
  beat_due_ = true;
  beat_at_ = now + config_.beat;
}

void ControllerStart::tick(TimePoint now) {
  if (beat_at_ && *beat_at_ <= now) {
    beat_due_ = true;
    beat_at_ = now + config_.beat;
  }
  if (attempt_at_ && *attempt_at_ <= now) {
    attempt(now);
  }
}

std::optional<TimePoint> ControllerStart::next_deadline() const {
  return attempt_at_ && (!beat_at_ || *attempt_at_ < *beat_at_) ? attempt_at_ : beat_at_;
}

std::optional<wire::ControllerBeat> ControllerStart::take_beat() {
  return std::exchange(beat_due_, false) ? std::optional(beat()) : std::nullopt;
}

wire::ControllerBeat ControllerStart::beat() const {
  wire::ControllerBeat said;
  said.ex_id = binding_.ex_id;
  said.process = process_;
  said.pid = static_cast<std::uint32_t>(getpid());
  said.host = config_.advertise;
  said.port = slots_ ? slots_->port() : std::uint16_t{0};
  said.paused = binding_.paused;
  if (trouble_) {
    said.final_status = unusable_ ? "failed" : "";
    (unusable_ ? said.failure_reason : said.waiting) = trouble_->text();
  }
  return said;
}

ControllerSetup ControllerStart::setup() const {
  return {.ex_id = binding_.ex_id,
          .job_id = binding_.job_id,
          .lineage = binding_.lineage,
          .process = process_,
          .pid = static_cast<std::uint32_t>(getpid()),
          .host = config_.advertise,
          .port = slots_->port(),
          .slicers = slicers_->count(),
          .recovery = binding_.recovery,
          .continues = binding_.continues,
          .persistent = slicers_->persistent(),
          .execution = binding_.execution,
          .paused = binding_.paused,
          .stopping = binding_.stopping,
          .log_level = slicers_->log_level()};
}

}  // namespace slicebus::execution
