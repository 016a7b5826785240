#include "master/execution/actor.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <deque>
#include <memory>

#include "common/bus/socket.hpp"
#include "common/log/log.hpp"
#include "common/wire/codec.hpp"
#include "master/execution/controller_start.hpp"
#include "master/execution/slicer_runner.hpp"
#include "master/execution/stillness.hpp"

namespace slicebus::execution {
namespace {

/// Messages of one socket handled in a turn, so that none starves the others.
constexpr int messages_per_turn = 1'000;

class ControllerActor {
 public:
  ControllerActor(const ControllerShellConfig& config, wire::ControllerBinding binding, process::SignalFd& signals,
                  process::Channel& master, LedgerOpener opener)
      : config_(config),
        binding_(std::move(binding)),
        signals_(signals),
        master_(master),
        keeper_(std::move(opener)),
        ledger_(context_, [this](LedgerRequest request) { return keeper_.answer(std::move(request)); }),
        start_(context_, config_, binding_, process_, ledger_),
        stillness_(config.beat, monotonic_now()) {}

  int run() {
    watch();
    connect_broker();
    if (!exit_code_) {
      start_.begin(monotonic_now());
    }
    while (!exit_code_) {
      poll_.wait(stillness_.wait_for(next_deadline(), monotonic_now()));
      turn(monotonic_now());
    }
    return *exit_code_;
  }

