// The query language as a table: query, record, whether it matches. Every example of it here, so that other tables can
// be checked against it.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "common/operations/query/query.hpp"

using namespace slicebus;
namespace query = slicebus::operations::query;

namespace {

std::string outcome(std::string_view text, std::string_view json) {
  const auto parsed = query::parse(text);
  if (!parsed) {
    return parsed.error().what;
  }
  const auto matched = query::matches(*parsed, record::Record(json));
  return !matched ? "bad record" : *matched ? "yes" : "no";
}

std::string repeated(std::string_view piece, std::size_t count) {
  std::string out;
  for (; count > 0; --count) {
    out += piece;
  }
  return out;
}

constexpr std::string_view flight =
    R"({"delay":62,"time":6,"carrier":"AA","note":"late \"again\"","ok":true,"gone":null,
  "properties":{"mag":4.5,"place":"km W of Castaic, CA"},"tags":["red","blue",7],"legs":[{"to":"OAK"},{"to":"LAX"}],"a.b":1,
  "when":"2018-02-03T04:05:06.000Z","big":9007199254740993,"low":-12.5,"Cost Total $":30,"x":"5"})";

struct Row {
  std::string_view query;
  std::string_view expected;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.query; }

const std::vector<Row> rows = {
    {"delay:>60", "yes"},
    {"delay:>=62", "yes"},
    {"delay:>62", "no"},
    {"delay:<62", "no"},
    {"delay:<=62", "yes"},
    {"delay: > 60", "yes"},
    {"delay:62", "yes"},
    {"delay:62.0", "yes"},
    {"delay:\"62\"", "no"},
    {"x:5", "no"},
    {"x:\"5\"", "yes"},
    {"x:>4", "no"},
    {"time:[6 TO 12}", "yes"},
    {"time:{6 TO 12}", "no"},
    {"time:[0 TO 6]", "yes"},
    {"time:[0 TO 6}", "no"},
    {"time:[* TO 6]", "yes"},
    {"time:[7 TO *]", "no"},
    {"time:[* TO *]", "yes"},
    {"missing:[* TO *]", "no"},
    {"low:<0", "yes"},
    {"low:-12.5", "yes"},
    {"low:[-20 TO -12]", "yes"},
    {"low:>-12", "no"},
    {"big:9007199254740993", "yes"},
    {"big:9007199254740992", "no"},
    {"big:>9007199254740992", "yes"},
    {"delay:>60 AND time:[6 TO 12}", "yes"},
    {"delay:>60 && time:[7 TO 12}", "no"},
    {"delay:>90 OR time:6", "yes"},
    {"delay:>90 || time:7", "no"},
    {"NOT delay:>90", "yes"},
    {"!delay:>60", "no"},
    {"!!delay:>60", "yes"},
    {"NOT missing:>0", "yes"},
    {"delay:>60 NOT time:7", "yes"},
    {"delay:>60 NOT time:6", "no"},
    {"delay:>60 AND NOT time:6", "no"},
    {"delay:1 AND delay:2 OR delay:62", "yes"},
    {"delay:62 OR delay:2 AND delay:1", "yes"},
    {"(delay:62 OR delay:2) AND delay:1", "no"},
    {"NOT delay:1 AND delay:62", "yes"},
    {"NOT (delay:1 OR delay:62)", "no"},
    {"((delay:62))", "yes"},
    {"delay:(1 OR 62)", "yes"},
    {"delay:(>=60 AND <=61)", "no"},
    {"delay:(>=60 AND NOT 61)", "yes"},
    {"carrier:AA", "yes"},
    {"carrier:aa", "no"},
    {"carrier:A?", "yes"},
    {"carrier:?", "no"},
    {"carrier:*A*A*", "yes"},
    {"carrier:B*", "no"},
    {"carrier:\"A?\"", "no"},
    {"carrier:'AA'", "yes"},
    {"note:\"late \\\"again\\\"\"", "yes"},
    {"note:late*", "yes"},
    {"ok:true", "yes"},
    {"ok:false", "no"},
    {"ok:\"true\"", "no"},
    {"_exists_:ok", "yes"},
    {"_exists_:gone", "no"},
    {"_exists_:missing", "no"},
    {"_exists_:properties.mag", "yes"},
    {"gone:*", "no"},
    {"ok:*", "yes"},
    {"properties.mag:>=4", "yes"},
    {"properties.place:*CA", "yes"},
    {"properties.place:\"km W of Castaic, CA\"", "yes"},
    {"a.b:1", "yes"},
    {"tags:blue", "yes"},
    {"tags:7", "yes"},
    {"tags:>6", "yes"},
    {"tags:green", "no"},
    {"legs.to:LAX", "yes"},
    {"legs.to:SFO", "no"},
    {"legs.to.x:SFO", "no"},
    {"when:>2018-02-03", "yes"},
    {"when:>=2018-02-03T05:05:06+01:00", "yes"},
    {"when:<2018-02-03T04:05:06Z", "no"},
    {"when:[2018-02-01 TO 2018-03-01}", "yes"},
    {"when:2018-02-03T04:05:06.000Z", "yes"},
    {"carrier:>2018-02-03", "no"},
    {"carrier:[A TO B}", "yes"},
    {"carrier:>AA", "no"},
    {"\"Cost Total $\":>20", "yes"},
    {"AA", "yes"},
    {"62", "yes"},
    {"\"red\"", "yes"},
    {"BB", "no"},
    {">61", "yes"},
    {"*", "yes"},
    {"*:*", "yes"},
    {"*:* AND delay:1", "no"},
    {"  delay:62\n", "yes"},
    {"delay:>60\nAND\ttime:6", "yes"},
    // What is wrong is said with its place.
    {"", "character 1: the query is empty"},
    {"   ", "character 4: the query is empty"},
    {"delay:", "character 7: expected a value, got the end"},
    {"delay:>", "character 8: expected a value, got the end"},
    {"delay:>60 time:6", "character 11: expected AND, OR or the end, got \"time:6\""},
    {"delay:>60 AND", "character 14: expected a value, got the end"},
    {"AND delay:1", "character 1: expected a value, got the word AND"},
    {"(delay:1", "character 9: expected AND, OR or ')', got the end"},
    {"delay:1)", "character 8: expected AND, OR or the end, got \")\""},
    {"delay:[1 TO", "character 12: expected a value, got the end"},
    {"delay:[1 2]", "character 10: expected TO, got \"2]\""},
    {"delay:[1 TO 2", "character 14: expected ']' or '}' at the end of the range, got the end"},
    {"delay:[1 TO \"b\"]", "character 7: the ends of the range are of different types"},
    {"delay:>*", "character 8: expected a value, got \"*\""},
    {"delay:>a*", "character 8: wildcards have no order"},
    {"delay:>true", "character 8: true has no order"},
    {"delay=5", "character 6: expected AND, OR or the end, got \"=5\""},
    {"delay:=5", "character 7: '=' is not an operator"},
    {"note:\"open", "character 6: the quote is never closed"},
    {"note:\"a\\x\"", "character 9: expected an escape (one of \" ' \\ b f n r t v) after the backslash, got \"x\"\""},
    {"note:/ab.*/", "character 6: regular expressions are not supported"},
    {"place:geoDistance(point:\"1,2\")", "character 7: functions (\"geoDistance\") are not supported"},
    {"delay:$limit", "character 7: variables are not supported"},
    {"delay:@limit", "character 7: variables are not supported"},
    {"carrier:AA^2", "character 11: boosts (^) are not supported"},
    {"carrier:AA~1", "character 11: fuzziness and proximity (~) are not supported"},
    {"de*y:>3", "character 1: field patterns (\"de*y\") are not supported"},
    {"-delay:3", "character 1: '-' before a field is not supported"},
    {"+delay:3", "character 1: '+' before a value is not supported"},
    {":3", "character 1: expected the name of a field before ':'"},
    {"_exists_:", "character 10: _exists_ needs the name of a field"},
    {"caf\xC3\xA9:( \xC3\xA9 ))", "character 11: expected AND, OR or the end, got \")\""},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(queries)

BOOST_DATA_TEST_CASE(a_query_and_a_record_give, rows, row) { BOOST_TEST(outcome(row.query, flight) == row.expected); }

BOOST_AUTO_TEST_CASE(a_record_that_is_not_an_object_is_an_error_not_a_mismatch) {
  BOOST_TEST(outcome("delay:1", "[1]") == "bad record");
  BOOST_TEST(outcome("NOT delay:1", "{\"a\":") == "bad record");
  BOOST_TEST(outcome("1", "x") == "bad record");
}

BOOST_AUTO_TEST_CASE(depth_and_length_are_bounded) {
  BOOST_TEST(outcome(repeated("(", 64) + "delay:62" + repeated(")", 64), flight) == "yes");
  BOOST_TEST(outcome(repeated("(", 65) + "delay:62" + repeated(")", 65), flight) ==
             "character 66: parentheses are nested deeper than 64 levels");
  BOOST_TEST(outcome(repeated("(", 100'000), flight) == "is longer than 65536 bytes");
  BOOST_TEST(outcome(repeated("!", 60'000) + "delay:62", flight) == "yes");
  std::string many = "delay:1";
  for (int at = 0; at < 5'000; ++at) {
    many += " OR delay:1";
  }
  BOOST_TEST(outcome(many, flight) == "no");
}

// A query built from random pieces is either refused with a place inside it, or gives an answer.
BOOST_AUTO_TEST_CASE(random_queries_never_surprise) {
  std::mt19937_64 chance(7);
  const std::vector<std::string> pieces = {
      "delay",    ":",    ">", ">=", "60",   "-5", " ",  "AND", " OR ", "NOT ", "!",         "(",          ")",
      "[",        "]",    "{", "}",  " TO ", "*",  "?",  "\"",  "'",    "\\",   "_exists_:", "carrier:A*", "time:6",
      "\xC3\xA9", "\xFF", "/", "$",  "@",    "&&", "||", "a.b", "^",    "~",    "="};
  std::size_t good = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::uint64_t count = chance() % 9; count > 0; --count) {
      text += pieces[chance() % pieces.size()];
    }
    const std::string result = outcome(text, flight);
    if (result == "yes" || result == "no") {
      ++good;
    } else {
      BOOST_REQUIRE_MESSAGE(result.starts_with("character "), text + " → " + result);
      BOOST_REQUIRE_MESSAGE(std::stoul(result.substr(10)) <= text.size() + 1, text + " → " + result);
    }
  }
  BOOST_TEST(good > 1'000U);
}

BOOST_AUTO_TEST_CASE(wildcards_match_characters_and_do_not_explode) {
  BOOST_TEST(query::matches_wildcard("a?c",
                                     "a\xC3\xA9"
                                     "c"));
  BOOST_TEST(query::matches_wildcard("*", ""));
  BOOST_TEST(!query::matches_wildcard("?", ""));
  BOOST_TEST(query::matches_wildcard("a*b*c", "axxbxxbxc"));
  BOOST_TEST(!query::matches_wildcard("a*b*c", "axxbxxbxcx"));
  BOOST_TEST(!query::matches_wildcard(repeated("*", 50) + "b", repeated("a", 5'000)));
}

BOOST_AUTO_TEST_SUITE_END()
