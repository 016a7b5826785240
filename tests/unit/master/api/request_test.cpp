#include "master/api/request.hpp"

#include "master/api/body.hpp"
#include "master/api/routes.hpp"

using namespace slicebus;
using namespace slicebus::api;

namespace {

std::vector<std::string> path(const std::string& target) { return parse_target(target)->path; }
std::string body(const std::string& type, const std::string& text) {
  const auto parsed = parse_body(type, text);
  return parsed ? parsed->json().dump() : parsed.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(request)

BOOST_AUTO_TEST_CASE(a_path_is_the_same_with_and_without_v1_and_a_trailing_slash) {
  BOOST_TEST(path("/v1/jobs/") == std::vector<std::string>{"jobs"});
  BOOST_TEST(path("/jobs?a=b/c") == std::vector<std::string>{"jobs"});
  BOOST_TEST(path("/").empty());
  BOOST_TEST(path("/v1").empty());
  BOOST_TEST(path("/jobs//") == (std::vector<std::string>{"jobs", ""}));
  BOOST_TEST(path("/ex/a%2Fb") == (std::vector<std::string>{"ex", "a/b"}));
}

BOOST_AUTO_TEST_CASE(broken_percent_encoding_is_refused) {
  for (const char* wrong : {"/jobs/%", "/jobs/%4", "/jobs/%zz", "/jobs?a=%", "/jobs?%g0=1"}) {
    BOOST_TEST(!parse_target(wrong), wrong);
  }
}

BOOST_AUTO_TEST_CASE(query_values_are_decoded_and_typed) {
  const Query query =
      parse_target("/jobs?size=10&from=2.9&sort=name%3Aasc&force=Yes&a+b=c+d&size2=&x=1&x=2&n=ten")->query;
  BOOST_TEST(query.integer("size", 100).value() == 10);
  BOOST_TEST(query.integer("from", 0).value() == 2);
  BOOST_TEST(query.integer("size2", 100).value() == 100);
  BOOST_TEST(query.integer("absent", 7).value() == 7);
  BOOST_TEST(query.text("sort")->value() == "name:asc");
  BOOST_TEST(query.text("a b")->value() == "c d");
  BOOST_TEST(query.boolean("force", false).value());
  BOOST_TEST(query.integer("n", 0).error().message == "n parameter must be a integer, got ten");
  BOOST_TEST(!query.integer("x", 0));
  BOOST_TEST(!query.boolean("n", false));
}

BOOST_AUTO_TEST_CASE(numbers_of_a_query_are_any_that_json_has_and_rounded_down) {
  const Query query =
      parse_target("/jobs?a=1e1&b=-0.5&c=0.9&d=nan&e=inf&f=1e300&g=99999999999999999999&h=1x&i=0x1")->query;
  BOOST_TEST(query.integer("a", 0).value() == 10);
  BOOST_TEST(query.integer("b", 0).value() == -1);
  BOOST_TEST(query.integer("c", 7).value() == 0);
  for (const char* key : {"d", "e", "f", "g", "h", "i"}) {
    BOOST_TEST(!query.integer(key, 0), key);
  }
}

BOOST_AUTO_TEST_CASE(bodies_are_json_by_type_or_by_their_first_byte) {
  BOOST_TEST(body("application/json", R"({"a":1})") == R"({"a":1})");
  BOOST_TEST(body("application/x-www-form-urlencoded", " [1]") == "[1]");
  BOOST_TEST(body("Application/JSON; charset=utf-8", R"({"b":1,"a":2})") == R"({"b":1,"a":2})");
  BOOST_TEST(body("", R"({"a":1})") == R"({"a":1})");
  BOOST_TEST(body("text/plain", "hello") == "{}");
  BOOST_TEST(body("application/json", "") == "{}");
  for (const char* wrong : {"{bad", "7", "\"text\"", "{\"a\":1} x", "{\"a\":\"\xff\"}", "{\"a\":1e999}"}) {
    BOOST_TEST(body("application/json", wrong) == "the json submitted is malformed", wrong);
  }
}

BOOST_AUTO_TEST_CASE(a_body_nested_without_end_is_refused_and_brackets_in_text_do_not_count) {
  const std::string deep(100'000, '[');
  BOOST_TEST(body("application/json", deep).find("nested deeper than 200") != std::string::npos);
  BOOST_TEST(body("application/json", "{\"a\":\"" + deep + "\\\"" + deep + "\"}").size() > deep.size());
}

BOOST_AUTO_TEST_CASE(every_route_is_found_by_its_own_path_whatever_the_case) {
  for (const Route& route : routes()) {
    std::string target;
    bool inside = false;
    for (const char c : route.path) {
      target += c == '{' ? "AbC-1" : inside || c == '}' ? "" : std::string(1, c);
      inside = c == '{' || (inside && c != '}');
    }
    const bool text = route.path.substr(0, 5) == "/txt/";
    const Match found = match(route.method, *parse_target((text ? "" : "/V1") + target));
    BOOST_REQUIRE_MESSAGE(found.route != nullptr, target);
    BOOST_TEST((found.route->handler == route.handler), target);
    for (const std::string& parameter : found.parameters) {
      BOOST_TEST(parameter == "AbC-1");
    }
    for (char& c : target) {
      c = static_cast<char>(std::toupper(c));
    }
    BOOST_TEST((match(route.method, *parse_target(target)).route != nullptr), target);
    BOOST_TEST((!text || match(route.method, *parse_target("/v1" + target)).route == nullptr), target);
  }
}

BOOST_AUTO_TEST_CASE(a_known_path_tells_its_methods_and_an_unknown_one_none) {
  BOOST_TEST((match("OPTIONS", *parse_target("/jobs")).methods == std::vector<std::string>{"POST", "GET", "HEAD"}));
  BOOST_TEST((match("DELETE", *parse_target("/jobs")).route == nullptr));
  BOOST_TEST((match("HEAD", *parse_target("/jobs")).route == match("GET", *parse_target("/jobs")).route));
  BOOST_TEST(match("GET", *parse_target("/jobs//")).methods.empty());
  BOOST_TEST(match("GET", *parse_target("/nothing")).methods.empty());
}

BOOST_AUTO_TEST_SUITE_END()
