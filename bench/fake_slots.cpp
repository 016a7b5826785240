// A machine of many slots that are no processes: the cores of an agent and of its slots, each slot with a socket of its
// own to its controller, and slices that are at their end when they begin. For W6: what a controller bears.
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bench/measured_process.hpp"
#include "common/bus/socket.hpp"
#include "common/descriptor.hpp"
#include "common/overloaded.hpp"
#include "common/version.hpp"
#include "common/wire/codec.hpp"
#include "worker/agent/agent.hpp"
#include "worker/slot/slot.hpp"

namespace {

using namespace slicebus;

/// Messages of one slot that are heard in a turn.
constexpr int messages_per_turn = 256;
/// What is due is done in rounds: beats of a thousand slots each by itself would wake every thread on their way.
constexpr Duration round_time = 10ms;
/// What a slice of nothing takes.
constexpr Duration slice_took = 1us;

volatile std::sig_atomic_t asked_to_end = 0;

/// Tells which of thousands of sockets may have something, at no cost for the others.
class Watch {
 public:
  Watch() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void add(bus::Dealer& dealer, std::uint64_t key) {
    for (const int fd : {dealer.fd(), dealer.monitor_fd()}) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
      if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        std::perror("bench-fake-slots: epoll_ctl");
        std::exit(1);
      }
    }
  }
  void remove(bus::Dealer& dealer) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, dealer.fd(), nullptr);
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, dealer.monitor_fd(), nullptr);
  }
  /// @return their keys, some of them twice
  std::vector<std::uint64_t> wait(Duration longest) {
    std::array<epoll_event, 512> events;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
    const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), static_cast<int>(ms));
    std::vector<std::uint64_t> keys;
    for (int i = 0; i < ready; ++i) {
      keys.push_back(events[static_cast<std::size_t>(i)].data.u64);
    }
    return keys;
  }

 private:
  Descriptor epoll_;
};

/// A core with its connection. The operations are this: what is begun has ended.
class FakeSlot {
 public:
  FakeSlot(bus::Context& context, Watch& watch, std::uint64_t key, wire::SlotBinding binding)
      : context_(context),
        watch_(watch),
        key_(key),
        binding_(std::move(binding)),
        core_({}, {.ex_id = binding_.ex_id,
                   .lineage = binding_.lineage,
                   .node = binding_.node,
                   .agent = binding_.agent,
                   .process = binding_.process,
                   .pid = static_cast<std::uint32_t>(getpid())}) {
    connect();
  }
  ~FakeSlot() { watch_.remove(*controller_); }
  FakeSlot(const FakeSlot&) = delete;
  FakeSlot& operator=(const FakeSlot&) = delete;

  void tell(const wire::SlotBinding& binding, TimePoint now) {
    if (binding.endpoint != binding_.endpoint) {
      binding_.endpoint = binding.endpoint;
      step(slot::Moved{}, now);
      connect();
    }
    if (binding.drain && !std::exchange(drains_, true)) {
      step(slot::Drain{}, now);
    }
    if (binding.over && !std::exchange(over_, true)) {
      step(slot::Over{}, now);
    }
  }

  /// Ends with nothing left to hear, or the socket would not tell of what comes next. @return whether something is left
  bool turn(TimePoint now) {
    if (controller_->reconnected()) {
      step(slot::Connected{}, now);
    }
    if (deadline_ && now >= *deadline_) {
      step(slot::SlotTick{}, now);
    }
    for (int heard = 0; heard < messages_per_turn && !exits_; ++heard) {
      auto received = controller_->receive();
      if (!received) {
        return false;
      }
      if (auto message = wire::decode(received->header, received->body)) {
        step(slot::ControllerSaid{*std::move(message)}, now);
      }
    }
    return true;
  }

  bool exits() const { return exits_; }
  std::optional<TimePoint> deadline() const { return deadline_; }

 private:
  void connect() {
    if (controller_) {
      watch_.remove(*controller_);
      controller_.reset();
    }
    auto dealer = bus::Dealer::connect(context_, binding_.endpoint, binding_.process.text);
    if (!dealer) {
      std::fprintf(stderr, "bench-fake-slots: %s\n", dealer.error().text().c_str());
      std::exit(1);
    }
    controller_.emplace(*std::move(dealer));
    watch_.add(*controller_, key_);
  }

