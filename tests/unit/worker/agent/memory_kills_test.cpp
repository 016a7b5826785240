#include "worker/agent/memory_kills.hpp"

#include <boost/test/unit_test.hpp>

using slicebus::agent::count_of_memory_kills;

BOOST_AUTO_TEST_SUITE(memory_kills)

BOOST_AUTO_TEST_CASE(both_generations_of_cgroups_are_read) {
  BOOST_TEST((count_of_memory_kills("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n") == 2U));
  BOOST_TEST((count_of_memory_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n") == 7U));
}

BOOST_AUTO_TEST_CASE(what_is_something_else_says_nothing) {
  BOOST_TEST(!count_of_memory_kills("").has_value());
  BOOST_TEST(!count_of_memory_kills("oom_kill_disable 1\nunder_oom 0\n").has_value());
  BOOST_TEST(!count_of_memory_kills("oom_kill many\n").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
