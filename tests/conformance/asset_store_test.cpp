// Every asset store and every keeper of bundles keeps these promises.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "master/store/files/asset_blobs.hpp"
#include "master/store/memory/asset_store.hpp"
#include "master/store/sqlite/asset_store.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;

namespace {

struct MemoryStore {
  AssetStore& assets() { return assets_; }
  void restart() {}
  MemoryAssetStore assets_;
};

struct SqliteStore {
  SqliteStore() { restart(); }
  AssetStore& assets() { return *assets_; }
  void restart() {
    assets_.reset();
    auto opened = SqliteAssetStore::open((directory_.path() / "index.db").string());
    BOOST_TEST_REQUIRE(opened.has_value(), (opened ? "" : opened.error().text()));
    assets_ = *std::move(opened);
  }
  tests::TemporaryDirectory directory_;
  std::unique_ptr<SqliteAssetStore> assets_;
};

struct MemoryBlobs {
  AssetBlobs& blobs() { return blobs_; }
  void restart() {}
  MemoryAssetBlobs blobs_;
};

struct FileBlobs {
  FileBlobs() { restart(); }
  AssetBlobs& blobs() { return *blobs_; }
  void restart() {
    auto opened = FileAssetBlobs::open((directory_.path() / "assets").string());
    BOOST_TEST_REQUIRE(opened.has_value(), (opened ? "" : opened.error().text()));
    blobs_ = *std::move(opened);
  }
  tests::TemporaryDirectory directory_;
  std::unique_ptr<FileAssetBlobs> blobs_;
};

using Stores = boost::mpl::list<MemoryStore, SqliteStore>;
using Blobs = boost::mpl::list<MemoryBlobs, FileBlobs>;
using Names = std::vector<std::string>;

AssetRecord asset(const std::string& id, const std::string& name, const std::string& version, std::int64_t created) {
  return {.id = AssetId{id},
          .name = name,
          .version = version,
          .size = 7,
          .created = WallTime{std::chrono::milliseconds{created}}};
}

Names ids(const Result<std::vector<AssetRecord>>& list) {
  BOOST_TEST_REQUIRE(list.has_value(), (list ? "" : list.error().text()));
  Names found;
  for (const AssetRecord& record : *list) {
    found.push_back(record.id.text);
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(asset_stores)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_record_comes_back_whole_after_a_restart, Fixture, Stores) {
  Fixture f;
  AssetRecord full = asset("i1", "a", "1.0.0", 5);
  full.description = "what it is";
  full.node_version = 22;
  full.platform = "linux";
  full.arch = "x64";
  full.components = {"letters", "words"};
  BOOST_TEST(f.assets().insert(full).has_value());
  BOOST_TEST(f.assets().insert(asset("i2", "b", "1.0.0", 6)).has_value());
  f.restart();
  BOOST_TEST((f.assets().get(AssetId{"i1"}).value() == full));
  BOOST_TEST((f.assets().get(AssetId{"i2"}).value() == asset("i2", "b", "1.0.0", 6)));
  BOOST_TEST(!f.assets().get(AssetId{"i3"}).value().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_id_is_stored_once, Fixture, Stores) {
  Fixture f;
  BOOST_TEST(f.assets().insert(asset("i1", "a", "1.0.0", 5)).has_value());
  const auto again = f.assets().insert(asset("i1", "b", "2.0.0", 6));
  BOOST_TEST((!again && again.error().code == Errc::conflict));
  BOOST_TEST(f.assets().get(AssetId{"i1"}).value()->name == "a");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_removed_is_gone_and_may_come_again, Fixture, Stores) {
  Fixture f;
  BOOST_TEST(f.assets().insert(asset("i1", "a", "1.0.0", 5)).has_value());
  BOOST_TEST(f.assets().remove(AssetId{"i1"}).value());
  BOOST_TEST(!f.assets().remove(AssetId{"i1"}).value());
  BOOST_TEST(f.assets().insert(asset("i1", "a", "1.0.0", 5)).has_value());
}

// R-api-114, Q-20
BOOST_AUTO_TEST_CASE_TEMPLATE(lists_match_exactly_or_by_stars, Fixture, Stores) {
  Fixture f;
  for (const auto& [id, name, version] : std::vector<std::array<std::string, 3>>{
           {"i1", "abc", "1.0.0"}, {"i2", "abd", "1.2.0"}, {"i3", "a[c]", "2.0.0"}, {"i4", "ABC", "1.0.0"}}) {
    BOOST_TEST(f.assets().insert(asset(id, name, version, 1)).has_value());
  }
  const auto listed = [&](const std::string& name, const std::string& version) {
    return ids(f.assets().list({.sort = "id:asc", .name = name, .version = version}));
  };
  BOOST_TEST((listed("", "") == Names{"i1", "i2", "i3", "i4"}));
  BOOST_TEST((listed("abc", "") == Names{"i1"}));
  BOOST_TEST((listed("ab*", "") == Names{"i1", "i2"}));
  BOOST_TEST((listed("*", "1.*") == Names{"i1", "i2", "i4"}));
  BOOST_TEST((listed("a?c", "") == Names{}));
  BOOST_TEST((listed("a[c]", "") == Names{"i3"}));
  BOOST_TEST((listed("*c*", "*.0.0") == Names{"i1", "i3"}));
  BOOST_TEST((listed("' OR 1=1 --", "") == Names{}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lists_are_paged_and_sorted, Fixture, Stores) {
  Fixture f;
  BOOST_TEST(f.assets().insert(asset("i1", "b", "1.0.0", 30)).has_value());
  BOOST_TEST(f.assets().insert(asset("i2", "a", "2.0.0", 10)).has_value());
  AssetRecord third = asset("i3", "a", "1.0.0", 20);
  third.platform = "linux";
  BOOST_TEST(f.assets().insert(third).has_value());
  BOOST_TEST((ids(f.assets().list({})) == Names{"i1", "i3", "i2"}));
  BOOST_TEST((ids(f.assets().list({.sort = "name:asc,version:desc"})) == Names{"i2", "i3", "i1"}));
  BOOST_TEST((ids(f.assets().list({.sort = "platform:desc"})) == Names{"i3", "i1", "i2"}));
  BOOST_TEST((ids(f.assets().list({.from = 1, .size = 1})) == Names{"i3"}));
  BOOST_TEST((ids(f.assets().list({.from = 9})) == Names{}));
  const auto unknown = f.assets().list({.sort = "nope:asc"});
  BOOST_TEST((!unknown && unknown.error().code == Errc::invalid));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bytes_are_read_back_in_pieces_after_a_restart, Fixture, Blobs) {
  Fixture f;
  const std::string bytes("a\0b\nc", 5);
  BOOST_TEST(f.blobs().keep(AssetId{"i1"}, bytes).has_value());
  BOOST_TEST(f.blobs().keep(AssetId{"i1"}, bytes).has_value());
  f.restart();
  BOOST_TEST(f.blobs().has(AssetId{"i1"}));
  BOOST_TEST(f.blobs().read(AssetId{"i1"}, 0, 100).value() == bytes);
  BOOST_TEST(f.blobs().read(AssetId{"i1"}, 2, 2).value() == "b\n");
  BOOST_TEST(f.blobs().read(AssetId{"i1"}, 5, 2).value().empty());
  BOOST_TEST(f.blobs().read(AssetId{"i1"}, 1ULL << 40U, 2).value().empty());
  BOOST_TEST((f.blobs().all().value() == std::vector{AssetId{"i1"}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bytes_that_are_not_kept_are_not_found, Fixture, Blobs) {
  Fixture f;
  BOOST_TEST(!f.blobs().has(AssetId{"i1"}));
  const auto nothing = f.blobs().read(AssetId{"i1"}, 0, 1);
  BOOST_TEST((!nothing && nothing.error().code == Errc::not_found));
  BOOST_TEST(f.blobs().remove(AssetId{"i1"}).has_value());
  BOOST_TEST(f.blobs().keep(AssetId{"i1"}, "x").has_value());
  BOOST_TEST(f.blobs().remove(AssetId{"i1"}).has_value());
  BOOST_TEST(!f.blobs().has(AssetId{"i1"}));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_left_half_is_no_bundle_and_swept_at_the_next_start) {
  FileBlobs f;
  const auto half = f.directory_.path() / "assets" / ".i1.x.half";
  std::ofstream(half) << "half";
  BOOST_TEST(!f.blobs().has(AssetId{"i1"}));
  BOOST_TEST(f.blobs().all().value().empty());
  f.restart();
  BOOST_TEST(!std::filesystem::exists(half));
}

BOOST_AUTO_TEST_SUITE_END()
