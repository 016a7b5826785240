// A machine of many slots that are no processes: the cores of an agent and of its slots, each slot with a socket of its
// own to its controller, and slices that are at their end when they begin. For W6: what a controller bears.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "bench/measured_process.hpp"
#include "common/bus/socket.hpp"
#include "common/overloaded.hpp"
#include "common/version.hpp"
#include "common/wire/codec.hpp"
#include "worker/agent/agent.hpp"
#include "worker/slot/slot.hpp"

namespace {

using namespace slicebus;

/// Messages of one slot that are heard in a turn.
constexpr int messages_per_turn = 256;
/// What a slice of nothing takes.
constexpr Duration slice_took = 1us;

volatile std::sig_atomic_t asked_to_end = 0;

/// A core with its connection. The operations are this: what is begun has ended.
class FakeSlot {
 public:
  FakeSlot(bus::Context& context, wire::SlotBinding binding)
      : context_(context),
        binding_(std::move(binding)),
        core_({}, {.ex_id = binding_.ex_id,
                   .lineage = binding_.lineage,
                   .node = binding_.node,
                   .agent = binding_.agent,
                   .process = binding_.process,
                   .pid = static_cast<std::uint32_t>(getpid())}) {
    connect();
  }

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

  /// @return how many messages it heard
  int turn(TimePoint now) {
    if (now >= look_at_) {
      // A connection is looked after less often than messages are: twice the calls into ZeroMQ otherwise.
      look_at_ = now + (greeted_ ? Duration(500ms) : Duration(5ms));
      if (controller_->reconnected()) {
        greeted_ = true;
        step(slot::Connected{}, now);
      }
    }
    int heard = 0;
    while (heard < messages_per_turn && !exits_) {
      auto received = controller_->receive();
      if (!received) {
        break;
      }
      ++heard;
      if (auto message = wire::decode(received->header, received->body)) {
        step(slot::ControllerSaid{*std::move(message)}, now);
      }
    }
    if (deadline_ && now >= *deadline_) {
      step(slot::SlotTick{}, now);
    }
    return heard;
  }

  bool exits() const { return exits_; }
  void* native() { return controller_->native(); }
  std::optional<TimePoint> deadline() const { return deadline_; }

 private:
  void connect() {
    controller_.reset();
    auto dealer = bus::Dealer::connect(context_, binding_.endpoint, binding_.process.text);
    if (!dealer) {
      std::fprintf(stderr, "bench-fake-slots: %s\n", dealer.error().text().c_str());
      std::exit(1);
    }
    controller_.emplace(*std::move(dealer));
    greeted_ = false;
    look_at_ = {};
  }

  void step(slot::SlotEvent event, TimePoint now) {
    due_.push_back(std::move(event));
    while (!due_.empty()) {
      const slot::SlotEvent next = std::move(due_.front());
      due_.pop_front();
      for (slot::SlotAction& action : core_.step(next, now)) {
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
  wire::SlotBinding binding_;
  std::optional<bus::Dealer> controller_;
  slot::Slot core_;
  std::deque<slot::SlotEvent> due_;
  std::optional<TimePoint> deadline_;
  TimePoint look_at_{};
  bool greeted_ = false, drains_ = false, over_ = false, exits_ = false, reconnects_ = false;
};

class FakeMachine {
 public:
  FakeMachine(const std::string& broker, agent::AgentConfig config)
      : broker_(*bus::Dealer::connect(context_, broker, config.agent.text)), core_(std::move(config)) {}

  void run() {
    step(agent::AgentTick{}, monotonic_now());
    while (asked_to_end == 0) {
      if (turn(monotonic_now()) == 0) {
        wait();
      }
    }
  }

 private:
  /// Everybody once. A sweep over sockets costs less than asking which of thousands are readable.
  int turn(TimePoint now) {
    int heard = 0;
    if (broker_.reconnected()) {
      step(agent::BrokerConnected{}, now);
    }
    while (auto received = broker_.receive()) {
      ++heard;
      if (auto message = wire::decode(received->header, received->body)) {
        step(agent::BrokerSaid{*std::move(message)}, now);
      }
    }
    for (auto& [key, slot] : slots_) {
      heard += slot.turn(now);
      if (slot.exits()) {
        due_.emplace_back(agent::ChildEnded{.key = key, .how = "exit code 0"});
      }
    }
    for (const agent::AgentEvent& event : due_) {
      slots_.erase(std::get<agent::ChildEnded>(event).key);
    }
    while (!due_.empty()) {
      const agent::AgentEvent event = std::move(due_.front());
      due_.pop_front();
      step(event, now);
    }
    if (const auto deadline = core_.next_deadline(); deadline && now >= *deadline) {
      step(agent::AgentTick{}, now);
    }
    return heard;
  }

  void wait() {
    bus::Poll poll;
    poll.watch(broker_.native());
    for (auto& [key, slot] : slots_) {
      poll.watch(slot.native());
    }
    // Connections are looked after by the clock.
    poll.wait(5ms);
  }

  void step(const agent::AgentEvent& event, TimePoint now) {
    std::deque<agent::AgentEvent> due{event};
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
                    slots_.try_emplace(each.key, context_, each.binding);
                  } else {
                    found->second.tell(each.binding, now);
                  }
                },
                [&](const agent::SignalChild& each) {
                  if (slots_.erase(each.key) > 0) {
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
  }

  bus::Context context_;
  bus::Dealer broker_;
  agent::Agent core_;
  std::map<std::uint64_t, FakeSlot> slots_;
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
