#include <boost/test/unit_test.hpp>
#include <random>

#include "common/wire/codec.hpp"

using namespace slicebus;
using namespace slicebus::wire;

BOOST_AUTO_TEST_SUITE(wire_messages)

BOOST_AUTO_TEST_CASE(a_hello_comes_back_as_it_was_sent) {
  SlotHello hello;
  hello.number = 3;
  hello.ex_id = ExecutionId{"e1"};
  hello.running = {{{1, 2}, {3, 4}}};
  hello.reports.push_back({.kind = OutcomeKind::failed, .copy = {{0, 7}, {1, 9}}, .error = "no such file"});
  const Encoded sent = encode(hello);
  const Result<Message> received = decode(sent.header, sent.body);
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((std::get<SlotHello>(*received) == hello));
}

BOOST_AUTO_TEST_CASE(an_older_peers_shorter_array_keeps_the_defaults) {
  SliceReturned whole;
  const std::string only_first_field("\x91\xA2p1", 4);
  const Result<Message> received = decode(encode(whole).header, only_first_field);
  BOOST_REQUIRE(received.has_value());
  const auto& message = std::get<SliceReturned>(*received);
  BOOST_TEST(message.process.text == "p1");
  BOOST_TEST(message.window == 1U);
}

BOOST_AUTO_TEST_CASE(an_order_of_an_older_master_orders_no_log_level_and_has_no_errors_recorded) {
  const std::string five_fields(
      "\x95\xA2"
      "e1\x07\xC3\xC2\xC2",
      8);
  const Result<Message> received = decode(encode(ControllerOrder{}).header, five_fields);
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((std::get<ControllerOrder>(*received) == ControllerOrder{.ex_id = {"e1"}, .number = 7, .paused = true}));
}

BOOST_AUTO_TEST_CASE(failed_slices_come_back_as_they_were_sent) {
  const SlicesFailed told{.ex_id = {"e2"},
                          .lineage = {"e1"},
                          .after = 4,
                          .slices = {{.number = 9,
                                      .slice = {1, 7},
                                      .ex_id = {"e1"},
                                      .request = "{\"a\":1}",
                                      .error = "no such file",
                                      .retries = 3,
                                      .recovered_by = {"e2"}}}};
  const Encoded sent = encode(told);
  const Result<Message> received = decode(sent.header, sent.body);
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((std::get<SlicesFailed>(*received) == told));
}

BOOST_AUTO_TEST_CASE(another_protocol_is_refused_with_the_remedy) {
  Encoded sent = encode(MasterBeat{});
  sent.header[2] = 9;
  const Result<Message> received = decode(sent.header, sent.body);
  BOOST_REQUIRE(!received.has_value());
  BOOST_TEST(received.error().text() ==
             "wire header: protocol 9, this process speaks 1; run the same Slicebus version on every machine");
}

BOOST_AUTO_TEST_CASE(hostile_bytes_are_errors_never_exceptions) {
  std::mt19937 random{7};  // a fixed seed: the same bytes in every run
  for (int round = 0; round < 20'000; ++round) {
    std::string header = encode(MasterBeat{}).header;
    header[3] = static_cast<char>(random() % 30);
    std::string body(random() % 60, '\0');
    for (char& c : body) {
      c = static_cast<char>(random());
    }
    (void)decode(header, body);
    (void)unpack_whole(body);
  }
  BOOST_TEST(!decode("", "").has_value());
}

BOOST_AUTO_TEST_CASE(every_message_has_a_name) {
  BOOST_TEST(message_name(SlotHello{}) == "SlotHello");
  BOOST_TEST(message_name(ControllerBinding{}) == "ControllerBinding");
  BOOST_TEST(message_name(SlotDied{}) == "SlotDied");
  BOOST_TEST(message_name(AssetChunk{}) == "AssetChunk");
  BOOST_TEST(message_name(SlicesFailed{}) == "SlicesFailed");
}

BOOST_AUTO_TEST_SUITE_END()
