// Issue 7, M4, P1 of design.md: a disk that is full or read-only is waited for, with the reason in the record; a ledger
// whose bytes flipped ends its execution `failed`; a clock that is set back harms nothing.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/support/local_cluster.hpp"
#include "tests/support/own_file_system.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

constexpr std::size_t slices = 300, records_of_slice = 10;

/// Six seconds on four slots.
json exporting_job(long slice_ms = 80) {
  return {{"name", "a job on bad ground"},
          {"workers", 4},
          {"operations",
           {{{"_op", "data_generator"},
             {"size", slices * records_of_slice},
             {"slice_size", records_of_slice},
             {"seed", 5},
             {"set_id", "hexadecimal"}},
            {{"_op", "delay"}, {"ms", slice_ms}},
            {{"_op", "file_exporter"}, {"path", "output"}, {"format", "ldjson"}}}}};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void require_progress(const LocalCluster& cluster, const std::filesystem::path& output, const std::string& ex_id,
                      const std::string& after) {
  const std::size_t before = output_files(output, ex_id).size();
  BOOST_REQUIRE_MESSAGE(eventually(90s, [&] { return output_files(output, ex_id).size() >= before + 10; }),
                        "no progress " << after << "; status " << cluster.status(ex_id) << "\n"
                                       << cluster.logs());
}

/// @return the reason, which is that of `_waiting` while the execution keeps its status
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

void require_each_record_once(const LocalCluster& cluster, const std::filesystem::path& output,
                              const std::string& ex_id) {
  BOOST_TEST(cluster.wait_for_end(ex_id, 3min) == "completed");
  constexpr std::size_t records = slices * records_of_slice;
  BOOST_TEST((tally(output_records(output, ex_id)) == Tally{records, records}), "lost or doubled records");
  BOOST_TEST(eventually(10s, [&] { return hidden_files(output).empty(); }));
  const json execution = cluster.execution(ex_id);
  BOOST_TEST(!execution.contains("_waiting"), execution.dump());
  BOOST_TEST(execution.at("_slicer_stats").at("processed").get<std::size_t>() == slices);
  BOOST_TEST(execution.at("_slicer_stats").at("failed").get<std::size_t>() == 0U);
}

void kill_9(std::optional<pid_t> victim) {
  BOOST_REQUIRE(victim.has_value());
  BOOST_REQUIRE(::kill(*victim, SIGKILL) == 0);
  BOOST_TEST(eventually(10s, [&] { return !alive(*victim); }));
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
  std::string status;
  BOOST_TEST(eventually(60s, [&] { return (status = cluster.status(ex_id)) == "failed"; }), "status "
                                                                                                << status << "\n"
                                                                                                << cluster.logs());
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
  const auto posted = cluster.submit(exporting_job());
  require_progress(cluster, disk.inside(cluster), posted.ex_id, "before the disk is full");
  disk.fill(cluster);
  require_waiting(cluster, posted.ex_id, "No space left on device");
  disk.make_room(cluster);
  require_each_record_once(cluster, disk.inside(cluster), posted.ex_id);
}

BOOST_AUTO_TEST_CASE(read_only_file_system_under_the_output_makes_it_wait_and_go_on_when_it_is_writable_again) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "output", 4U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const auto posted = cluster.submit(exporting_job());
  require_progress(cluster, disk.inside(cluster), posted.ex_id, "before the disk is read-only");
  BOOST_REQUIRE(eventually(30s, [&] { return disk.remount(cluster, "ro"); }));
  require_waiting(cluster, posted.ex_id, "Read-only file system");
  BOOST_REQUIRE(disk.remount(cluster, "rw"));
  require_each_record_once(cluster, disk.inside(cluster), posted.ex_id);
}

BOOST_AUTO_TEST_CASE(
    full_disk_under_the_ledger_makes_it_wait_and_go_on_when_there_is_space_whoever_is_killed_meanwhile) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "data/ledgers", 16U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const auto output = cluster.directory() / "output";
  const auto posted = cluster.submit(exporting_job());
  require_progress(cluster, output, posted.ex_id, "before the disk is full");
  disk.fill(cluster);
  require_waiting(cluster, posted.ex_id, "no space left on the disk");
  const std::size_t before = output_files(output, posted.ex_id).size();
  kill_9(cluster.controller(posted.ex_id));
  BOOST_REQUIRE(eventually(30s, [&] { return cluster.controller(posted.ex_id).has_value(); }));
  require_waiting(cluster, posted.ex_id, "no space left on the disk");
  // What is not in the ledger is not published.
  BOOST_TEST(output_files(output, posted.ex_id).size() == before);
  disk.make_room(cluster);
  require_each_record_once(cluster, output, posted.ex_id);
}

BOOST_AUTO_TEST_CASE(read_only_file_system_under_the_ledger_keeps_the_next_controller_waiting) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "data/ledgers", 16U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const auto output = cluster.directory() / "output";
  const auto posted = cluster.submit(exporting_job());
  require_progress(cluster, output, posted.ex_id, "before the disk is read-only");
  // The kernel takes no file system from who has a file of it open for writing, so it is taken between two controllers.
  const pid_t master = cluster.master().value();
  const auto controller = cluster.controller(posted.ex_id);
  BOOST_REQUIRE(::kill(master, SIGSTOP) == 0);
  kill_9(controller);
  BOOST_TEST(eventually(30s, [&] { return disk.remount(cluster, "ro"); }));
  BOOST_REQUIRE(::kill(master, SIGCONT) == 0);
  require_waiting(cluster, posted.ex_id, (cluster.directory() / "data/ledgers").string());
  BOOST_REQUIRE(disk.remount(cluster, "rw"));
  require_each_record_once(cluster, output, posted.ex_id);
}