  void step(slot::SlotEvent event, TimePoint now) {
    due_.push_back(std::move(event));
    while (!due_.empty()) {
      slot::SlotEvent next = std::move(due_.front());
      due_.pop_front();
      for (slot::SlotAction& action : core_.step(std::move(next), now)) {
        std::visit([this](auto& some) { perform(some); }, action);
      }
    }
    deadline_ = core_.next_deadline();
    if (std::exchange(reconnects_, false)) {
      connect();
    }
  }

  void perform(slot::SendToController& action) {
    // What is not sent is said again by a beat.
    static_cast<void>(controller_->send(action.message));
  }
  void perform(slot::RunSlices& action) {
    slot::SlicesEnded ended;
    for (const wire::AssignedSlice& slice : action.slices) {
      ended.slices.push_back(
          {{.copy = {slice.slice, slice.fence}, .counts = {{.records_out = 1}, {.records_in = 1, .records_out = 1}}},
           slice_took});
    }
    due_.emplace_back(std::move(ended));
  }
  void perform(slot::RevokeHanded&) { due_.emplace_front(slot::NotBegun{0}); }
  void perform(slot::FlushOperations&) { due_.emplace_back(slot::NothingHeld{}); }
  void perform(slot::Reconnect&) { reconnects_ = true; }
  void perform(slot::ExitSlot&) { exits_ = true; }
  // `noop` holds nothing and writes nothing.
  void perform(slot::BuildPipeline&) {}
  void perform(slot::DiscardHeld&) {}
  void perform(slot::PublishOutput&) {}
  void perform(slot::DropOutput&) {}

  bus::Context& context_;
  Watch& watch_;
  std::uint64_t key_;
  wire::SlotBinding binding_;
  std::optional<bus::Dealer> controller_;
  slot::Slot core_;
  std::deque<slot::SlotEvent> due_;
  std::optional<TimePoint> deadline_;
  bool drains_ = false, over_ = false, exits_ = false, reconnects_ = false;
};

class FakeMachine {
 public:
  FakeMachine(const std::string& broker, agent::AgentConfig config)
      : broker_(*bus::Dealer::connect(context_, broker, config.agent.text)), core_(std::move(config)) {
    watch_.add(broker_, broker_key);
  }

  void run() {
    step(agent::AgentTick{}, monotonic_now());
    while (asked_to_end == 0) {
      turn(watch_.wait(patience(monotonic_now())));
    }
  }

 private:
  static constexpr std::uint64_t broker_key = UINT64_MAX;

  struct Place {
    Place(bus::Context& context, Watch& watch, std::uint64_t key, const wire::SlotBinding& binding)
        : slot(context, watch, key, binding) {}
    FakeSlot slot;
    std::optional<TimePoint> deadline{};  ///< as it stands in deadlines_
  };

  Duration patience(TimePoint now) const {
    TimePoint until = deadline_.value_or(now + 1s);
    if (!deadlines_.empty()) {
      until = std::min(until, deadlines_.begin()->first);
    }
    const bool is_idle = unread_.empty() && due_.empty();
    return is_idle ? std::max(Duration{0}, std::chrono::duration_cast<Duration>(std::max(until, round_at_) - now))
                   : Duration{0};
  }

  void turn(const std::vector<std::uint64_t>& ready) {
    const TimePoint now = monotonic_now();
    std::set<std::uint64_t> keys = std::exchange(unread_, {});
    keys.insert(ready.begin(), ready.end());
    const bool is_round = now >= round_at_;
    for (const auto& [deadline, key] : deadlines_) {
      if (!is_round || deadline > now) {
        break;
      }
      keys.insert(key);
    }
    for (const std::uint64_t key : keys) {
      visit(key, now);
    }
    while (!due_.empty()) {
      agent::AgentEvent event = std::move(due_.front());
      due_.pop_front();
      step(std::move(event), now);
    }
    if (is_round) {
      round_at_ = now + round_time;
      if (deadline_ && now >= *deadline_) {
        step(agent::AgentTick{}, now);
      }
    }
    hear_broker(now);
  }

  void hear_broker(TimePoint now) {
    if (broker_.reconnected()) {
      step(agent::BrokerConnected{}, now);
    }
    while (auto received = broker_.receive()) {
      if (auto message = wire::decode(received->header, received->body)) {
        step(agent::BrokerSaid{*std::move(message)}, now);
      }
    }
  }

