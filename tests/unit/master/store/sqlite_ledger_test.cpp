// What only a ledger in a file can promise: it stays small, names what is wrong with the file, and outlives a full
// disk.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <fstream>

#include "master/store/sqlite/database.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;
using slicebus::tests::TemporaryDirectory;

namespace {

LedgerBatch planned(std::uint64_t epoch, std::uint64_t from, std::uint64_t to, std::size_t request_bytes = 12) {
  LedgerBatch group{.epoch = epoch};
  for (std::uint64_t order = from; order <= to; ++order) {
    group.planned.push_back({{0, order}, std::string(request_bytes, 'r')});
  }
  group.slicers.push_back({0, to, "c" + std::to_string(to), false});
  return group;
}

LedgerBatch completed(std::uint64_t epoch, std::uint64_t from, std::uint64_t to, bool has_output = false) {
  LedgerBatch group{.epoch = epoch};
  for (std::uint64_t order = from; order <= to; ++order) {
    group.completed.push_back({{{0, order}}, {epoch, order}, has_output});
  }
  return group;
}

std::unique_ptr<SqliteSliceLedger> opened(const std::string& path) {
  auto ledger = SqliteSliceLedger::open_file(path);
  BOOST_TEST_REQUIRE(ledger.has_value(), (ledger ? "" : ledger.error().text()));
  return *std::move(ledger);
}

void applied(SliceLedger& ledger, const LedgerBatch& group) {
  const auto done = ledger.apply(group);
  BOOST_TEST_REQUIRE(done.has_value(), (done ? "" : done.error().text()));
}

void overwrite(const std::string& path, std::streamoff at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// While it lives, files of this process cannot grow beyond `bytes`: writing fails as on a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes) {
    getrlimit(RLIMIT_FSIZE, &former_);
    rlimit now = former_;
    now.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &now);
    former_action_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_action_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit former_{};
  void (*former_action_)(int) = nullptr;
};

}  // namespace

