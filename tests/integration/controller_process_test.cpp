// The controller's process alone: a real `slicebus-master controller`, with this test as its master, its broker and its
// slots.
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "common/bus/socket.hpp"
#include "common/process/child.hpp"
#include "common/time.hpp"
#include "common/wire/codec.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = 20s;

std::string bin(const std::string& name) {
  const char* directory = std::getenv("SLICEBUS_BIN");
  return directory != nullptr ? std::string(directory) + "/" + name : process::sibling_program("../bin/" + name);
}

std::size_t open_sockets(pid_t pid) {
  std::size_t count = 0;
  const std::string directory = "/proc/" + std::to_string(pid) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::error_code gone;
    count += std::filesystem::read_symlink(entry.path(), gone).string().starts_with("socket:") ? 1 : 0;
  }
  return count;
}

/// The test as the world around controllers of one execution.
struct World {
  World() : broker(bus::Router::bind(context, "tcp://127.0.0.1:0").value()) {
    poll.watch(broker.native());
    binding.ex_id = ExecutionId{"e1"};
    binding.job_id = JobId{"j1"};
    binding.lineage = LineageId{"e1"};
    binding.ledger_path = (directory.path() / "ledgers" / "e1.db").string();
    binding.execution =
        R"({"operations":[{"_op":"data_generator","size":40,"slice_size":1,"seed":7},{"_op":"noop"}],"lifecycle":"once","slicers":1})";
  }

  process::Child spare(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"controller", "--broker", "tcp://127.0.0.1:" + std::to_string(broker.port()),
                                       "--beat",     "100ms",    "--lease",
                                       "2s"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto child = process::Child::spawn({.program = bin("slicebus-master"),
                                        .name = "slicebus-master",
                                        .arguments = std::move(arguments),
                                        .channel = true,
                                        .output_path = (directory.path() / "controller.log").string()});
    BOOST_TEST_REQUIRE(child.has_value(), (child ? "" : child.error().text()));
    return *std::move(child);
  }
  process::Child start(std::vector<std::string> more = {}) {
    process::Child child = spare(std::move(more));
    BOOST_TEST_REQUIRE(child.send(wire::pack_whole(binding)).has_value());
    return child;
  }

  /// Beats of the controller, until one satisfies `wanted`.
  wire::ControllerBeat beat(const std::function<bool(const wire::ControllerBeat&)>& wanted, const std::string& what) {
    const auto end = Clock::now() + patience;
    while (Clock::now() < end) {
      poll.wait(50ms);
      while (auto received = broker.receive()) {
        auto message = wire::decode(received->header, received->body);
        if (message && std::holds_alternative<wire::ControllerBeat>(*message)) {
          BOOST_TEST(received->to == "master");
          peer = received->peer;
          last = std::get<wire::ControllerBeat>(*message);
          if (wanted(last)) {
            return last;
          }
        }
      }
    }
    BOOST_FAIL("no beat that says: " + what + "; the last one waits for \"" + last.waiting + "\", status \"" +
               last.final_status + "\"" + log());
    return {};
  }
  wire::ControllerBeat slicing_beat() {
    return beat([](const wire::ControllerBeat& b) { return b.slicing; }, "slicing");
  }
  void order(wire::ControllerOrder order) {
    order.ex_id = binding.ex_id;
    BOOST_TEST(broker.send(peer, "ex/" + binding.ex_id.text, order).has_value());
  }
  int ended(process::Child& child) {
    const auto end = Clock::now() + patience;
    bus::Poll waiting;
    waiting.watch_fd(child.pidfd());
    while (Clock::now() < end) {
      if (const auto exit = child.reap()) {
        return exit->signal != 0 ? -exit->signal : exit->code;
      }
      waiting.wait(100ms);
    }
    BOOST_FAIL("the controller does not end" + log());
    return -1;
  }
  std::string log() const {
    std::ifstream file(directory.path() / "controller.log");
    return "\n" + std::string(std::istreambuf_iterator<char>(file), {});
  }

  tests::TemporaryDirectory directory;
  bus::Context context;
  bus::Poll poll;
  bus::Router broker;
  wire::ControllerBinding binding;
  wire::ControllerBeat last;
  std::string peer;
};

std::string told(const std::map<std::string, int>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += " " + name + "=" + std::to_string(count);
  }
  return text;
}

