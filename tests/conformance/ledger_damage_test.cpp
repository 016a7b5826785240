// P1 of design.md: a corrupted ledger is found out, whichever bit it is; it never says that something is done that is
// not, nor cuts the input elsewhere.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <random>

#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;
using slicebus::tests::TemporaryDirectory;

namespace {

const ExecutionId run{"e1"};

unsigned seed() {
  const char* wanted = std::getenv("SLICEBUS_SEED");  // NOLINT: one thread
  return wanted != nullptr ? static_cast<unsigned>(std::atol(wanted)) : 7;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void put_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// One bit of a file that may be open elsewhere.
void flip(const std::filesystem::path& file, std::size_t byte, unsigned bit) {
  std::fstream both(file, std::ios::binary | std::ios::in | std::ios::out);
  both.seekg(static_cast<std::streamoff>(byte));
  const char before = static_cast<char>(both.get());
  both.seekp(static_cast<std::streamoff>(byte));
  both.put(static_cast<char>(static_cast<unsigned char>(before) ^ (1U << bit)));
}

std::string request(std::uint64_t order) {
  return R"({"start":)" + std::to_string(order * 1'000) + R"(,"length":1000,"path":"input/flights.ndjson"})";
}

LedgerBatch planned(std::uint64_t epoch, std::uint64_t from, std::uint64_t to) {
  LedgerBatch group{.epoch = epoch};
  for (std::uint64_t order = from; order <= to; ++order) {
    group.planned.push_back({{0, order}, request(order)});
  }
  group.slicers = {{0, to, "{\"position\":" + std::to_string(to * 1'000) + "}", false}};
  return group;
}

LedgerBatch completed(std::uint64_t epoch, std::uint64_t from, std::uint64_t to) {
  LedgerBatch group{.epoch = epoch};
  for (std::uint64_t order = from; order <= to; ++order) {
    group.completed.push_back({{{0, order}}, {epoch, order}, order % 10 == 0});
  }
  group.tally = Tally{.processed = to, .started_ms = 5, .counts = {{}, {}}};
  return group;
}

/// All that a controller reads of it; an error when it finds something wrong.
Result<std::string> content(const std::filesystem::path& file) {
  SB_TRY(ledger, SqliteSliceLedger::open_file(file.string()));
  SB_TRY(opened, ledger->open(run, Cleanup::none));
  SB_TRY(slices, ledger->unfinished({}, 10'000));
  SB_TRY(errors, ledger->errors(0, 1'000, 1U << 20U));
  SB_TRY(counts, ledger->counts());
  std::ostringstream text;
  text << opened.epoch << ' ' << opened.tally.processed << ' ' << opened.unfinished << ' ' << opened.in_error << ' '
       << counts;
  for (const SlicerState& slicer : opened.slicers) {
    text << " slicer " << slicer.slicer_id << ' ' << slicer.planned << ' ' << slicer.cursor.value_or("-") << ' '
         << slicer.done;
  }
  for (const auto& [name, fence] : opened.unpublished) {
    text << " unpublished " << name << '@' << fence;
  }
  for (const PlannedSlice& slice : slices) {
    text << ' ' << slice;
  }
  for (const wire::FailedSlice& failed : errors) {
    text << " error " << failed.slice << ' ' << failed.request << ' ' << failed.error;
  }
  return text.str();
}

/// Three batches, one done, one begun, some output not visible yet, two errors.
std::unique_ptr<SqliteSliceLedger> some_work(const std::filesystem::path& file) {
  auto ledger = SqliteSliceLedger::open_file(file.string());
  BOOST_REQUIRE(ledger.has_value());
  const std::uint64_t epoch = (*ledger)->open(run, Cleanup::none).value().epoch;
  for (std::uint64_t from = 1; from <= 201; from += 100) {
    BOOST_REQUIRE((*ledger)->apply(planned(epoch, from, from + 99)).has_value());
  }
  BOOST_REQUIRE((*ledger)->apply(completed(epoch, 1, 130)).has_value());
  BOOST_REQUIRE(
      (*ledger)->apply({.epoch = epoch, .errors = {{{0, 140}, "broken", 3}, {{0, 141}, "too", 3}}}).has_value());
  return *std::move(ledger);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_damage)

BOOST_AUTO_TEST_CASE(a_bit_that_flipped_while_the_ledger_was_closed_is_found_or_changes_nothing) {
  const TemporaryDirectory directory;
  const auto whole = directory.path() / "whole.db";
  some_work(whole).reset();
  const std::string bytes = bytes_of(whole);
  const std::string expected = content(whole).value();
  BOOST_TEST_MESSAGE("seed " << seed() << ", " << bytes.size() << " bytes");

  std::mt19937 chance(seed());
  const auto damaged = directory.path() / "damaged.db";
  int found = 0;
  // Each byte of the header, then some of every page.
  for (std::size_t byte = 0; byte < bytes.size(); byte += byte < 100 ? 1 : 1 + chance() % 300) {
    std::filesystem::remove(damaged.string() + "-wal");
    std::filesystem::remove(damaged.string() + "-shm");
    put_bytes(damaged, bytes);
    flip(damaged, byte, chance() % 8);
    const auto read = content(damaged);
    if (read) {
      BOOST_TEST(*read == expected, "byte " << byte << " changed what the ledger says, and nobody noticed");
      continue;
    }
    ++found;
    BOOST_TEST((read.error().code == Errc::internal), "byte " << byte << ": " << read.error().text());
  }
  BOOST_TEST_MESSAGE(found << " found");
  BOOST_TEST(found > 100);
}

// As after a kill -9: all is in the log. What cannot be told from a power cut in the middle of the last group goes back
// by that group, whole.
BOOST_AUTO_TEST_CASE(a_bit_that_flipped_in_the_log_that_a_dead_controller_left_takes_no_more_than_the_last_group) {
  const TemporaryDirectory directory;
  const auto whole = directory.path() / "whole.db";
  const auto damaged = directory.path() / "damaged.db";
  const std::string log = damaged.string() + "-wal";
  const auto put = [&](const std::string& file_bytes, const std::string& log_bytes) {
    std::filesystem::remove(damaged.string() + "-shm");
    put_bytes(damaged, file_bytes);
    put_bytes(log, log_bytes);
  };
  auto ledger = some_work(whole);
  put(bytes_of(whole), bytes_of(whole.string() + "-wal"));
  const std::string before = content(damaged).value();
  BOOST_REQUIRE(ledger->apply(completed(1, 201, 210)).has_value());
  const std::string file_bytes = bytes_of(whole), log_bytes = bytes_of(whole.string() + "-wal");
  put(file_bytes, log_bytes);
  const std::string expected = content(damaged).value();
  BOOST_REQUIRE(before != expected);

  std::mt19937 chance(seed());
  int found = 0;
  for (std::size_t byte = 0; byte < log_bytes.size(); byte += byte < 100 ? 1 : 1 + chance() % 600) {
    put(file_bytes, log_bytes);
    flip(log, byte, chance() % 8);
    const auto read = content(damaged);
    if (read) {
      BOOST_TEST((*read == expected || *read == before), "byte " << byte << " changed what the ledger says");
      continue;
    }
    ++found;
    BOOST_TEST((read.error().code == Errc::internal), "byte " << byte << ": " << read.error().text());
  }
  BOOST_TEST_MESSAGE(found << " found");
  BOOST_TEST(found > 100);
}

BOOST_AUTO_TEST_CASE(bits_that_flip_while_the_ledger_is_open_are_found_or_change_nothing) {
  const TemporaryDirectory directory;
  std::mt19937 chance(seed());
  int found = 0;
  for (int round = 0; round < 40; ++round) {
    const auto file = directory.path() / ("ledger-" + std::to_string(round) + ".db");
    std::string problem;
    {
      auto ledger = some_work(file);
      for (const char* part : {"", "-wal"}) {
        const auto size = std::filesystem::file_size(file.string() + part);
        for (int i = 0; i < 3 && size > 0; ++i) {
          flip(file.string() + part, chance() % size, chance() % 8);
        }
      }
      for (std::uint64_t from = 131; from <= 291 && problem.empty(); from += 40) {
        LedgerBatch group = completed(1, std::max<std::uint64_t>(from, 142), from + 9);
        if (const auto applied = ledger->apply(group); !applied) {
          problem = applied.error().text();
          BOOST_TEST((applied.error().code == Errc::internal), problem);
        }
      }
    }
    const auto again = content(file);
    if (problem.empty() && again) {
      // What the flipped bits were in was written anew, or nobody needs it: the slices say the rest.
      const auto reference = directory.path() / "reference.db";
      for (const char* part : {"", "-wal", "-shm"}) {
        std::filesystem::remove(reference.string() + part);
      }
      {
        auto ledger = some_work(reference);
        for (std::uint64_t from = 131; from <= 291; from += 40) {
          BOOST_REQUIRE(ledger->apply(completed(1, std::max<std::uint64_t>(from, 142), from + 9)).has_value());
        }
      }
      const std::string expected = content(reference).value();
      BOOST_TEST(*again == expected,
                 "round " << round << ": " << again->substr(0, 150) << " instead of " << expected.substr(0, 150));
      continue;
    }
    ++found;
    BOOST_TEST((again || again.error().code == Errc::internal), again.error().text());
  }
  BOOST_TEST_MESSAGE(found << " of 40 found");
}

BOOST_AUTO_TEST_SUITE_END()
