// Both adapters filter lists alike (R-api-21): the language as a table, hostile filters, and a seeded comparison of the
// two.
#include <random>

#include "tests/conformance/record_fixtures.hpp"

using namespace slicebus;
using namespace slicebus::store;
using namespace slicebus::store::conformance;

namespace {

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : " ") + name;
  }
  return text;
}

/// The ids that a filter finds, or what is wrong with it.
template <class Store>
std::string found(Store& store, std::string_view filter) {
  const auto parsed = operations::query::parse(filter, operations::query::Dialect::lucene);
  if (!parsed) {
    return parsed.error().what;
  }
  const std::string id = std::is_same_v<Store, JobStore> ? "job_id" : "ex_id";
  const auto listed = store.list({.sort = id + ":asc", .filter = *parsed});
  return listed ? joined(names(listed)) : listed.error().text();
}

std::string repeated(std::string_view piece, std::size_t count) {
  std::string out;
  for (; count > 0; --count) {
    out += piece;
  }
  return out;
}

constexpr std::int64_t august_3 = 1'785'715'200'000;  // 2026-08-03T00:00:00Z
constexpr std::int64_t hour = 3'600'000;

template <class Fixture>
void fill(Fixture& f) {
  const auto add = [&](const std::string& id, std::int64_t created, const std::string& document) {
    JobRecord record = job(id, created, document);
    record.created = ms(created);
    BOOST_TEST_REQUIRE(f.jobs().insert(record).has_value());
  };
  add("a", august_3 + 9 * hour,
      R"({"name":"Copy events, daily","lifecycle":"once","workers":2,"active":true,"assets":["files:1.0","kafka"],
          "_created":"2026-08-03T09:00:00.000Z","job_id":"a","operations":[{"_op":"file_reader"},{"_op":"noop"}],"team":"red"})");
  add("b", august_3 + 24 * hour,
      R"({"name":"events copy","lifecycle":"persistent","workers":"10","max_retries":0,"env_vars":{},"job_id":"b"})");
  add("c", august_3 - 1,
      R"({"name":"CAF\u00c9 \"x\" 100%_done 東京","workers":3,"log_level":null,"team":7,"job_id":"c"})");
  add("d", august_3 - 24 * hour,
      R"({"lifecycle":"on*ce?","slicers":2,"job_id":"d","_deleted_on":"2026-08-01T10:00:00Z"})");
  add("e", 0, "not JSON");
}

struct Row {
  std::string_view filter;
  std::string_view expected;
};