/// A slot that completes what it is given, up to a number of slices.
struct Slot {
  Slot(World& world, std::uint16_t port)
      : world_(world),
        dealer(bus::Dealer::connect(world.context, "tcp://127.0.0.1:" + std::to_string(port), process.text).value()) {
    poll_.watch(dealer.native());
    poll_.watch(dealer.monitor());
  }
  void say_hello() {
    wire::SlotHello hello;
    hello.number = ++hellos;
    epoch = 0;  // nothing counts before its welcome
    hello.ex_id = world_.binding.ex_id;
    hello.process = process;
    hello.node = NodeId{"n1"};
    hello.agent = ProcessId{"a1"};
    hello.window = 4;
    for (const auto& [copy, outcome] : reported) {
      hello.reports.push_back(outcome);
    }
    BOOST_TEST(dealer.send(hello).has_value());
  }
  /// Works until `most` slices are acknowledged, or the world says enough. @return slices acknowledged
  std::set<SlicePosition> work(std::size_t most, const std::function<bool()>& enough) {
    std::set<SlicePosition> acknowledged;
    const auto end = Clock::now() + patience;
    auto next_beat = Clock::now();
    while (acknowledged.size() < most && !enough()) {
      if (Clock::now() >= end) {
        BOOST_FAIL("acknowledged " << acknowledged.size() << ", settled " << settled.size() << ", reported "
                                   << reported.size() << ", hellos " << hellos << ", epoch " << epoch << ", batch "
                                   << batch << ", heard " << told(heard) << world_.log());
      }
      if (Clock::now() >= next_beat) {
        wire::SlotBeat beat;
        beat.process = process;
        beat.epoch = epoch;
        beat.last_batch = batch;
        beat.window = 4;
        wire::SliceReport again{.process = process, .outcomes = {}};
        for (const auto& [copy, outcome] : reported) {
          beat.finished.push_back(copy);
          again.outcomes.push_back(outcome);
        }
        if (epoch != 0 && !again.outcomes.empty()) {
          BOOST_TEST(dealer.send(again).has_value());
        }
        if (epoch != 0) {
          BOOST_TEST(dealer.send(beat).has_value());
        }
        if (epoch == 0 && hellos != 0) {
          say_hello();  // a beat went by without a welcome
        }
        next_beat = Clock::now() + 100ms;
      }
      poll_.wait(20ms);
      if (dealer.reconnected()) {
        say_hello();
      }
      while (acknowledged.size() < most) {  // what it hears after that would be slices that nobody counts
        auto received = dealer.receive();
        if (!received) {
          break;
        }
        const auto message = wire::decode(received->header, received->body);
        BOOST_TEST_REQUIRE(message.has_value());
        ++heard[std::string(wire::message_name(*message))];
        hear(*message, acknowledged);
      }
    }
    return acknowledged;
  }

  void hear(const wire::Message& message, std::set<SlicePosition>& acknowledged) {
    if (const auto* welcome = std::get_if<wire::SlotWelcome>(&message)) {
      if (welcome->hello == hellos) {
        epoch = welcome->epoch;
        batch = welcome->batch;
        execution = welcome->execution.empty() ? execution : welcome->execution;
      }
    } else if (epoch == 0) {
      return;
    } else if (const auto* assign = std::get_if<wire::SliceAssign>(&message)) {
      batch = std::max(batch, assign->number);
      wire::SliceReport report{.process = process, .outcomes = {}};
      for (const wire::AssignedSlice& slice : assign->slices) {
        BOOST_TEST(!slice.request.empty());
        const wire::SliceCopy copy{slice.slice, slice.fence};
        report.outcomes.push_back({.copy = copy, .members = {copy}, .counts = {{1, 1, 0, 5}, {1, 1, 0, 5}}});
        reported.emplace(copy, report.outcomes.back());
      }
      if (!report.outcomes.empty()) {
        BOOST_TEST(dealer.send(report).has_value());
      }
    } else if (const auto* acks = std::get_if<wire::SliceAck>(&message)) {
      for (const wire::Acknowledgement& ack : acks->acknowledgements) {
        reported.erase(ack.copy);
        settled.insert(ack.copy.slice);
        if (ack.verdict == wire::Verdict::publish) {
          acknowledged.insert(ack.copy.slice);
        }
      }
    }
  }

  World& world_;
  ProcessId process{new_uuid()};
  bus::Dealer dealer;
  bus::Poll poll_;
  std::map<std::string, int> heard;  ///< messages by name, for the text of a failure
  std::uint64_t hellos = 0;
  std::uint64_t epoch = 0;
  std::uint64_t batch = 0;
  std::string execution;
  std::map<wire::SliceCopy, wire::SliceOutcome> reported;
  std::set<SlicePosition>
      settled;  ///< acknowledged with any verdict: a repeat of what has no output may be answered `drop`
};

