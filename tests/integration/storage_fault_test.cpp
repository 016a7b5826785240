// Issue 7, M4, P1 of design.md: a disk that is full or read-only is waited for, with the reason in the record; a ledger
// whose bytes flipped ends its execution `failed`; a clock that is set back harms nothing.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/support/exporting.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/own_file_system.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

/// Six seconds on four slots.
MadeUp exporting(long slice_ms = 80) {
  return {.name = "a job on bad ground",
          .workers = 4,
          .slices = 300,
          .records_of_slice = 10,
          .slice_ms = slice_ms,
          .output = "output"};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The reason stands in `_waiting` while the execution keeps its status.
void require_waiting(const LocalCluster& cluster, const std::string& ex_id, const std::string& for_what) {
  std::string waiting;
  BOOST_TEST(eventually(30s,
                        [&] {
                          waiting = cluster.execution(ex_id).value("_waiting", "");
                          return contains(waiting, for_what);
                        }),
             "_waiting: \"" << waiting << "\", not " << for_what << "\n"
                            << cluster.logs());
  BOOST_TEST(cluster.status(ex_id) == "running");
}

/// A byte in the middle of each page of a file that may be open elsewhere.
void flip_each_page(const std::filesystem::path& path) {
  constexpr std::uintmax_t page = 4'096;
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  BOOST_REQUIRE(file.is_open());
  const std::uintmax_t size = std::filesystem::file_size(path);
  for (std::uintmax_t byte = page / 2; byte < size; byte += page) {
    file.seekg(static_cast<std::streamoff>(byte));
    const int before = file.get();
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(before ^ 0x10));
  }
}

std::filesystem::path ledger_of(const LocalCluster& cluster, const std::string& ex_id) {
  return cluster.directory() / "data/ledgers" / (ex_id + ".db");
}

void require_failed_for_its_ledger(const LocalCluster& cluster, const std::string& ex_id, const std::string& lineage) {
  BOOST_TEST(cluster.becomes(ex_id, "failed"));
  const std::string reason = cluster.execution(ex_id).value("_failureReason", "");
  BOOST_TEST(contains(reason, "damaged"), reason);
  BOOST_TEST(contains(reason, lineage + ".db"), reason);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(storage_faults)

BOOST_AUTO_TEST_CASE(full_disk_under_the_output_makes_it_wait_and_go_on_when_there_is_space) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "output", 4U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const Exporting writer(cluster, exporting(), disk.inside(cluster));
  writer.require_progress("before the disk is full");
  disk.fill(cluster);
  require_waiting(cluster, writer.ex_id(), "No space left on device");
  disk.make_room(cluster);
  writer.require_each_record_once();
}

BOOST_AUTO_TEST_CASE(read_only_file_system_under_the_output_makes_it_wait_and_go_on_when_it_is_writable_again) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "output", 4U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const Exporting writer(cluster, exporting(), disk.inside(cluster));
  writer.require_progress("before the disk is read-only");
  BOOST_REQUIRE(eventually(30s, [&] { return disk.remount(cluster, "ro"); }));
  require_waiting(cluster, writer.ex_id(), "Read-only file system");
  BOOST_REQUIRE(disk.remount(cluster, "rw"));
  writer.require_each_record_once();
}

