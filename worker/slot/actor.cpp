#include "worker/slot/actor.hpp"

#include <unistd.h>
#include <csignal>

#include "common/log/log.hpp"
#include "common/wire/codec.hpp"

namespace slicebus::slot {

namespace {

/// Messages of the controller that are read before the loop looks at its other sources again.
constexpr int messages_per_turn = 256;
/// ZeroMQ's thread has so long to send what was said last, on a machine that has other things to do, too.
constexpr auto goodbye = 50ms;

SlotSetup setup_of(const wire::SlotBinding& binding) {
  return {.ex_id = binding.ex_id,
          .lineage = binding.lineage,
          .node = binding.node,
          .agent = binding.agent,
          .process = binding.process,
          .pid = static_cast<std::uint32_t>(getpid())};
}

}  // namespace

AgentWord listen(process::Channel& agent) {
  AgentWord word;
  while (true) {
    process::Channel::Read read = agent.read();
    if (read.message) {
      auto message = wire::unpack_whole(*read.message);
      if (!message) {
        log::error("binding_not_understood", {{"cause", message.error().text()}});
      } else if (auto* binding = std::get_if<wire::SlotBinding>(&*message)) {
        word.binding = std::move(*binding);
      } else {
        log::error("binding_not_understood", {{"message", wire::message_name(*message)}});
      }
      continue;
    }
    word.gone = read.closed;
    return word;
  }
}

SlotActor::SlotActor(SlotConfig config, int operation_nice, wire::SlotBinding binding, process::Channel& agent,
                     process::SignalFd& signals, PageWriter& page)
    : binding_(std::move(binding)),
      agent_(agent),
      signals_(signals),
      operations_(context_, binding_.lineage, binding_.ex_id, operation_nice, page),
      publisher_(std::in_place, context_, binding_.lineage),
      core_(config, setup_of(binding_)) {
  agent_key_ = poll_.watch_fd(agent_.fd());
  signal_key_ = poll_.watch_fd(signals_.fd());
  operations_key_ = poll_.watch(operations_.pipe().native());
  publisher_key_ = poll_.watch(publisher_->pipe().native());
}

SlotActor::~SlotActor() = default;

Result<void> SlotActor::run() {
  SB_TRY_VOID(connect());
  log::info("slot_bound",
            {{"ex", binding_.ex_id.text}, {"worker_id", binding_.worker_id}, {"controller", binding_.endpoint}});
  if (binding_.drain) {
    drain();
  }
  while (!exit_) {
    wait();
    // Asking a source that has nothing costs as much as a message. Before a deadline is acted on all are asked: what
    // came while this process stood still may have moved it.
    const TimePoint now = monotonic_now();
    const std::optional<TimePoint> due = core_.next_deadline();
    const bool ask_all = due && now >= *due;
    if (ask_all || poll_.ready(controller_key_) || poll_.ready(monitor_key_)) {
      hear_controller();
    }
    if (ask_all || poll_.ready(operations_key_) || poll_.ready(publisher_key_)) {
      hear_workbench();
    }
    if (ask_all || poll_.ready(agent_key_)) {
      hear_agent();
    }
    if (ask_all || poll_.ready(signal_key_)) {
      hear_signals();
    }
    const std::optional<TimePoint> deadline = core_.next_deadline();
    if (deadline && now >= *deadline) {
      step(SlotTick{});
    }
  }
  log::info("slot_drained", {{"ex", binding_.ex_id.text}, {"worker_id", binding_.worker_id}, {"cause", exit_->why}});
  publisher_.reset();  // when it has done what it was told
  // The pause lets ZeroMQ's thread send what the core said last. Ending the context instead would wait for a controller
  // that is gone, and joining the operations' thread for an operation that nobody waits for: one that was taken back
  // may compute for an hour.
  if (!over_) {  // nobody listens to that any more
    std::this_thread::sleep_for(goodbye);
  }
  end_at_once(exit_->code);
}

Result<void> SlotActor::connect() {
  if (controller_) {
    poll_.unwatch(controller_key_);
    poll_.unwatch(monitor_key_);
    controller_.reset();
  }
  auto dealer = bus::Dealer::connect(context_, binding_.endpoint, binding_.process.text);
  if (!dealer) {
    return fail(std::move(dealer).error());
  }
  controller_.emplace(std::move(*dealer));
  controller_key_ = poll_.watch(controller_->native());
  monitor_key_ = poll_.watch(controller_->monitor());
  return {};
}

void SlotActor::wait() {
  const std::optional<TimePoint> deadline = core_.next_deadline();
  poll_.wait(deadline ? std::optional(std::max(Duration{0}, *deadline - monotonic_now())) : std::nullopt);
}

void SlotActor::hear_agent() {
  AgentWord word = listen(agent_);
  if (word.gone) {
    log::warn("agent_gone", {{"ex", binding_.ex_id.text}, {"worker_id", binding_.worker_id}});
    end_at_once(0);
  }
  if (!word.binding) {
    return;
  }
  const bool moved = word.binding->endpoint != binding_.endpoint;
  binding_.endpoint = word.binding->endpoint;
  if (moved) {
    log::info("controller_moved", {{"ex", binding_.ex_id.text}, {"controller", binding_.endpoint}});
    reconnects_ = true;
    step(Moved{});
  }
  if (word.binding->drain) {
    drain();
  }
  if (word.binding->over) {
    end_as_over();
  }
}

void SlotActor::hear_signals() {
  while (auto number = signals_.take()) {
    if (*number == SIGTERM) {
      drain();
    }
  }
}

void SlotActor::hear_controller() {
  if (controller_->reconnected()) {
    step(Connected{});
  }
  for (int read = 0; read < messages_per_turn && !exit_; ++read) {
    auto received = controller_->receive();
    if (!received) {
      return;
    }
    auto message = wire::decode(received->header, received->body);
    if (!message) {
      log::warn("message_not_understood", {{"ex", binding_.ex_id.text}, {"cause", message.error().text()}});
      continue;
    }
    step(ControllerSaid{std::move(*message)});
  }
}

void SlotActor::hear_workbench() {
  while (auto events = operations_.pipe().receive()) {
    for (SlotEvent& event : *events) {
      if (const auto* ended = std::get_if<SlicesEnded>(&event); ended != nullptr && log::enabled(log::Level::debug)) {
        for (const auto& [outcome, took] : ended->slices) {
          log_slice(outcome.kind == wire::OutcomeKind::failed ? "slice_failed" : "slice_ended", outcome.copy);
        }
      }
      step(std::move(event));
    }
  }
  while (auto event = publisher_->pipe().receive()) {
    step(std::move(*event));
  }
}

void SlotActor::step(SlotEvent event) {
  for (SlotAction& action : core_.step(std::move(event), monotonic_now())) {
    std::visit([this](auto& some) { perform(some); }, action);
  }
  if (std::exchange(revokes_, false)) {
    step(NotBegun{operations_.revoke()});
  }
  if (std::exchange(reconnects_, false)) {
    if (auto connected = connect(); !connected) {
      // The agent's next binding brings a better one; until then nothing listens, and the lease decides.
      log::error("controller_not_connected", {{"ex", binding_.ex_id.text}, {"cause", connected.error().text()}});
    }
  }
}

void SlotActor::drain() {
  if (std::exchange(drains_, true)) {
    return;
  }
  operations_.pipe().send(Hurry{});
  step(Drain{});
}

void SlotActor::end_as_over() {
  if (!std::exchange(over_, true)) {
    log::info("execution_over", {{"ex", binding_.ex_id.text}, {"worker_id", binding_.worker_id}});
    step(Over{});
  }
}

void SlotActor::use_log_level(const std::string& level) {
  if (level.empty() || level == log_level_) {
    return;
  }
  log_level_ = level;
  log::info("log_level_changed", {{"ex", binding_.ex_id.text}, {"worker_id", binding_.worker_id}, {"to", level}});
  log::set_level(level);
}

void SlotActor::log_slice(std::string_view what, const wire::SliceCopy& copy) const {
  if (log::enabled(log::Level::debug)) {
    log::debug(what,
               {{"ex", binding_.ex_id.text},
                {"slice", "s" + std::to_string(copy.slice.slicer_id) + "/" + std::to_string(copy.slice.slicer_order)},
                {"fence", std::to_string(copy.fence.epoch) + "." + std::to_string(copy.fence.number)}});
  }
}

void SlotActor::end_at_once(int code) { std::_Exit(code); }

void SlotActor::perform(const SendToController& action) {
  if (auto sent = controller_->send(action.message); !sent) {
    // Every message of this conversation is said again by a beat or a hello.
    log::debug("message_not_sent", {{"message", wire::message_name(action.message)}, {"cause", sent.error().text()}});
  }
}
void SlotActor::perform(const BuildPipeline& action) {
  operations_.pipe().send(action);
  publisher_->pipe().send(action);
}
void SlotActor::perform(RunSlices& action) {
  use_log_level(action.log_level);
  if (log::enabled(log::Level::debug)) {
    for (const wire::AssignedSlice& slice : action.slices) {
      log_slice("slice_begun", {slice.slice, slice.fence});
    }
  }
  operations_.hand(std::move(action.slices));
}
void SlotActor::perform(const RevokeHanded& /*action*/) { revokes_ = true; }
void SlotActor::perform(const FlushOperations& action) { operations_.pipe().send(action); }
void SlotActor::perform(const DiscardHeld& action) { operations_.pipe().send(action); }
void SlotActor::perform(const PublishOutput& action) { publisher_->pipe().send(action); }
void SlotActor::perform(const DropOutput& action) { publisher_->pipe().send(action); }
void SlotActor::perform(const Reconnect& /*action*/) { reconnects_ = true; }
void SlotActor::perform(const ExitSlot& action) { exit_ = action; }

}  // namespace slicebus::slot