/// A slot that takes whatever it is given and never comes to an end with any of it.
struct IdleSlot {
  IdleSlot(World& world, std::uint16_t port)
      : world_(world),
        dealer(
            bus::Dealer::connect(world.context, "tcp://127.0.0.1:" + std::to_string(port), beat.process.text).value()) {
  }
  /// Reads what came, and says a beat.
  void turn() {
    if (dealer.reconnected()) {
      beat.epoch = 0;
      BOOST_TEST(dealer
                     .send(wire::SlotHello{.number = ++hellos,
                                           .ex_id = world_.binding.ex_id,
                                           .process = beat.process,
                                           .node = NodeId{"n1"},
                                           .agent = ProcessId{"a1"},
                                           .window = 512,
                                           .prefetched = beat.holds})
                     .has_value());
    }
    while (auto received = dealer.receive()) {
      const auto message = wire::decode(received->header, received->body);
      BOOST_TEST_REQUIRE(message.has_value());
      if (const auto* welcome = std::get_if<wire::SlotWelcome>(&*message)) {
        beat.epoch = welcome->epoch;
        beat.last_batch = welcome->batch;
      } else if (const auto* assign = std::get_if<wire::SliceAssign>(&*message);
                 assign != nullptr && assign->number == beat.last_batch + 1) {  // else it is said again
        beat.last_batch = assign->number;
        for (const wire::AssignedSlice& slice : assign->slices) {
          beat.holds.push_back({slice.slice, slice.fence});
          bytes += slice.request.size();
        }
      }
    }
    if (beat.epoch != 0) {
      BOOST_TEST(dealer.send(beat).has_value());
    }
  }

  World& world_;
  wire::SlotBeat beat{.process = ProcessId{new_uuid()}, .window = 512};
  bus::Dealer dealer;
  std::uint64_t hellos = 0;
  std::size_t bytes = 0;  ///< of all requests that it was given
};

std::size_t resident_bytes(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

const auto never = [] { return false; };

}  // namespace

BOOST_AUTO_TEST_CASE(a_spare_holds_no_socket_and_ends_with_its_master) {
  World world;
  process::Child spare = world.spare();
  BOOST_TEST(!spare.reap().has_value());
  BOOST_TEST(open_sockets(spare.pid()) == 1u);  // its channel
  ::close(spare.channel_fd());                  // as when the master is gone
  BOOST_TEST(world.ended(spare) == 0);
}

