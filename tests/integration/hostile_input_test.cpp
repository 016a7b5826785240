// Issue 6, M8: bad input is answered with a 4xx and the standard error (R-api-8) within a second, and the next request
// is served. Zips are for the test of the assets.
#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/local_cluster.hpp"
#include "tests/support/raw_client.hpp"

using namespace slicebus;              // NOLINT: test
using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

using Steady = std::chrono::steady_clock;

const LocalCluster& cluster() { return shared_cluster({.slots = 1}); }

struct Bad {
  const char* name;
  std::string request;
  std::vector<int> statuses;  ///< any of these
  std::string says = {};      ///< part of the message
};

std::ostream& operator<<(std::ostream& out, const Bad& bad) { return out << bad.name; }

std::string posted(const std::string& body) { return post("/v1/jobs", body); }
std::string asked(const std::string& method, const std::string& target) {
  return method + ' ' + target + " HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n";
}
/// A job with `field` in it, as text.
std::string job_with(const std::string& field) {
  return posted(R"({"name":"bad","operations":[{"_op":"data_generator"},{"_op":"noop"}],)" + field + "}");
}
std::string job_with_operation(const std::string& operation) {
  return posted(R"({"name":"bad","operations":[{"_op":"data_generator"},)" + operation + "]}");
}
std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}
std::string many_keys(int count) {
  std::string fields;
  for (int i = 0; i < count; ++i) {
    fields += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
  }
  return fields;
}

constexpr std::size_t huge = 64U << 20U;
const std::string malformed = "the json submitted is malformed";

