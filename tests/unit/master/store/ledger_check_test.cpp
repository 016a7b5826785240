// `slicebus ledger check`: a sound ledger is called sound, and each damage that would lose or double a slice is named.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "master/store/sqlite/database.hpp"
#include "master/store/sqlite/ledger_check.hpp"
#include "master/store/sqlite/ledger_tables.hpp"
#include "master/store/sqlite/slice_ledger.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;         // NOLINT: test
using namespace slicebus::store;  // NOLINT: test

namespace {

/// 1 to 6 planned by slicer 0: 1 to 3 completed (a whole batch), 4 in error, 5 and 6 unfinished; the output of 3 is not
/// visible yet.
class SomeLedger {
 public:
  SomeLedger() {
    auto ledger = SqliteSliceLedger::open_file(path()).value();
    const std::uint64_t epoch = ledger->open({"ex1"}, Cleanup::none).value().epoch;
    for (const std::uint64_t first : {1U, 4U}) {
      LedgerBatch planned{.epoch = epoch, .slicers = {{0, first + 2, "cursor", false}}};
      for (std::uint64_t order = first; order < first + 3; ++order) {
        planned.planned.push_back({{0, order}, "{}"});
      }
      BOOST_REQUIRE(ledger->apply(planned).has_value());
    }
    LedgerBatch done{.epoch = epoch};
    done.completed = {{{{0, 1}}, {epoch, 1}, false}, {{{0, 2}}, {epoch, 2}, false}, {{{0, 3}}, {epoch, 3}, true}};
    done.errors = {{{0, 4}, "broken", 3}};
    done.tally = Tally{.processed = 4, .failed = 1};
    BOOST_REQUIRE(ledger->apply(done).has_value());
  }
  std::string path() const { return (directory_.path() / "ledger.db").string(); }
  std::string beside(const std::string& name) const { return (directory_.path() / name).string(); }
  void run(const char* sql) const {
    const auto done = sqlite::Database::open(path(), sqlite::ledger_schema()).value()->run(sql);
    BOOST_TEST_REQUIRE(done.has_value(), (done ? "" : done.error().text()));
  }

 private:
  tests::TemporaryDirectory directory_;
};

struct Damage {
  const char* sql;
  const char* problem;
};
std::ostream& operator<<(std::ostream& out, const Damage& damage) { return out << damage.sql; }

const Damage damages[] = {
    {"DELETE FROM finished", "lost: slices s0/1 to 3"},
    {"UPDATE finished SET last_order = 5", "doubled: slices s0/4 to 5"},
    {"DELETE FROM batch", "slicer 0 has planned 6 slices, the ledger holds them up to 3"},
    {"DELETE FROM slicer", "no position of its own"},
    {"UPDATE batch SET requests = x'01'", "batch s0/4: its requests are cut short"},
    {"UPDATE batch_bits SET bits = x'01'", "batch s0/4: its bitmap does not fit it"},
    {"UPDATE batch SET count = 5000", "batch s0/4 has 5000 slices"},
    {"UPDATE generation SET processed = 5",
     "6 slices were planned, but 1 are in error, 2 unfinished, and of 5 that the executions processed 1 failed"},
    {"DELETE FROM error", "counts 1 failures, and has records of 0"},
    {"INSERT INTO error SELECT slicer_id, 4, 2, 0, NULL, NULL, 0, 'again', '', 9 FROM error", "s0/4 is in error twice"},
    {"UPDATE error SET slicer_order = 9", "slice s0/9 failed without being planned"},
    {"UPDATE unpublished SET slicer_order = 9", "output of slice s0/9 was accepted"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_check)

BOOST_AUTO_TEST_CASE(a_sound_ledger_is_called_sound_with_its_counts) {
  const SomeLedger ledger;
  const LedgerReport report = check_ledger(ledger.path()).value();
  for (const std::string& problem : report.problems) {
    BOOST_ERROR(problem);
  }
  BOOST_TEST(report.first_ex_id == "ex1");
  BOOST_TEST(report.executions == 1U);
  BOOST_TEST((report.counts == LedgerCounts{.planned = 6, .completed = 3, .in_error = 1, .unpublished = 1}));
  BOOST_TEST(report.unfinished == 2U);
}

BOOST_DATA_TEST_CASE(each_damage_is_named, boost::unit_test::data::make(damages), damage) {
  const SomeLedger ledger;
  ledger.run(damage.sql);
  const LedgerReport report = check_ledger(ledger.path()).value();
  const bool named = std::any_of(report.problems.begin(), report.problems.end(), [&](const std::string& problem) {
    return problem.find(damage.problem) != std::string::npos;
  });
  BOOST_TEST(named, "not among: " << (report.problems.empty() ? "(no problem)" : report.problems.front()));
}

BOOST_AUTO_TEST_CASE(flipped_bytes_are_noticed) {
  const SomeLedger ledger;
  {
    std::fstream file(ledger.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(ledger.path()));
    for (std::streamoff at = 4'096; at < size; at += 512) {
      file.seekp(at);
      file.put('\xA5');
    }
  }
  const auto report = check_ledger(ledger.path());
  BOOST_TEST((!report || !report->is_sound()));
}

BOOST_AUTO_TEST_CASE(what_is_no_ledger_gets_an_error_with_the_remedy) {
  const SomeLedger ledger;
  BOOST_TEST((check_ledger(ledger.beside("absent.db")).error().code == Errc::unavailable));
  { std::ofstream(ledger.beside("text.db")) << "this is no database, and long enough to be looked at as one"; }
  BOOST_TEST(!check_ledger(ledger.beside("text.db")).has_value());
  sqlite::Database::open(ledger.beside("other.db"), {.what = "note", .version = 9, .create = "CREATE TABLE t(x)"})
      .value();
  BOOST_TEST(!check_ledger(ledger.beside("other.db")).error().remedy.empty());
}

BOOST_AUTO_TEST_CASE(a_backup_while_the_writer_is_at_work_is_a_sound_ledger_of_one_moment) {
  const SomeLedger ledger;
  auto writer = SqliteSliceLedger::open_file(ledger.path()).value();
  const std::uint64_t epoch = writer->open({"ex1"}, Cleanup::none).value().epoch;
  BOOST_TEST_REQUIRE(back_up_ledger(ledger.path(), ledger.beside("copy.db")).has_value());
  LedgerBatch more{.epoch = epoch};
  more.completed = {{{{0, 5}}, {epoch, 9}, false}};
  more.tally = Tally{.processed = 5, .failed = 1};
  BOOST_TEST(writer->apply(more).has_value());

  const LedgerReport copy = check_ledger(ledger.beside("copy.db")).value();
  BOOST_TEST(copy.is_sound());
  BOOST_TEST(copy.counts.completed == 3U);
  BOOST_TEST(check_ledger(ledger.path()).value().counts.completed == 4U);
  BOOST_TEST((back_up_ledger(ledger.path(), ledger.beside("copy.db")).error().code == Errc::conflict));
}

BOOST_AUTO_TEST_SUITE_END()