 private:
  void watch();
  void connect_broker();
  void begin(LedgerRead read, TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  void turn(TimePoint now);
  void heed_master_and_signals(TimePoint now);
  void read_ledger(TimePoint now);
  void read_slicers(TimePoint now);
  void read_slots(TimePoint now);
  void read_broker(TimePoint now);
  std::optional<wire::Message> decode(const bus::Received& received);
  void step(ControllerEvent event, TimePoint now);
  void perform_all(TimePoint now);
  void perform(SendToSlot& action, TimePoint now);
  void perform(SendControl& action, TimePoint);
  void perform(CommitGroup& action, TimePoint);
  void perform(ReadErrors& action, TimePoint);
  void perform(AskSlicer& action, TimePoint);
  void perform(SweepOutput& action, TimePoint);
  void perform(UseLogLevel& action, TimePoint);
  void perform(Exit& action, TimePoint);
  void send_beat(const wire::ControllerBeat& beat);

  ControllerShellConfig config_;
  wire::ControllerBinding binding_;
  process::SignalFd& signals_;
  process::Channel& master_;
  ProcessId process_{new_uuid()};
  bus::Context context_;
  bus::Poll poll_;
  std::optional<bus::Dealer> broker_;
  LedgerKeeper keeper_;  ///< touched by the ledger's thread only
  LedgerActor ledger_;
  ControllerStart start_;  ///< its slicers are touched by their thread only, once that runs
  std::unique_ptr<SlicerRunner> slicer_runner_;
  std::optional<Controller> core_;
  Stillness stillness_;

  std::deque<ControllerAction> actions_;
  bool sweeping_ = false;  ///< later actions wait until the sweep is done
  std::optional<wire::ControllerBeat> last_beat_;
  std::uint64_t undecodable_ = 0;
  std::optional<int> exit_code_;

  int master_key_ = 0, signal_key_ = 0, ledger_key_ = 0, slicer_key_ = 0, slots_key_ = 0, broker_key_ = 0,
      monitor_key_ = 0;
};

void ControllerActor::watch() {
  master_key_ = poll_.watch_fd(master_.fd());
  signal_key_ = poll_.watch_fd(signals_.fd());
  ledger_key_ = poll_.watch(ledger_.native());
}

void ControllerActor::connect_broker() {
  auto dealer = bus::Dealer::connect(context_, config_.broker, process_.text);
  if (!dealer) {
    log::error("broker_address_refused", {{"broker", config_.broker}, {"cause", dealer.error().text()}});
    exit_code_ = 2;
    return;
  }
  broker_ = *std::move(dealer);
  broker_key_ = poll_.watch(broker_->native());
  monitor_key_ = poll_.watch(broker_->monitor());
}

void ControllerActor::begin(LedgerRead read, TimePoint now) {
  log::info("ledger_opened", {{"ex", binding_.ex_id.text},
                              {"epoch", read.ledger.epoch},
                              {"unfinished", read.unfinished.size()},
                              {"port", start_.slots().port()}});
  core_.emplace(ControllerConfig{.beat = config_.beat, .lease = config_.lease}, start_.setup());
  slicer_runner_ = std::make_unique<SlicerRunner>(
      context_, [this](const SlicerRequest& request) { return answer(start_.slicers(), request); });
  slicer_runner_->send(PlaceSlicers{read.ledger.slicers});
  slicer_key_ = poll_.watch(slicer_runner_->native());
  slots_key_ = poll_.watch(start_.slots().native());
  step(LedgerOpened{std::move(read.ledger), std::move(read.unfinished), wall_now()}, now);
}

std::optional<TimePoint> ControllerActor::next_deadline() const {
  return core_ ? core_->next_deadline() : start_.next_deadline();
}

void ControllerActor::turn(TimePoint now) {
  const std::optional<Duration> gap = stillness_.turn(now);
  if (gap && core_) {
    log::warn("loop_stood_still", {{"ex", binding_.ex_id.text},
                                   {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(*gap).count()}});
    step(StoodStill{*gap}, now);
  }
  // Asking a socket that has nothing costs as much as a message. Before a deadline is acted on all are asked: what came
  // while this process stood still may have moved it.
  const std::optional<TimePoint> due = next_deadline();
  const bool ask_all = due && *due <= now;
  if (ask_all || poll_.ready(master_key_) || poll_.ready(signal_key_)) {
    heed_master_and_signals(now);
  }
  if (ask_all || poll_.ready(ledger_key_)) {
    read_ledger(now);
  }
  if (core_ && (ask_all || poll_.ready(slicer_key_))) {
    read_slicers(now);
  }
  if (core_ && (ask_all || poll_.ready(slots_key_))) {
    read_slots(now);
  }
  if (ask_all || poll_.ready(broker_key_) || poll_.ready(monitor_key_)) {
    read_broker(now);
  }
  if (exit_code_) {
    return;
  }
  if (!core_) {
    start_.tick(now);
    if (const std::optional<wire::ControllerBeat> beat = start_.take_beat()) {
      send_beat(*beat);
    }
    return;
  }
  const std::optional<TimePoint> deadline = core_->next_deadline();
  if (deadline && *deadline <= now) {
    step(Tick{}, now);
  }
}

void ControllerActor::heed_master_and_signals(TimePoint now) {
  if (poll_.ready(master_key_)) {
    process::Channel::Read read = master_.read();
    while (read.message && !read.closed) {
      read = master_.read();  // the binding comes once; what follows has no meaning to us
    }
    if (read.closed) {
      log::info("master_gone", {{"ex", binding_.ex_id.text}});
      exit_code_ = 0;
      return;
    }
  }
  while (const std::optional<int> signal = signals_.take()) {
    if (*signal != SIGTERM) {
      continue;  // SIGINT from a terminal is the master's to answer
    }
    if (core_) {
      step(Terminate{}, now);
    } else {
      exit_code_ = 0;
    }
  }
}

void ControllerActor::read_ledger(TimePoint now) {
  while (!exit_code_) {
    std::optional<LedgerAnswer> answer = ledger_.receive();
    if (!answer) {
      return;
    }
    if (auto* read = std::get_if<LedgerRead>(&*answer)) {
      begin(std::move(*read), now);
    } else if (auto* failed = std::get_if<LedgerNotOpened>(&*answer)) {
      start_.ledger_not_opened(failed->error, now);
    } else if (auto* committed = std::get_if<GroupCommitted>(&*answer)) {
      step(*committed, now);
    } else if (auto* refused = std::get_if<GroupFailed>(&*answer)) {
      log::warn("group_not_committed", {{"ex", binding_.ex_id.text}, {"cause", refused->error.text()}});
      step(std::move(*refused), now);
    } else if (auto* errors = std::get_if<ErrorsRead>(&*answer)) {
      step(std::move(*errors), now);
    } else if (auto* unread = std::get_if<ErrorsNotRead>(&*answer)) {
      log::warn("errors_not_read", {{"ex", binding_.ex_id.text}, {"cause", unread->error.text()}});
      step(std::move(*unread), now);
    }
  }
}

void ControllerActor::read_slicers(TimePoint now) {
  while (!exit_code_) {
    std::optional<SlicerAnswer> answer = slicer_runner_->receive();
    if (!answer) {
      return;
    }
    if (auto* sliced = std::get_if<Sliced>(&*answer)) {
      step(std::move(*sliced), now);
    } else if (auto* failed = std::get_if<SlicerFailed>(&*answer)) {
      log::error("slicer_failed",
                 {{"ex", binding_.ex_id.text}, {"slicer", failed->slicer_id}, {"cause", failed->error.text()}});
      step(std::move(*failed), now);
    } else if (std::holds_alternative<Swept>(*answer)) {
      sweeping_ = false;
      perform_all(now);
    }
  }
}

void ControllerActor::read_slots(TimePoint now) {
  for (int i = 0; i < messages_per_turn && !exit_code_; ++i) {
    std::optional<bus::Received> received = start_.slots().receive();
    if (!received) {
      return;
    }
    if (std::optional<wire::Message> message = decode(*received)) {
      step(SlotSaid{std::move(received->peer), *std::move(message)}, now);
    }
  }
}

void ControllerActor::read_broker(TimePoint now) {
  if (!broker_) {
    return;
  }
  if (poll_.ready(monitor_key_) && broker_->reconnected() && last_beat_) {
    send_beat(*last_beat_);  // a broker that was restarted learns of us at once
  }
  if (!core_ && !start_.unusable()) {
    return;  // orders wait for the core that can answer them
  }
  for (int i = 0; i < messages_per_turn && !exit_code_; ++i) {
    std::optional<bus::Received> received = broker_->receive();
    if (!received) {
      return;
    }
    std::optional<wire::Message> message = decode(*received);
    if (!message || std::holds_alternative<wire::BrokerBeat>(*message)) {
      continue;
    }
    if (core_) {
      step(ControlSaid{*std::move(message)}, now);
      continue;
    }
    const auto* order = std::get_if<wire::ControllerOrder>(&*message);
    if (order != nullptr && order->ex_id == binding_.ex_id && order->final_recorded) {
      log::info("controller_ended", {{"ex", binding_.ex_id.text}, {"why", "the master has recorded that it failed"}});
      exit_code_ = 0;
    }
  }
}

std::optional<wire::Message> ControllerActor::decode(const bus::Received& received) {
  Result<wire::Message> message = wire::decode(received.header, received.body);
  if (message) {
    return *std::move(message);
  }
  ++undecodable_;
  if (std::has_single_bit(undecodable_)) {  // a peer that goes on must not fill the log
    log::warn("message_refused",
              {{"ex", binding_.ex_id.text}, {"count", undecodable_}, {"cause", message.error().text()}});
  }
  return std::nullopt;
}

void ControllerActor::step(ControllerEvent event, TimePoint now) {
  for (ControllerAction& action : core_->step(std::move(event), now)) {
    actions_.push_back(std::move(action));
  }
  perform_all(now);
}

void ControllerActor::perform_all(TimePoint now) {
  while (!exit_code_ && !sweeping_ && !actions_.empty()) {
    ControllerAction action = std::move(actions_.front());
    actions_.pop_front();
    std::visit([&](auto& one) { perform(one, now); }, action);
  }
}

void ControllerActor::perform(SendToSlot& action, TimePoint now) {
  const Result<void> sent = start_.slots().send(action.peer, action.message);
  if (!sent && sent.error().code == Errc::unavailable) {
    // Told at once: told after the slot's next hello, it would take that connection for gone.
    for (ControllerAction& next : core_->step(PeerGone{std::move(action.peer)}, now)) {
      actions_.push_back(std::move(next));
    }
  } else if (!sent) {
    // A full pipe: the slot's next beat shows the gap, and the batch is sent again.
    log::debug("message_not_sent", {{"message", wire::message_name(action.message)}, {"cause", sent.error().text()}});
  }
}

void ControllerActor::perform(SendControl& action, TimePoint) {
  if (auto* beat = std::get_if<wire::ControllerBeat>(&action.message)) {
    send_beat(*beat);
    return;
  }
  if (const auto sent = broker_->send(action.to, action.message); !sent) {
    log::debug("message_not_sent", {{"message", wire::message_name(action.message)}, {"cause", sent.error().text()}});
  }
}

void ControllerActor::send_beat(const wire::ControllerBeat& beat) {
  if (&beat != (last_beat_ ? &*last_beat_ : nullptr)) {
    last_beat_ = beat;
  }
  if (const auto sent = broker_->send("master", beat); !sent) {
    log::debug("beat_not_sent", {{"cause", sent.error().text()}});
  }
}

void ControllerActor::perform(CommitGroup& action, TimePoint) { ledger_.send(std::move(action)); }
void ControllerActor::perform(ReadErrors& action, TimePoint) { ledger_.send(action); }
void ControllerActor::perform(AskSlicer& action, TimePoint) { slicer_runner_->send(action); }

void ControllerActor::perform(SweepOutput& action, TimePoint) {
  sweeping_ = true;
  slicer_runner_->send(action);
}

void ControllerActor::perform(UseLogLevel& action, TimePoint) {
  log::info("log_level_changed", {{"ex", binding_.ex_id.text}, {"to", action.level}});
  log::set_level(action.level);
}

void ControllerActor::perform(Exit& action, TimePoint) {
  log::info("controller_ended", {{"ex", binding_.ex_id.text}, {"code", action.code}, {"why", action.why}});
  exit_code_ = action.code;
}

}  // namespace

int serve_execution(const ControllerShellConfig& config, wire::ControllerBinding binding, process::SignalFd& signals,
                    process::Channel& master, LedgerOpener opener) {
  ControllerActor actor(config, std::move(binding), signals, master, std::move(opener));
  return actor.run();
}

}  // namespace slicebus::execution
