// common/record: bytes that stay, fields that change.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <string>

#include "common/record/path.hpp"
#include "common/record/record.hpp"

using namespace slicebus;
using record::Record;
using record::RecordBatch;
using record::Value;

namespace {

std::string got(const Record& record, std::string_view path) {
  const auto value = record.get(path);
  if (!value) {
    return "error: " + value.error().what;
  }
  return *value ? std::string((*value)->json) : "absent";
}

std::string after_set(std::string_view json, std::string_view path, std::string_view value) {
  Record record(json);
  const auto done = record.set(path, value);
  return done ? std::string(record.bytes()) : "error: " + done.error().what;
}

std::string after_remove(std::string_view json, std::string_view path) {
  Record record(json);
  const auto done = record.remove(path);
  return !done ? "error" : (*done ? "" : "absent ") + std::string(record.bytes());
}

std::string after_rename(std::string_view json, std::string_view from, std::string_view to) {
  Record record(json);
  const auto done = record.rename(from, to);
  return !done ? "error" : (*done ? "" : "absent ") + std::string(record.bytes());
}

std::string wrong(std::string_view json) {
  const auto checked = Record(json).validate();
  return checked ? "" : checked.error().what;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record_bytes)

BOOST_AUTO_TEST_CASE(an_untouched_record_keeps_every_byte) {
  constexpr std::string_view json = R"( { "b" : 1.50e+2 , "a":"\u00e9\n", "b": -0 } )";
  const Record record(json);
  BOOST_TEST(record.bytes() == json);
  BOOST_TEST(record.validate().has_value());
  BOOST_TEST(got(record, "a") == R"("\u00e9\n")");
  BOOST_TEST(record.bytes() == json);
}

BOOST_AUTO_TEST_CASE(number_text_is_kept_and_scalars_are_made_on_demand) {
  const Record record(
      R"({"n":12.50,"i":9007199254740993,"t":"a\"b","y":true,"z":null,"o":{},"l":[1],"m":-7,"e":1e400})");
  BOOST_TEST(got(record, "n") == "12.50");
  BOOST_TEST(*(*record.get("n"))->number() == 12.5);
  BOOST_TEST(*(*record.get("i"))->integer() == 9007199254740993);
  BOOST_TEST(*(*record.get("m"))->integer() == -7);
  BOOST_TEST(*(*record.get("t"))->text() == "a\"b");
  BOOST_TEST(!(*record.get("t"))->plain_text().has_value());
  BOOST_TEST(*(*record.get("y"))->boolean() == true);
  BOOST_TEST((*record.get("z"))->is_null());
  BOOST_TEST((*record.get("o"))->is_object());
  BOOST_TEST((*record.get("l"))->is_array());
  BOOST_TEST(!(*record.get("t"))->number().has_value());
  BOOST_TEST(!(*record.get("n"))->integer().has_value());
  BOOST_TEST(!(*record.get("e"))->number().has_value());
}

BOOST_AUTO_TEST_CASE(of_doubled_keys_the_last_counts) {
  BOOST_TEST(got(Record(R"({"a":1,"b":2,"a":3})"), "a") == "3");
  BOOST_TEST(after_set(R"({"a":1,"b":2,"a":3})", "a", "9") == R"({"a":1,"b":2,"a":9})");
  BOOST_TEST(after_remove(R"({"a":1,"b":2,"a":3})", "a") == R"({"b":2})");
}

BOOST_AUTO_TEST_CASE(a_literal_key_with_dots_wins_over_nesting) {
  const Record both(R"({"a":{"b":1,"b.c":2},"a.b":3,"a.b.c":4})");
  BOOST_TEST(got(both, "a.b") == "3");
  BOOST_TEST(got(both, "a.b.c") == "4");
  BOOST_TEST(got(Record(R"({"a":{"b":1,"b.c":2},"a.b":3})"), "a.b.c") == "2");
  BOOST_TEST(got(Record(R"({"a":{"b":{"c":5}},"a.b":{"d":1}})"), "a.b.c") == "5");
  BOOST_TEST(got(Record(R"({"a":{"b":{"c":5}}})"), "a.b.c") == "5");
  BOOST_TEST(got(Record(R"({"a":{"b":1}})"), "a.b.c") == "absent");
  BOOST_TEST(got(Record(R"({"a":[{"b":1}]})"), "a.b") == "absent");
}

