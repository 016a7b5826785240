#include "master/service/slice_errors.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "master/store/memory/error_store.hpp"

using namespace slicebus;
using namespace slicebus::service;

namespace {

/// An error store whose writes can be made to fail.
class MoodyErrorStore final : public store::ErrorStore {
 public:
  Result<void> put(const std::vector<store::ErrorRecord>& errors) override {
    if (broken) {
      return fail(Errc::exhausted, "errors.db", "No space left on device", "free some");
    }
    ++writes;
    return memory.put(errors);
  }
  Result<std::optional<store::ErrorRecord>> get(const ExecutionId& ex_id, std::string_view slice_id) override {
    return memory.get(ex_id, slice_id);
  }
  Result<std::uint64_t> recorded(const LineageId& lineage) override { return memory.recorded(lineage); }
  Result<std::vector<store::ErrorRecord>> list(const std::optional<ExecutionId>& ex_id,
                                               const store::ListQuery& query) override {
    return memory.list(ex_id, query);
  }
  bool broken = false;
  int writes = 0;
  store::MemoryErrorStore memory;
};

struct Desk {
  Desk() : stamps([] { return WallTime{std::chrono::milliseconds(1'700'000'000'000)}; }) {}
  /// @return what the controller is told: up to where the journal is recorded
  std::uint64_t told(std::uint64_t after, std::vector<wire::FailedSlice> slices) {
    const auto written = errors.record({ExecutionId{"e2"}, LineageId{"e1"}, after, std::move(slices)});
    BOOST_REQUIRE_MESSAGE(written.has_value(), (written ? "" : written.error().text()));
    const auto answers = errors.outbox();
    BOOST_REQUIRE_EQUAL(answers.size(), 1U);
    const auto& answer = std::get<scheduler::ErrorsRecorded>(answers[0]);
    BOOST_TEST(answer.ex_id == ExecutionId{"e2"});
    return answer.number;
  }
  Json list(const std::optional<ExecutionId>& ex_id = std::nullopt) const {
    const auto found = errors.list(ex_id, {});
    BOOST_REQUIRE(found.has_value());
    Json out = Json::array();
    for (const Document& document : *found) {
      out.push_back(document.json());
    }
    return out;
  }

  MoodyErrorStore store;
  Stamps stamps;
  SliceErrors errors{store, stamps};
};

wire::FailedSlice failed(std::uint64_t number, const std::string& ex_id = "e2", std::uint64_t order = 7) {
  return {.number = number,
          .slice = {0, order},
          .ex_id = {ex_id},
          .request = R"({"path":"a \"b\""})",
          .error = "no such file\n  at reader",
          .retries = 3};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slice_errors)

// R-api-63.
BOOST_AUTO_TEST_CASE(a_record_shows_the_slice_its_request_as_text_and_why_it_failed) {
  Desk desk;
  BOOST_TEST(desk.told(0, {failed(4)}) == 4U);
  const Json expected{{"slice_id", slice_uuid(LineageId{"e1"}, {0, 7})},
                      {"slicer_id", 0},
                      {"slicer_order", 7},
                      {"request", R"({"path":"a \"b\""})"},
                      {"state", "error"},
                      {"ex_id", "e2"},
                      {"_created", "2023-11-14T22:13:20.000Z"},
                      {"_updated", "2023-11-14T22:13:20.000Z"},
                      {"error", "no such file\n  at reader"},
                      {"retry_count", 3}};
  BOOST_TEST((desk.list() == Json::array({expected})), desk.list());
}

BOOST_AUTO_TEST_CASE(a_page_said_twice_is_recorded_once_and_answered_twice) {
  Desk desk;
  BOOST_TEST(desk.told(0, {failed(1), failed(2, "e2", 8)}) == 2U);
  const Json before = desk.list();
  BOOST_TEST(desk.told(0, {failed(1), failed(2, "e2", 8)}) == 2U);
  BOOST_TEST((desk.list() == before));
  BOOST_TEST(desk.store.writes == 1);
  // A page of a controller that began anew overlaps; only what is new is written.
  BOOST_TEST(desk.told(0, {failed(1), failed(2, "e2", 8), failed(3, "e2", 9)}) == 3U);
  BOOST_TEST(desk.list().size() == 3U);
  BOOST_TEST((desk.list().at(2) == before.at(1)));
}

BOOST_AUTO_TEST_CASE(a_page_that_does_not_follow_is_ignored_and_the_answer_says_from_where_on) {
  Desk desk;
  desk.told(0, {failed(1)});
  BOOST_TEST(desk.told(5, {failed(6, "e2", 9)}) == 1U);
  BOOST_TEST(desk.list().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_leaves_the_question_open) {
  Desk desk;
  desk.store.broken = true;
  BOOST_TEST(!desk.errors.record({ExecutionId{"e2"}, LineageId{"e1"}, 0, {failed(1)}}).has_value());
  BOOST_TEST(desk.errors.outbox().empty());
  desk.store.broken = false;
  BOOST_TEST(desk.told(0, {failed(1)}) == 1U);
}

// design.md §5.
BOOST_AUTO_TEST_CASE(a_repaired_slice_says_by_whom_and_keeps_its_execution_and_birth) {
  Desk desk;
  desk.told(0, {failed(1, "e1")});
  const Json before = desk.list(ExecutionId{"e1"}).at(0);
  wire::FailedSlice repaired = failed(2, "e1");
  repaired.recovered_by = {"e2"};
  desk.told(1, {repaired});
  const Json after = desk.list(ExecutionId{"e1"}).at(0);
  BOOST_TEST((after.at("recovered_by") == "e2"));
  BOOST_TEST((after.at("_created") == before.at("_created")));
  BOOST_TEST(after.at("_updated").get<std::string>() > before.at("_updated").get<std::string>());
  BOOST_TEST(desk.list(ExecutionId{"e2"}).empty());
  // Failing again is another record.
  desk.told(2, {failed(3, "e2")});
  BOOST_TEST(desk.list().size() == 2U);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_do_not_keep_an_error_from_its_list) {
  Desk desk;
  wire::FailedSlice strange = failed(1);
  strange.error = "bad byte \xFF here";
  desk.told(0, {strange});
  BOOST_TEST(desk.list().at(0).at("error").get<std::string>() == "bad byte \xEF\xBF\xBD here");
}

BOOST_AUTO_TEST_CASE(stamps_go_on_after_those_that_are_recorded) {
  Desk desk;
  desk.told(0, {failed(1)});
  Stamps fresh([] { return WallTime{}; });
  SliceErrors again(desk.store, fresh);
  BOOST_REQUIRE(again.load().has_value());
  BOOST_TEST((fresh.next() > WallTime{std::chrono::milliseconds(1'700'000'000'000)}));
}

BOOST_AUTO_TEST_SUITE_END()