BOOST_AUTO_TEST_CASE(stop_that_cannot_publish_yet_has_a_slot_for_it_on_a_full_cluster_and_ends_when_it_can) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "output", 4U << 20U);
  const LocalCluster cluster(directory.path(), {.slots = 2, .wrapped_in = disk.words()});
  MadeUp made_up = exporting();
  made_up.workers = 1;
  const Exporting writer(cluster, made_up, disk.inside(cluster));
  writer.require_progress("before the disk is read-only");
  // Takes whatever place comes free, and gives none back.
  json greedy = job_of({.name = "a job that takes all", .workers = 9});
  greedy["lifecycle"] = "persistent";
  const std::string others = cluster.submit(greedy).ex_id;
  BOOST_REQUIRE(eventually(30s, [&] { return cluster.slots(others).size() == 1; }));

  // What is prepared while the controller stands still is accepted when it goes on, and cannot be published any more.
  const pid_t controller = cluster.controller(writer.ex_id()).value();
  BOOST_REQUIRE(::kill(controller, SIGSTOP) == 0);
  BOOST_TEST(eventually(3s, [&] { return hidden_files(writer.output()).size() >= 2; }));
  BOOST_REQUIRE(eventually(30s, [&] { return disk.remount(cluster, "ro"); }));
  BOOST_REQUIRE(::kill(controller, SIGCONT) == 0);
  require_waiting(cluster, writer.ex_id(), "Read-only file system");

  const pid_t last_slot = cluster.slots(writer.ex_id()).at(0);
  cluster.post("/v1/ex/" + writer.ex_id() + "/_stop?blocking=false&timeout=1000");
  BOOST_TEST(eventually(30s,
                        [&] {
                          const std::vector<pid_t> slots = cluster.slots(writer.ex_id());
                          return slots.size() == 1 && slots[0] != last_slot;
                        }),
             "no new slot\n"
                 << cluster.logs());
  BOOST_TEST(cluster.status(writer.ex_id()) == "stopping");
  BOOST_TEST(cluster.slots(others).size() == 1U);

  BOOST_REQUIRE(disk.remount(cluster, "rw"));
  BOOST_TEST(cluster.becomes(writer.ex_id(), "stopped"));
  BOOST_TEST(eventually(20s, [&] { return hidden_files(writer.output()).empty(); }));
  BOOST_TEST(cluster.execution(writer.ex_id()).at("_slicer_stats").at("processed").get<std::size_t>() ==
             writer.files());
  cluster.require_sound_ledger(writer.ex_id());
  BOOST_TEST(eventually(30s, [&] { return cluster.slots(others).size() == 2; }));
}

BOOST_AUTO_TEST_CASE(
    full_disk_under_the_ledger_makes_it_wait_and_go_on_when_there_is_space_whoever_is_killed_meanwhile) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "data/ledgers", 16U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const Exporting writer(cluster, exporting());
  writer.require_progress("before the disk is full");
  disk.fill(cluster);
  require_waiting(cluster, writer.ex_id(), "no space left on the disk");
  const std::size_t before = writer.files();
  kill_9("controller", cluster.controller(writer.ex_id()));
  BOOST_REQUIRE(eventually(30s, [&] { return cluster.controller(writer.ex_id()).has_value(); }));
  require_waiting(cluster, writer.ex_id(), "no space left on the disk");
  // What is not in the ledger is not published.
  BOOST_TEST(writer.files() == before);
  disk.make_room(cluster);
  writer.require_each_record_once();
}

BOOST_AUTO_TEST_CASE(read_only_file_system_under_the_ledger_keeps_the_next_controller_waiting) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "data/ledgers", 16U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const Exporting writer(cluster, exporting());
  writer.require_progress("before the disk is read-only");
  // The kernel takes no file system from who has a file of it open for writing, so it is taken between two controllers.
  const pid_t master = cluster.master().value();
  const auto controller = cluster.controller(writer.ex_id());
  BOOST_REQUIRE(::kill(master, SIGSTOP) == 0);
  kill_9("controller", controller);
  // The spare has the next ledger's file open; nobody starts another one while the master stands still.
  BOOST_REQUIRE(eventually(30s, [&] {
    const std::optional<pid_t> spare = cluster.process("slicebus-master controller");
    return !spare || ::kill(*spare, SIGKILL) != 0;
  }));
  BOOST_REQUIRE(eventually(30s, [&] { return disk.remount(cluster, "ro"); }));
  BOOST_REQUIRE(::kill(master, SIGCONT) == 0);
  require_waiting(cluster, writer.ex_id(), (cluster.directory() / "data/ledgers").string());
  BOOST_REQUIRE(disk.remount(cluster, "rw"));
  writer.require_each_record_once();
}

BOOST_AUTO_TEST_CASE(full_disk_under_all_that_the_master_stores_is_waited_for_even_by_a_master_that_starts_on_it) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "data", 32U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const Exporting writer(cluster, exporting());
  writer.require_progress("before the disk is full");
  disk.fill(cluster);
  require_waiting(cluster, writer.ex_id(), "no space left on the disk");
  kill_9("master", cluster.master());
  require_waiting(cluster, writer.ex_id(), "no space left on the disk");
  disk.make_room(cluster);
  writer.require_each_record_once();
}