BOOST_AUTO_TEST_CASE(keys_are_compared_with_their_escapes_undone) {
  BOOST_TEST(got(Record(R"({"a\u0062\"":1})"), "ab\"") == "1");
  BOOST_TEST(got(Record("{\"caf\xC3\xA9\":1}"), "caf\xC3\xA9") == "1");
  BOOST_TEST(got(Record(R"({"caf\u00e9":1})"), "caf\xC3\xA9") == "1");
  BOOST_TEST(got(Record(R"({"\ud83d\ude00":1})"), "\xF0\x9F\x98\x80") == "1");
  BOOST_TEST(got(Record(R"({"":1})"), "") == "1");
}

BOOST_AUTO_TEST_CASE(set_changes_one_value_and_keeps_the_other_bytes) {
  BOOST_TEST(after_set(R"({"a": 1.0 , "b":2})", "a", R"("x")") == R"({"a": "x" , "b":2})");
  BOOST_TEST(after_set(R"({"a":1 })", "b", "2") == R"({"a":1,"b":2 })");
  BOOST_TEST(after_set("{}", "b", "2") == R"({"b":2})");
  BOOST_TEST(after_set("{ }", "b", "2") == R"({"b":2 })");
  BOOST_TEST(after_set("{}", "a.b.c", "[1]") == R"({"a":{"b":{"c":[1]}}})");
  BOOST_TEST(after_set(R"({"a":{"x":1},"z":0})", "a.b.c", "2") == R"({"a":{"x":1,"b":{"c":2}},"z":0})");
  BOOST_TEST(after_set(R"({"a":{}})", "a.b", "2") == R"({"a":{"b":2}})");
  BOOST_TEST(after_set(R"({"a":null})", "a.b.c", "2") == R"({"a":{"b":{"c":2}}})");
  BOOST_TEST(after_set(R"({"a.b":1})", "a.b", "2") == R"({"a.b":2})");
  BOOST_TEST(after_set("{}", "q\"", "2") == R"({"q\"":2})");
}

BOOST_AUTO_TEST_CASE(set_refuses_what_would_lose_or_break_something) {
  BOOST_TEST(after_set(R"({"a":5})", "a.b", "1") ==
             "error: cannot set \"a.b\": 5 stands where an object would have to be");
  BOOST_TEST(after_set("{}", "a", "{").starts_with("error: byte 1: expected a key"));
  BOOST_TEST(after_set("{}", "a", "").starts_with("error: byte 0: expected a value"));
  BOOST_TEST(after_set("[1]", "a", "1").starts_with("error: byte 0: expected an object"));
  BOOST_TEST(after_set("", "a", "1").starts_with("error"));
  BOOST_TEST(after_set(R"({"a":1)", "a", "1").starts_with("error"));
}

BOOST_AUTO_TEST_CASE(many_changes_of_one_record_add_up) {
  RecordBatch batch;
  batch.add("{}");
  Record& record = batch.records().front();
  std::string expected = "{";
  for (int at = 0; at < 200; ++at) {
    const std::string key = "k" + std::to_string(at);
    BOOST_REQUIRE(record.set(key, std::to_string(at)).has_value());
    BOOST_REQUIRE(record.set(key, std::to_string(at * at)).has_value());
    expected += (at == 0 ? "\"" : ",\"") + key + "\":" + std::to_string(at * at);
  }
  BOOST_TEST(record.bytes() == expected + "}");
}

BOOST_AUTO_TEST_CASE(a_value_of_the_record_itself_can_be_set) {
  Record record(R"({"a":"first","b":[1,2]})");
  BOOST_REQUIRE(record.set("c", "0").has_value());  // from here on the bytes are the record's own
  BOOST_REQUIRE(record.set("a", (*record.get("b"))->json).has_value());
  BOOST_REQUIRE(record.set("c", (*record.get("a"))->json).has_value());
  BOOST_TEST(record.bytes() == R"({"a":[1,2],"b":[1,2],"c":[1,2]})");
}