BOOST_AUTO_TEST_CASE(an_execution_runs_to_its_end_and_the_process_ends_once_that_is_recorded) {
  World world;
  process::Child child = world.start();
  const wire::ControllerBeat beat = world.slicing_beat();
  BOOST_TEST(beat.port >= 25'679);
  BOOST_TEST(beat.pid == static_cast<std::uint32_t>(child.pid()));
  Slot slot(world, beat.port);
  BOOST_TEST(slot.work(40, never).size() == 40u);
  BOOST_TEST(slot.execution == world.binding.execution);
  const auto final_beat =
      world.beat([](const wire::ControllerBeat& b) { return !b.final_status.empty(); }, "how it ended");
  BOOST_TEST(final_beat.final_status == "completed");
  BOOST_TEST(final_beat.slices_processed == 40u);
  world.order({.number = 1, .final_recorded = true});
  BOOST_TEST(world.ended(child) == 0);
}

BOOST_AUTO_TEST_CASE(a_killed_controller_goes_on_from_its_ledger_and_no_slice_is_done_twice) {
  World world;
  std::set<SlicePosition> done;
  std::uint64_t epoch = 0;
  for (int kills = 0; kills < 3; ++kills) {
    process::Child child = world.start();
    const wire::ControllerBeat beat =
        world.beat([&](const wire::ControllerBeat& b) { return b.slicing && b.epoch > epoch; }, "a new epoch");
    epoch = beat.epoch;
    Slot slot(world, beat.port);
    // Those that are reported meanwhile are done, too, without being counted: three times that must leave some.
    for (const SlicePosition at : slot.work(5, never)) {
      BOOST_TEST(done.insert(at).second, at << " was accepted twice");
    }
    child.signal(SIGKILL);
    BOOST_TEST(world.ended(child) == -SIGKILL);
  }
  process::Child child = world.start();
  const wire::ControllerBeat beat =
      world.beat([&](const wire::ControllerBeat& b) { return b.slicing && b.epoch > epoch; }, "a new epoch");
  Slot slot(world, beat.port);
  // What was committed and not acknowledged before a kill is done, too.
  for (const SlicePosition at : slot.work(40, [&] {
         world.beat([](const wire::ControllerBeat&) { return true; }, "anything");
         return !world.last.final_status.empty();
       })) {
    BOOST_TEST(done.insert(at).second, at << " was accepted twice");
  }
  const auto final_beat =
      world.beat([](const wire::ControllerBeat& b) { return !b.final_status.empty(); }, "how it ended");
  BOOST_TEST(final_beat.final_status == "completed");
  BOOST_TEST(final_beat.slices_processed == 40u);
}

BOOST_AUTO_TEST_CASE(sigterm_commits_and_ends_and_the_execution_goes_on_later) {
  World world;
  {
    process::Child child = world.start();
    Slot slot(world, world.slicing_beat().port);
    BOOST_TEST(slot.work(5, never).size() >= 5u);
    child.signal(SIGTERM);
    BOOST_TEST(world.ended(child) == 0);
  }
  process::Child child = world.start();
  const auto beat =
      world.beat([](const wire::ControllerBeat& b) { return b.slicing && b.epoch == 2; }, "the second epoch");
  BOOST_TEST(beat.slices_processed >= 5u);
  BOOST_TEST(beat.final_status.empty());
}

BOOST_AUTO_TEST_CASE(a_new_controller_ends_one_that_nobody_looks_after_and_takes_the_lineage) {
  World world;
  process::Child forgotten = world.start();
  world.slicing_beat();
  process::Child present = world.start();
  BOOST_TEST(world.ended(forgotten) == -SIGKILL);
  world.beat([](const wire::ControllerBeat& b) { return b.slicing && b.epoch == 2; }, "the second epoch");
  BOOST_TEST(!present.reap().has_value());
}

BOOST_AUTO_TEST_CASE(a_controller_whose_port_is_taken_takes_another_of_the_range) {
  World world;
  const auto taken = bus::Router::bind(world.context, "tcp://127.0.0.1:0").value();
  world.binding.port = taken.port();
  process::Child child = world.start();
  const std::uint16_t port = world.slicing_beat().port;
  BOOST_TEST(port != taken.port());
  child.signal(SIGKILL);
  world.ended(child);
  world.binding.port = port;
  process::Child again = world.start();
  BOOST_TEST(
      world.beat([](const wire::ControllerBeat& b) { return b.slicing && b.epoch == 2; }, "the second epoch").port ==
      port);
}

BOOST_AUTO_TEST_CASE(without_a_free_port_it_waits_and_says_for_what) {
  World world;
  auto taken = std::optional(bus::Router::bind(world.context, "tcp://127.0.0.1:0").value());
  process::Child child = world.start({"--slicer-port-range", std::to_string(taken->port())});
  const auto beat = world.beat([](const wire::ControllerBeat& b) { return !b.waiting.empty(); }, "what it waits for");
  BOOST_TEST(beat.waiting.find("slicer_port_range") != std::string::npos, beat.waiting);
  const std::uint16_t port = taken->port();
  taken.reset();
  BOOST_TEST(world.slicing_beat().port == port);
}

BOOST_AUTO_TEST_CASE(a_damaged_ledger_ends_the_execution_as_failed_with_the_file_named) {
  World world;
  std::filesystem::create_directories(world.directory.path() / "ledgers");
  std::ofstream(world.binding.ledger_path) << std::string(8'192, 'x');
  process::Child child = world.start();
  const auto beat = world.beat([](const wire::ControllerBeat& b) { return !b.final_status.empty(); }, "how it ended");
  BOOST_TEST(beat.final_status == "failed");
  BOOST_TEST(beat.failure_reason.find(world.binding.ledger_path) != std::string::npos, beat.failure_reason);
  world.order({.number = 1, .final_recorded = true});
  BOOST_TEST(world.ended(child) == 0);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_cannot_be_opened_is_waited_for) {
  World world;
  std::ofstream(world.directory.path() / "ledgers") << "a file where a directory should be";
  process::Child child = world.start();
  const auto beat = world.beat([](const wire::ControllerBeat& b) { return !b.waiting.empty(); }, "what it waits for");
  BOOST_TEST(beat.waiting.find("ledgers") != std::string::npos, beat.waiting);
  BOOST_TEST(beat.final_status.empty());
  std::filesystem::remove(world.directory.path() / "ledgers");
  world.slicing_beat();
}

BOOST_AUTO_TEST_CASE(an_execution_record_that_cannot_be_read_ends_it_as_failed) {
  World world;
  world.binding.execution = R"({"operations":[{"_op":"no_such_reader"},{"_op":"noop"}]})";
  process::Child child = world.start();
  const auto beat = world.beat([](const wire::ControllerBeat& b) { return !b.final_status.empty(); }, "how it ended");
  BOOST_TEST(beat.final_status == "failed");
  BOOST_TEST(beat.failure_reason.find("no_such_reader") != std::string::npos, beat.failure_reason);
}

BOOST_AUTO_TEST_CASE(hostile_bytes_on_its_sockets_do_not_end_it) {
  World world;
  process::Child child = world.start();
  const std::uint16_t port = world.slicing_beat().port;
  Slot slot(world, port);
  for (const wire::Message& message :
       std::vector<wire::Message>{wire::SlotBeat{}, wire::SliceReport{}, wire::NodeBeat{}, wire::SlotWelcome{},
                                  wire::SliceAssign{}, wire::ControllerBinding{}}) {
    BOOST_TEST(slot.dealer.send(message).has_value());
    BOOST_TEST(world.broker.send(world.peer, "ex/e1", message).has_value());
  }
  BOOST_TEST(slot.work(40, never).size() == 40u);
}

BOOST_AUTO_TEST_CASE(a_controller_that_was_frozen_notices_it_and_goes_on) {
  World world;
  process::Child child = world.start();
  Slot slot(world, world.slicing_beat().port);
  slot.work(5, never);
  child.signal(SIGSTOP);
  std::this_thread::sleep_for(2'500ms);  // longer than the lease
  child.signal(SIGCONT);
  slot.work(40, [&] { return slot.settled.size() == 40; });
  const auto beat = world.beat([](const wire::ControllerBeat& b) { return !b.final_status.empty(); }, "how it ended");
  BOOST_TEST(beat.final_status == "completed");
  BOOST_TEST(world.log().find("loop_stood_still") != std::string::npos);
}

// Deliver 9 of issue 7. Each request is nearly as large as one may be, and there is no end of them.
BOOST_AUTO_TEST_CASE(p5_memory_is_bounded_while_slots_do_not_go_on_and_requests_are_large) {
  constexpr std::size_t request_bytes = 1'000'000;
  constexpr std::size_t slot_bytes_max = (4U << 20U) + request_bytes;
  constexpr std::size_t ready_bytes_max = 64U << 20U;
  World world;
  const std::string requests = (world.directory.path() / "requests.json").string();
  std::ofstream(requests) << "[[\"" << std::string(request_bytes - 6, 'x') << "\"]]";
  world.binding.execution = R"({"operations":[{"_op":"test-reader","slicer_data_file_path":")" + requests +
                            R"("},{"_op":"noop"}],"lifecycle":"persistent","slicers":1})";
  process::Child child = world.start();
  const std::uint16_t port = world.slicing_beat().port;
  std::vector<std::unique_ptr<IdleSlot>> slots;
  for (int i = 0; i < 4; ++i) {
    slots.push_back(std::make_unique<IdleSlot>(world, port));
  }
  const auto live = [&](Clock::duration time) {
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
      for (const auto& slot : slots) {
        slot->turn();
      }
      world.beat([](const wire::ControllerBeat&) { return true; }, "anything");
    }
  };
  std::uint64_t planned = 0;
  const auto end = Clock::now() + patience;
  do {  // until everything is full
    planned = world.last.slices_planned;
    live(2s);
  } while ((planned * request_bytes < ready_bytes_max / 2 || world.last.slices_planned != planned) &&
           Clock::now() < end);
  const std::size_t resident = resident_bytes(child.pid());
  BOOST_TEST(planned * request_bytes >= ready_bytes_max / 2);
  BOOST_TEST(planned * request_bytes <= ready_bytes_max + slots.size() * slot_bytes_max);
  live(4s);
  BOOST_TEST(world.last.slices_planned == planned, "the slicer is asked although nothing goes on");
  BOOST_TEST(world.last.slices_queued * request_bytes <= ready_bytes_max);
  for (const auto& slot : slots) {
    BOOST_TEST(slot->bytes >= request_bytes);
    BOOST_TEST(slot->bytes <= slot_bytes_max);
  }
  BOOST_TEST(resident_bytes(child.pid()) < resident + (16U << 20U), "memory grows while nothing goes on");
  BOOST_TEST_MESSAGE(planned << " slices of " << request_bytes << " bytes planned, " << (resident >> 20U)
                             << " MiB resident");
}
