// The parts of the controller's shell that need neither socket nor thread.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>

#include "master/execution/ledger_actor.hpp"
#include "master/execution/lineage_lock.hpp"
#include "master/execution/slicers.hpp"
#include "master/execution/slot_port.hpp"
#include "master/execution/stillness.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::execution;
using slicebus::tests::TemporaryDirectory;

namespace {

TimePoint at(Duration since_start) { return TimePoint{} + since_start; }

std::string generator(const std::string& more) {
  return R"({"operations":[{"_op":"data_generator","size":5,"slice_size":2,"seed":1},{"_op":"noop"}])" + more + "}";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_port_range_is_two_ports_in_order_or_one) {
  BOOST_CHECK((parse_port_range("25679:26678").value() == std::pair<std::uint16_t, std::uint16_t>(25'679, 26'678)));
  BOOST_CHECK((parse_port_range("7000").value() == std::pair<std::uint16_t, std::uint16_t>(7'000, 7'000)));
  for (const std::string text : {"", ":", "7000:", "7001:7000", "0:5", "1:70000", "a:b", "1:2:3"}) {
    const auto range = parse_port_range(text);
    BOOST_TEST_REQUIRE(!range.has_value(), text);
    BOOST_CHECK(range.error().code == Errc::invalid);
  }
}

BOOST_AUTO_TEST_CASE(a_loop_that_turns_in_time_never_stood_still) {
  Stillness stillness(1s, at(0s));
  BOOST_CHECK(stillness.wait_for(at(10s), at(0s)) == 500ms);  // capped, so that a freeze inside a long wait is seen
  BOOST_CHECK(!stillness.turn(at(500ms)));
  BOOST_CHECK(stillness.wait_for(at(600ms), at(500ms)) == 100ms);
  BOOST_CHECK(!stillness.turn(at(1'600ms)));  // exactly a beat late: slow, not still
  BOOST_CHECK(stillness.wait_for(at(1s), at(1'600ms)) == Duration::zero());
}

BOOST_AUTO_TEST_CASE(a_loop_that_did_not_run_for_more_than_a_beat_knows_the_gap) {
  Stillness stillness(1s, at(0s));
  stillness.wait_for(std::nullopt, at(0s));
  const auto gap = stillness.turn(at(4s));
  BOOST_TEST_REQUIRE(gap.has_value());
  BOOST_CHECK(*gap == 3'500ms);
  stillness.wait_for(std::nullopt, at(4s));
  BOOST_CHECK(!stillness.turn(at(4'500ms)));
}

BOOST_AUTO_TEST_CASE(p5_a_step_ends_when_its_requests_are_large_however_many_were_asked_for) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "requests.json").string();
  {
    std::ofstream file(path);
    const std::string large(500'000, 'x');
    for (int i = 0; i < 100; ++i) {
      file << (i == 0 ? "[" : ",") << "{\"n\":" << i << ",\"x\":\"" << (i < 40 ? "" : large) << "\"}";
    }
    file << "]";
  }
  auto slicers = Slicers::from(R"({"operations":[{"_op":"test-reader","slicer_data_file_path":")" + path +
                                   R"("},{"_op":"noop"}],"lifecycle":"once"})",
                               LineageId{"e1"});
  BOOST_TEST_REQUIRE(slicers.has_value(), (slicers ? "" : slicers.error().text()));
  std::size_t cut = 0;
  bool done = false;
  std::vector<std::size_t> steps;
  while (!done) {
    const auto step = slicers->next(0, 1'000).value();
    std::size_t bytes = 0;
    for (const std::string& request : step.requests) {
      BOOST_TEST(request.starts_with("{\"n\":" + std::to_string(cut++) + ","));
      bytes += request.size();
    }
    BOOST_TEST(bytes <= 8U * (1U << 20U) + 32 * 500'100);
    BOOST_TEST((step.done || step.cursor == "{\"next\":" + std::to_string(cut) + "}"));
    done = step.done;
    steps.push_back(step.requests.size());
  }
  BOOST_TEST(cut == 100U);
  BOOST_TEST((steps == std::vector<std::size_t>{64, 32, 4}));
}

BOOST_AUTO_TEST_CASE(slicers_come_from_the_record_and_go_on_from_their_cursor) {
  auto slicers = Slicers::from(generator(""), LineageId{"e1"});
  BOOST_TEST_REQUIRE(slicers.has_value(), (slicers ? "" : slicers.error().text()));
  BOOST_TEST(slicers->count() == 1u);
  BOOST_TEST(!slicers->persistent());
  const auto first = slicers->next(0, 1);
  BOOST_TEST_REQUIRE(first.has_value(), (first ? "" : first.error().text()));
  BOOST_TEST_REQUIRE(first->requests.size() == 1u);
  const auto rest = slicers->next(0, 1'000);
  BOOST_TEST_REQUIRE(rest.has_value());
  BOOST_TEST(rest->requests.size() == 2u);

  auto restarted = Slicers::from(generator(R"(,"lifecycle":"persistent")"), LineageId{"e1"});
  BOOST_TEST(restarted->persistent());
  restarted = Slicers::from(generator(""), LineageId{"e1"});
  restarted->place({{0, 1, first->cursor, false}});
  const auto again = restarted->next(0, 1'000);
  BOOST_TEST_REQUIRE(again.has_value());
  BOOST_TEST(again->requests == rest->requests, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_operation_is_found_under_its_name_with_asset_or_tag) {
  for (const std::string name : {"data_generator@standard", "data_generator@standard:1.2.3", "data_generator:tag"}) {
    BOOST_TEST(
        Slicers::from(R"({"operations":[{"_op":")" + name + R"(","size":5,"slice_size":2,"seed":1}]})", LineageId{"e1"})
            .has_value(),
        name);
  }
}

BOOST_AUTO_TEST_CASE(a_record_without_a_reader_is_invalid_and_says_why) {
  for (const std::string record : {"", "[]", "{}", R"({"operations":[]})", R"({"operations":[7]})",
                                   R"({"operations":[{"_op":"noop"}]})", R"({"operations":[{"_op":"dedup"}]})"}) {
    const auto slicers = Slicers::from(record, LineageId{"e1"});
    BOOST_TEST_REQUIRE(!slicers.has_value(), record);
    BOOST_CHECK(slicers.error().code == Errc::invalid);
    BOOST_TEST(!slicers.error().what.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_lock_is_taken_again_when_its_holder_is_gone) {
  TemporaryDirectory directory;
  const std::string path = lock_path_of((directory.path() / "ledgers" / "e1.db").string());
  BOOST_TEST(path.ends_with("/ledgers/e1.lock"));
  { BOOST_TEST(LineageLock::acquire(path).has_value()); }
  BOOST_TEST(LineageLock::acquire(path).has_value());
  std::ifstream file(path);
  int pid = 0;
  file >> pid;
  BOOST_TEST(pid == getpid());
}

BOOST_AUTO_TEST_CASE(a_holder_that_lives_on_is_ended_and_waited_for) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "e1.lock").string();
  int ready[2];
  BOOST_TEST_REQUIRE(pipe(ready) == 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const auto lock = LineageLock::acquire(path);
    const char byte = lock ? 'y' : 'n';
    static_cast<void>(write(ready[1], &byte, 1));
    pause();
    _exit(0);
  }
  char byte = 0;
  BOOST_TEST_REQUIRE(read(ready[0], &byte, 1) == 1);
  BOOST_TEST(byte == 'y');
  BOOST_TEST(LineageLock::acquire(path).has_value());
  int status = 0;
  BOOST_TEST(waitpid(holder, &status, 0) == holder);
  BOOST_TEST(WIFSIGNALED(status));
  BOOST_TEST(WTERMSIG(status) == SIGKILL);
  close(ready[0]);
  close(ready[1]);
}

BOOST_AUTO_TEST_CASE(a_pid_that_belongs_to_someone_else_by_now_is_left_alone) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "e1.lock").string();
  std::ofstream(path) << getppid() << " 1\n";  // our parent, and not its start time
  BOOST_TEST(LineageLock::acquire(path).has_value());
  BOOST_TEST(kill(getppid(), 0) == 0);
}

BOOST_AUTO_TEST_CASE(the_keeper_reads_all_unfinished_slices_and_answers_each_group) {
  TemporaryDirectory directory;
  store::MemorySliceLedger* made = nullptr;
  LedgerKeeper keeper([&](const std::string&) -> Result<std::unique_ptr<store::SliceLedger>> {
    auto ledger = std::make_unique<store::MemorySliceLedger>();
    made = ledger.get();
    return std::unique_ptr<store::SliceLedger>(std::move(ledger));
  });
  const OpenLedger opening{(directory.path() / "e1.db").string(), ExecutionId{"e1"}, store::Cleanup::none};
  const auto early = keeper.answer(CommitGroup{7});
  BOOST_TEST_REQUIRE(std::holds_alternative<GroupFailed>(early));
  BOOST_TEST(std::get<GroupFailed>(early).group == 7u);
  BOOST_TEST_REQUIRE(std::holds_alternative<LedgerRead>(keeper.answer(opening)));
  store::LedgerBatch group{.epoch = 1};
  for (std::uint64_t order = 1; order <= 2'500; ++order) {
    group.planned.push_back({{0, order}, "{}"});
  }
  const auto committed = keeper.answer(CommitGroup{8, std::make_shared<store::LedgerBatch>(group)});
  BOOST_TEST_REQUIRE(std::holds_alternative<GroupCommitted>(committed));
  BOOST_TEST(std::get<GroupCommitted>(committed).group == 8u);
  const auto read = keeper.answer(opening);
  BOOST_TEST_REQUIRE(std::holds_alternative<LedgerRead>(read));
  BOOST_TEST(std::get<LedgerRead>(read).unfinished.size() == 2'500u);
  BOOST_TEST(std::get<LedgerRead>(read).ledger.epoch == 2u);
  const auto refused =
      keeper.answer(CommitGroup{9, std::make_shared<store::LedgerBatch>(store::LedgerBatch{.epoch = 1})});
  BOOST_TEST_REQUIRE(std::holds_alternative<GroupFailed>(refused));
  BOOST_CHECK(std::get<GroupFailed>(refused).error.code == Errc::conflict);
  BOOST_TEST(made != nullptr);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_is_not_opened_may_be_asked_for_again) {
  TemporaryDirectory directory;
  int attempts = 0;
  LedgerKeeper keeper([&](const std::string&) -> Result<std::unique_ptr<store::SliceLedger>> {
    if (++attempts < 3) {
      return fail(Errc::exhausted, "disk", "no space left");
    }
    return std::make_unique<store::MemorySliceLedger>();
  });
  const OpenLedger opening{(directory.path() / "e1.db").string(), ExecutionId{"e1"}, store::Cleanup::none};
  for (int refused = 0; refused < 2; ++refused) {
    const auto answer = keeper.answer(opening);
    BOOST_TEST_REQUIRE(std::holds_alternative<LedgerNotOpened>(answer));
    BOOST_CHECK(std::get<LedgerNotOpened>(answer).error.code == Errc::exhausted);
  }
  BOOST_CHECK(std::holds_alternative<LedgerRead>(keeper.answer(opening)));
}