BOOST_AUTO_TEST_CASE(remove_takes_the_field_with_its_comma) {
  BOOST_TEST(after_remove(R"({ "a":1, "b":2, "c":3 })", "a") == R"({ "b":2, "c":3 })");
  BOOST_TEST(after_remove(R"({ "a":1, "b":2, "c":3 })", "b") == R"({ "a":1, "c":3 })");
  BOOST_TEST(after_remove(R"({ "a":1, "b":2, "c":3 })", "c") == R"({ "a":1, "b":2 })");
  BOOST_TEST(after_remove(R"({"a":1})", "a") == "{}");
  BOOST_TEST(after_remove(R"({"a":1,"a":2})", "a") == "{}");
  BOOST_TEST(after_remove(R"({"a":{"b":1,"c":2},"d":3})", "a.b") == R"({"a":{"c":2},"d":3})");
  BOOST_TEST(after_remove(R"({"a":1})", "b") == R"(absent {"a":1})");
  BOOST_TEST(after_remove(R"([1])", "b") == "error");
}

BOOST_AUTO_TEST_CASE(rename_keeps_the_place_and_replaces_a_field_of_the_new_name) {
  BOOST_TEST(after_rename(R"({"a": 1, "b":2})", "a", "x\"y") == R"({"x\"y": 1, "b":2})");
  BOOST_TEST(after_rename(R"({"a":1,"b":2,"c":3})", "a", "c") == R"({"c":1,"b":2})");
  BOOST_TEST(after_rename(R"({"c":3,"b":2,"a":1})", "a", "c") == R"({"b":2,"c":1})");
  BOOST_TEST(after_rename(R"({"a":1,"b":0,"a":2})", "a", "z") == R"({"b":0,"z":2})");
  BOOST_TEST(after_rename(R"({"a":null})", "a", "b") == R"({"b":null})");
  BOOST_TEST(after_rename(R"({"a":1})", "a", "a") == R"({"a":1})");
  BOOST_TEST(after_rename(R"({"a":1})", "x", "y") == R"(absent {"a":1})");
  BOOST_TEST(after_rename("nonsense", "x", "y") == "error");
  BOOST_TEST(after_rename("[1]", "x", "y") == "error");
}

BOOST_AUTO_TEST_CASE(validation_says_where_and_what) {
  BOOST_TEST(wrong(R"({"a":[1,-0.5e-3,{"b":"\u12aF"}],"c":{},"d":[]})") == "");
  BOOST_TEST(wrong("[1]") == "byte 0: expected an object, got \"[1]\"");
  BOOST_TEST(wrong("") == "byte 0: expected an object, got the end");
  BOOST_TEST(wrong(R"({"a":1)") == "byte 6: expected ',' or '}', got the end");
  BOOST_TEST(wrong(R"({"a":01})") == "byte 6: expected ',' or '}', got \"1}\"");
  BOOST_TEST(wrong(R"({"a":1,})") == "byte 7: expected a key in double quotes, got \"}\"");
  BOOST_TEST(wrong(R"({"a" 1})") == "byte 5: expected ':' after the key, got \"1}\"");
  BOOST_TEST(wrong(R"({"a":tru})") == "byte 5: expected a value, got \"tru}\"");
  BOOST_TEST(wrong(R"({"a":1.})") == "byte 7: expected a digit, got \"}\"");
  BOOST_TEST(wrong(R"({"a":-})") == "byte 6: expected a digit, got \"}\"");
  BOOST_TEST(wrong(R"({"a":"\x"})") == "byte 7: expected an escape (one of \"\\/bfnrtu), got \"x\"}\"");
  BOOST_TEST(wrong(R"({"a":"\u12g4"})") == "byte 10: expected four hexadecimal digits, got \"g4\"}\"");
  BOOST_TEST(wrong("{\"a\":\"\t\"}") == "byte 6: control characters in a string must be escaped, got \" \"}\"");
  BOOST_TEST(wrong("{\"a\":\"\xC0\x80\"}") == "byte 6: expected UTF-8, got \"\xEF\xBF\xBD\xEF\xBF\xBD\"}\"");
  BOOST_TEST(wrong("{\"a\":\"\xED\xA0\x80\"}").starts_with("byte 6: expected UTF-8"));
  BOOST_TEST(wrong("{\"a\":\"\xF4\x90\x80\x80\"}").starts_with("byte 6: expected UTF-8"));
  BOOST_TEST(wrong(R"({"a":1} x)") == "byte 8: expected the end after the value, got \"x\"");
  BOOST_TEST(wrong(R"({"a":[1}])") == "byte 7: expected ',' or ']', got \"}]\"");
  BOOST_TEST(wrong(std::string(600, '[')).starts_with("byte 0: expected an object"));
  BOOST_TEST(wrong("{\"a\":" + std::string(511, '[') + std::string(511, ']') + "}") == "");
  BOOST_TEST(wrong("{\"a\":" + std::string(512, '[') + std::string(512, ']') + "}")
                 .starts_with("byte 516: nested deeper than 512 levels"));
}

