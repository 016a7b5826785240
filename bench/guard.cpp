// Small versions of W1 and W3 for bench/guard, which counts their instructions: the cores of a controller and of slots,
// every message through the codec, every group into a ledger of SQLite, in one thread on a virtual clock. Only what
// runs inside guarded_workload() is counted.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/overloaded.hpp"
#include "common/wire/codec.hpp"
#include "master/execution/controller.hpp"
#include "master/store/sqlite/slice_ledger.hpp"
#include "worker/slot/slot.hpp"

namespace {

using namespace slicebus;

// About what these take on a real machine, so that batches and groups have about the sizes of a real one.
constexpr Duration delivery = 30us;
constexpr Duration slicing = 100us;
constexpr Duration commit = 1ms;
constexpr Duration slice_takes = 1us;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench-guard: %s\n", why.c_str());
  std::exit(1);
}

/// What happens when, in order of time; of one moment what was said first.
class Clock {
 public:
  TimePoint now() const { return now_; }
  void after(Duration pause, std::function<void()> what) {
    due_.emplace(std::pair(now_ + pause, ++number_), std::move(what));
  }
  /// @return false: nothing is to come
  bool turn() {
    if (due_.empty()) {
      return false;
    }
    auto next = due_.extract(due_.begin());
    now_ = next.key().first;
    next.mapped()();
    return true;
  }

 private:
  TimePoint now_{1s};
  std::uint64_t number_ = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> due_;
};

/// As it comes out of the other side's socket.
wire::Message passed(const wire::Message& message) {
  const wire::Encoded encoded = wire::encode(message);
  auto decoded = wire::decode(encoded.header, encoded.body);
  return decoded ? *std::move(decoded) : (give_up(decoded.error().text()), wire::Message{});
}

class Execution {
 public:
  Execution(std::uint64_t slices, int slots, const std::string& ledger_path)
      : slices_(slices),
        ledger_(open(ledger_path)),
        controller_({}, {.ex_id = ExecutionId{"execution"},
                         .job_id = JobId{"job"},
                         .lineage = LineageId{"execution"},
                         .process = ProcessId{"controller"},
                         .host = "127.0.0.1",
                         .port = 1,
                         .execution = R"({"operations":[{"_op":"data_generator"},{"_op":"noop"}]})"}) {
    for (int i = 0; i < slots; ++i) {
      const std::string name = "slot-" + std::to_string(i);
      slots_.emplace(name, Slot{slot::Slot({}, {.ex_id = ExecutionId{"execution"},
                                                .lineage = LineageId{"execution"},
                                                .node = NodeId{"node"},
                                                .agent = ProcessId{"agent"},
                                                .process = ProcessId{name}})});
    }
  }

  /// Until the controller exits.
  void run() {
    auto opened = ledger_->open(ExecutionId{"execution"}, store::Cleanup::none);
    if (!opened) {
      give_up(opened.error().text());
    }
    tell(execution::LedgerOpened{*std::move(opened), {}, WallTime{std::chrono::milliseconds(1)}});
    for (auto& [name, slot] : slots_) {
      clock_.after(delivery, [this, &slot = slot] { tell(slot, slot::Connected{}); });
    }
    while (!ended_ && clock_.turn()) {
    }
    const auto counts = ledger_->counts();
    if (!ended_ || !counts || counts->completed != slices_) {
      give_up("the ledger does not have every slice completed, or the execution did not end");
    }
  }

 private:
  struct Slot {
    slot::Slot core;
    std::uint64_t tick = 0;  ///< the version of its deadline
    TimePoint free_at{};     ///< when its operations have run what was begun
  };

  static std::unique_ptr<store::SqliteSliceLedger> open(const std::string& path) {
    auto ledger = store::SqliteSliceLedger::open_file(path);
    return ledger ? *std::move(ledger) : (give_up(ledger.error().text()), nullptr);
  }

