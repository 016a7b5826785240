// What stands between Pistache's thread and the loop: requests in order, bounded, and none for clients that have gone.
#include <poll.h>
#include <boost/test/unit_test.hpp>

#include "master/http/bridge.hpp"

using namespace slicebus::http;  // NOLINT: test

namespace {

HttpRequest request_for(const std::string& target) {
  HttpRequest request;
  request.method = "GET";
  request.target = target;
  return request;
}

bool readable(int fd) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_bridge)

BOOST_AUTO_TEST_CASE(requests_are_taken_in_their_order_and_in_turns) {
  HttpBridge bridge(10);
  for (const char* target : {"/a", "/b", "/c"}) {
    BOOST_TEST(bridge.offer(request_for(target)).has_value());
  }
  const auto first = bridge.take(2);
  BOOST_TEST_REQUIRE(first.size() == 2U);
  BOOST_TEST(first[0].target == "/a");
  BOOST_TEST(first[1].target == "/b");
  BOOST_TEST(readable(bridge.requests_fd()), "one is left for the next turn");
  BOOST_TEST(bridge.take(2).at(0).target == "/c");
  BOOST_TEST(!readable(bridge.requests_fd()));
}

BOOST_AUTO_TEST_CASE(a_request_whose_client_left_before_it_was_taken_costs_nothing) {
  HttpBridge bridge(1);
  const auto gone = bridge.offer(request_for("/gone"));
  BOOST_TEST(!bridge.offer(request_for("/one too many")).has_value());
  bridge.abandon(*gone);
  BOOST_TEST(bridge.offer(request_for("/stays")).has_value());
  const auto taken = bridge.take(10);
  BOOST_TEST_REQUIRE(taken.size() == 1U);
  BOOST_TEST(taken[0].target == "/stays");
}

BOOST_AUTO_TEST_CASE(a_request_that_is_worked_on_keeps_its_place_until_it_is_answered) {
  HttpBridge bridge(1);
  const auto gone = bridge.offer(request_for("/gone"));
  BOOST_TEST(bridge.take(1).size() == 1U);
  bridge.abandon(*gone);
  BOOST_TEST(!bridge.offer(request_for("/too early")).has_value());
  bridge.answer(*gone, {});
  BOOST_TEST(bridge.offer(request_for("/in time")).has_value());
}

BOOST_AUTO_TEST_CASE(an_answer_carries_the_revision_of_the_state_that_it_was_made_from) {
  HttpBridge bridge(10);
  const auto before = bridge.offer(request_for("/before"));
  const auto after = bridge.offer(request_for("/after"));
  bridge.answer(*before, {});
  bridge.invalidate();
  BOOST_TEST(bridge.revision() == 1U, "whoever gets an answer from before sees that it may be old");
  bridge.answer(*after, {});
  const auto news = bridge.take_news();
  BOOST_TEST_REQUIRE(news.answers.size() == 2U);
  BOOST_TEST(news.answers[0].revision == 0U);
  BOOST_TEST(news.answers[1].revision == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