BOOST_AUTO_TEST_CASE(quoting_makes_json_of_any_bytes) {
  BOOST_TEST(record::json_quote("a\"\\\n\t\r\x01\x7F") == "\"a\\\"\\\\\\n\\t\\r\\u0001\x7F\"");
  BOOST_TEST(record::json_quote("\xC3\xA9\xFFz\xC3") == "\"\xC3\xA9\xEF\xBF\xBDz\xEF\xBF\xBD\"");
  BOOST_TEST(record::json_unescape(R"(\u00e9\ud83d\ude00\ud83dx\/\b)") == "\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBDx/\b");
  BOOST_TEST(record::json_unescape(R"(\u12)") ==
             "\xEF\xBF\xBD"
             "12");
  BOOST_TEST(record::printable("a\nb\xFF"
                               "cdef",
                               5) ==
             "a\xEF\xBF\xBD"
             "b\xEF\xBF\xBD"
             "c…");
}

BOOST_AUTO_TEST_CASE(a_document_of_several_lines_is_written_as_one) {
  std::string out = "x";
  Record("{\n  \"a\": \"b\\n\",\r\n \"c\":1\n}").append_line(out);
  BOOST_TEST(out == "x{   \"a\": \"b\\n\",   \"c\":1 }");
}

BOOST_AUTO_TEST_CASE(records_live_with_their_batch_through_moves_and_joins) {
  RecordBatch all;
  for (int part = 0; part < 3; ++part) {
    RecordBatch batch;
    const std::string_view bytes = batch.adopt("{\"p\":" + std::to_string(part) + "}\n{\"q\":1}");
    batch.add_view(bytes.substr(0, 7));
    batch.add_view(bytes.substr(8));
    batch.add(R"({"own":)" + std::string(std::size_t{part == 1 ? 9'000U : 3U}, '7') + "}");
    BOOST_REQUIRE(batch.records()[1].set("part", std::to_string(part)).has_value());
    all.append(std::move(batch));
  }
  const RecordBatch moved = std::move(all);
  BOOST_REQUIRE(moved.size() == 9U);
  BOOST_TEST(moved.records()[3].bytes() == R"({"p":1})");
  BOOST_TEST(moved.records()[7].bytes() == R"({"q":1,"part":2})");
  BOOST_TEST(moved.records()[5].bytes().size() == 9'008U);
  BOOST_TEST(moved.records()[8].bytes() == R"({"own":777})");
}

BOOST_AUTO_TEST_CASE(paths_go_through_arrays_for_those_who_ask_for_any_value) {
  const auto any = [](std::string_view json, std::string_view path, std::string_view wanted) {
    bool malformed = false;
    const bool found =
        record::any_value(json, path, malformed, [&](const Value& value) { return value.json == wanted; });
    return malformed ? "malformed" : found ? "yes" : "no";
  };
  constexpr std::string_view json = R"( {"t":["x",["y"]],"a":{"b":[{"c":1},5,{"c":[2,3]}]},"n":7})";
  BOOST_TEST(any(json, "t", "\"x\"") == "yes");
  BOOST_TEST(any(json, "t", "\"y\"") == "yes");
  BOOST_TEST(any(json, "t", "\"z\"") == "no");
  BOOST_TEST(any(json, "a.b.c", "1") == "yes");
  BOOST_TEST(any(json, "a.b.c", "3") == "yes");
  BOOST_TEST(any(json, "a.b.c", "5") == "no");
  BOOST_TEST(any(json, "n.x", "7") == "no");
  BOOST_TEST(any("[]", "n", "7") == "malformed");
}

// Whatever nlohmann's parser takes is taken, and nothing else; whatever the bytes are, nothing is read beyond them
// (ASan watches: each input is a heap block of its exact size).
BOOST_AUTO_TEST_CASE(hostile_bytes_are_judged_as_another_parser_does) {
  std::mt19937_64 chance(20'240'117);
  const std::vector<std::string> seeds = {R"({"a":1,"b":{"c":[1,2,{"d":"e\u00e9\\"}],"f":null},"g.h":true,"a":-1.5e3})",
                                          R"({"":"","x":[[],{}],"é":"ü"})",
                                          R"({"delay":14,"distance":405,"time":0.016666666666666666})"};
  const std::string_view alphabet = "{}[]\",:\\ eE+-.0123456789truefalsn\x01\x80\xC3\xE9\n\tuDd";
  std::size_t good = 0;
  for (int round = 0; round < 15'000; ++round) {
    std::string text = seeds[chance() % seeds.size()];
    for (std::uint64_t change = chance() % 4; change > 0; --change) {
      const std::size_t at = chance() % (text.size() + 1);
      switch (chance() % 3) {
        case 0:
          text.insert(at, 1, alphabet[chance() % alphabet.size()]);
          break;
        case 1:
          text.erase(at, 1 + chance() % 3);
          break;
        default:
          text.resize(at);
          text += seeds[chance() % seeds.size()].substr(chance() % 20);
      }
    }
    const std::unique_ptr<char[]> exact(new char[text.size()]);
    std::copy(text.begin(), text.end(), exact.get());
    const std::string_view view(exact.get(), text.size());
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    const bool ours = record::check_json_object(view).has_value();
    if (parsed.is_object()) {
      BOOST_REQUIRE_MESSAGE(ours, text);
      ++good;
    } else if (ours) {
      // JSON's grammar allows lone surrogates and numbers beyond a double; nlohmann refuses them.
      static const std::regex known(R"(\\u[dD][89a-fA-F]|[eE][+]?[0-9]{3,})");
      BOOST_REQUIRE_MESSAGE(std::regex_search(text, known), text);
      continue;
    }
    Record record(view);
    for (const std::string_view path : {"a", "b.c", "g.h", "x"}) {
      const auto value = record.get(path);
      if (ours) {
        BOOST_REQUIRE(value.has_value());
        if (*value) {
          BOOST_REQUIRE_MESSAGE(record::check_json((*value)->json).has_value(), text);
        }
      }
    }
    auto expected = parsed;
    if (const auto done = record.set("b", "[7]"); done && ours) {
      expected["b"] = nlohmann::json::array({7});
      BOOST_REQUIRE_MESSAGE(nlohmann::json::parse(record.bytes(), nullptr, false) == expected, text);
    }
    if (const auto done = record.rename("a", "b"); done && ours) {
      if (expected.contains("a")) {
        expected["b"] = expected["a"];
        expected.erase("a");
      }
      BOOST_REQUIRE_MESSAGE(nlohmann::json::parse(record.bytes(), nullptr, false) == expected, text);
    }
    if (const auto done = record.remove("b"); done && ours) {
      expected.erase("b");
      BOOST_REQUIRE_MESSAGE(nlohmann::json::parse(record.bytes(), nullptr, false) == expected, text);
    }
    bool malformed = false;
    record::any_value(view, "b.c.d", malformed, [](const Value& value) { return value.text().has_value(); });
  }
  BOOST_TEST(good > 1'500U);
}

BOOST_AUTO_TEST_SUITE_END()
