#include "master/http/request_parser.hpp"

#include <numeric>

#include "parser_events.hpp"

using namespace slicebus::http;
using Events = std::vector<std::string>;

namespace {

const ParserLimits small{.head_bytes_max = 120, .body_bytes_max = 40};

struct Sample {
  const char* name;
  std::string stream;
  Events events;
  ParserLimits limits = {};
};

std::ostream& operator<<(std::ostream& out, const Sample& sample) { return out << sample.name; }

const std::string host = "Host: a\r\n";

const std::vector<Sample> samples{
    {"a plain GET", "GET /jobs?size=2&q=%41 HTTP/1.1\r\n" + host + "\r\n", {"GET /jobs?size=2&q=%41 type= body= keep"}},
    {"a body by length",
     "POST /jobs HTTP/1.1\r\n" + host + "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\": 1}\n",
     {"POST /jobs type=application/json body={\"a\": 1}\n keep"}},
    {"a body in chunks, with extension and trailer",
     "POST / HTTP/1.1\r\n" + host +
         "Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n",
     {"POST / type= body=abc0123456789 keep"}},
    {"an empty body in chunks",
     "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     {"POST / type= body= keep"}},
    {"a body that waits for 100 Continue",
     "POST / HTTP/1.1\r\n" + host + "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nok",
     {"continue", "POST / type= body=ok keep"}},
    {"an expectation without a body",
     "POST / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n\r\n",
     {"POST / type= body= keep"}},
    {"three in a pipeline, with a blank line between",
     "GET /1 HTTP/1.1\r\n" + host + "\r\nPOST /2 HTTP/1.1\r\n" + host +
         "Content-Length: 1\r\n\r\nx\r\nGET /3 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n",
     {"GET /1 type= body= keep", "POST /2 type= body=x keep", "GET /3 type= body= close"}},
    {"HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n", {"GET / type= body= close"}},
    {"HTTP/1.0 keeps when asked", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", {"GET / type= body= keep"}},
    {"HTTP/1.0 knows no expectations",
     "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     {"POST / type= body=x close"}},
    {"close wins in a list",
     "GET / HTTP/1.1\r\n" + host + "Connection: keep-alive, Close\r\n\r\n",
     {"GET / type= body= close"}},
    {"a target with its host",
     "GET http://a:1/jobs?x=1 HTTP/1.1\r\n" + host + "\r\n",
     {"GET /jobs?x=1 type= body= keep"}},
    {"a target with its host and a query alone",
     "GET HTTP://a?x=1 HTTP/1.1\r\n" + host + "\r\n",
     {"GET /?x=1 type= body= keep"}},
    {"a target with its host alone", "GET http://a HTTP/1.1\r\n" + host + "\r\n", {"GET / type= body= keep"}},
    {"UTF-8 in a target and a value",
     "GET /\xc3\xa4 HTTP/1.1\r\n" + host + "X: \xc3\xa4\t!\r\n\r\n",
     {"GET /\xc3\xa4 type= body= keep"}},
    {"OPTIONS of the server", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", {"OPTIONS * type= body= keep"}},
    {"headers without blanks or with many",
     "GET / HTTP/1.1\r\nHost:a\r\nContent-Type: \t a/b  \r\nX:\r\n\r\n",
     {"GET / type=a/b body= keep"}},
    {"identity is no encoding",
     "POST / HTTP/1.1\r\n" + host + "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",
     {"POST / type= body=x keep"}},
    {"a body of the largest size",
     "POST / HTTP/1.1\r\n" + host + "Content-Length: 40\r\n\r\n" + std::string(40, 'b'),
     {"POST / type= body=" + std::string(40, 'b') + " keep"},
     small},
    {"chunks of the largest size",
     "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1E\r\n" + std::string(30, 'b') + "\r\na\r\n" +
         std::string(10, 'b') + "\r\n0\r\n\r\n",
     {"POST / type= body=" + std::string(40, 'b') + " keep"},
     small},
    {"chunks beyond the largest size",
     "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1E\r\n" + std::string(30, 'b') + "\r\nb\r\n" +
         std::string(11, 'b') + "\r\n0\r\n\r\n",
     {"refused 413 the body is larger than the limit of 40 bytes"},
     small},
    {"nothing after a refusal",
     "GET / HTTP/3.0\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n",
     {"refused 505 HTTP/3.0 is not supported; use HTTP/1.1"}},
    {"a refusal after good requests",
     "GET /1 HTTP/1.1\r\n" + host + "\r\nnonsense\r\n",
     {"GET /1 type= body= keep", "refused 400 malformed request line; expected \"METHOD /path HTTP/1.1\""}},
    {"a head of the largest size",
     "GET / HTTP/1.1\r\n" + host + "X: " + std::string(88, 'x') + "\r\n\r\n",
     {"GET / type= body= keep"},
     small},
    {"a head one byte longer",
     "GET / HTTP/1.1\r\n" + host + "X: " + std::string(89, 'x') + "\r\n\r\n",
     {"refused 431 the request's head is longer than 120 bytes; shorten the path or the headers"},
     small},
    {"a request line without an end",
     std::string(500, 'G'),
     {"refused 431 the request's head is longer than 120 bytes; shorten the path or the headers"},
     small},
    {"blank lines without an end",
     [] {
       std::string s;
       for (int i = 0; i < 200; ++i) {
         s += "\r\n";
       }
       return s;
     }(),
     {"refused 431 the request's head is longer than 120 bytes; shorten the path or the headers"},
     small},
    {"trailers without an end",
     "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + std::string(500, 'T'),
     {"refused 431 the trailers are longer than 120 bytes"},
     small},
    {"an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {"refused 505 HTTP/2.0 is not supported; use HTTP/1.1"}},
};

}  // namespace

BOOST_DATA_TEST_CASE(a_stream_has_the_same_events_however_it_is_cut, boost::unit_test::data::make(samples), sample) {
  const Events whole = events_of(sample.stream, {}, sample.limits);
  BOOST_TEST(whole == sample.events, boost::test_tools::per_element());
  for (std::size_t cut = 1; cut < sample.stream.size(); ++cut) {
    BOOST_TEST_CONTEXT("cut at " << cut) {
      BOOST_TEST(events_of(sample.stream, {cut}, sample.limits) == whole, boost::test_tools::per_element());
    }
  }
  std::vector<std::size_t> every(sample.stream.size());
  std::iota(every.begin(), every.end(), 1U);
  BOOST_TEST(events_of(sample.stream, every, sample.limits) == whole, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_body_is_never_taken_for_the_next_request) {
  const std::string body = "0\r\n\r\nGET / HTTP/1.1\r\n";
  const std::string stream =
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  BOOST_TEST(events_of(stream) == Events{"PUT / type= body=" + body + " keep"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(feed_stops_behind_a_request_so_that_the_next_one_can_wait) {
  RequestParser parser({});
  const std::string one = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string two = "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string both = one + two;
  std::string_view bytes = both;
  BOOST_TEST(line_of(parser.feed(bytes).value()) == "GET /1 type= body= keep");
  BOOST_TEST(bytes == two);
}

BOOST_AUTO_TEST_CASE(phases_follow_the_bytes) {
  RequestParser parser({});
  const auto after = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      parser.feed(bytes);
    }
    return parser.phase();
  };
  using Phase = RequestParser::Phase;
  BOOST_TEST((parser.phase() == Phase::idle));
  BOOST_TEST((after("\r\n") == Phase::idle));
  BOOST_TEST((after("P") == Phase::head));
  BOOST_TEST((after("OST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n") == Phase::head));
  BOOST_TEST((after("\r\n") == Phase::body));
  BOOST_TEST((after("5\r\nab") == Phase::body));
  BOOST_TEST(parser.body_bytes() == 2U);
  BOOST_TEST((after("cde\r\n0\r\n") == Phase::body));
  BOOST_TEST((after("\r\n") == Phase::idle));
  BOOST_TEST((after("?\r\n") == Phase::refused));
  BOOST_TEST((after("GET / HTTP/1.1\r\n") == Phase::refused));
}
