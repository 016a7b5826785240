// A new ledger that was made before anybody needed it is one that SQLite could have made, and never takes a place that
// is taken.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "master/store/sqlite/blank_file.hpp"
#include "master/store/sqlite/ledger_check.hpp"
#include "master/store/sqlite/ledger_tables.hpp"
#include "master/store/sqlite/slice_ledger.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;         // NOLINT: test
using namespace slicebus::store;  // NOLINT: test

namespace {

struct Folder : tests::TemporaryDirectory {
  std::string file(const std::string& name) const { return (path() / name).string(); }
  bool empty() const { return std::filesystem::is_empty(path()); }
  sqlite::BlankFile blank() const {
    auto made = sqlite::BlankFile::make(path().string(), sqlite::ledger_schema());
    BOOST_TEST_REQUIRE(made.has_value(), (made ? "" : made.error().text()));
    return *std::move(made);
  }
};

/// Every row of the schema, what the header says of its shape, and who may read it.
std::string shape_of(const std::string& path) {
  const auto database = sqlite::Database::open_to_read(path, sqlite::ledger_schema()).value();
  std::string shape;
  for (const char* sql :
       {"SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY name",
        "SELECT CAST(epoch AS TEXT) FROM lineage", "PRAGMA application_id", "PRAGMA page_size", "PRAGMA page_count",
        "PRAGMA encoding", "PRAGMA auto_vacuum", "PRAGMA journal_mode", "PRAGMA integrity_check"}) {
    auto rows = database->prepare(sql).value();
    while (rows.step().value()) {
      shape += std::string(rows.bytes(0)) + "\n";
    }
  }
  return shape + std::to_string(static_cast<unsigned>(std::filesystem::status(path).permissions()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(blank_file)

BOOST_AUTO_TEST_CASE(it_has_no_name_until_it_becomes_a_ledger_and_leaves_nothing_when_it_does_not) {
  const Folder folder;
  {
    sqlite::BlankFile blank = folder.blank();
    BOOST_TEST(folder.empty());
    const sqlite::BlankFile moved = std::move(blank);
    BOOST_TEST(folder.empty());
  }
  BOOST_TEST(folder.empty());
  BOOST_TEST(!sqlite::BlankFile::make(folder.file("absent"), sqlite::ledger_schema()).has_value());
}

BOOST_AUTO_TEST_CASE(its_shape_is_that_of_a_ledger_that_sqlite_made) {
  const Folder folder;
  BOOST_TEST(folder.blank().become(folder.file("blank.db")));
  SqliteSliceLedger::open_file(folder.file("made.db")).value();
  BOOST_TEST(shape_of(folder.file("blank.db")) == shape_of(folder.file("made.db")));
}

BOOST_AUTO_TEST_CASE(a_ledger_that_began_as_one_keeps_what_it_is_told) {
  const Folder folder;
  const std::string path = folder.file("ledger.db");
  BOOST_TEST(folder.blank().become(path));
  for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
    const auto ledger = SqliteSliceLedger::open_file(path).value();
    BOOST_TEST(ledger->open({"ex1"}, Cleanup::none).value().epoch == epoch);
    LedgerBatch planned{.epoch = epoch, .slicers = {{0, epoch, "cursor", false}}};
    planned.planned.push_back({{0, epoch}, "{}"});
    BOOST_TEST(ledger->apply(planned).has_value());
  }
  const LedgerReport report = check_ledger(path).value();
  BOOST_TEST(report.is_sound());
  BOOST_TEST(report.unfinished == 2U);
}

BOOST_AUTO_TEST_CASE(each_of_its_pages_carries_a_checksum) {
  const Folder folder;
  const std::string path = folder.file("ledger.db");
  BOOST_TEST(folder.blank().become(path));
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  constexpr std::streamoff page = 4'096;
  BOOST_TEST(size > 10 * page);
  for (std::streamoff at = page / 2; at < size; at += page) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const int was = file.get();
    const auto put = [&](int byte) {
      file.seekp(at);
      file.put(static_cast<char>(byte));
      file.flush();
    };
    put(was ^ 1);
    const auto report = check_ledger(path);
    BOOST_TEST((!report || !report->is_sound()), "a changed bit of the page at " << at - page / 2);
    put(was);
  }
  BOOST_TEST(check_ledger(path).value().is_sound());
}

BOOST_AUTO_TEST_CASE(it_neither_replaces_a_file_nor_joins_the_log_or_journal_of_a_former_one) {
  const Folder folder;
  sqlite::BlankFile blank = folder.blank();
  for (const char* name : {"there.db", "gone.db-wal", "rolled.db-journal"}) {
    std::ofstream(folder.file(name)) << "words";
  }
  BOOST_TEST(!blank.become(folder.file("there.db")));
  BOOST_TEST(std::filesystem::file_size(folder.file("there.db")) == 5U);
  for (const char* name : {"gone.db", "rolled.db"}) {
    BOOST_TEST(!blank.become(folder.file(name)));
    BOOST_TEST(!std::filesystem::exists(folder.file(name)));
  }
  BOOST_TEST(blank.become(folder.file("free.db")));
  BOOST_TEST(!blank.become(folder.file("second.db")));
}

BOOST_AUTO_TEST_SUITE_END()
