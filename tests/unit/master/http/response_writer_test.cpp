#include "master/http/response_writer.hpp"

using namespace slicebus;
using namespace slicebus::http;

namespace {
const WallTime moment{std::chrono::milliseconds(784'111'777'000)};
}

BOOST_AUTO_TEST_CASE(an_answer_says_its_length_its_date_and_whether_the_connection_stays) {
  const HttpResponse response{.status = 201, .body = "{}\n"};
  BOOST_TEST(response_head(response, {.persistent = true}, moment) ==
             "HTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Content-Type: application/json; charset=utf-8\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
  BOOST_TEST(response_head(response, {}, moment).ends_with("\r\nConnection: close\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(an_answer_to_head_names_the_length_that_get_would_send) {
  const HttpResponse response{.status = 200, .body = "12345"};
  BOOST_TEST(response_head(response, {.head_only = true}, moment).find("Content-Length: 5\r\n") != std::string::npos);
  BOOST_TEST(!has_body(200, {.head_only = true}));
  BOOST_TEST(has_body(200, {}));
}

BOOST_AUTO_TEST_CASE(no_content_has_no_body_no_type_and_no_length) {
  const std::string head = response_head({.status = 204, .body = "x"}, {}, moment);
  BOOST_TEST(head.find("Content-") == std::string::npos);
  BOOST_TEST(!has_body(204, {}));
  BOOST_TEST(!has_body(304, {}));
}

BOOST_AUTO_TEST_CASE(the_methods_of_a_path_go_out_when_they_are_given) {
  BOOST_TEST(response_head({.status = 405, .allow = "GET,HEAD"}, {}, moment).find("\r\nAllow: GET,HEAD\r\n") !=
             std::string::npos);
  BOOST_TEST(response_head({.status = 405, .allow = ""}, {}, moment).find("\r\nAllow: \r\n") != std::string::npos);
  BOOST_TEST(response_head({.status = 404}, {}, moment).find("Allow") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_content_type_cannot_write_another_header) {
  const std::string head = response_head({.content_type = "a/b\r\nSet-Cookie: x"}, {}, moment);
  BOOST_TEST(head.find("\r\nSet-Cookie") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_standard_error_is_json_with_status_and_message) {  // R-api-8
  const HttpResponse response = standard_error(404, "no job \"a\"");
  BOOST_TEST(response.status == 404);
  BOOST_TEST(response.content_type == "application/json; charset=utf-8");
  BOOST_TEST(response.body == "{\n    \"error\": 404,\n    \"message\": \"no job \\\"a\\\"\"\n}");
}

BOOST_AUTO_TEST_CASE(a_message_is_cut_at_3000_bytes_between_characters_R_api_11) {
  std::string text(2'999, 'a');
  text += "\xc3\xa4 and more";
  const auto body = nlohmann::json::parse(standard_error(500, text).body);
  BOOST_TEST(body.at("message").get<std::string>().size() == 2'999u);
}

BOOST_AUTO_TEST_CASE(a_standard_error_is_json_whatever_it_quotes) {
  const auto body = nlohmann::json::parse(standard_error(400, "header \"\xff\x01\"").body);
  BOOST_TEST(body.at("error") == 400);
  BOOST_TEST(body.at("message").get<std::string>().starts_with("header \""));
}
