#include "master/control_actor.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "common/log/log.hpp"
#include "common/wire/codec.hpp"

namespace slicebus {
namespace {

/// Deaths from outside cost no trust: SIGKILL and orderly ends, whoever asked for them.
bool by_its_own_doing(const process::Exit& exit) {
  if (exit.signal != 0) {
    return exit.signal != SIGKILL && exit.signal != SIGTERM && exit.signal != SIGINT && exit.signal != SIGHUP;
  }
  return exit.code != 0;
}

}  // namespace

ControlActor::ControlActor(ControlConfig config, bus::Dealer broker, process::SignalFd& signals, ToMe records)
    : config_(std::move(config)),
      broker_(std::move(broker)),
      signals_(signals),
      records_(std::move(records)),
      scheduler_(config_.scheduler),
      processes_(poll_, config_.program, config_.controller_arguments) {}

void ControlActor::run() {
  poll_.watch(broker_.native());
  poll_.watch(records_.native());
  poll_.watch_fd(signals_.fd());
  now_ = monotonic_now();
  broker_heard_ = now_;
  processes_.keep_spare(now_);
  handle(scheduler::Tick{});
  while (!closed_) {
    const TimePoint due = std::max(next_wake(), now_);
    poll_.wait(due - now_);
    mind_the_clock(due);
    take_signals();
    take_deaths();
    take_records();
    take_control();
    mind_the_broker();
    if (now_ >= scheduler_.next_deadline()) {
      handle(scheduler::Tick{});
    }
    processes_.keep_spare(now_);
    shut_down_further();
  }
}

TimePoint ControlActor::next_wake() const {
  TimePoint wake = scheduler_.next_deadline();
  if (const auto spare = processes_.spare_due()) {
    wake = std::min(wake, *spare);
  }
  if (kill_at_) {
    wake = std::min(wake, *kill_at_);
  }
  return wake;
}

/// A machine that slept, or a process that was stopped, must not take its own absence for the silence of others.
void ControlActor::mind_the_clock(TimePoint due) {
  now_ = monotonic_now();
  if (now_ > due + config_.scheduler.beat) {
    log::warn("loop_stood_still", {{"ms", (now_ - due) / std::chrono::milliseconds(1)}});
    handle(scheduler::StoodStill{now_ - due});
    broker_heard_ += now_ - due;
  }
}

/// Nothing is lost without a broker: slices flow on, and only what is new waits for it. Someone should know, though.
void ControlActor::mind_the_broker() {
  if (!silence_said_ && now_ - broker_heard_ >= config_.broker_silence) {
    silence_said_ = true;
    tell_of_broker(false);
    log::warn("broker_silent",
              {{"broker", config_.broker},
               {"silent_for_s", (now_ - broker_heard_) / std::chrono::seconds(1)},
               {"remedy", "trying on; what runs goes on; start the broker, check its host and the firewall between"}});
  }
}

void ControlActor::tell_of_broker(bool heard) {
  if (std::exchange(broker_told_, heard) != heard) {
    records_.send(scheduler::BrokerHeard{heard});
  }
}

void ControlActor::handle(const scheduler::SchedulerEvent& event) {
  for (const scheduler::SchedulerAction& action : scheduler_.step(event, now_)) {
    perform(action);
  }
  while (!answers_.empty()) {
    const scheduler::SchedulerEvent answer = std::move(answers_.front());
    answers_.erase(answers_.begin());
    for (const scheduler::SchedulerAction& action : scheduler_.step(answer, now_)) {
      perform(action);
    }
  }
}

void ControlActor::perform(const scheduler::SchedulerAction& action) {
  if (const auto* start = std::get_if<scheduler::StartController>(&action)) {
    const ExecutionId& ex_id = start->binding.ex_id;
    if (const auto pid = processes_.start(start->binding, now_)) {
      log::info("controller_started", {{"ex", ex_id.text}, {"pid", *pid}});
      answers_.emplace_back(scheduler::ControllerStarted{ex_id, *pid});
    } else {
      log::error("controller_not_started", {{"ex", ex_id.text}, {"cause", pid.error().text()}});
      answers_.emplace_back(scheduler::ControllerNotStarted{ex_id, pid.error().text()});
    }
  } else if (const auto* kill = std::get_if<scheduler::KillController>(&action)) {
    log::warn("controller_killed", {{"ex", kill->ex_id.text}, {"cause", kill->why}});
    processes_.kill(kill->ex_id);
  } else if (const auto* send = std::get_if<scheduler::SendControl>(&action)) {
    // A pipe that is full means that the broker is away; all of it is desired state and is said again.
    if (const auto sent = broker_.send(send->to, send->message); !sent) {
      log::debug("control_not_sent", {{"to", send->to}, {"cause", sent.error().text()}});
    }
  } else if (const auto* tell = std::get_if<scheduler::TellRecords>(&action)) {
    records_.send(tell->message);
  }
}

void ControlActor::take_signals() {
  while (const std::optional<int> signal = signals_.take()) {
    if (kill_at_) {
      continue;
    }
    log::info("master_ending", {{"signal", *signal}, {"controllers_have_ms", config_.shutdown_timeout.count()}});
    kill_at_ = now_ + config_.shutdown_timeout;
    handle(scheduler::Terminate{});
    records_.send(scheduler::StopServing{});
    processes_.terminate();
  }
}

void ControlActor::take_deaths() {
  for (const ControllerProcesses::Ended& ended : processes_.reap(now_)) {
    const bool own = by_its_own_doing(ended.exit);
    log::event(own && !kill_at_ ? log::Level::error : log::Level::info, "controller_ended",
               {{"ex", ended.ex_id.text}, {"pid", ended.pid}, {"how", ended.exit.text()}});
    handle(scheduler::ControllerDied{ended.ex_id, ended.pid, own, ended.exit.text()});
  }
}

void ControlActor::take_records() {
  while (auto told = records_.receive()) {
    std::visit(
        [this](const auto& message) {
          if constexpr (std::is_same_v<std::decay_t<decltype(message)>, scheduler::RecordsClosed>) {
            closed_ = true;
          } else if constexpr (std::is_same_v<std::decay_t<decltype(message)>, scheduler::AssetRead>) {
            perform(scheduler::SendControl{"node/" + message.chunk.node.text, message.chunk});
          } else {
            handle(message);
          }
        },
        *told);
  }
}

void ControlActor::take_control() {
  while (auto received = broker_.receive()) {
    auto message = wire::decode(received->header, received->body);
    if (!message) {
      log::warn("message_refused", {{"cause", message.error().text()}});
      continue;
    }
    broker_heard_ = now_;
    tell_of_broker(true);
    if (std::exchange(silence_said_, false)) {
      log::info("broker_heard_again", {{"broker", config_.broker}});
    }
    if (auto* update = std::get_if<wire::ClusterUpdate>(&*message)) {
      handle(std::move(*update));
    } else if (auto* beat = std::get_if<wire::ControllerBeat>(&*message)) {
      handle(std::move(*beat));
    } else if (auto* wanted = std::get_if<wire::AssetWanted>(&*message)) {
      records_.send(scheduler::AssetAsked{std::move(*wanted)});
    } else if (auto* failed = std::get_if<wire::SlicesFailed>(&*message)) {
      handle(std::move(*failed));
    } else if (const auto* broker = std::get_if<wire::BrokerBeat>(&*message)) {
      handle(*broker);
    } else {
      log::debug("message_ignored", {{"type", wire::message_name(*message)}});
    }
  }
}

void ControlActor::shut_down_further() {
  if (!kill_at_ || closing_) {
    return;
  }
  if (now_ >= *kill_at_ && !processes_.empty()) {
    log::warn("controllers_killed", {{"cause", "they did not end within the shutdown timeout"}});
    processes_.kill_all();
    kill_at_ = now_ + config_.scheduler.beat;
  }
  if (processes_.empty()) {
    closing_ = true;
    kill_at_ = TimePoint::max();
    records_.send(scheduler::CloseRecords{});
  }
}

}  // namespace slicebus