const std::vector<Row> job_rows = {
    // keyword: whole, case counts
    {"lifecycle:once", "a"},
    {"lifecycle:Once", ""},
    {"lifecycle:\"once\"", "a"},
    {"lifecycle:onc", ""},
    {"lifecycle:on*", "a d"},
    {"lifecycle:on?e", "a"},
    {"lifecycle:on\\*ce\\?", "d"},
    {"lifecycle:\"on*ce?\"", "d"},
    {"lifecycle:on\\*", ""},
    {"lifecycle:[on TO once]", "a d"},
    {"lifecycle:{once TO *]", "b"},
    {"lifecycle:>=once", "a b"},
    {"job_id:(a OR c)", "a c"},
    {"job_id:(a c)", "a c"},
    {"job_id:[b TO d}", "b c"},
    {"job_id:>c", "d e"},
    {"job_id:?", "a b c d e"},
    {"assets:kafka", "a"},
    {"assets:files\\:1.0", "a"},
    {"assets:files:1.0", "a"},
    // text: by word, whatever the case; phrases as consecutive words
    {"name:EVENTS", "a b"},
    {"name:event", ""},
    {"name:ev*", "a b"},
    {"name:*y", "a b"},
    {"name:e?ents", "a b"},
    {"name:\"copy events\"", "a"},
    {"name:\"Events Copy\"", "b"},
    {"name:\"events daily\"", "a"},
    {"name:\"copy daily\"", ""},
    {"name:copy-ev*", "a"},
    {"name:\"ev*\"", ""},
    {"name:caf\xC3\xA9", "c"},
    {"name:CAF\xC3\x89", "c"},
    {"name:c\xC3\xA9", ""},
    {"name:\xE6\x9D\xB1", "c"},
    {"name:\"\xE6\x9D\xB1\xE4\xBA\xAC\"", "c"},
    {"name:100", "c"},
    {"name:_done", "c"},
    {"name:\"%\"", ""},
    {"name:\"\"", ""},
    {"name:x", "c"},
    {"name:[copy TO daily]", "a b"},
    {"name:*", "a b c"},
    // numbers, also written as texts
    {"workers:2", "a"},
    {"workers:\"2\"", "a"},
    {"workers:2.0", "a"},
    {"workers:2.5", ""},
    {"workers:>2", "b c"},
    {"workers:>=2.5", "b c"},
    {"workers:<3", "a"},
    {"workers:{2 TO 10}", "c"},
    {"workers:[2 TO 10}", "a c"},
    {"workers:{2 TO 10]", "b c"},
    {"workers:[* TO *]", "a b c"},
    {"workers:<1e999", "filter: field \"workers\" is a number, got \"1e999\"; write a number, such as 4"},
    {"max_retries:-0", "b"},
    {"workers:>=-9223372036854775808", "a b c"},
    {"workers:>99999999999999999999999", ""},
    // flags; `active` is a column: missing counts as active (R-api-22)
    {"active:true", "a b c d e"},
    {"active:\"false\"", ""},
    // dates
    {"_created:2026-08-03", "a"},
    {"_created:2026-08", "a b c d"},
    {"_created:2026", "a b c d"},
    {"_created:>2026-08-03", "b"},
    {"_created:>=2026-08-03", "a b"},
    {"_created:<2026-08-03", "c d e"},
    {"_created:<=2026-08-03", "a c d e"},
    {"_created:[2026-08-02 TO 2026-08-03}", "c d"},
    {"_created:{2026-08-02 TO 2026-08-04]", "a b"},
    {"_created:2026-08-03T09",
     "filter: field \"_created\" is a date, got \"2026-08-03T09\"; write it as 2026-08-03 or "
     "\"2026-08-03T09:12:40Z\""},
    {"_created:2026-08-03T09:00", "a"},
    {"_created:\"2026-08-03T11:00:00+02:00\"", "a"},
    {"_created:>2026-08-03T08:59:59.999Z", "a b"},
    {"_created:1785747600000", "a"},
    {"_created:1785747600001", ""},
    {"_deleted_on:2026-08-01", "d"},
    {"_deleted_on:[2026-08-01T10:00 TO *]", "d"},
    // exists
    {"_exists_:workers", "a b c"},
    {"_exists_:log_level", ""},
    {"_exists_:env_vars", ""},
    {"NOT _exists_:name", "d e"},
    {"lifecycle:*", "a b d"},
    // fields that are not in the list: by the type of the value; absent ones match nothing
    {"operations._op:noop", "a"},
    {"operations._op:file*", "a"},
    {"team:red", "a"},
    {"team:7", "c"},
    {"team:\"7\"", "c"},
    {"team:>6", "c"},
    {"nonsense:1", ""},
    {"NOT nonsense:1", "a b c d e"},
    {"ex_id:a", ""},
    // any field
    {"persistent", "b"},
    {"daily", "a"},
    {"7", "c"},
    {"10", "b"},
    {"file*", "a"},
    {"\"copy events\"", "a"},
    {"*", "a b c d e"},
    {"*:*", "a b c d e"},
    // together
    {"lifecycle:once AND workers:2", "a"},
    {"lifecycle:once && workers:3", ""},
    {"lifecycle:once workers:3", "a c"},
    {"lifecycle:once || workers:3", "a c"},
    {"lifecycle:once OR workers:3 AND name:x", "a c"},
    {"(lifecycle:once OR workers:3) AND name:x", "c"},
    {"+workers:>0 lifecycle:persistent", "a b c"},
    {"+workers:>0 +lifecycle:persistent", "b"},
    {"workers:>0 -lifecycle:persistent", "a c"},
    {"workers:>0 NOT lifecycle:persistent", "a c"},
    {"workers:>0 AND -lifecycle:persistent", "a c"},
    {"workers:>0 !lifecycle:persistent !name:x", "a"},
    {"-workers:>0", "d e"},
    {"NOT (workers:>0 OR job_id:e)", "d"},
    {"workers:(>2 AND <10)", "c"},
    {"name:(+events -daily)", "b"},
    {"lifecycle:once OR job_id:b", "a b"},
    {"job_id:b AND (lifecycle:once OR NOT workers:3)", "b"},
    {"NOT job_id:(a OR b) AND NOT lifecycle:once", "c d e"},
    // wrong
    {"workers:many", "filter: field \"workers\" is a number, got \"many\"; write a number, such as 4"},
    {"workers:1*", "filter: field \"workers\" is a number, which has no pattern; use a range, or _exists_"},
    {"active:yes", "filter: field \"active\" is true or false, got \"yes\"; write true or false"},
    {"active:[true TO true]", "filter: field \"active\" is true or false, which have no order; write true or false"},
    {"_created:today",
     "filter: field \"_created\" is a date, got \"today\"; write it as 2026-08-03 or "
     "\"2026-08-03T09:12:40Z\""},
    {"name:", "character 6: expected a value, got the end"},
    {"name:(a", "character 8: expected AND, OR or ')', got the end"},
    {"a)", "character 2: expected AND, OR or the end, got \")\""},
    {"a AND", "character 6: expected a value, got the end"},
    {"OR a", "character 1: expected a value, got the word OR"},
    {"name:\"open", "character 6: the quote is never closed"},
    {"name:/re/", "character 6: regular expressions are not supported"},
    {"name:a~2", "character 7: fuzziness and proximity (~) are not supported"},
    {"workers:[1 TO", "character 14: expected a value, got the end"},
};

