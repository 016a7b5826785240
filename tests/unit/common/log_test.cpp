#include "common/log/log.hpp"

#include <boost/test/unit_test.hpp>

#include "common/log/line.hpp"

using namespace slicebus::log;

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(an_event_is_one_line_of_keys_and_values) {
  BOOST_TEST(
      line(Level::info, "slicebus-broker", "node_lost", {{"node", "n1"}, {"cause", "silent for 9 s"}, {"slots", 4}}) ==
      "level=info program=slicebus-broker event=node_lost node=n1 cause=\"silent for 9 s\" slots=4");
}

BOOST_AUTO_TEST_CASE(what_a_peer_says_cannot_forge_a_line) {
  BOOST_TEST(line(Level::warn, "", "refused", {{"text", "a\nlevel=error \"x\"\x01\\"}, {"none", ""}}) ==
             "level=warn event=refused text=\"a\\nlevel=error \\\"x\\\"\\x01\\\\\" none=\"\"");
}

BOOST_AUTO_TEST_CASE(braces_in_a_value_are_no_format) {
  event(Level::info, "braces_were_logged", {{"json", "{}{0}{nope}"}});  // would throw or be changed if it were one
  BOOST_TEST(line(Level::info, "", "e", {{"json", "{0}"}}) == "level=info event=e json={0}");
}

BOOST_AUTO_TEST_CASE(the_level_is_a_threshold_and_an_unknown_one_means_info) {
  start("log_test", "warn");
  BOOST_TEST(!enabled(Level::info));
  BOOST_TEST(enabled(Level::warn));
  start("log_test", "loud");
  BOOST_TEST(!enabled(Level::debug));
  BOOST_TEST(enabled(Level::info));
  start("log_test", "trace");
  BOOST_TEST(enabled(Level::trace));
  start("log_test", "info");
}

BOOST_AUTO_TEST_CASE(the_level_can_change_while_the_program_runs_and_fatal_hides_even_errors) {
  start("log_test", "info");
  set_level("debug");
  BOOST_TEST(enabled(Level::debug));
  set_level("fatal");
  BOOST_TEST(!enabled(Level::error));
  set_level("info");
  BOOST_TEST(enabled(Level::info));
}

BOOST_AUTO_TEST_SUITE_END()
