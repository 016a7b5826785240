#include "master/http/connection.hpp"

using namespace slicebus;
using namespace slicebus::http;

namespace {

/// A connection with a clock of its own and a client that reads at once, unless it is told not to.
struct Conversation {
  HttpConfig config{.body_bytes_max = 1'000,
                    .head_timeout = 10s,
                    .body_timeout = 30s,
                    .byte_rate_min = 10,
                    .keep_alive = 60s,
                    .answer_timeout = 300s};
  Budgets budgets{.bodies = {.bytes_max = 1'500}, .answers = {.bytes_max = 1'000'100}};
  Duration elapsed{};
  Connection connection{config, budgets, now()};

  Now now() const { return {.time = TimePoint(1h + elapsed), .wall = WallTime(1h)}; }
  void say(std::string_view bytes) { connection.receive(bytes, now()); }
  void wait(Duration time) {
    elapsed += time;
    connection.tick(now());
  }
  /// All that is unsent, sent.
  std::string hear() {
    std::string all;
    while (!connection.unsent().empty()) {
      const std::string piece(connection.unsent());
      connection.sent(piece.size(), now());
      all += piece;
    }
    return all;
  }
  std::string taken() {
    const auto request = connection.take_request();
    return request ? request->method + ' ' + request->target : "nothing";
  }
  void answer(std::string body) { connection.answer({.body = std::move(body)}, now()); }
};

const std::string get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string post_head = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(requests_of_a_pipeline_are_answered_in_order_one_at_a_time) {
  Conversation c;
  c.say(get + "GET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n");
  BOOST_TEST(c.taken() == "GET /a");
  BOOST_TEST(c.taken() == "nothing");
  BOOST_TEST(!c.connection.wants_input());
  c.answer("first");
  BOOST_TEST(c.taken() == "nothing");  // not before the first answer has left
  BOOST_TEST(has(c.hear(), "first"));
  BOOST_TEST(c.taken() == "GET /b");
  c.answer("second");
  BOOST_TEST(has(c.hear(), "second"));
  BOOST_TEST(c.taken() == "nothing");
  c.say("\r\n");
  BOOST_TEST(c.taken() == "GET /c");
}

BOOST_AUTO_TEST_CASE(a_large_answer_is_sent_piece_by_piece) {
  Conversation c;
  c.say(get);
  c.taken();
  c.answer(std::string(1'000'000, 'x'));
  std::size_t bytes = 0;
  while (!c.connection.unsent().empty()) {
    const std::size_t piece = std::min<std::size_t>(7'777, c.connection.unsent().size());
    c.connection.sent(piece, c.now());
    bytes += piece;
  }
  BOOST_TEST(bytes > 1'000'000U);
  BOOST_TEST(c.connection.wants_input());
}

BOOST_AUTO_TEST_CASE(head_is_answered_without_a_body) {
  Conversation c;
  c.say("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  c.taken();
  c.answer("12345");
  const std::string heard = c.hear();
  BOOST_TEST(has(heard, "Content-Length: 5\r\n"));
  BOOST_TEST(heard.ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_is_told_to_continue) {
  Conversation c;
  c.say("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  BOOST_TEST(c.hear() == "HTTP/1.1 100 Continue\r\n\r\n");
  c.say("ok");
  BOOST_TEST(c.taken() == "POST /a");
}

BOOST_AUTO_TEST_CASE(a_refused_client_may_go_on_sending_until_it_has_read_the_answer) {
  Conversation c;
  c.say("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
  BOOST_TEST(!c.connection.take_half_close());
  const std::string heard = c.hear();
  BOOST_TEST(heard.starts_with("HTTP/1.1 413 Payload Too Large\r\n"));
  BOOST_TEST(has(heard, "Connection: close"));
  BOOST_TEST(has(heard, "\"error\": 413"));
  BOOST_TEST(c.connection.take_half_close());
  BOOST_TEST(!c.connection.take_half_close());
  c.say(std::string(5'000, 'x'));
  BOOST_TEST(!c.connection.finished());
  c.connection.end_of_input(c.now());
  BOOST_TEST(c.connection.finished());
}

BOOST_AUTO_TEST_CASE(a_refused_client_that_says_nothing_or_never_stops_is_left) {
  Conversation silent;
  silent.say("nonsense\r\n");
  silent.hear();
  silent.wait(5s);
  BOOST_TEST(silent.connection.finished());

  Conversation endless;
  endless.say("nonsense\r\n");
  endless.hear();
  for (int i = 0; i < 29; ++i) {
    endless.wait(1s);
    BOOST_TEST_REQUIRE(!endless.connection.finished());
    endless.say("x");
  }
  endless.wait(1s);
  BOOST_TEST(endless.connection.finished());
}

BOOST_AUTO_TEST_CASE(a_client_that_sends_and_never_reads_its_refusal_is_left) {
  Conversation c;
  c.say("nonsense\r\n");
  for (int i = 0; i < 29; ++i) {
    c.wait(1s);
    c.say("x");
  }
  BOOST_TEST(!c.connection.finished());
  c.wait(1s);
  BOOST_TEST(c.connection.finished());
}

BOOST_AUTO_TEST_CASE(a_head_that_does_not_end_is_408) {
  Conversation c;
  c.wait(59s);
  c.say("GET / HT");
  for (int i = 0; i < 9; ++i) {  // a byte now and then does not help
    c.wait(1s);
    c.say("T");
  }
  BOOST_TEST(c.connection.unsent().empty());
  c.wait(1s);
  BOOST_TEST(c.hear().starts_with("HTTP/1.1 408 "));
  BOOST_TEST(c.connection.take_half_close());
}

BOOST_AUTO_TEST_CASE(a_body_without_progress_is_408) {
  Conversation c;
  c.say(post_head);
  for (int i = 0; i < 2; ++i) {
    c.wait(29s);
    c.say(std::string(290, 'b'));
  }
  BOOST_TEST(c.connection.unsent().empty());
  c.wait(30s);
  const std::string heard = c.hear();
  BOOST_TEST(heard.starts_with("HTTP/1.1 408 "));
  BOOST_TEST(has(heard, "nothing of the request's body came for 30000 ms"));
}

BOOST_AUTO_TEST_CASE(a_body_that_comes_a_byte_now_and_then_is_408) {
  Conversation c;
  c.say(post_head);
  for (int i = 0; i < 3; ++i) {
    c.wait(10s);
    c.say("b");
  }
  const std::string heard = (c.wait(0s), c.hear());
  BOOST_TEST(heard.starts_with("HTTP/1.1 408 "));
  BOOST_TEST(has(heard, "slower than 10 bytes a second"));
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed_without_a_word) {
  Conversation c;
  c.wait(59s);
  BOOST_TEST(!c.connection.finished());
  c.wait(1s);
  BOOST_TEST(c.connection.finished());
  BOOST_TEST(c.connection.unsent().empty());

  Conversation kept;
  kept.say(get);
  kept.taken();
  kept.wait(100s);  // an answer may take longer than any other limit
  kept.answer("late");
  BOOST_TEST(has(kept.hear(), "late"));
  kept.wait(59s);
  BOOST_TEST(!kept.connection.finished());
  kept.wait(1s);
  BOOST_TEST(kept.connection.finished());
}

BOOST_AUTO_TEST_CASE(an_answer_that_never_comes_is_503_and_a_late_one_is_dropped) {  // R-api-13
  Conversation c;
  c.say(get);
  c.taken();
  c.wait(299s);
  BOOST_TEST(c.connection.waiting());
  c.wait(1s);
  BOOST_TEST(!c.connection.waiting());
  c.answer("late");
  const std::string heard = c.hear();
  BOOST_TEST(heard.starts_with("HTTP/1.1 503 "));
  BOOST_TEST(!has(heard, "late"));
  c.say(get);
  BOOST_TEST(c.taken() == "GET /a");
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_its_answer_is_left) {
  Conversation c;
  c.say(get);
  c.taken();
  c.answer(std::string(100'000, 'x'));
  c.wait(29s);
  c.connection.sent(1'000, c.now());
  c.wait(29s);
  BOOST_TEST(!c.connection.finished());
  c.wait(1s);
  BOOST_TEST(c.connection.finished());
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_its_answer_a_byte_now_and_then_is_left) {
  Conversation c;
  c.say(get);
  c.taken();
  c.answer(std::string(100'000, 'x'));
  for (int i = 0; i < 29; ++i) {
    c.wait(1s);
    c.connection.sent(1, c.now());
  }
  c.wait(2s);
  BOOST_TEST(!c.connection.finished());  // 29 bytes have earned it 2 s
  c.wait(1s);
  BOOST_TEST(c.connection.finished());
}

BOOST_AUTO_TEST_CASE(answers_that_nobody_reads_are_bounded_over_all_connections) {
  Conversation c;
  const auto asked = [&](Connection& connection, std::size_t bytes) {
    connection.receive(get, c.now());
    connection.take_request();
    connection.answer({.body = std::string(bytes, 'x')}, c.now());
  };
  {
    Connection other(c.config, c.budgets, c.now());
    asked(other, 500'000);
    BOOST_TEST(c.budgets.answers.bytes == 500'000U);
    asked(c.connection, 600'000);
    BOOST_TEST(c.hear().starts_with("HTTP/1.1 503 "));
    asked(c.connection, 500'100);
    BOOST_TEST(c.budgets.answers.bytes == 1'000'100U);
    // When they are scarce, who stands still is left early.
    other.tick({.time = c.now().time + 1s, .wall = c.now().wall});
    BOOST_TEST(!other.finished());
    other.tick({.time = c.now().time + 2s, .wall = c.now().wall});
    BOOST_TEST(other.finished());
    Connection small(c.config, c.budgets, c.now());
    asked(small, 100);
    BOOST_TEST(small.unsent().starts_with("HTTP/1.1 200 "));  // small answers pass
  }
  BOOST_TEST(c.budgets.answers.bytes == 500'100U);
  BOOST_TEST(c.hear().starts_with("HTTP/1.1 200 "));
  BOOST_TEST(c.budgets.answers.bytes == 0U);
}

BOOST_AUTO_TEST_CASE(a_conversation_is_the_same_however_its_bytes_are_cut) {
  // All that a connection does by itself: a pipeline, chunks, an expectation, HEAD, and a refusal in the end.
  const std::string stream = get +
                             "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n"
                             "1\r\nc\r\n0\r\nT: u\r\n\r\n\r\n"
                             "POST /c HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"
                             "HEAD /d HTTP/1.1\r\nHost: a\r\n\r\n"
                             "POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\nxxx";
  const auto play = [&](const std::vector<std::size_t>& cuts) {
    Conversation c;
    std::string heard;
    std::size_t from = 0;
    for (std::size_t to : cuts) {
      c.say(std::string_view(stream).substr(from, to - from));
      from = to;
      heard += c.hear();
      while (const auto request = c.connection.take_request()) {
        c.answer(request->method + ' ' + request->target + '\n' + request->body);
        heard += c.hear();
      }
    }
    heard += c.connection.take_half_close() ? "half-closed" : "open";
    return heard;
  };
  const std::string whole = play({stream.size()});
  for (const char* part :
       {"GET /a\n", "POST /b\nabc", "HTTP/1.1 100 ", "POST /c\nok", "HTTP/1.1 413 ", "half-closed"}) {
    BOOST_TEST(has(whole, part), part << " is not in " << whole);
  }
  std::vector<std::size_t> every;
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    BOOST_TEST_REQUIRE((play({cut, stream.size()}) == whole), "cut at " << cut << ": " << play({cut, stream.size()}));
    every.push_back(cut);
  }
  every.push_back(stream.size());
  BOOST_TEST(play(every) == whole);
}

BOOST_AUTO_TEST_CASE(a_client_that_says_its_last_word_still_gets_its_answer) {
  Conversation c;
  c.say(get);
  c.taken();
  c.answer("here");
  BOOST_TEST(has(c.hear(), "here"));
  c.connection.end_of_input(c.now());
  BOOST_TEST(c.connection.finished());

  Conversation cut;
  cut.say(post_head);
  cut.connection.end_of_input(cut.now());
  BOOST_TEST(!cut.connection.wants_input());
  BOOST_TEST(cut.hear().starts_with("HTTP/1.1 400 "));
  BOOST_TEST(cut.connection.finished());
}

BOOST_AUTO_TEST_CASE(close_is_said_and_done_when_the_client_asks_for_it) {
  Conversation c;
  c.say("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get);
  c.taken();
  c.answer("last");
  BOOST_TEST(has(c.hear(), "Connection: close"));
  BOOST_TEST(c.connection.take_half_close());
  BOOST_TEST(c.taken() == "nothing");
}

BOOST_AUTO_TEST_CASE(bodies_of_all_connections_together_are_bounded) {
  Conversation c;
  Connection other(c.config, c.budgets, c.now());
  other.receive(post_head + std::string(800, 'b'), c.now());
  BOOST_TEST(c.budgets.bodies.bytes == 800U);
  c.say(post_head + std::string(600, 'b'));
  BOOST_TEST(c.connection.unsent().empty());
  c.say(std::string(200, 'b'));
  BOOST_TEST(c.hear().starts_with("HTTP/1.1 503 "));
  BOOST_TEST(c.budgets.bodies.bytes == 800U);
  other.receive(std::string(100, 'b'), c.now());
  BOOST_TEST(other.take_request().has_value());
  BOOST_TEST(c.budgets.bodies.bytes == 900U);  // until it is answered the loop holds it
  other.answer({}, c.now());
  BOOST_TEST(c.budgets.bodies.bytes == 0U);
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_idle_connections_at_once_and_answers_the_others) {
  Conversation idle;
  idle.connection.shut_down(idle.now());
  BOOST_TEST(idle.connection.finished());

  for (const std::string& begun : {std::string("GET /"), post_head, get}) {
    Conversation c;
    c.say(begun);
    c.taken();
    c.connection.shut_down(c.now());
    const std::string heard = c.hear();
    BOOST_TEST(heard.starts_with("HTTP/1.1 503 "));
    BOOST_TEST(has(heard, "Connection: close"));
    c.wait(1s);
    BOOST_TEST(c.connection.finished());
  }

  Conversation answered;
  answered.say(get + get);
  answered.taken();
  answered.answer(std::string(100'000, 'x'));
  answered.connection.shut_down(answered.now());
  BOOST_TEST(answered.hear().size() > 100'000U);
  BOOST_TEST(answered.connection.take_half_close());
  BOOST_TEST(answered.taken() == "nothing");
}