BOOST_AUTO_TEST_CASE(full_disk_under_all_that_the_master_stores_is_waited_for_even_by_a_master_that_starts_on_it) {
  const TestDirectory directory;
  const OwnFileSystem disk(directory / "data", 32U << 20U);
  const LocalCluster cluster(directory.path(), {.wrapped_in = disk.words()});
  const auto output = cluster.directory() / "output";
  const auto posted = cluster.submit(exporting_job());
  require_progress(cluster, output, posted.ex_id, "before the disk is full");
  disk.fill(cluster);
  require_waiting(cluster, posted.ex_id, "no space left on the disk");
  kill_9(cluster.master());
  require_waiting(cluster, posted.ex_id, "no space left on the disk");
  disk.make_room(cluster);
  require_each_record_once(cluster, output, posted.ex_id);
}

BOOST_AUTO_TEST_CASE(ledger_whose_bytes_flipped_while_it_was_closed_ends_its_execution_and_its_recoveries_failed) {
  const TestDirectory directory;
  LocalCluster cluster(directory.path());
  const auto posted = cluster.submit(exporting_job());
  require_progress(cluster, cluster.directory() / "output", posted.ex_id, "before the end");
  BOOST_REQUIRE(cluster.stop().value_or(-1) == 0);
  flip_each_page(ledger_of(cluster, posted.ex_id));
  cluster.start();
  require_failed_for_its_ledger(cluster, posted.ex_id, posted.ex_id);
  const HttpAnswer recovered = cluster.post("/v1/ex/" + posted.ex_id + "/_recover");
  BOOST_REQUIRE_MESSAGE(recovered.status == 200, recovered.body);
  require_failed_for_its_ledger(cluster, recovered.json().at("ex_id"), posted.ex_id);
  // Others are not harmed.
  const auto next = cluster.submit(exporting_job(1));
  require_each_record_once(cluster, cluster.directory() / "output", next.ex_id);
}

BOOST_AUTO_TEST_CASE(ledger_whose_bytes_flip_while_it_is_open_ends_its_execution_failed_once_they_are_read) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const auto posted = cluster.submit(exporting_job());
  require_progress(cluster, cluster.directory() / "output", posted.ex_id, "before the flip");
  const auto ledger = ledger_of(cluster, posted.ex_id);
  flip_each_page(ledger);
  flip_each_page(ledger.string() + "-wal");
  kill_9(cluster.controller(posted.ex_id));
  require_failed_for_its_ledger(cluster, posted.ex_id, posted.ex_id);
}

BOOST_AUTO_TEST_CASE(ledger_whose_bytes_flip_again_and_again_while_it_is_open_never_makes_a_false_completed) {
  const TestDirectory directory;
  const LocalCluster cluster(directory.path());
  const auto output = cluster.directory() / "output";
  const auto posted = cluster.submit(exporting_job());
  const auto ledger = ledger_of(cluster, posted.ex_id);
  require_progress(cluster, output, posted.ex_id, "before the flips");
  std::string status;
  BOOST_TEST(eventually(3min,
                        [&] {
                          for (const char* part : {"", "-wal"}) {
                            if (std::filesystem::exists(ledger.string() + part)) {
                              flip_each_page(ledger.string() + part);
                            }
                          }
                          status = cluster.status(posted.ex_id);
                          return status == "completed" || status == "failed";
                        }),
             "status " << status);
  BOOST_TEST_MESSAGE("ended " << status);
  if (status == "completed") {  // what it needed was in its memory
    require_each_record_once(cluster, output, posted.ex_id);
  } else {
    require_failed_for_its_ledger(cluster, posted.ex_id, posted.ex_id);
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
  const auto output = cluster.directory() / "output";
  const auto updated = [&](const std::string& ex_id) {
    return cluster.execution(ex_id).at("_updated").get<std::string>();
  };
  std::vector<std::string> created;
  for (const char* offset : {"-1h", "+1h"}) {
    const auto posted = cluster.submit(exporting_job());
    require_progress(cluster, output, posted.ex_id, "before the clock is set");
    const std::string before = updated(posted.ex_id);
    set(offset);
    require_progress(cluster, output, posted.ex_id, std::string("after the clock was set to ") + offset);
    for (const auto& victim : {cluster.controller(posted.ex_id), cluster.broker(), cluster.master()}) {
      kill_9(victim);
      require_progress(cluster, output, posted.ex_id, std::string("after a kill at ") + offset);
    }
    kill_9(cluster.slots(posted.ex_id).at(0));
    require_each_record_once(cluster, output, posted.ex_id);
    BOOST_TEST(updated(posted.ex_id) > before);
    created.push_back(cluster.execution(posted.ex_id).at("_created"));

    // Who starts by this clock finds slots, too.
    const auto next = cluster.submit(exporting_job(1));
    require_each_record_once(cluster, output, next.ex_id);
    created.push_back(cluster.execution(next.ex_id).at("_created"));
  }
  BOOST_TEST(std::is_sorted(created.begin(), created.end()));
  BOOST_TEST((std::adjacent_find(created.begin(), created.end()) == created.end()));
}

BOOST_AUTO_TEST_SUITE_END()
