#include "parser_events.hpp"

using namespace slicebus::http;

namespace {

struct Sample {
  const char* name;
  int status;
  std::string stream;
  ParserLimits limits = {};
};

std::ostream& operator<<(std::ostream& out, const Sample& sample) { return out << sample.name; }

std::string request(const std::string& fields) { return "POST /jobs HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string chunked(const std::string& body) { return request("Transfer-Encoding: chunked\r\n") + body; }

const ParserLimits short_heads{.head_bytes_max = 500};

const std::vector<Sample> samples{
    {"one word", 400, "nonsense\r\n"},
    {"two words", 400, "GET /\r\n"},
    {"two blanks", 400, "GET  / HTTP/1.1\r\n"},
    {"four words", 400, "GET / x HTTP/1.1\r\n"},
    {"no method", 400, " / HTTP/1.1\r\n"},
    {"a method that is no token", 400, "G(T / HTTP/1.1\r\n"},
    {"a target without slash", 400, "GET jobs HTTP/1.1\r\n"},
    {"a target of CONNECT", 400, "CONNECT a:80 HTTP/1.1\r\n"},
    {"a control character in the target", 400, "GET /\x01 HTTP/1.1\r\n"},
    {"a version without digits", 400, "GET / HTTP/a.b\r\n"},
    {"a version in lower case", 400, "GET / http/1.1\r\n"},
    {"a version with two digits", 400, "GET / HTTP/1.10\r\n"},
    {"a TLS hello", 400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 12)},
    {"lines that end with LF alone", 400, "GET / HTTP/1.1\nHost: a\n\n"},
    {"a CR inside of a line", 400, "GET / HTTP/1.1\r\nHost: a\rb\r\n"},
    {"a header without colon", 400, request("X-Thing\r\n")},
    {"a header without name", 400, request(": x\r\n")},
    {"a blank before the colon", 400, request("Content-Length : 3\r\n")},
    {"a folded header", 400, request("X: a\r\n b\r\n")},
    {"a NUL in a header", 400, request(std::string("X: a\0b\r\n", 8))},
    {"no Host", 400, "GET / HTTP/1.1\r\n\r\n"},
    {"two Hosts", 400, request("Host: b\r\n")},
    {"a length that is no number", 400, request("Content-Length: abc\r\n")},
    {"a negative length", 400, request("Content-Length: -1\r\n")},
    {"a length with a sign", 400, request("Content-Length: +1\r\n")},
    {"an empty length", 400, request("Content-Length:\r\n")},
    {"two equal lengths", 400, request("Content-Length: 3\r\nContent-Length: 3\r\n")},
    {"two lengths", 400, request("Content-Length: 3\r\ncontent-length: 4\r\n")},
    {"two lengths in one header", 400, request("Content-Length: 3, 3\r\n")},
    {"length and chunked", 400, request("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")},
    {"chunked and length", 400, request("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")},
    {"chunked not last", 400, request("Transfer-Encoding: chunked, gzip\r\n")},
    {"chunked not last, in two headers", 400, request("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n")},
    {"chunked twice", 400, request("Transfer-Encoding: chunked, chunked\r\n")},
    {"an empty transfer coding", 400, request("Transfer-Encoding:\r\n")},
    {"chunked in HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"a chunk without size", 400, chunked("\r\n")},
    {"a chunk with a size that is not hexadecimal", 400, chunked("g\r\n")},
    {"a chunk with a prefix", 400, chunked("0x3\r\nabc\r\n")},
    {"a chunk with a negative size", 400, chunked("-1\r\n")},
    {"a chunk with a blank", 400, chunked(" 3\r\nabc\r\n")},
    {"a chunk line that ends with LF alone", 400, chunked("3\nabc\r\n")},
    {"a chunk line without an end", 400, chunked("3;" + std::string(2'000, 'x'))},
    {"a chunk longer than its size", 400, chunked("3\r\nabcd\r\n")},
    {"a chunk that ends with LF alone", 400, chunked("3\r\nabc\n")},
    {"a trailer without colon", 400, chunked("0\r\nnonsense\r\n\r\n")},
    {"a trailer with LF alone", 400, chunked("0\r\nX: y\n")},
    {"a body beyond the limit", 413, request("Content-Length: 33554433\r\n")},
    {"a body beyond all numbers", 413, request("Content-Length: 99999999999999999999999\r\n")},
    {"a body beyond the limit that was announced", 413,
     request("Expect: 100-continue\r\nContent-Length: 33554433\r\n")},
    {"a chunk beyond the limit", 413, chunked("2000001\r\n")},
    {"a chunk beyond all numbers", 413, chunked("fffffffffffffffffffffff\r\n")},
    {"a compressed body", 415, request("Content-Encoding: gzip\r\nContent-Length: 3\r\n")},
    {"another expectation", 417, request("Expect: tea\r\nContent-Length: 3\r\n")},
    {"a long path", 431, "GET /" + std::string(600, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n", short_heads},
    {"a long header", 431, request("Cookie: " + std::string(600, 'c') + "\r\n"), short_heads},
    {"many headers", 431,
     [] {
       std::string s;
       for (int i = 0; i < 100; ++i) {
         s += "A: b\r\n";
       }
       return request(s);
     }(),
     short_heads},
    {"an unknown transfer coding", 501, request("Transfer-Encoding: gzip\r\n")},
    {"an unknown transfer coding before chunked", 501, request("Transfer-Encoding: gzip, chunked\r\n")},
    {"the transfer coding identity", 501, request("Transfer-Encoding: identity\r\n")},
    {"HTTP/2.0", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
    {"HTTP/1.2", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
    {"HTTP/0.9", 505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"},
};

}  // namespace

BOOST_DATA_TEST_CASE(what_is_wrong_has_its_status_at_every_cut, boost::unit_test::data::make(samples), sample) {
  const auto whole = events_of(sample.stream, sample.limits);
  BOOST_TEST_REQUIRE(whole.size() == 1U);
  BOOST_TEST(whole.front().starts_with("refused " + std::to_string(sample.status) + ' '), whole.front());
  for (std::size_t cut = 1; cut < sample.stream.size(); ++cut) {
    BOOST_TEST_CONTEXT("cut at " << cut) {
      BOOST_TEST(events_of(sample.stream, {cut}, sample.limits) == whole, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_quotes_little_of_what_was_sent) {
  const auto events = events_of(request("X" + std::string(10'000, 'y') + "\r\n"));
  BOOST_TEST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events.front().size() < 200U);
}
