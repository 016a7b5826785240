#include "worker/agent/actor.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "common/log/log.hpp"
#include "common/process/ready.hpp"
#include "common/wire/codec.hpp"

namespace slicebus::agent {

namespace {

/// Messages that are read before the loop looks at its children again.
constexpr int messages_per_turn = 256;

}  // namespace

AgentActor::AgentActor(AgentConfig config, ShellConfig shell, process::SignalFd& signals)
    : beat_(config.beat),
      shell_(std::move(shell)),
      signals_(signals),
      identity_(config.agent.text),
      assets_(context_, shell_.assets_directory, config.node),
      core_(std::move(config)) {
  poll_.watch_fd(signals_.fd());
}

Result<int> AgentActor::run() {
  auto dealer = bus::Dealer::connect(context_, shell_.broker, identity_);
  if (!dealer) {
    return fail(std::move(dealer).error());
  }
  broker_.emplace(std::move(*dealer));
  poll_.watch(broker_->native());
  poll_.watch(broker_->monitor());
  poll_.watch(assets_.native());
  step(AgentTick{});
  while (!exits_) {
    wait();
    // The inbox and the children before the clock: deadlines over others look at what these say.
    hear_broker();
    hear_children();
    hear_assets();
    hear_signals();
    const std::optional<TimePoint> deadline = core_.next_deadline();
    if (deadline && monotonic_now() >= *deadline) {
      step(AgentTick{});
    }
  }
  return 0;
}

void AgentActor::wait() {
  const TimePoint began = monotonic_now();
  const std::optional<TimePoint> deadline = core_.next_deadline();
  const Duration pause = deadline ? std::max(Duration{0}, *deadline - began) : beat_;
  poll_.wait(pause);
  const Duration late = monotonic_now() - began - pause;
  if (late > beat_) {
    log::warn("agent_stood_still", {{"for_ms", late.count() / 1'000}});
    step(StoodStill{late});
  }
}

void AgentActor::hear_broker() {
  if (broker_->reconnected()) {
    step(BrokerConnected{});
  }
  for (int read = 0; read < messages_per_turn; ++read) {
    auto received = broker_->receive();
    if (!received) {
      return;
    }
    auto message = wire::decode(received->header, received->body);
    if (!message) {
      log::warn("message_not_understood", {{"cause", message.error().text()}});
      continue;
    }
    if (std::holds_alternative<wire::BrokerBeat>(*message)) {
      process::tell_ready(std::exchange(shell_.ready_fd, -1), 0);
    }
    step(BrokerSaid{std::move(*message)});
  }
}

void AgentActor::hear_children() {
  for (auto at = slots_.begin(); at != slots_.end();) {
    const std::optional<process::Exit> exit = poll_.ready(at->second.poll_key) ? at->second.child.reap() : std::nullopt;
    if (!exit) {
      ++at;
      continue;
    }
    ChildEnded ended{.key = at->first,
                     .signal = exit->signal,
                     .code = exit->code,
                     .how = exit->text(),
                     .running = at->second.page.running()};
    ended.out_of_memory = exit->signal == SIGKILL && memory_kills_.happened();
    poll_.unwatch(at->second.poll_key);
    at = slots_.erase(at);
    due_.emplace_back(std::move(ended));
  }
  while (!due_.empty()) {
    const AgentEvent event = std::move(due_.front());
    due_.pop_front();
    step(event);
  }
}

void AgentActor::hear_assets() {
  while (auto placed = assets_.receive()) {
    step(AssetPlaced{placed->asset, placed->problem});
  }
}

void AgentActor::hear_signals() {
  while (auto number = signals_.take()) {
    if (*number == SIGTERM || *number == SIGINT) {
      step(Terminate{});
    }
  }
}

void AgentActor::step(const AgentEvent& event) {
  for (const AgentAction& action : core_.step(event, monotonic_now())) {
    std::visit([this](const auto& some) { perform(some); }, action);
  }
  while (!due_.empty()) {
    const AgentEvent answer = std::move(due_.front());
    due_.pop_front();
    for (const AgentAction& action : core_.step(answer, monotonic_now())) {
      std::visit([this](const auto& some) { perform(some); }, action);
    }
  }
}

void AgentActor::perform(const SendToBroker& action) {
  if (auto sent = broker_->send("broker", action.message); !sent) {
    log::debug("message_not_sent", {{"message", wire::message_name(action.message)}, {"cause", sent.error().text()}});
  }
}

void AgentActor::perform(const SendToMaster& action) {
  // Lost ones come again after a beat.
  if (auto sent = broker_->send("master", action.wanted); !sent) {
    log::debug("message_not_sent", {{"message", "AssetWanted"}, {"cause", sent.error().text()}});
  }
}

void AgentActor::perform(const LookForAsset& action) {
  due_.emplace_back(AssetLooked{action.asset, assets_.has(action.asset)});
}

void AgentActor::perform(const UnpackAsset& action) { assets_.unpack(action); }

void AgentActor::perform(const SendDeath& action) {
  // Lost ones come again with the next beat.
  if (auto sent = broker_->send("ex/" + action.death.ex_id.text, action.death); !sent) {
    log::debug("message_not_sent", {{"message", "SlotDied"}, {"cause", sent.error().text()}});
  }
}

void AgentActor::perform(const StartSpare& action) {
  auto started = start_spare(action.key);
  if (started) {
    due_.emplace_back(std::move(*started));
  } else {
    due_.emplace_back(SpareNotStarted{action.key, started.error().text()});
  }
}

Result<SpareStarted> AgentActor::start_spare(std::uint64_t key) {
  SB_TRY(page, slot::PageReader::create());
  process::SpawnOptions options;
  options.program = shell_.program;
  options.name = "slicebus-worker";
  options.arguments = {"slot", "--page-fd", std::to_string(page.fd())};
  options.arguments.insert(options.arguments.end(), shell_.slot_options.begin(), shell_.slot_options.end());
  options.channel = true;
  options.keep_fds = {page.fd()};
  options.ignore_interrupt = true;
  SB_TRY(child, process::Child::spawn(options));
  SpareStarted started{.key = key, .pid = static_cast<std::uint32_t>(child.pid()), .process = ProcessId{new_uuid()}};
  const int poll_key = poll_.watch_fd(child.pidfd());
  slots_.emplace(key, Slot{std::move(child), std::move(page), poll_key});
  return started;
}

void AgentActor::perform(const TellSlot& action) {
  const auto found = slots_.find(action.key);
  if (found == slots_.end()) {
    return;
  }
  if (auto sent = found->second.child.send(wire::pack_whole(action.binding)); !sent) {
    // Its end is about to be read from its pidfd.
    log::debug("slot_not_told", {{"pid", found->second.child.pid()}, {"cause", sent.error().text()}});
  }
}

void AgentActor::perform(const SignalChild& action) {
  const auto found = slots_.find(action.key);
  if (found != slots_.end()) {
    found->second.child.signal(action.signal);
  }
}

void AgentActor::perform(const Report& action) {
  const auto level = action.level == Report::Level::error  ? log::Level::error
                     : action.level == Report::Level::warn ? log::Level::warn
                                                           : log::Level::info;
  std::vector<log::Fact> facts;
  facts.reserve(action.facts.size());
  for (const auto& [key, value] : action.facts) {
    facts.emplace_back(key, value);
  }
  log::event_with(level, action.event, facts);
}

void AgentActor::perform(const ExitAgent& /*action*/) { exits_ = true; }

}  // namespace slicebus::agent
