// Specs, coercion and merging of options, and the page made of them.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "common/operations/catalog.hpp"
#include "common/operations/date_text.hpp"
#include "common/operations/manual.hpp"
#include "common/operations/nearest.hpp"

using namespace slicebus;
using namespace slicebus::operations;
using nlohmann::json;

namespace {

const OperationSpec sample{.name = "sample",
                           .kind = OperationKind::processor,
                           .summary = "For the tests.",
                           .fields = {{.name = "count", .type = "integer", .fallback = "5", .min = 1, .max = 10},
                                      {.name = "ratio", .type = "number", .max = 1},
                                      {.name = "wait", .type = "duration", .fallback = "100", .min = 0},
                                      {.name = "on", .type = "boolean", .fallback = "false"},
                                      {.name = "title", .type = "string", .required = true},
                                      {.name = "mode", .type = "string", .one_of = {"slow", "fast"}},
                                      {.name = "from", .type = "date"},
                                      {.name = "names", .type = "string or array of strings"},
                                      {.name = "map", .type = "object"},
                                      {.name = "list", .type = "array"},
                                      {.name = "texts", .type = "array of strings"}}};

struct Outcome {
  json entry;
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
};

Outcome check(const OperationSpec& spec, json entry) {
  Outcome out{std::move(entry), {}, {}};
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
  check_entry(spec, "operations[2]", out.entry, problems, warnings);
  for (const auto& problem : problems) {
    out.problems.push_back(problem.path + ": " + problem.message);
  }
  for (const auto& warning : warnings) {
    out.warnings.push_back(warning.path + ": " + warning.message);
  }
  return out;
}

std::string problem(const char* name, const json& value) {
  json entry = {{"_op", "sample"}, {"title", "x"}};
  entry[name] = value;
  const Outcome out = check(sample, entry);
  return out.problems.empty() ? "fine: " + out.entry[name].dump() : out.problems.front();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(catalog_of_operations)

BOOST_AUTO_TEST_CASE(every_entry_is_whole_and_named_once) {
  std::set<std::string> names;
  for (const Operation& operation : catalog()) {
    BOOST_REQUIRE(operation.spec != nullptr);
    const OperationSpec& spec = *operation.spec;
    BOOST_TEST_CONTEXT(spec.name) {
      BOOST_TEST(names.insert(spec.name).second);
      BOOST_TEST(!spec.summary.empty());
      BOOST_TEST((spec.kind == OperationKind::reader) == static_cast<bool>(operation.make_slicer));
      BOOST_TEST((spec.kind == OperationKind::reader) == static_cast<bool>(operation.make_fetcher));
      BOOST_TEST((spec.kind == OperationKind::processor) == static_cast<bool>(operation.make_processor));
      BOOST_TEST((spec.kind == OperationKind::sender) == static_cast<bool>(operation.make_sender));
      BOOST_TEST((spec.api.empty() || find_operation(spec.api) != nullptr));
      for (const FieldSpec& field : spec.fields) {
        BOOST_TEST_CONTEXT(field.name) {
          BOOST_TEST(!field.help.empty());
          BOOST_TEST((field.fallback.empty() || !json::parse(field.fallback, nullptr, false).is_discarded()));
          BOOST_TEST((field.fallback.empty() || !field.required));
        }
      }
    }
  }
  BOOST_TEST(names.size() == 13U);
}

BOOST_AUTO_TEST_CASE(names_are_found_with_asset_and_tag) {
  BOOST_TEST(find_operation("filter")->spec->name == "filter");
  BOOST_TEST(find_operation("filter@standard:1.0.0")->spec->name == "filter");
  BOOST_TEST(find_operation("file_reader_api:left")->spec->name == "file_reader_api");
  BOOST_TEST(find_operation("dedup") == nullptr);
  BOOST_TEST(find_operation("") == nullptr);
}

BOOST_AUTO_TEST_CASE(defaults_of_the_spec_and_of_every_operation_are_filled) {
  const Outcome out = check(sample, {{"_op", "sample"}, {"title", "x"}, {"wait", nullptr}});
  BOOST_TEST(out.problems.empty());
  BOOST_TEST(out.warnings.empty());
  BOOST_TEST(
      out.entry ==
      json::parse(
          R"({"_op":"sample","_encoding":"json","_dead_letter_action":"throw","title":"x","count":5,"wait":100,"on":false})"));
}

BOOST_AUTO_TEST_CASE(values_are_coerced_as_R_ex_25_and_R_op_96_say) {
  BOOST_TEST(problem("count", "10") == "fine: 10");
  BOOST_TEST(problem("count", 3.0) == "fine: 3");
  BOOST_TEST(problem("ratio", "0.5") == "fine: 0.5");
  BOOST_TEST(problem("wait", "5 minutes") == "fine: 300000");
  BOOST_TEST(problem("wait", "1500") == "fine: 1500");
  BOOST_TEST(problem("wait", "250ms") == "fine: 250");
  BOOST_TEST(problem("wait", "1.5 hours") == "fine: 5400000");
  BOOST_TEST(problem("on", "true") == "fine: true");
  BOOST_TEST(problem("on", 0) == "fine: false");
  BOOST_TEST(problem("on", "1") == "fine: true");
  BOOST_TEST(problem("from", "2018-02-03") == "fine: \"2018-02-03\"");
  BOOST_TEST(problem("from", 1500000000000) == "fine: 1500000000000");
  BOOST_TEST(problem("names", "a") == "fine: \"a\"");
  BOOST_TEST(problem("names", {"a", "b"}) == "fine: [\"a\",\"b\"]");
  BOOST_TEST(problem("mode", "fast") == "fine: \"fast\"");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_is_named_with_what_is_right) {
  BOOST_TEST(problem("count", "ten") == "operations[2].count: must be an integer, got \"ten\"");
  BOOST_TEST(problem("count", 2.5) == "operations[2].count: must be an integer, got 2.5");
  BOOST_TEST(problem("count", true) == "operations[2].count: must be an integer, got true");
  BOOST_TEST(problem("count", 1e300) == "operations[2].count: must be an integer, got 1e+300");
  BOOST_TEST(problem("count", 0) == "operations[2].count: must be between 1 and 10, got 0");
  BOOST_TEST(problem("count", 18446744073709551615U) ==
             "operations[2].count: must be an integer, got 18446744073709551615");
  BOOST_TEST(problem("ratio", 1.5) == "operations[2].ratio: must be at most 1, got 1.5");
  BOOST_TEST(problem("ratio", "nan") == "operations[2].ratio: must be a number, got \"nan\"");
  BOOST_TEST(problem("wait", "5 parsecs") ==
             "operations[2].wait: must be a positive integer or human readable string containing a number and valid "
             "unit (\"5 minutes\"), got \"5 parsecs\"");
  BOOST_TEST(problem("wait", -1).starts_with("operations[2].wait: must be a positive integer"));
  BOOST_TEST(problem("on", "yes") == "operations[2].on: must be a boolean, got \"yes\"");
  BOOST_TEST(problem("title", 5) == "operations[2].title: This field is required and must be of type string, got 5");
  BOOST_TEST(problem("title", "") ==
             "operations[2].title: This field is required and must be of type string, got \"\"");
  BOOST_TEST(problem("title", nullptr) == "operations[2].title: This field is required and must be of type string");
  BOOST_TEST(problem("mode", "stop") == "operations[2].mode: must be one of the following: slow,fast, got \"stop\"");
  BOOST_TEST(problem("mode", "fas") ==
             "operations[2].mode: must be one of the following: slow,fast, got \"fas\"; did you mean \"fast\"?");
  BOOST_TEST(problem("from", "yesterday").starts_with("operations[2].from: must be a date"));
  BOOST_TEST(problem("names", json::array()) == "operations[2].names: must be a string or an array of strings, got []");
  BOOST_TEST(problem("map", 1) == "operations[2].map: must be an object, got 1");
  BOOST_TEST(problem("list", "a") == "operations[2].list: must be an array, got \"a\"");
  BOOST_TEST(problem("texts", {1}) == "operations[2].texts: must be an array of strings, got [1]");
  BOOST_TEST(problem("_encoding", "xml") ==
             "operations[2]._encoding: must be one of the following: json,raw, got \"xml\"");
  BOOST_TEST(problem("_dead_letter_action", "kafka_dead_letter")
                 .starts_with("operations[2]._dead_letter_action: must be one of the following: throw,log,none"));
  BOOST_TEST(problem("_connection", "other") ==
             "operations[2]._connection: sample refers to connection \"other\" which is unavailable");
  BOOST_TEST(check(sample, json("x")).problems.front() == "operations[2]: must be an object, got \"x\"");
}

BOOST_AUTO_TEST_CASE(every_wrong_field_is_reported_not_only_the_first) {
  BOOST_TEST(check(sample, {{"_op", "sample"}, {"count", "x"}, {"on", 7}}).problems.size() == 3U);
}

BOOST_AUTO_TEST_CASE(unknown_options_are_kept_and_warned_of_with_the_nearest_name) {
  const Outcome out = check(sample, {{"_op", "sample"}, {"title", "x"}, {"cuont", 3}, {"zebra", 1}});
  BOOST_TEST(out.problems.empty());
  BOOST_TEST(
      out.warnings == (std::vector<std::string>{
                          "operations[2].cuont: unknown option \"cuont\" of sample is ignored; did you mean \"count\"?",
                          "operations[2].zebra: unknown option \"zebra\" of sample is ignored"}),
      boost::test_tools::per_element());
  BOOST_TEST(out.entry["cuont"] == 3);
}

BOOST_AUTO_TEST_CASE(connector_options_may_stand_on_the_operation_or_on_its_api) {
  const OperationSpec& reader = *find_operation("file_reader")->spec;
  const Outcome own = check(reader, {{"_op", "file_reader"}, {"path", "/data"}, {"size", "500"}});
  BOOST_TEST(own.problems.empty());
  BOOST_TEST(own.warnings.empty());
  BOOST_TEST(own.entry["size"] == 500);
  BOOST_TEST(own.entry["format"] == "ldjson");

  const Outcome linked = check(reader, {{"_op", "file_reader"}, {"_api_name", "file_reader_api:b"}});
  BOOST_TEST(linked.problems.empty());
  BOOST_TEST(!linked.entry.contains("size"));
  BOOST_TEST(
      check(reader, {{"_op", "file_reader"}, {"_api_name", "file_reader_api"}, {"size", "x"}}).problems.front() ==
      "operations[2].size: must be an integer, got \"x\"");

  BOOST_TEST(check(reader, {{"_op", "file_reader"}}).problems.front() ==
             "operations[2].path: This field is required and must be of type string; give it here, or name with "
             "_api_name an entry of apis that has it");
  BOOST_TEST(check(reader, {{"_op", "file_reader"}, {"_api_name", nullptr}}).problems.front() ==
             "operations[2]._api_name: An operation with a _api_name keyword must link it to a valid api configuration "
             "on the job");
  BOOST_TEST(check(reader, {{"_op", "file_reader"}, {"_api_name", "file_sender_api"}}).problems.front() ==
             "operations[2]._api_name: must name an api file_reader_api (a tag may follow: \"file_reader_api:b\"), got "
             "\"file_sender_api\"");
  BOOST_TEST(check(reader, {{"_op", "file_reader"}, {"api_name", "file_reader_api"}}).entry["_api_name"] ==
             "file_reader_api");
}

BOOST_AUTO_TEST_CASE(options_of_operation_and_api_are_merged_the_operation_s_first) {
  const json execution = json::parse(R"({
    "operations": [{"_op":"file_reader","_api_name":"file_reader_api:b","_encoding":"json","_dead_letter_action":"throw","size":7},
                   {"_op":"noop","_dead_letter_action":"none"}],
    "apis": [{"_name":"file_reader_api","path":"/wrong"},
             {"_name":"file_reader_api:b","path":"/data","size":5,"_dead_letter_action":"log"}]})");
  const json reader = effective_options(execution, 0);
  BOOST_TEST(reader["path"] == "/data");
  BOOST_TEST(reader["size"] == 7);
  BOOST_TEST(reader["_dead_letter_action"] == "log");
  BOOST_TEST(reader["_op"] == "file_reader");
  BOOST_TEST(!reader.contains("_name"));
  BOOST_TEST(effective_options(execution, 1) == execution["operations"][1]);
  BOOST_TEST(effective_options(execution, 2).empty());
  BOOST_TEST(effective_options(json("x"), 0).empty());
}

BOOST_AUTO_TEST_CASE(dates_and_durations_are_read_strictly) {
  BOOST_TEST(*parse_date("1970-01-01") == 0);
  BOOST_TEST(*parse_date("2018-02-03T04:05:06.789Z") == 1517630706789);
  BOOST_TEST(*parse_date("2018-02-03T05:05:06.789+01:00") == 1517630706789);
  BOOST_TEST(*parse_date("2018-02-03 04:05") == 1517630700000);
  BOOST_TEST(*parse_date("1969-12-31T23:59:59.999Z") == -1);
  for (const char* text : {"", "2018", "2018-02", "2018-02-30", "2018-2-3", "2018-02-03T", "2018-02-03T04",
                           "2018-02-03T04:05:06.Z", "2018-02-03T04:05Zx", "20180203"}) {
    BOOST_TEST(!parse_date(text).has_value(), text);
  }
  for (const std::int64_t ms : {0LL, -1LL, 1517630706789LL, -62167219200000LL, 253402300799999LL}) {
    BOOST_TEST(*parse_date(date_text(ms, "Z")) == ms);
  }
  BOOST_TEST(date_text(1517630706789, "+00:00") == "2018-02-03T04:05:06.789+00:00");
  for (const char* text : {"", "-5", "x", "5 x", "5 5", "1e400", "99999999999999999999 years", "5minutesx"}) {
    BOOST_TEST(!parse_duration_ms(text).has_value(), text);
  }
  BOOST_TEST(*parse_duration_ms(" 2 Weeks ") == 1'209'600'000);
}

BOOST_AUTO_TEST_CASE(nearest_names_are_near) {
  BOOST_TEST(*nearest("filtre", {"noop", "filter", "file_reader"}) == "filter");
  BOOST_TEST(*nearest("nop", {"noop", "filter"}) == "noop");
  BOOST_TEST(!nearest("dedupe", {"noop", "filter", "delay"}).has_value());
  BOOST_TEST(!nearest(std::string(100'000, 'x'), {"noop"}).has_value());
}

// SLICEBUS_REWRITE=1 writes the page; read the diff then.
BOOST_AUTO_TEST_CASE(docs_operations_md_is_what_the_specs_say) {
  const char* source = std::getenv("SLICEBUS_SOURCE");
  BOOST_REQUIRE_MESSAGE(source != nullptr, "ctest sets SLICEBUS_SOURCE to the source tree");
  const std::string path = std::string(source) + "/docs/operations.md";
  const std::string expected = manual(catalog());
  if (std::getenv("SLICEBUS_REWRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << expected;
  }
  std::ifstream in(path, std::ios::binary);
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  BOOST_TEST(
      (page == expected),
      "docs/operations.md differs from the specs; run operations_test with SLICEBUS_REWRITE=1 and read the diff");
}

BOOST_AUTO_TEST_SUITE_END()
