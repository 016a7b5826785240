#include "broker/routing.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/broker/nodes.hpp"

using namespace slicebus;
using namespace slicebus::broker;

namespace {

struct Fixture {
  Routing routing;
  Claim claim(const std::string& address, const std::string& process, Duration now = 0s, std::uint64_t rank = 0) {
    return routing.claim(address, ProcessId{process}, Peer{"peer-" + process}, at(now), rank);
  }
  std::string to(const std::string& address) const {
    std::string out;
    for (const Peer& peer : routing.peers_of(address)) {
      out += (out.empty() ? "" : " ") + peer.text;
    }
    return out;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(routing, Fixture)

BOOST_AUTO_TEST_CASE(an_address_leads_to_who_registered_it) {
  BOOST_TEST((claim("master", "m1") == Claim::fresh));
  BOOST_TEST((claim("master", "m1") == Claim::kept));
  BOOST_TEST(to("master") == "peer-m1");
  BOOST_TEST(to("node/n1").empty());
}

BOOST_AUTO_TEST_CASE(every_controller_means_the_executions_and_nobody_else) {
  claim("ex/e2", "c2");
  claim("ex/e1", "c1");
  claim("node/e3", "a");
  claim("master", "m1");
  BOOST_TEST(to("ex/*") == "peer-c1 peer-c2");
}

BOOST_AUTO_TEST_CASE(the_latest_process_wins_and_the_former_does_not_take_it_back) {
  claim("master", "m1");
  BOOST_TEST((claim("master", "m2") == Claim::fresh));
  BOOST_TEST((claim("master", "m1") == Claim::refused));
  BOOST_TEST(to("master") == "peer-m2");
}

BOOST_AUTO_TEST_CASE(the_former_may_claim_again_once_the_winner_is_gone) {
  claim("master", "m1");
  claim("master", "m2");
  routing.forget(Peer{"peer-m2"});
  BOOST_TEST(to("master").empty());
  BOOST_TEST((claim("master", "m1") == Claim::fresh));
}

BOOST_AUTO_TEST_CASE(a_process_that_speaks_over_another_connection_is_answered_there) {
  claim("ex/e1", "c1");
  BOOST_TEST((routing.claim("ex/e1", ProcessId{"c1"}, Peer{"elsewhere"}, at(1s)) == Claim::kept));
  BOOST_TEST(to("ex/e1") == "elsewhere");
  routing.forget(Peer{"peer-c1"});  // the old connection
  BOOST_TEST(to("ex/e1") == "elsewhere");
}

BOOST_AUTO_TEST_CASE(a_controller_that_has_no_epoch_yet_takes_the_address_of_the_former_one) {
  BOOST_CHECK(claim("ex/e1", "c1", 0s, 7) == Claim::fresh);
  BOOST_CHECK(claim("ex/e1", "c2", 1s) == Claim::fresh);  // its ledger does not open; it says so
  BOOST_CHECK(claim("ex/e1", "c1", 2s, 7) == Claim::refused);
  BOOST_CHECK(claim("ex/e1", "c2", 3s, 8) == Claim::kept);
}

BOOST_AUTO_TEST_CASE(a_controller_of_a_lower_epoch_is_refused_however_late_it_speaks) {
  claim("ex/e1", "c2", 0s, 2);
  BOOST_TEST((claim("ex/e1", "c1", 1s, 1) == Claim::refused));
  BOOST_TEST((claim("ex/e1", "c3", 2s, 3) == Claim::fresh));
}

BOOST_AUTO_TEST_CASE(the_silent_are_forgotten_but_not_for_the_brokers_own_pause) {
  claim("ex/e1", "c1", 0s);
  claim("ex/e2", "c2", 5s);
  routing.forget_silent_since(at(1s));
  BOOST_TEST(to("ex/*") == "peer-c2");
  routing.excuse(10s);
  routing.forget_silent_since(at(14s));
  BOOST_TEST(to("ex/*") == "peer-c2");
}

BOOST_AUTO_TEST_CASE(invented_addresses_fill_a_bounded_table) {
  for (int i = 0; i < 30'000; ++i) {
    claim("ex/" + std::to_string(i), "c");
  }
  BOOST_TEST(routing.size() == 20'000U);
  BOOST_TEST((claim("ex/0", "c") == Claim::kept));
}

BOOST_AUTO_TEST_SUITE_END()
