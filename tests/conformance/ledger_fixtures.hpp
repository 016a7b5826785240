#pragma once
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "common/ids.hpp"
#include "master/store/memory/slice_ledger.hpp"
#include "master/store/sqlite/slice_ledger.hpp"

namespace slicebus::store {

inline std::ostream& operator<<(std::ostream& out, const LedgerCounts& counts) {
  return out << "planned " << counts.planned << ", completed " << counts.completed << ", in error " << counts.in_error
             << ", unpublished " << counts.unpublished;
}
inline std::ostream& operator<<(std::ostream& out, const PlannedSlice& slice) {
  return out << slice.slice << ' ' << slice.request;
}

}  // namespace slicebus::store

namespace slicebus::tests {

/// A directory of its own, gone at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / ("slicebus-" + new_uuid())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Each fixture has ledger() and crash(): its controller was killed, another one finds what was durable.
class MemorySliceLedgerFixture {
 public:
  store::SliceLedger& ledger() { return *ledger_; }
  void crash() { ledger_ = std::make_unique<store::MemorySliceLedger>(*ledger_); }

 private:
  std::unique_ptr<store::MemorySliceLedger> ledger_ = std::make_unique<store::MemorySliceLedger>();
};

class SqliteSliceLedgerFixture {
 public:
  SqliteSliceLedgerFixture() { open(); }
  store::SliceLedger& ledger() { return *ledger_; }
  /// The files as they lie there, log unmerged, while the first owner still has them open: as after a kill -9.
  void crash() {
    const std::string before = path();
    ++generation_;
    for (const char* part : {"", "-wal"}) {
      if (std::filesystem::exists(before + part)) {
        std::filesystem::copy_file(before + part, path() + part);
      }
    }
    open();
  }
  std::string path() const { return (directory_.path() / ("ledger-" + std::to_string(generation_) + ".db")).string(); }

 private:
  void open() {
    auto opened = store::SqliteSliceLedger::open_file(path());
    BOOST_TEST_REQUIRE(opened.has_value(), (opened ? "" : opened.error().text()));
    ledger_ = *std::move(opened);
  }
  TemporaryDirectory directory_;
  int generation_ = 0;
  std::unique_ptr<store::SqliteSliceLedger> ledger_;
};

}  // namespace slicebus::tests