const std::vector<Bad> bad_requests{
    {"an open object", posted("{"), {400}, malformed},
    {"a key without value", posted(R"({"name":})"), {400}, malformed},
    {"a comma too many", posted(R"({"operations":[1,2,]})"), {400}, malformed},
    {"something behind the object", posted("{} {}"), {400}, malformed},
    {"a comment", posted("{/* */}"), {400}, malformed},
    {"single quotes", posted("{'name':'x'}"), {400}, malformed},
    {"not a number", posted(R"({"workers":NaN})"), {400}, malformed},
    {"hexadecimal", posted(R"({"workers":0x10})"), {400}, malformed},
    {"a leading zero", posted(R"({"workers":01})"), {400}, malformed},
    {"a tab inside of a text", posted("{\"name\":\"a\tb\"}"), {400}, malformed},
    {"half of a surrogate pair", posted(R"({"name":"\ud800"})"), {400}, malformed},
    {"an empty array as job", posted("[]"), {400}},
    {"64 MB with a length", posted(std::string(huge, ' ')), {413}},
    {"64 MB in chunks",
     "POST /v1/jobs HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n" + std::string(huge, ' ') +
         "\r\n0\r\n\r\n",
     {413}},
    {"100,000 nested arrays", posted(std::string(100'000, '[') + std::string(100'000, ']')), {400}, "nested deeper"},
    {"100,000 nested arrays in a field",
     job_with("\"labels\":" + std::string(100'000, '[') + std::string(100'000, ']')),
     {400},
     "nested deeper"},
    {"100,000 nested objects", posted(repeated("{\"a\":", 100'000) + "1" + std::string(100'000, '}')), {400}, "nested"},
    {"100,000 arrays that do not end", posted(std::string(100'000, '[')), {400}},
    {"300,000 keys in one object", posted("{" + many_keys(300'000) + "}"), {400}, "too many keys"},
    {"bytes that are not UTF-8", posted("{\"name\":\"\xff\xfe\"}"), {400}, malformed},
    {"UTF-8 that is too long", posted("{\"name\":\"\xc0\xaf\"}"), {400}, malformed},
    {"UTF-8 that is cut", posted("{\"name\":\"\xe2\x82\"}"), {400}, malformed},
    {"a surrogate in UTF-8", posted("{\"name\":\"\xed\xa0\x80\"}"), {400}, malformed},
    {"a key that is not UTF-8", posted("{\"\xff\":1}"), {400}, malformed},
    {"a key twice", job_with(R"("name":"another")"), {400}, "the key \"name\" twice"},
    {"a key twice in an operation",
     job_with_operation(R"({"_op":"delay","ms":1,"ms":2})"),
     {400},
     "the key \"ms\" twice"},
    {"a key twice, one escaped", job_with(R"("n\u0061me":"another")"), {400}, "the key \"name\" twice"},
    {"1e999 workers", job_with(R"("workers":1e999)"), {400}},
    {"-1e999 workers", job_with(R"("workers":-1e999)"), {400}},
    {"1e400 of an option", job_with_operation(R"({"_op":"delay","ms":1e400})"), {400}},
    {"a number of 10,000 digits", job_with("\"workers\":" + std::string(10'000, '9')), {400}},
    {"workers beyond 64 bits", job_with(R"("workers":18446744073709551616)"), {400}},
    {"workers below zero", job_with(R"("workers":-9223372036854775808)"), {400}},
    {"half a worker", job_with(R"("workers":0.5)"), {400}},
    {"workers as an object", job_with(R"("workers":{"$gt":0})"), {400}},
    {"operations as a text", posted(R"({"name":"x","operations":"noop"})"), {400}},
    {"operations of null", posted(R"({"name":"x","operations":[null,null]})"), {400}},
    {"a path as an operation", job_with_operation(R"({"_op":"../../../../bin/sh"})"), {400}},
    {"NUL in an operation's name", job_with_operation(R"({"_op":"noop\u0000"})"), {400}},
    {"a lifecycle that is none", job_with(R"("lifecycle":"for ever")"), {400}},
    {"DELETE of all jobs", asked("DELETE", "/v1/jobs"), {405}},
    {"PATCH", asked("PATCH", "/v1/jobs"), {405}},
    {"TRACE", asked("TRACE", "/"), {405}},
    {"a method in lower case", asked("get", "/v1/jobs"), {405}},
    {"a method of its own", asked("BREW", "/v1/jobs"), {405}},
    {"PUT of the cluster's state", asked("PUT", "/v1/cluster/state"), {405}},
    {"GET of a command", asked("GET", "/v1/jobs/x/_start/x"), {405}},
    {"a size below zero", asked("GET", "/v1/jobs?size=-1"), {400}},
    {"a size that is no number",
     asked("GET", "/v1/jobs?size=many"),
     {400},
     "size parameter must be a integer, got many"},
    {"a size beyond 64 bits", asked("GET", "/v1/jobs?size=99999999999999999999"), {400}},
    {"a size of 1e9", asked("GET", "/v1/jobs?size=1e9"), {400}},
    {"a size of ten million", asked("GET", "/v1/jobs?size=10000000"), {400}},
    {"a from below zero", asked("GET", "/v1/ex?from=-5"), {400}},
    {"a from of infinity", asked("GET", "/v1/ex?from=Infinity"), {400}},
    {"a size given twice", asked("GET", "/v1/ex?size=1&size=2"), {400}},
    {"a sort by SQL", asked("GET", "/v1/jobs?sort=_updated;drop%20table%20job"), {400}},
    {"a sort by what is no field", asked("GET", "/v1/jobs?sort=%00:desc"), {400}},
    {"broken percent-encoding", asked("GET", "/v1/jobs?size=%zz"), {400}, "percent-encoding"},
    {"percent-encoding that is cut", asked("GET", "/v1/jobs/%4"), {400}, "percent-encoding"},
    {"a path upwards", asked("GET", "/v1/jobs/../../../../etc/passwd"), {404, 405}},
    {"a path upwards, encoded", asked("GET", "/v1/jobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd"), {404}},
    {"a path upwards as execution", asked("GET", "/v1/ex/..%2f..%2frecords.db/controller"), {400, 404}},
    {"NUL in an id", asked("GET", "/v1/jobs/a%00b"), {404}},
    {"an id of 10,000 letters", asked("GET", "/v1/jobs/" + std::string(10'000, 'a')), {404}},
    {"an id of SQL", asked("GET", "/v1/jobs/x'%20OR%20'1'='1"), {404}},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile_input)

BOOST_DATA_TEST_CASE(bad_input_is_answered_with_the_standard_error_within_a_second,
                     boost::unit_test::data::make(bad_requests), bad) {
  RawClient client(cluster().rest_port());
  std::thread sender([&] { client.send(bad.request); });
  const auto begin = Steady::now();
  const auto response = client.read();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);
  sender.join();
  BOOST_TEST(took.count() < 1'000);
  BOOST_TEST((std::find(bad.statuses.begin(), bad.statuses.end(), response.status) != bad.statuses.end()),
             response.status << ' ' << response.body.substr(0, 500));
  const json error = json::parse(response.body, nullptr, false);
  BOOST_TEST_REQUIRE(error.is_object(), response.body.substr(0, 500));
  BOOST_TEST(error.value("error", 0) == response.status);
  BOOST_TEST(!error.value("message", "").empty());
  BOOST_TEST(error.value("message", "").find(bad.says) != std::string::npos, error.value("message", ""));
  BOOST_TEST(response.head.find("Content-Type: application/json; charset=utf-8\r\n") != std::string::npos,
             response.head);
  const auto next = cluster().get("/");
  BOOST_TEST(next.status == 200);
}

BOOST_AUTO_TEST_CASE(a_path_upwards_as_the_name_of_an_asset_names_none) {
  BOOST_TEST(cluster().get("/v1/assets/..%2f..%2f..%2fetc%2fpasswd").body == "[]");
  RawClient client(cluster().rest_port());
  client.send(asked("DELETE", "/v1/assets/..%2f..%2frecords.db"));
  BOOST_TEST(client.read().status == 400);  // its error is a text (R-api-71)
  BOOST_TEST(cluster().get("/v1/jobs").status == 200);
}

BOOST_AUTO_TEST_CASE(nothing_of_it_was_kept) {
  BOOST_TEST(cluster().get("/v1/jobs").json().empty());
  BOOST_TEST(cluster().get("/v1/ex").json().empty());
}

BOOST_AUTO_TEST_SUITE_END()
