// filter, set_field, rename_field, drop_field, noop, delay, stdout.
#include <fcntl.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include "tests/unit/common/operations/workbench.hpp"

using namespace slicebus::operations::test;
using boost::test_tools::per_element;
using nlohmann::json;
using Lines = std::vector<std::string>;

namespace {

/// What a process writes to `descriptor` while `body` runs.
template <class Body>
std::string written_to(int descriptor, const TestDirectory& directory, Body&& body) {
  std::fflush(nullptr);
  const int kept = ::dup(descriptor);
  const int file = ::open(directory.at("captured").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, descriptor);
  body();
  ::dup2(kept, descriptor);
  ::close(kept);
  ::close(file);
  return directory.read("captured");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(processors)

BOOST_AUTO_TEST_CASE(filter_by_field_removes_what_matches_and_invert_keeps_it) {
  const Lines records = {R"({"a":1})", R"({"a":"1"})", R"({"a":null})", R"({"b":1})", R"({"a":[1,2]})", R"({"a":1.0})"};
  BOOST_TEST(
      run({{"_op", "filter"}, {"field", "a"}, {"value", 1}}, records) == (Lines{records[1], records[2], records[3]}),
      per_element());
  BOOST_TEST(run({{"_op", "filter"}, {"field", "a"}, {"value", 1}, {"invert", true}}, records) ==
                 (Lines{records[0], records[4], records[5]}),
             per_element());
  BOOST_TEST(run({{"_op", "filter"}, {"field", {"a", "b"}}, {"value", {"1", 1}}}, records) == (Lines{records[2]}),
             per_element());
  BOOST_TEST(
      run({{"_op", "filter"}, {"field", "a"}, {"value", nullptr}, {"invert", true}}, records) == (Lines{records[2]}),
      per_element());
}

BOOST_AUTO_TEST_CASE(filter_by_query_keeps_what_matches_and_invert_removes_it) {
  const Lines records = {R"({"delay":61,"time":6})", R"({"delay":60,"time":6})", R"({"delay":61,"time":12})",
                         R"({"time":6})"};
  BOOST_TEST(run({{"_op", "filter"}, {"query", "delay:>60 AND time:[6 TO 12}"}}, records) == (Lines{records[0]}),
             per_element());
  BOOST_TEST(run({{"_op", "filter"}, {"query", "delay:>60 AND time:[6 TO 12}"}, {"invert", true}}, records) ==
                 (Lines{records[1], records[2], records[3]}),
             per_element());
}

BOOST_AUTO_TEST_CASE(filter_says_what_is_wrong_with_its_options) {
  const auto first = [](json more) {
    more["_op"] = "filter";
    const Lines problems = problems_of(more);
    return problems.empty() ? std::string("fine") : problems.front();
  };
  BOOST_TEST(first({{"query", "a:1"}}) == "fine");
  BOOST_TEST(first({{"field", "a"}, {"value", 1}}) == "fine");
  BOOST_TEST(first({{"field", "a"}, {"value", 1}, {"array_index", -1}, {"exception_rules", json::array()}}) == "fine");
  BOOST_TEST(first({}) == "op.query: either query or field (with value) must be given");
  BOOST_TEST(first({{"query", "a:1"}, {"field", "a"}}) ==
             "op.field: query and field are both given; one of them must go");
  BOOST_TEST(first({{"query", "delay:>"}}) ==
             "op.query: character 8: expected a value, got the end; put quotes around a value with special characters");
  BOOST_TEST(first({{"field", "a"}}) == "op.value: must be given with field");
  BOOST_TEST(first({{"field", "a"}, {"value", json::object()}})
                 .starts_with("op.value: must be a string, a number, a boolean, null or a list of these"));
  BOOST_TEST(first({{"field", 5}, {"value", 1}}) == "op.field: must be a string or an array of strings, got 5");
  BOOST_TEST(first({{"field", "a"}, {"value", 1}, {"filter_by", "regex"}}) ==
             "op.filter_by: \"regex\" is not supported; use match, or a query");
  BOOST_TEST(first({{"field", "a"}, {"value", 1}, {"filter_by", "xx"}}) ==
             "op.filter_by: type must be match, regex, ip_range, validator, or size (supported: match), got \"xx\"");
  BOOST_TEST(first({{"field", "a"}, {"value", 1}, {"exception_rules", {1}}}) ==
             "op.exception_rules: is not supported; use a query");
}

BOOST_AUTO_TEST_CASE(set_field_fills_what_is_absent_or_null_unless_told_to_overwrite) {
  const Lines records = {R"({"a":1})", R"({"a":null})", R"({})", R"({"x":[1]})"};
  BOOST_TEST(run({{"_op", "set_field"}, {"field", "a"}, {"value", "v"}}, records) ==
                 (Lines{R"({"a":1})", R"({"a":"v"})", R"({"a":"v"})", R"({"x":[1],"a":"v"})"}),
             per_element());
  BOOST_TEST(
      run({{"_op", "set_field"}, {"field", "a"}, {"value", {{"k", 1}}}, {"overwrite", "true"}}, records).front() ==
      R"({"a":{"k":1}})");
  BOOST_TEST(run({{"_op", "set_field"}, {"field", "m.n"}, {"value", 2}}, {"{}"}).front() == R"({"m":{"n":2}})");
  BOOST_TEST(problems_of({{"_op", "set_field"}, {"field", "a"}, {"value", nullptr}}).front() ==
             "op.value: This field is required and must be not null");
}

BOOST_AUTO_TEST_CASE(rename_field_moves_values_whatever_they_are) {
  BOOST_TEST(run({{"_op", "rename_field"}, {"mapping", {{"a", "b"}, {"gone", "x"}, {"c", "c"}}}},
                 {R"({"a":0,"c":1})", R"({"a":null})", R"({"b":1})", R"({"b":1,"a":""})"}) ==
                 (Lines{R"({"b":0,"c":1})", R"({"b":null})", R"({"b":1})", R"({"b":""})"}),
             per_element());
  BOOST_TEST(
      run({{"_op", "rename_field"}, {"mapping", {{"p.mag", "mag"}}}},
          {R"({"p":{"mag":4.50,"x":1}})", R"({"p.mag":1})"}) == (Lines{R"({"p":{"x":1},"mag":4.50})", R"({"mag":1})"}),
      per_element());
  BOOST_TEST(problems_of({{"_op", "rename_field"}, {"mapping", json::object()}}).front() ==
             "op.mapping: must have at least one \"old name\": \"new name\"");
  BOOST_TEST(problems_of({{"_op", "rename_field"}, {"mapping", {{"a", 1}}}}).front() ==
             "op.mapping: the new name of \"a\" must be a string, got 1");
}

BOOST_AUTO_TEST_CASE(drop_field_removes_one_or_more) {
  BOOST_TEST(run({{"_op", "drop_field"}, {"field", "a"}}, {R"({"a":1,"b":2})", R"({"b":2})"}) ==
                 (Lines{R"({"b":2})", R"({"b":2})"}),
             per_element());
  BOOST_TEST(run({{"_op", "drop_field"}, {"field", {"a", "b.c"}}}, {R"({"a":1,"b":{"c":1}})"}).front() ==
             R"({"b":{}})");
}

BOOST_AUTO_TEST_CASE(noop_and_delay_pass_records_on) {
  BOOST_TEST(run({{"_op", "noop"}}, {R"({"a":1})"}) == (Lines{R"({"a":1})"}), per_element());
  BOOST_TEST(run({{"_op", "delay"}, {"ms", 1}}, {R"({"a":1})"}) == (Lines{R"({"a":1})"}), per_element());
  BOOST_TEST(problems_of({{"_op", "delay"}, {"ms", "5 fortnights"}}).size() == 1U);
  BOOST_TEST(problems_of({{"_op", "delay"}, {"ms", "25 hours"}}).front() ==
             "op.ms: must be between 0 and 86400000 ms, got 90000000");
}

BOOST_AUTO_TEST_CASE(stdout_prints_lines_up_to_its_limit_and_passes_all_on) {
  const TestDirectory directory;
  const Lines records = {"{\"a\":\n1}", R"({"b":2})", R"({"c":3})"};
  Lines passed;
  BOOST_TEST(written_to(STDOUT_FILENO, directory, [&] {
               passed = run({{"_op", "stdout"}, {"limit", 2}}, records);
             }) == "{\"a\": 1}\n{\"b\":2}\n");
  BOOST_TEST(passed == records, per_element());
  BOOST_TEST(written_to(STDOUT_FILENO, directory, [&] {
               run({{"_op", "stdout"}}, records);
             }) == "{\"a\": 1}\n{\"b\":2}\n{\"c\":3}\n");
}

BOOST_AUTO_TEST_CASE(a_bad_record_follows_the_dead_letter_action) {
  const TestDirectory directory;
  const Lines records = {R"({"a":1})", "[1]", R"({"a":)", R"({"a":2})"};
  for (const json& operation : {json{{"_op", "filter"}, {"query", "a:>0"}}, json{{"_op", "drop_field"}, {"field", "z"}},
                                json{{"_op", "rename_field"}, {"mapping", {{"z", "y"}}}},
                                json{{"_op", "set_field"}, {"field", "a"}, {"value", 1}}}) {
    BOOST_TEST_CONTEXT(operation.dump()) {
      json entry = operation;
      const Lines thrown = run(entry, records);
      BOOST_REQUIRE(thrown.size() == 1U);
      BOOST_TEST(thrown.front() == "error: operation \"" + entry["_op"].get<std::string>() +
                                       "\": record: byte 0: expected an object, got \"[1]\", in record [1]; set "
                                       "_dead_letter_action to \"log\" or \"none\" to drop such records");
      entry["_dead_letter_action"] = "none";
      BOOST_TEST(run(entry, records) == (Lines{records[0], records[3], "rejected=2"}), per_element());
      entry["_dead_letter_action"] = "log";
      const std::string log =
          written_to(STDERR_FILENO, directory, [&] { BOOST_TEST(run(entry, records).back() == "rejected=2"); });
      BOOST_TEST(log.find(" level=warn event=record_rejected op=" + entry["_op"].get<std::string>() +
                          " cause=\"record: byte 0: expected an object, got \\\"[1]\\\"\" record=\"[1]\"\n") !=
                 std::string::npos);
    }
  }
  BOOST_TEST(
      run({{"_op", "set_field"}, {"field", "a.b"}, {"value", 1}, {"_dead_letter_action", "none"}}, records).back() ==
      "rejected=4");
}

BOOST_AUTO_TEST_CASE(filtered_records_may_count_as_rejected) {
  BOOST_TEST(run({{"_op", "filter"},
                  {"query", "a:1"},
                  {"filtered_to_dead_letter_queue", true},
                  {"_dead_letter_action", "none"}},
                 {R"({"a":1})", R"({"a":2})"}) == (Lines{R"({"a":1})", "rejected=1"}),
             per_element());
}

BOOST_AUTO_TEST_SUITE_END()