  void tell(const execution::ControllerEvent& event) {
    for (execution::ControllerAction& action : controller_.step(event, clock_.now())) {
      std::visit([this](auto& some) { perform(some); }, action);
    }
    if (const auto deadline = controller_.next_deadline()) {
      clock_.after(std::max(Duration{}, *deadline - clock_.now()), [this, version = ++tick_] {
        if (version == tick_) {
          tell(execution::Tick{});
        }
      });
    }
  }
  void perform(execution::SendToSlot& action) {
    clock_.after(delivery, [this, &slot = slots_.at(action.peer), message = passed(action.message)] {
      tell(slot, slot::ControllerSaid{message});
    });
  }
  void perform(execution::CommitGroup& action) {
    if (const auto applied = ledger_->apply(*action.batch); !applied) {
      give_up(applied.error().text());
    }
    action.batch.reset();
    clock_.after(commit, [this, group = action.group] { tell(execution::GroupCommitted{group}); });
  }
  void perform(execution::AskSlicer& action) {
    operations::SlicerStep step;
    for (; sliced_ < slices_ && step.requests.size() < action.max; ++sliced_) {
      step.requests.push_back(R"({"from":)" + std::to_string(sliced_) + R"(,"count":1})");
    }
    step.cursor = std::to_string(sliced_);
    step.done = sliced_ == slices_;
    clock_.after(slicing, [this, step = std::move(step)] { tell(execution::Sliced{0, step}); });
  }
  void perform(execution::SendControl& action) {
    const wire::Message message = passed(action.message);
    const auto* beat = std::get_if<wire::ControllerBeat>(&message);
    if (beat != nullptr && !beat->final_status.empty()) {
      clock_.after(delivery, [this] {
        tell(execution::ControlSaid{
            wire::ControllerOrder{.ex_id = ExecutionId{"execution"}, .number = ++orders_, .final_recorded = true}});
      });
    }
  }
  void perform(execution::Exit&) { ended_ = true; }
  void perform(execution::ReadErrors& action) {
    clock_.after(commit, [this, after = action.after] { tell(execution::ErrorsRead{after, {}}); });
  }
  void perform(execution::SweepOutput&) {}
  void perform(execution::UseLogLevel&) {}

  void tell(Slot& slot, const slot::SlotEvent& event) {
    for (slot::SlotAction& action : slot.core.step(event, clock_.now())) {
      std::visit(Overloaded{[&](const slot::SendToController& each) { hear(slot, each.message); },
                            [&](const slot::RunSlices& each) { run(slot, each.slices); },
                            [&](const auto&) {}},  // noop holds nothing, writes nothing and is always built
                 action);
    }
    if (const auto deadline = slot.core.next_deadline()) {
      clock_.after(std::max(Duration{}, *deadline - clock_.now()), [this, &slot, version = ++slot.tick] {
        if (version == slot.tick) {
          tell(slot, slot::SlotTick{});
        }
      });
    }
  }
  void hear(const Slot& slot, const wire::Message& message) {
    for (const auto& [name, each] : slots_) {
      if (&each == &slot) {
        clock_.after(delivery, [this, &name = name, said = passed(message)] { tell(execution::SlotSaid{name, said}); });
      }
    }
  }
  void run(Slot& slot, const std::vector<wire::AssignedSlice>& slices) {
    slot::SlicesEnded ended;
    for (const wire::AssignedSlice& slice : slices) {
      ended.slices.push_back(
          {{.copy = {slice.slice, slice.fence}, .counts = {{.records_out = 1}, {.records_in = 1, .records_out = 1}}},
           slice_takes});
    }
    slot.free_at = std::max(slot.free_at, clock_.now()) + slice_takes * slices.size();
    clock_.after(slot.free_at - clock_.now(), [this, &slot, ended = std::move(ended)] { tell(slot, ended); });
  }

  std::uint64_t slices_;
  std::uint64_t sliced_ = 0;
  std::uint64_t orders_ = 0;
  std::uint64_t tick_ = 0;
  bool ended_ = false;
  Clock clock_;
  std::unique_ptr<store::SqliteSliceLedger> ledger_;
  execution::Controller controller_;
  std::map<std::string, Slot> slots_;
};

}  // namespace

/// Has a name that valgrind finds. @param executions  one after the other, each with a ledger of its own
extern "C" [[gnu::noinline]] void guarded_workload(std::uint64_t slices, int slots, int executions,
                                                   const char* directory) {
  for (int i = 0; i < executions; ++i) {
    Execution(slices, slots, std::string(directory) + "/" + std::to_string(i) + ".db").run();
  }
}

int main(int argc, char** argv) {
  const auto number = [&](int at) { return argc == 4 ? std::strtoull(argv[at], nullptr, 10) : 0; };
  if (number(1) == 0 || number(2) == 0 || number(3) == 0) {
    std::fprintf(stderr, "usage: bench-guard SLICES SLOTS EXECUTIONS\n");
    return 2;
  }
  std::string directory = std::filesystem::temp_directory_path() / "slicebus-guard-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    give_up("no temporary directory can be made under " + directory);
  }
  guarded_workload(number(1), static_cast<int>(number(2)), static_cast<int>(number(3)), directory.c_str());
  std::filesystem::remove_all(directory);
  return 0;
}
