// R-api-4 without reading: stored documents are laid out from their text.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "master/service/document.hpp"
#include "master/service/json_text.hpp"

using namespace slicebus::service;  // NOLINT: test

BOOST_AUTO_TEST_SUITE(json_text)

BOOST_AUTO_TEST_CASE(is_laid_out_as_the_library_does_it) {
  for (const std::string text :
       {R"({})", R"([])", R"({"a":1})", R"({"a":{},"b":[],"c":[{}],"d":[[]]})", R"([1,-0.25,true,null,"x"])",
        R"({"a":"no {brackets}, [commas]: or \"quotes\" here","b\\":"\\","c":"\\\\\"","d":""})",
        R"({"operations":[{"_op":"data_generator","size":1000},{"_op":"noop"}],"name":"é"})"}) {
    std::string shown;
    BOOST_TEST(append_indented(shown, text));
    BOOST_TEST(shown == Json::parse(text).dump(4));
  }
}

BOOST_AUTO_TEST_CASE(lines_of_an_element_stand_further_in) {
  const std::string text = R"({"a":[1,{"b":2}]})";
  std::string shown = "[\n    ";
  BOOST_TEST(append_indented(shown, text, 1));
  BOOST_TEST(shown + "\n]" == Json::array({Json::parse(text)}).dump(4));
}

BOOST_AUTO_TEST_CASE(every_cut_of_a_document_is_noticed) {
  const std::string text = R"({"a":"x\"y\\","b":[1,{"c":{}},[]],"d":true})";
  BOOST_TEST(is_whole_object(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    BOOST_TEST(!is_whole_object(text.substr(0, size)), "the first " << size << " bytes");
  }
  for (const char* broken : {"[]", "{]", "{\"a\":[}]", "{}}", "{}{}", "}", "\"{}\"", "null", "{\"a\":\"\\\"}"}) {
    BOOST_TEST(!is_whole_object(broken), broken);
  }
}

BOOST_AUTO_TEST_CASE(a_checked_document_is_whole_valid_json_and_shown_as_it_was_stored) {
  const auto document = Document::checked(R"({"name":"a","list":[1,{}]})", "job 1").value();
  std::string shown;
  document.show(shown);
  BOOST_TEST(shown == Json::parse(R"({"name":"a","list":[1,{}]})").dump(4));
  BOOST_TEST(document.json().at("name") == "a");
  for (const char* damaged :
       {"", "garbage", "{garbage}", "[1]", "7", R"({"name":"a")", R"({"name":"a"}})", "{\"a\":\"\xff\"}"}) {
    BOOST_TEST(!Document::checked(damaged, "job 1").has_value(), damaged);
  }
}

BOOST_AUTO_TEST_CASE(a_document_that_was_read_and_changed_shows_the_change) {
  auto document = Document::unread(R"({"name":"a"})", "job 1").value();
  const Document before = document;
  document.json()["name"] = "b";
  BOOST_TEST(document.text() == R"({"name":"b"})");
  BOOST_TEST(before.text() == R"({"name":"a"})");
  std::string shown;
  document.show(shown);
  BOOST_TEST(shown == "{\n    \"name\": \"b\"\n}");
}

BOOST_AUTO_TEST_CASE(a_document_that_is_no_json_is_refused_or_says_so_when_it_is_read) {
  BOOST_TEST(Document::unread("garbage", "job 1").error().text().find("job 1") != std::string::npos);
  const auto document = Document::unread("{garbage}", "job 1").value();
  BOOST_CHECK_THROW((void)document.json(), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
