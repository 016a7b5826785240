// data_generator and test-reader: the same seed and position give the same record, whoever makes it.
#include <boost/test/unit_test.hpp>
#include <set>

#include "common/operations/date_text.hpp"
#include "tests/unit/common/operations/workbench.hpp"

using namespace slicebus;
using namespace slicebus::operations;
using namespace slicebus::operations::test;
using boost::test_tools::per_element;
using nlohmann::json;
using Lines = std::vector<std::string>;

namespace {

json generator(const json& more = json::object()) {
  json options = {{"_op", "data_generator"}, {"seed", 42}, {"end", "2020-01-01"}};
  options.update(more);
  return checked(options);
}

Lines records_of(const json& options, const std::vector<std::string>& requests) {
  Lines out;
  for (const std::string& request : requests) {
    const auto batch = fetch(options, request);
    BOOST_REQUIRE_MESSAGE(batch.has_value(), (batch ? "" : batch.error().text()));
    const Lines part = texts(*batch);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(generators)

BOOST_AUTO_TEST_CASE(size_is_met_exactly_with_a_short_last_slice) {
  const Cut slices = cut(generator({{"size", 2'500}}), 2);
  BOOST_TEST(slices.requests == (Lines{R"({"count":1000,"processed":1000})", R"({"count":1000,"processed":2000})",
                                       R"({"count":500,"processed":2500})"}),
             per_element());
  BOOST_TEST(cut(generator({{"size", 2'000}}), 10).requests.size() == 2U);
  BOOST_TEST(cut(generator({{"size", 1}}), 10).requests == (Lines{R"({"count":1,"processed":1})"}), per_element());
  BOOST_TEST(cut(checked({{"_op", "data_generator"}}), 10).requests.size() == 5U);
}

BOOST_AUTO_TEST_CASE(records_depend_on_seed_and_position_alone_and_are_distinct) {
  const json by_ten = generator({{"size", 3'000}, {"slice_size", 10}});
  const json by_thousand = generator({{"size", 3'000}, {"slice_size", 1'000}});
  const Lines records = records_of(by_ten, cut(by_ten, 100).requests);
  BOOST_TEST((records == records_of(by_thousand, cut(by_thousand, 100).requests)));
  BOOST_TEST(std::set<std::string>(records.begin(), records.end()).size() == 3'000U);
  std::set<std::string> uuids;
  for (const std::string& record : records) {
    uuids.insert(json::parse(record)["uuid"].get<std::string>());
  }
  BOOST_TEST(uuids.size() == 3'000U);
  const json other = generator({{"seed", 43}});
  BOOST_TEST(records_of(other, {R"({"count":1,"processed":1})"}).front() != records.front());
}

BOOST_AUTO_TEST_CASE(a_record_has_the_known_fields_in_their_ranges) {
  for (const std::string& text :
       records_of(generator({{"start", "2019-12-31"}}), {R"({"count":500,"processed":500})"})) {
    const json record = json::parse(text);
    for (const char* name : {"ip", "userAgent", "url", "uuid", "created", "ipv6", "location"}) {
      BOOST_REQUIRE(record[name].is_string());
      BOOST_REQUIRE(!record[name].get<std::string>().empty());
    }
    BOOST_REQUIRE(record.size() == 8U);
    const auto bytes = record["bytes"].get<std::int64_t>();
    BOOST_REQUIRE((bytes >= 7'850 && bytes <= 5'642'867));
    const std::string created = record["created"];
    BOOST_REQUIRE_MESSAGE((created.starts_with("2019-12-31T") && created.ends_with("Z")), created);
    const std::string uuid = record["uuid"];
    BOOST_REQUIRE((uuid.size() == 36 && uuid[14] == '4' && std::string("89ab").find(uuid[19]) != std::string::npos));
    BOOST_REQUIRE(std::count(record["ipv6"].get_ref<const std::string&>().begin(),
                             record["ipv6"].get_ref<const std::string&>().end(), ':') == 7);
    const std::string location = record["location"];
    const std::size_t comma = location.find(", ");
    BOOST_REQUIRE(std::abs(std::stod(location.substr(0, comma))) <= 90);
    BOOST_REQUIRE(std::abs(std::stod(location.substr(comma + 2))) <= 180);
  }
}

BOOST_AUTO_TEST_CASE(options_change_the_date_and_add_an_id) {
  const auto one = [](const json& more) {
    return json::parse(records_of(generator(more), {R"({"count":1,"processed":9})"}).front());
  };
  BOOST_TEST(one({{"date_key", "a\"b"}}).contains("a\"b"));
  BOOST_TEST(one({{"format", "isoBetween"}})["created"].get<std::string>().ends_with("+00:00"));
  BOOST_TEST(one({{"format", "utcDate"}})["created"].get<std::string>().ends_with("Z"));
  BOOST_TEST(parse_date(one({{"format", "dateNow"}})["created"].get<std::string>()).has_value());
  const std::string id = one({{"set_id", "hexadecimal"}, {"id_start_key", "k-"}})["id"];
  BOOST_TEST((id.starts_with("k-") && (id.size() == 10 || id.size() == 11)));
  BOOST_TEST(id.find_first_not_of("0123456789abcdef", 2) == std::string::npos);
  BOOST_TEST(one({{"set_id", "HEXADECIMAL"}})["id"].get<std::string>().find_first_not_of("0123456789ABCDEF") ==
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(stress_test_repeats_one_record) {
  const Lines records = records_of(generator({{"stress_test", true}}),
                                   {R"({"count":5,"processed":10})", R"({"count":2,"processed":12})"});
  BOOST_TEST(records.size() == 7U);
  BOOST_TEST(std::set<std::string>(records.begin(), records.end()).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_restart_from_any_cursor_goes_on_exactly_behind_it_for_any_number_of_slicers) {
  const json options = generator({{"size", 2'500}, {"slice_size", 100}});
  std::set<std::string> all;
  for (std::uint32_t slicer = 0; slicer < 3; ++slicer) {
    const Cut whole = cut(options, 4, {}, slicer, 3);
    all.insert(whole.requests.begin(), whole.requests.end());
    for (const auto& [before, cursor] : whole.cursors) {
      BOOST_TEST(cut(options, 1, cursor, slicer, 3).requests ==
                     Lines(whole.requests.begin() + static_cast<std::ptrdiff_t>(before), whole.requests.end()),
                 per_element());
    }
  }
  const Cut one = cut(options, 10);
  BOOST_TEST(all == std::set<std::string>(one.requests.begin(), one.requests.end()), per_element());
  BOOST_TEST(cut(options, 1, one.cursors[0].second, 0, 2).error ==
             "operation \"data_generator\": the execution began with 1 slicers and 100 records a slice and cannot go "
             "on with 2 and 100; "
             "give the earlier `slicers`, `size` and `slice_size`, or start a new execution");
  BOOST_TEST(!cut(options, 1, "{}").error.empty());
  BOOST_TEST(find_operation("data_generator")->slicer_count(options, 4) == 4U);
}

BOOST_AUTO_TEST_CASE(persistent_has_no_end) {
  const json options = generator({{"size", 10}});
  const Cut endless = cut(options, 100, {}, 0, 1, true, 5'000);
  BOOST_TEST(endless.requests.size() == 5'000U);
  BOOST_TEST(endless.requests.back() == R"({"count":10,"processed":50000})");
}

BOOST_AUTO_TEST_CASE(freeze_draws_what_must_stay_the_same_and_keeps_what_is_there) {
  json options = checked({{"_op", "data_generator"}});
  const auto& freeze = find_operation("data_generator")->freeze;
  freeze(options);
  BOOST_TEST(options["seed"].is_number_integer());
  BOOST_TEST(parse_date(options["end"].get<std::string>()).has_value());
  const json frozen = options;
  freeze(options);
  BOOST_TEST(options == frozen);
  json again = checked({{"_op", "data_generator"}});
  freeze(again);
  BOOST_TEST(again["seed"] != frozen["seed"]);
}

BOOST_AUTO_TEST_CASE(wrong_options_are_said_in_the_known_words) {
  const auto first = [](const json& more) { return problems_of(generator(more)).front(); };
  BOOST_TEST(first({{"start", "2021-01-01"}}) == "op.start: start must be before end");
  BOOST_TEST(first({{"id_start_key", "a"}}) == "op.id_start_key: id_start_key must be used with set_id");
  BOOST_TEST(first({{"stress_test", true}, {"delay", 1}}) == "op.delay: cannot be used together with stress_test");
  BOOST_TEST(first({{"json_schema", "x.js"}}).starts_with("op.json_schema: is not supported"));
  BOOST_TEST(first({{"size", 0}}) == "op.size: must be between 1 and 9007199254740992, got 0");
  BOOST_TEST(first({{"set_id", "base64"}}) ==
             "op.set_id: must be one of the following: base64url,hexadecimal,HEXADECIMAL, got \"base64\"");
}

BOOST_AUTO_TEST_CASE(requests_that_are_not_its_own_are_refused) {
  for (const char* request : {"", "[]", "{}", R"({"count":-1,"processed":5})", R"({"count":5,"processed":4})",
                              R"({"count":1000001,"processed":1000001})", R"({"count":"x"})"}) {
    BOOST_TEST(!fetch(generator(), request).has_value(), request);
  }
}

BOOST_AUTO_TEST_CASE(test_reader_has_samples) {
  const json options = checked({{"_op", "test-reader"}});
  const Cut slices = cut(options, 3);
  BOOST_TEST(slices.requests.size() == 10U);
  BOOST_TEST(json::parse(slices.requests[1]) == (json{{"start", 100}, {"end", 200}}));
  const Lines records = records_of(options, {slices.requests[0]});
  BOOST_TEST(records.size() == 187U);
  for (const char* name : {"id", "name", "ip", "url", "created"}) {
    BOOST_TEST(json::parse(records[100]).contains(name));
  }
}

BOOST_AUTO_TEST_CASE(test_reader_reads_requests_and_records_from_files_from_the_first_one_on) {
  const TestDirectory directory;
  directory.write("requests", "[ {\"n\":1},\n 2, \"three\" ]");
  directory.write("records", R"([{"a":1.0},{"b":2}])");
  const json options = checked({{"_op", "test-reader"},
                                {"slicer_data_file_path", directory.at("requests")},
                                {"fetcher_data_file_path", directory.at("records")}});
  BOOST_TEST(cut(options, 2).requests == (Lines{R"({"n":1})", "2", "\"three\""}), per_element());
  BOOST_TEST(records_of(options, {"2"}) == (Lines{R"({"a":1.0})", R"({"b":2})"}), per_element());
  const Cut endless = cut(options, 2, {}, 0, 1, true, 7);
  BOOST_TEST(endless.requests[3] == R"({"n":1})");
  const Cut all = cut(options, 1);
  for (const auto& [before, cursor] : all.cursors) {
    BOOST_TEST(cut(options, 5, cursor).requests.size() == 3 - before);
  }
  BOOST_TEST(cut(options, 2, all.cursors.back().second, 0, 1, true, 4).requests[0] == R"({"n":1})");
}

BOOST_AUTO_TEST_CASE(test_reader_passes_the_request_through_when_told) {
  const json options = checked({{"_op", "test-reader"}, {"passthrough_slice", true}});
  BOOST_TEST(records_of(options, {R"([{"a":1},{"b":2}])"}).size() == 2U);
  BOOST_TEST(fetch(options, R"({"a":1})")
                 .error()
                 .what.starts_with("Test, when passthrough_slice is set to true it expects an array"));
  BOOST_TEST(!fetch(options, "[1").has_value());
  BOOST_TEST(!fetch(options, "[1]").has_value());
  BOOST_TEST(
      fetch(checked({{"_op", "test-reader"}, {"passthrough_slice", true}, {"_dead_letter_action", "none"}}), "[1,{}]")
          ->size() == 1U);
}

BOOST_AUTO_TEST_CASE(test_reader_says_which_file_it_cannot_read) {
  const TestDirectory directory;
  directory.write("object", "{}");
  directory.write("broken", "[1,");
  BOOST_TEST(problems_of({{"_op", "test-reader"}, {"slicer_data_file_path", directory.at("none")}})
                 .front()
                 .starts_with("op.slicer_data_file_path: Unable to read file at path " + directory.at("none") +
                              ": cannot read: No such file"));
  BOOST_TEST(problems_of({{"_op", "test-reader"}, {"fetcher_data_file_path", directory.at("object")}}).front() ==
             "op.fetcher_data_file_path: Unable to read file at path " + directory.at("object") +
                 ": it is not a JSON array; it must be one JSON array");
  BOOST_TEST(cut(checked({{"_op", "test-reader"}, {"slicer_data_file_path", directory.at("broken")}}), 1)
                 .error.find("Unable to read file at path") != std::string::npos);
  BOOST_TEST(!fetch(checked({{"_op", "test-reader"}, {"fetcher_data_file_path", directory.at()}}), "1").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