const std::vector<std::string_view> hostile = {
    "name:\"'; DROP TABLE job; --\"",
    "job_id:\"' OR '1'='1\"",
    "job_id:'\\ OR\\ 1=1\\ --",
    "_created:[\\\"; TO *]",
    "'; DROP TABLE job; --",
    "document:x",
    "x\\'\\)\\;:1",
    "\"a\\\"b\\\\\":\"c\\\"d\"",
    "name:\"?1\"",
    "job_id:?1 OR job_id:\\?1",
    "name:\xFF\xFE",
    "\xC3:\xC3",
    "_exists_:\"$.a[0]\"",
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_filter_finds, Fixture, Adapters) {
  Fixture f;
  fill(f);
  for (const Row& row : job_rows) {
    BOOST_TEST(found(f.jobs(), row.filter) == row.expected, row.filter << " → " << found(f.jobs(), row.filter));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(executions_are_filtered_by_job_status_and_reason, Fixture, Adapters) {
  Fixture f;
  for (const auto& [id, job_id, status] :
       {std::tuple("e1", "j1", "running"), {"e2", "j1", "failed"}, {"e3", "j2", "failed"}, {"e4", "j3", "stopped"}}) {
    ExecutionRecord record = execution(id, job_id, status);
    record.document =
        R"({"_failureReason":"execution: x had 2 slice Failures","slicer_port":4601)" + std::string(id).substr(1) + "}";
    BOOST_TEST_REQUIRE(f.executions().insert(record).has_value());
  }
  const auto find = [&](std::string_view filter) { return found(f.executions(), filter); };
  BOOST_TEST(find("job_id:j1") == "e1 e2");
  BOOST_TEST(find("_status:failed AND NOT job_id:j1") == "e3");
  BOOST_TEST(find("_status:(failed OR stopped)") == "e2 e3 e4");
  BOOST_TEST(find("_status:s*") == "e4");
  BOOST_TEST(find("_failureReason:\"slice failures\" AND slicer_port:<46013") == "e1 e2");
  const auto parsed = *operations::query::parse("_status:failed", operations::query::Dialect::lucene);
  BOOST_TEST(names(f.executions().list({.sort = "ex_id", .job_id = JobId{"j1"}, .filter = parsed})) == (Names{"e2"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(f.executions().list({.from = 1, .size = 1, .sort = "ex_id", .filter = parsed})) == (Names{"e3"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_hostile_filter_is_a_value_like_any_other, Fixture, Adapters) {
  Fixture f;
  fill(f);
  for (const std::string_view filter : hostile) {
    const std::string result = found(f.jobs(), filter);
    BOOST_TEST((result.empty() || result.starts_with("character ") || result.starts_with("filter: ")),
               filter << " → " << result);
  }
  BOOST_TEST(found(f.jobs(), "*") == "a b c d e");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(depth_length_and_terms_are_bounded, Fixture, Adapters) {
  Fixture f;
  fill(f);
  BOOST_TEST(found(f.jobs(), repeated("(", 64) + "job_id:a" + repeated(")", 64)) == "a");
  BOOST_TEST(found(f.jobs(), repeated("(", 65) + "job_id:a").find("nested deeper than 64 levels") != std::string::npos);
  BOOST_TEST(found(f.jobs(), "job_id:a" + repeated(" OR job_id:x", 1'023)) == "a");
  BOOST_TEST(found(f.jobs(), "job_id:a" + repeated(" AND NOT workers:77", 1'023)) == "a");
  BOOST_TEST(found(f.jobs(), "job_id:a" + repeated(" x", 1'024)) ==
             "filter: has more than 1024 terms; split it into several requests");
  BOOST_TEST(found(f.jobs(), repeated("-", 60'000) + "job_id:a") == "a");
  BOOST_TEST(found(f.jobs(), "name:\"" + repeated("x ", 32'000) + "\"") == "");
  BOOST_TEST(found(f.jobs(), "name:" + repeated("*a", 32'000)) == "");
  BOOST_TEST(found(f.jobs(), repeated("x", 70'000)) == "is longer than 65536 bytes");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_job_is_found_by_the_words_of_the_name_it_has_now, Fixture, Adapters) {
  Fixture f;
  BOOST_TEST_REQUIRE(f.jobs().insert(job("a", 1, R"({"name":"first name"})")).has_value());
  BOOST_TEST_REQUIRE(f.jobs().insert(job("b", 2, R"({"name":["second","third"]})")).has_value());
  BOOST_TEST_REQUIRE(f.jobs().insert(job("c", 3, R"({"name":")" + repeated("x ", 5'000) + R"(needle"})")).has_value());
  BOOST_TEST(found(f.jobs(), "name:first") == "a");
  BOOST_TEST(found(f.jobs(), "name:third") == "b");
  BOOST_TEST(found(f.jobs(), "name:need* OR name:second") == "b c");
  BOOST_TEST_REQUIRE(f.jobs().put(job("a", 4, R"({"name":"last name"})")).has_value());
  BOOST_TEST(found(f.jobs(), "name:first") == "");
  BOOST_TEST(found(f.jobs(), "name:\"last name\"") == "a");
}

// Two implementations of one promise: whatever is stored and asked, they answer alike.
BOOST_AUTO_TEST_CASE(memory_and_sqlite_answer_alike) {
  std::mt19937_64 chance(2026);
  const auto pick = [&](const Names& from) { return from[chance() % from.size()]; };
  const Names words{"a",          "B",
                    "ab",         "AB c",
                    "1",          "2",
                    "-3",         "4.5",
                    "true",       "false",
                    "null",       "\xC3\x89t\xC3\xA9",
                    "2026-08-03", "2026-08-03T01:02:03Z",
                    "x*",         "\\\"",
                    "{}",         "a-b"};
  const Names fields{"name",     "workers",   "active",      "job_id",         "_created",
                     "_updated", "lifecycle", "_deleted_on", "_failureReason", "team",
                     "_status",  "ex_id",     "slicer_port", "_deleted",       "relocatable"};
  MemoryFixture memory;
  SqliteFixture sqlite;
  for (int i = 0; i < 120; ++i) {
    ExecutionRecord record =
        execution("e" + std::to_string(i), pick({"a", "B", "2"}), pick({"failed", "running", "ab"}),
                  static_cast<std::int64_t>(chance() % 3) * august_3);
    record.created = ms(august_3 + static_cast<std::int64_t>(chance() % 5) * 12 * hour);
    record.document = "{";
    for (const std::string& field : fields) {
      if (chance() % 2 == 0) {
        const std::string word = pick(words);
        const bool bare = word != "AB c" && (word == "1" || word == "2" || word == "-3" || word == "4.5" ||
                                             word == "true" || word == "false" || word == "null" || word == "{}");
        const std::string value = bare && chance() % 2 == 0 ? word : "\"" + word + "\"";
        record.document += (record.document.size() > 1 ? ",\"" : "\"") + field +
                           "\":" + (chance() % 5 == 0 ? "[" + value + ",\"ab\"]" : value);
      }
    }
    record.document += chance() % 50 == 0 ? "" : "}";
    BOOST_TEST_REQUIRE(memory.executions().insert(record).has_value());
    BOOST_TEST_REQUIRE(sqlite.executions().insert(record).has_value());
  }
  const Names pieces{":", ":",     ":", ":>", ":<=", ":[", " TO ", "]", "}",  " AND ", " OR ",
                     " ", " NOT ", "-", "+",  "(",   ")",  "*",    "?", "\"", "\\"};
  std::size_t good = 0;
  for (int round = 0; round < 1'500; ++round) {
    std::string filter;
    for (std::uint64_t count = 1 + chance() % 3; count > 0; --count) {
      const std::string value = pick(words);
      switch (chance() % 6) {
        case 0:
          filter += pick(fields) + pick({":>", ":>=", ":<", ":<="}) + value;
          break;
        case 1:
          filter += pick(fields) + ":[" + value + " TO " + pick(words) + pick({"]", "}"});
          break;
        case 2:
          filter += value;
          break;
        case 3:
          filter += pick({"_exists_:", "-_exists_:"}) + pick(fields);
          break;
        case 4:
          filter += pick(fields) + pick(pieces) + value;
          break;
        default:
          filter += pick({"", "NOT ", "-", "+"}) + pick(fields) + ":" + value;
      }
      filter += count > 1 ? pick({" AND ", " OR ", " "}) : "";
    }
    const auto parsed = operations::query::parse(filter, operations::query::Dialect::lucene);
    if (!parsed) {
      continue;
    }
    const ListQuery query{
        .from = static_cast<std::int64_t>(chance() % 3),
        .size = 90,
        .sort = pick({"name", "workers:desc", "_created", "_status:desc", "active", "_deleted_on:desc"}) + ",ex_id",
        .deleted = false,
        .filter = *parsed};
    const auto one = memory.executions().list(query);
    const auto other = sqlite.executions().list(query);
    BOOST_REQUIRE_MESSAGE(one.has_value() == other.has_value(), filter);
    if (one) {
      ++good;
      BOOST_REQUIRE_MESSAGE(names(one) == names(other), filter << " by " << query.sort);
    } else {
      BOOST_REQUIRE_MESSAGE(one.error() == other.error(), filter);
    }
  }
  BOOST_TEST(good > 400U);
}
