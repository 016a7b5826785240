#include "master/api/json_shape.hpp"

#include "master/api/body.hpp"

using namespace slicebus::api;

namespace {

std::string key_in(std::string_view json) { return shape_of(json).repeated_key.value_or("none"); }

std::string object_of(int keys) {
  std::string json = "{";
  for (int i = 0; i < keys; ++i) {
    json += (i == 0 ? "\"k" : ",\"k") + std::to_string(1'000'000 + i) + "\":0";
  }
  return json + "}";
}

/// What parse_body() says to it: "read", or its refusal.
std::string said_to(const std::string& json) {
  const auto body = parse_body("application/json", json);
  return body ? "read" : body.error().message;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_key_that_one_object_has_twice_is_named) {
  BOOST_TEST(key_in(R"({"a":1,"b":2,"a":3})") == "a");
  BOOST_TEST(key_in(R"([{"x":{"a":1, "b" : 2 ,"b":{}}}])") == "b");
  BOOST_TEST(key_in(R"({"a":1,"\u0061":2})") == "a");  // however it is written
  BOOST_TEST(key_in(R"({"q\"":1,"q\"":2})") == "q\"");
  BOOST_TEST(key_in(R"({"":1,"":2})") == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_repeated_key_is_left_alone) {
  for (const char* json : {R"({"a":1,"b":{"a":1,"b":[{"a":1},{"a":1}]}})", R"({"a":"a","b":"a"})", R"(["a","a","a"])",
                           R"({"a":["a","a",{"a":"a"}],"b":"b"})", R"({"a":"{\"a\":1,\"a\":2}"})", R"([])", "", "}{"}) {
    BOOST_TEST(key_in(json) == "none", json);
  }
}

BOOST_AUTO_TEST_CASE(a_body_with_a_key_twice_is_refused_with_its_name) {
  BOOST_TEST(said_to(R"({"name":"a","name":"b"})") ==
             "the json submitted has the key \"name\" twice in one object; only one of the two can be meant");
  BOOST_TEST(said_to(R"({"name":"a","name":"b")") == "the json submitted is malformed");
}

BOOST_AUTO_TEST_CASE(depth_and_keys_are_bounded) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  BOOST_TEST(said_to(nested(body_depth_max)) == "read");
  BOOST_TEST(said_to(nested(body_depth_max + 1)) == "the json submitted is nested deeper than 200 levels");
  BOOST_TEST(said_to(std::string(100'000, '[')) == "the json submitted is nested deeper than 200 levels");
  BOOST_TEST(said_to(object_of(2'000)) == "read");
  BOOST_TEST(said_to(object_of(10'002)) == "the json submitted has objects with too many keys");
}