// M5 of issue 7 at a hundredth of its size; bench/ledger_scale measures the whole.
BOOST_AUTO_TEST_CASE(m5_a_million_finished_slices_take_no_space_and_no_time_that_grows_with_their_number) {
  constexpr std::uint64_t slices = 1'000'000;
  constexpr std::uint64_t group = 1'000;
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  {
    const auto ledger = opened(path);
    const std::uint64_t epoch = ledger->open(ExecutionId{"e1"}, Cleanup::none)->epoch;
    for (std::uint64_t first = 1; first <= slices + 2 * group; first += group) {
      LedgerBatch next = first <= slices ? planned(epoch, first, first + group - 1) : LedgerBatch{.epoch = epoch};
      // The odd ones of the group before and the even ones of that before it: none ends in order.
      for (const std::uint64_t back : {1U, 2U}) {
        if (first > back * group && first - back * group <= slices) {
          for (std::uint64_t i = back - 1; i < group; i += 2) {
            const std::uint64_t order = first - back * group + i;
            next.completed.push_back({{{0, order}}, {epoch, order}, false});
          }
        }
      }
      applied(*ledger, next);
    }
    LedgerBatch end{.epoch = epoch, .tally = Tally{.processed = slices}, .final_state = FinalState{"completed", ""}};
    applied(*ledger, end);
    BOOST_TEST((ledger->counts().value() == LedgerCounts{.planned = slices, .completed = slices}));
  }
  BOOST_TEST(std::filesystem::file_size(path) < 400'000u);
  const auto began = std::chrono::steady_clock::now();
  const OpenedLedger again = opened(path)->open(ExecutionId{"e1"}, Cleanup::none).value();
  BOOST_TEST((std::chrono::steady_clock::now() - began < std::chrono::seconds(1)), "it takes a second to open");
  BOOST_TEST(again.tally.processed == slices);
  BOOST_TEST(again.unfinished == 0U);
}

BOOST_AUTO_TEST_CASE(requests_of_the_largest_size_are_kept_whole) {
  TemporaryDirectory directory;
  const auto ledger = opened((directory.path() / "ledger.db").string());
  const std::uint64_t epoch = ledger->open(ExecutionId{"e1"}, Cleanup::none)->epoch;
  applied(*ledger, planned(epoch, 1, 10, wire::request_bytes_max));
  const auto page = ledger->unfinished({}, 100).value();
  BOOST_TEST_REQUIRE(page.size() == 10u);
  BOOST_TEST(page.back().request.size() == wire::request_bytes_max);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_database_is_damaged_and_is_named) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  std::ofstream(path) << std::string(8'192, 'x');
  const auto ledger = SqliteSliceLedger::open_file(path);
  BOOST_TEST_REQUIRE(!ledger.has_value());
  BOOST_CHECK(ledger.error().code == Errc::internal);
  BOOST_TEST(ledger.error().text().find(path) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_ledger_with_overwritten_pages_is_damaged_and_does_not_crash_the_reader) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  {
    const auto ledger = opened(path);
    const std::uint64_t epoch = ledger->open(ExecutionId{"e1"}, Cleanup::none)->epoch;
    applied(*ledger, planned(epoch, 1, 5'000));
    applied(*ledger, completed(epoch, 10, 2'500));
  }
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  int damaged = 0;
  for (std::streamoff at = 4'096; at < size; at += 4'096) {
    const std::string copy = (directory.path() / "copy.db").string();
    std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing);
    overwrite(copy, at, std::string(4'096, '\x5A'));
    auto ledger = SqliteSliceLedger::open_file(copy);
    const auto found = ledger ? (*ledger)->open(ExecutionId{"e1"}, Cleanup::none) : tl::make_unexpected(ledger.error());
    const auto page = found ? (*ledger)->unfinished({}, 10'000) : tl::make_unexpected(found.error());
    if (!page) {
      BOOST_CHECK_MESSAGE(page.error().code == Errc::internal, page.error().text());
      BOOST_TEST(page.error().text().find(copy) != std::string::npos);
      ++damaged;
    }
    ledger = tl::make_unexpected(Error{});
    std::filesystem::remove(copy + "-wal");
    std::filesystem::remove(copy + "-shm");
  }
  BOOST_TEST(damaged > 0);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_lost_a_batch_is_damaged_not_shorter) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  {
    const auto ledger = opened(path);
    const std::uint64_t epoch = ledger->open(ExecutionId{"e1"}, Cleanup::none)->epoch;
    applied(*ledger, planned(epoch, 1, 3));
    applied(*ledger, planned(epoch, 4, 6));
  }
  {
    auto file = sqlite::Database::open(path, {.what = "ledger", .version = 3, .create = ""});
    BOOST_TEST_REQUIRE(file.has_value());
    BOOST_TEST((*file)->run("DELETE FROM batch WHERE first_order = 1").has_value());
  }
  const auto found = opened(path)->open(ExecutionId{"e1"}, Cleanup::none);
  BOOST_TEST_REQUIRE(!found.has_value());
  BOOST_CHECK(found.error().code == Errc::internal);
  BOOST_TEST(found.error().what.find("s0/4 does not follow order 0") != std::string::npos, found.error().text());
}

BOOST_AUTO_TEST_CASE(a_ledger_of_a_newer_version_is_left_alone_and_says_what_to_do) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  opened(path);
  {
    auto file = sqlite::Database::open(path, {.what = "ledger", .version = 3, .create = ""});
    BOOST_TEST((*file)->run("PRAGMA user_version=4").has_value());
  }
  const auto ledger = SqliteSliceLedger::open_file(path);
  BOOST_TEST_REQUIRE(!ledger.has_value());
  BOOST_CHECK(ledger.error().code == Errc::unavailable);
  BOOST_TEST(ledger.error().remedy.find("newer version") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_ledger_of_the_first_shape_gets_its_journal_of_errors_and_goes_on) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  {
    const auto ledger = opened(path);
    LedgerBatch group = planned(ledger->open(ExecutionId{"e1"}, Cleanup::none).value().epoch, 1, 3);
    group.errors = {{{0, 2}, "it broke", 1}, {{0, 1}, "it broke", 1}};
    applied(*ledger, group);
  }
  {
    auto file = sqlite::Database::open(path, {.what = "ledger", .version = 3, .create = ""});
    BOOST_TEST((*file)
                   ->run("DROP TABLE slot_deaths; DROP INDEX error_by_change; ALTER TABLE error DROP COLUMN change; "
                         "PRAGMA user_version=1")
                   .has_value());
  }
  const auto ledger = opened(path);
  const auto opened_again = ledger->open(ExecutionId{"e1"}, Cleanup::none);
  BOOST_TEST_REQUIRE(opened_again.has_value(), (opened_again ? "" : opened_again.error().text()));
  applied(*ledger, {.epoch = opened_again->epoch, .errors = {{{0, 3}, "it broke too", 0}}});
  const auto journal = ledger->errors(0, 10, 1U << 20U).value();
  BOOST_TEST_REQUIRE(journal.size() == 3u);
  BOOST_CHECK((journal[0].slice == SlicePosition{0, 2} && journal[1].slice == SlicePosition{0, 1} &&
               journal[2].slice == SlicePosition{0, 3}));
}

BOOST_AUTO_TEST_CASE(another_database_is_not_taken_for_a_ledger) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "other.db").string();
  BOOST_TEST(sqlite::Database::open(path, {.what = "note", .version = 0, .create = ""})
                 .value()
                 ->run("CREATE TABLE note (text)")
                 .has_value());
  const auto ledger = SqliteSliceLedger::open_file(path);
  BOOST_TEST_REQUIRE(!ledger.has_value());
  BOOST_CHECK(ledger.error().code == Errc::internal);
}

BOOST_AUTO_TEST_CASE(a_path_that_cannot_be_opened_says_so) {
  TemporaryDirectory directory;
  std::ofstream(directory.path() / "file") << "x";
  const auto ledger = SqliteSliceLedger::open_file((directory.path() / "file" / "ledger.db").string());
  BOOST_TEST_REQUIRE(!ledger.has_value());
  BOOST_CHECK(ledger.error().code == Errc::unavailable);
  BOOST_TEST(!ledger.error().remedy.empty());
}

BOOST_AUTO_TEST_CASE(a_group_that_finds_no_space_changes_nothing_and_is_applied_when_there_is_space) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  const auto ledger = opened(path);
  const std::uint64_t epoch = ledger->open(ExecutionId{"e1"}, Cleanup::none)->epoch;
  applied(*ledger, planned(epoch, 1, 100));
  const LedgerBatch large = planned(epoch, 101, 1'100, 4'000);
  const LedgerBatch small = completed(epoch, 1, 50, true);
  {
    const FileSizeLimit full(std::filesystem::file_size(path + "-wal"));
    for (int attempt = 0; attempt < 3; ++attempt) {
      for (const LedgerBatch& group : {large, small}) {
        const auto refused = ledger->apply(group);
        BOOST_TEST_REQUIRE(!refused.has_value());
        BOOST_CHECK(refused.error().code == Errc::unavailable || refused.error().code == Errc::exhausted);
        BOOST_TEST(refused.error().text().find(path) != std::string::npos);
        BOOST_TEST(!refused.error().remedy.empty());
      }
    }
    BOOST_TEST(ledger->counts().value() == (LedgerCounts{.planned = 100}));
  }
  applied(*ledger, large);
  applied(*ledger, small);
  BOOST_TEST(ledger->counts().value() == (LedgerCounts{.planned = 1'100, .completed = 50, .unpublished = 50}));
  const auto found = opened(path)->open(ExecutionId{"e1"}, Cleanup::none);
  BOOST_TEST_REQUIRE(found.has_value());
  BOOST_TEST(found->unfinished == 1'050u);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_cannot_be_made_for_lack_of_space_is_made_when_there_is) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  {
    const FileSizeLimit full(4'096);
    const auto ledger = SqliteSliceLedger::open_file(path);
    BOOST_TEST_REQUIRE(!ledger.has_value());
    BOOST_CHECK(ledger.error().code == Errc::unavailable || ledger.error().code == Errc::exhausted);
  }
  BOOST_TEST(opened(path)->open(ExecutionId{"e1"}, Cleanup::none).has_value());
}

BOOST_AUTO_TEST_CASE(a_second_writer_is_told_that_the_file_is_in_use) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  const auto ledger = opened(path);
  const std::uint64_t epoch = ledger->open(ExecutionId{"e1"}, Cleanup::none)->epoch;
  auto other = sqlite::Database::open(path, {.what = "ledger", .version = 3, .create = ""}).value();
  {
    auto held = sqlite::Transaction::begin(*other);
    const auto refused = ledger->apply(planned(epoch, 1, 2));
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_CHECK(refused.error().code == Errc::unavailable);
  }
  applied(*ledger, planned(epoch, 1, 2));
}

BOOST_AUTO_TEST_CASE(a_writer_killed_at_any_moment_leaves_whole_groups) {
  TemporaryDirectory directory;
  const std::string path = (directory.path() / "ledger.db").string();
  for (int round = 0; round < 8; ++round) {
    int pipe_ends[2];
    BOOST_TEST_REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      auto ledger = SqliteSliceLedger::open_file(path);
      const auto found =
          ledger ? (*ledger)->open(ExecutionId{"e1"}, Cleanup::none) : tl::make_unexpected(ledger.error());
      std::uint64_t last = found && !found->slicers.empty() ? found->slicers[0].planned : 0;
      // A group completes what the one before planned and plans as much again, with output to publish.
      while (found) {
        LedgerBatch group = planned(found->epoch, last + 1, last + 30);
        group.completed = completed(found->epoch, last < 30 ? 1 : last - 29, last, true).completed;
        last += 30;
        if (!(*ledger)->apply(group) || write(pipe_ends[1], &last, sizeof last) != sizeof last) {
          break;
        }
      }
      _exit(1);
    }
    close(pipe_ends[1]);
    std::uint64_t told = 0;
    for (int group = 0; group < 5 + round * 3; ++group) {
      BOOST_TEST_REQUIRE(read(pipe_ends[0], &told, sizeof told) == static_cast<ssize_t>(sizeof told));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(pipe_ends[0], &told, sizeof told) == static_cast<ssize_t>(sizeof told)) {
    }
    close(pipe_ends[0]);
    const auto ledger = opened(path);
    const auto found = ledger->open(ExecutionId{"e1"}, Cleanup::none);
    BOOST_TEST_REQUIRE(found.has_value(), (found ? "" : found.error().text()));
    const LedgerCounts counts = ledger->counts().value();
    BOOST_TEST(counts.planned >= told);  // what was told is there
    BOOST_TEST(counts.planned % 30 == 0u);
    BOOST_TEST(counts.planned - counts.completed == 30u);
    BOOST_TEST(counts.unpublished == counts.completed);
    BOOST_TEST(*found->slicers[0].cursor == "c" + std::to_string(counts.planned));
  }
}