BOOST_AUTO_TEST_CASE(ledger_whose_bytes_flipped_while_it_was_closed_ends_its_execution_and_its_recoveries_failed) {
  const TestDirectory directory;
  LocalCluster cluster(directory.path());
  const Exporting writer(cluster, exporting());
  writer.require_progress("before the end");
  BOOST_REQUIRE(cluster.stop().value_or(-1) == 0);
  flip_each_page(ledger_of(cluster, writer.ex_id()));
  cluster.start();
  require_failed_for_its_ledger(cluster, writer.ex_id(), writer.ex_id());
  require_failed_for_its_ledger(cluster, cluster.recover(writer.ex_id()), writer.ex_id());
  // Others are not harmed.
  const Exporting next(cluster, exporting(1));
  next.require_each_record_once();
}

BOOST_AUTO_TEST_CASE(ledger_whose_bytes_flip_while_it_is_open_ends_its_execution_failed_once_they_are_read) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const Exporting writer(cluster, exporting());
  writer.require_progress("before the flip");
  const auto ledger = ledger_of(cluster, writer.ex_id());
  flip_each_page(ledger);
  flip_each_page(ledger.string() + "-wal");
  kill_9("controller", cluster.controller(writer.ex_id()));
  require_failed_for_its_ledger(cluster, writer.ex_id(), writer.ex_id());
}

BOOST_AUTO_TEST_CASE(ledger_whose_bytes_flip_again_and_again_while_it_is_open_never_makes_a_false_completed) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const Exporting writer(cluster, exporting());
  const auto ledger = ledger_of(cluster, writer.ex_id());
  writer.require_progress("before the flips");
  std::string status;
  BOOST_TEST(eventually(3min,
                        [&] {
                          for (const char* part : {"", "-wal"}) {
                            if (std::filesystem::exists(ledger.string() + part)) {
                              flip_each_page(ledger.string() + part);
                            }
                          }
                          status = cluster.status(writer.ex_id());
                          return status == "completed" || status == "failed";
                        }),
             "status " << status);
  BOOST_TEST_MESSAGE("ended " << status);
  if (status == "completed") {  // what it needed was in its memory
    writer.require_each_record_once();
  } else {
    require_failed_for_its_ledger(cluster, writer.ex_id(), writer.ex_id());
  }
}

BOOST_AUTO_TEST_CASE(clock_that_is_set_back_an_hour_and_forth_two_harms_no_execution_whoever_starts_afterwards) {
  const std::string faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
  BOOST_REQUIRE_MESSAGE(std::filesystem::exists(faketime), faketime << " is missing: packaging/install-packages test");
  const TestDirectory directory;
  const auto clock = directory / "clock";
  const auto set = [&](const std::string& offset) {
    std::ofstream(clock.string() + ".next") << offset << "\n";
    std::filesystem::rename(clock.string() + ".next", clock);
  };
  set("+0");
  const LocalCluster cluster(
      directory.path(), {.wrapped_in = {"env", "LD_PRELOAD=" + faketime, "FAKETIME_TIMESTAMP_FILE=" + clock.string(),
                                        "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1",
                                        "ASAN_OPTIONS=verify_asan_link_order=0"}});
  const auto updated = [&](const std::string& ex_id) {
    return cluster.execution(ex_id).at("_updated").get<std::string>();
  };
  std::vector<std::string> created;
  for (const char* offset : {"-1h", "+1h"}) {
    const Exporting writer(cluster, exporting());
    writer.require_progress("before the clock is set");
    const std::string before = updated(writer.ex_id());
    set(offset);
    writer.require_progress(std::string("after the clock was set to ") + offset);
    for (const auto& [kind, victim] : {std::pair{"controller", cluster.controller(writer.ex_id())},
                                       {"broker", cluster.broker()},
                                       {"master", cluster.master()}}) {
      kill_9(kind, victim);
      writer.require_progress(std::string("after kill -9 of the ") + kind + " at " + offset);
    }
    kill_9("slot", cluster.slots(writer.ex_id()).at(0));
    writer.require_each_record_once();
    BOOST_TEST(updated(writer.ex_id()) > before);
    created.push_back(cluster.execution(writer.ex_id()).at("_created"));

    // Who starts by this clock finds slots, too.
    const Exporting next(cluster, exporting(1));
    next.require_each_record_once();
    created.push_back(cluster.execution(next.ex_id()).at("_created"));
  }
  BOOST_TEST(std::is_sorted(created.begin(), created.end()));
  BOOST_TEST((std::adjacent_find(created.begin(), created.end()) == created.end()));
}

BOOST_AUTO_TEST_SUITE_END()