  void visit(std::uint64_t key, TimePoint now) {
    const auto found = slots_.find(key);
    if (found == slots_.end()) {
      return;  // the broker, or a slot that has ended meanwhile
    }
    Place& place = found->second;
    if (place.slot.turn(now)) {
      unread_.insert(key);
    }
    if (place.slot.exits()) {
      due_.emplace_back(agent::ChildEnded{.key = key, .how = "exit code 0"});
      end(key);
      return;
    }
    if (place.deadline != place.slot.deadline()) {
      forget_deadline(key, place);
      place.deadline = place.slot.deadline();
      if (place.deadline) {
        deadlines_.emplace(*place.deadline, key);
      }
    }
  }

  void forget_deadline(std::uint64_t key, const Place& place) {
    if (place.deadline) {
      deadlines_.erase({*place.deadline, key});
    }
  }

  bool end(std::uint64_t key) {
    const auto found = slots_.find(key);
    if (found == slots_.end()) {
      return false;
    }
    forget_deadline(key, found->second);
    unread_.erase(key);
    slots_.erase(found);
    return true;
  }

  void step(agent::AgentEvent event, TimePoint now) {
    std::deque<agent::AgentEvent> due;
    due.push_back(std::move(event));
    while (!due.empty()) {
      const agent::AgentEvent next = std::move(due.front());
      due.pop_front();
      for (const agent::AgentAction& action : core_.step(next, now)) {
        std::visit(
            Overloaded{
                [&](const agent::SendToBroker& each) { static_cast<void>(broker_.send("broker", each.message)); },
                [&](const agent::SendToMaster& each) { static_cast<void>(broker_.send("master", each.wanted)); },
                [&](const agent::SendDeath& each) {
                  static_cast<void>(broker_.send("ex/" + each.death.ex_id.text, each.death));
                },
                [&](const agent::StartSpare& each) {
                  due.emplace_back(
                      agent::SpareStarted{each.key, static_cast<std::uint32_t>(getpid()), ProcessId{new_uuid()}});
                },
                [&](const agent::TellSlot& each) {
                  const auto found = slots_.find(each.key);
                  if (found == slots_.end()) {
                    slots_.try_emplace(each.key, context_, watch_, each.key, each.binding);
                  } else {
                    found->second.slot.tell(each.binding, now);
                    visit(each.key, now);
                  }
                },
                [&](const agent::SignalChild& each) {
                  if (end(each.key)) {
                    due.emplace_back(
                        agent::ChildEnded{.key = each.key, .signal = each.signal, .how = "a signal of its agent"});
                  }
                },
                [&](const agent::LookForAsset& each) {
                  due.emplace_back(agent::AssetLooked{each.asset, true});
                },
                [](const agent::UnpackAsset&) {}, [](const agent::Report&) {}, [](const agent::ExitAgent&) {}},
            action);
      }
    }
    deadline_ = core_.next_deadline();  // it asks all slots: not to be called in each turn
  }

  bus::Context context_;
  Watch watch_;
  bus::Dealer broker_;
  agent::Agent core_;
  std::optional<TimePoint> deadline_;
  TimePoint round_at_{};
  std::map<std::uint64_t, Place> slots_;
  std::set<std::pair<TimePoint, std::uint64_t>> deadlines_;
  std::set<std::uint64_t> unread_;  ///< more messages than a turn takes
  std::deque<agent::AgentEvent> due_;
};

}  // namespace

int main(int argc, char** argv) {
  const int slots = argc == 4 ? std::atoi(argv[3]) : 0;
  if (slots < 1 || slots > 1'024) {
    std::fprintf(stderr, "usage: bench-fake-slots BROKER_ENDPOINT NODE_ID SLOTS (1..1024)\n");
    return 2;
  }
  bench::raise_descriptor_limit();
  struct sigaction action {};
  action.sa_handler = [](int) { asked_to_end = 1; };
  sigaction(SIGTERM, &action, nullptr);
  FakeMachine(argv[1], {.node = NodeId{argv[2]},
                        .agent = ProcessId{new_uuid()},
                        .hostname = "127.0.0.1",
                        .broker = argv[1],
                        .pid = static_cast<std::uint32_t>(getpid()),
                        .version = version,
                        .slots_total = static_cast<std::uint32_t>(slots)})
      .run();
  return 0;
}
