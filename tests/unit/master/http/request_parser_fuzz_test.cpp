#include <random>

#include "parser_events.hpp"

using namespace slicebus::http;

namespace {

const ParserLimits limits{.head_bytes_max = 110, .body_bytes_max = 130};

/// Requests in a row, mostly well formed: fuzz that only ever meets the first line tests nothing else.
std::string random_stream(std::mt19937& chance) {
  const auto pick = [&](const std::vector<std::string>& choices) { return choices[chance() % choices.size()]; };
  std::string stream;
  for (auto count = 1 + chance() % 3; count > 0; --count) {
    stream += pick({"GET", "POST", "HEAD"}) + " /" + std::string(chance() % 20, 'p') +
              pick({" HTTP/1.1", " HTTP/1.1", " HTTP/1.0"}) + "\r\nHost: a\r\n";
    stream += pick({"", "Connection: close\r\n", "Expect: 100-continue\r\n", "Content-Type: a/b\r\n", "X: \t\r\n"});
    const std::string body(chance() % 150, 'b');
    if (chance() % 2 == 0) {
      stream += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      continue;
    }
    stream += "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t size = std::min<std::size_t>(1 + chance() % 40, body.size() - at);
      std::ostringstream hex;
      hex << std::hex << size;
      stream += hex.str() + pick({"", "", ";x=y"}) + "\r\n" + body.substr(at, size) + "\r\n";
      at += size;
    }
    stream += "0\r\n" + pick({"", "", "T: u\r\n"}) + "\r\n";
  }
  return stream;
}

void mutate(std::string& stream, std::mt19937& chance) {
  constexpr std::string_view marks = "\r\n :;,0f\x80";
  for (auto count = chance() % 4; count > 0 && !stream.empty(); --count) {
    const std::size_t at = chance() % stream.size();
    switch (chance() % 4) {
      case 0:
        stream[at] = static_cast<char>(chance());
        break;
      case 1:
        stream[at] = marks[chance() % marks.size()];
        break;
      case 2:
        stream.erase(at, 1 + chance() % 3);
        break;
      default:
        stream.insert(at, 1, marks[chance() % marks.size()]);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(mutated_streams_have_the_same_events_however_they_are_cut) {
  std::mt19937 chance(20'310'402);
  std::map<std::string, int> kinds;
  for (int run = 0; run < 20'000; ++run) {
    std::string stream = random_stream(chance);
    mutate(stream, chance);
    const auto whole = events_of(stream, limits);
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < stream.size(); at += 1 + chance() % 30) {
      cuts.push_back(at);
    }
    BOOST_TEST_REQUIRE(events_of(stream, cuts, limits) == whole);
    for (const auto& event : whole) {
      ++kinds[event.substr(0, event.starts_with("refused") ? 11 : 4)];
    }
    const auto refused = [](const std::string& event) { return event.starts_with("refused"); };
    BOOST_TEST_REQUIRE(std::count_if(whole.begin(), whole.end(), refused) <= 1);
    BOOST_TEST_REQUIRE((std::find_if(whole.begin(), whole.end(), refused) >= whole.end() - (whole.empty() ? 0 : 1)));
  }
  // The fuzz reached what it is for.
  for (const auto* kind :
       {"GET ", "POST", "HEAD", "cont", "refused 400", "refused 413", "refused 431", "refused 505"}) {
    BOOST_TEST(kinds[kind] > 0, kind);
  }
}

BOOST_AUTO_TEST_CASE(noise_is_refused_or_waited_for_and_nothing_else) {
  std::mt19937 chance(7);
  for (int run = 0; run < 2'000; ++run) {
    std::string noise(chance() % 600, '\0');
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<char>(chance()); });
    const auto events = events_of(noise, limits);
    BOOST_TEST_REQUIRE(events.size() <= 1U);
    BOOST_TEST_REQUIRE((events.empty() || events.front().starts_with("refused 4")));
  }
}
