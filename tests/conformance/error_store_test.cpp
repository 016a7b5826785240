// Every store of error records keeps these promises.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "common/operations/query/query.hpp"
#include "master/store/memory/error_store.hpp"
#include "master/store/sqlite/error_store.hpp"
#include "tests/conformance/ledger_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;

namespace {

struct MemoryFixture {
  ErrorStore& errors() { return errors_; }
  void restart() {}
  MemoryErrorStore errors_;
};

struct SqliteFixture {
  SqliteFixture() { restart(); }
  ErrorStore& errors() { return *errors_; }
  void restart() {
    errors_.reset();
    auto opened = SqliteErrorStore::open((directory_.path() / "errors.db").string());
    BOOST_TEST_REQUIRE(opened.has_value(), (opened ? "" : opened.error().text()));
    errors_ = *std::move(opened);
  }
  tests::TemporaryDirectory directory_;
  std::unique_ptr<SqliteErrorStore> errors_;
};

using Adapters = boost::mpl::list<MemoryFixture, SqliteFixture>;
using Names = std::vector<std::string>;

ErrorRecord error(const std::string& ex_id, const std::string& slice_id, std::uint64_t number,
                  const std::string& text = "no such file", const std::string& lineage = "e1") {
  const WallTime at{std::chrono::milliseconds{1'700'000'000'000 + static_cast<std::int64_t>(number)}};
  return {ExecutionId{ex_id},
          slice_id,
          LineageId{lineage},
          number,
          R"({"slice_id":")" + slice_id + R"(","slicer_order":)" + std::to_string(number) + R"(,"ex_id":")" + ex_id +
              R"(","error":")" + text + "\"}",
          at,
          at};
}

void put(ErrorStore& store, const std::vector<ErrorRecord>& errors) {
  const auto written = store.put(errors);
  BOOST_TEST_REQUIRE(written.has_value(), (written ? "" : written.error().text()));
}

/// Names of the slices, in the order of the list.
Names slices(ErrorStore& store, const std::optional<ExecutionId>& ex_id, const ListQuery& query = {}) {
  const auto page = store.list(ex_id, query);
  BOOST_TEST_REQUIRE(page.has_value(), (page ? "" : page.error().text()));
  Names found;
  for (const ErrorRecord& each : *page) {
    found.push_back(each.slice_id);
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(an_error_is_found_by_execution_and_slice_and_survives_a_restart, Fixture, Adapters) {
  Fixture f;
  const ErrorRecord known = error("e1", "s1", 7, "line\\n \xE2\x9C\x93 'quoted'");
  put(f.errors(), {known});
  f.restart();
  BOOST_CHECK((f.errors().get(ExecutionId{"e1"}, "s1").value() == known));
  BOOST_TEST(!f.errors().get(ExecutionId{"e2"}, "s1").value().has_value());
  BOOST_TEST(!f.errors().get(ExecutionId{"e1"}, "s2").value().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(put_replaces_what_has_the_same_name_and_adds_the_rest, Fixture, Adapters) {
  Fixture f;
  put(f.errors(), {error("e1", "s1", 1), error("e1", "s2", 2)});
  put(f.errors(), {error("e1", "s1", 5, "changed"), error("e2", "s1", 6)});
  put(f.errors(), {});
  BOOST_TEST(f.errors().list(std::nullopt, {}).value().size() == 3u);
  BOOST_CHECK((*f.errors().get(ExecutionId{"e1"}, "s1").value() == error("e1", "s1", 5, "changed")));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_highest_number_of_a_lineage_is_known, Fixture, Adapters) {
  Fixture f;
  BOOST_TEST(f.errors().recorded(LineageId{"e1"}).value() == 0u);
  put(f.errors(), {error("e1", "s1", 3), error("e2", "s1", 9), error("x1", "s1", 40, "", "x1")});
  f.restart();
  BOOST_TEST(f.errors().recorded(LineageId{"e1"}).value() == 9u);
  BOOST_TEST(f.errors().recorded(LineageId{"x1"}).value() == 40u);
  BOOST_TEST(f.errors().recorded(LineageId{"y1"}).value() == 0u);
}

// R-api-18…21, R-api-63.
BOOST_AUTO_TEST_CASE_TEMPLATE(lists_are_of_one_execution_or_all_newest_update_first_in_pages, Fixture, Adapters) {
  Fixture f;
  put(f.errors(), {error("e1", "s1", 1), error("e2", "s2", 2), error("e1", "s3", 3), error("e1", "s4", 4)});
  BOOST_TEST(slices(f.errors(), std::nullopt) == (Names{"s4", "s3", "s2", "s1"}), boost::test_tools::per_element());
  BOOST_TEST(slices(f.errors(), ExecutionId{"e1"}) == (Names{"s4", "s3", "s1"}), boost::test_tools::per_element());
  BOOST_TEST(slices(f.errors(), ExecutionId{"e1"}, {.from = 1, .size = 1}) == (Names{"s3"}),
             boost::test_tools::per_element());
  BOOST_TEST(slices(f.errors(), ExecutionId{"e1"}, {.sort = "slicer_order:asc"}) == (Names{"s1", "s3", "s4"}),
             boost::test_tools::per_element());
  BOOST_TEST(slices(f.errors(), ExecutionId{"e3"}).empty());
  const auto refused = f.errors().list(std::nullopt, {.sort = "lifecycle:asc"});
  BOOST_TEST_REQUIRE(!refused.has_value());
  BOOST_CHECK(refused.error().code == Errc::invalid);
  // A change moves it to the front.
  put(f.errors(), {error("e1", "s1", 5)});
  BOOST_TEST(slices(f.errors(), ExecutionId{"e1"}) == (Names{"s1", "s4", "s3"}), boost::test_tools::per_element());
}
