#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "tests/sim/cluster.hpp"

namespace slicebus::sim {
namespace {

using Seeds = std::pair<std::uint64_t, std::uint64_t>;  ///< first and last

/// SLICEBUS_SEED=n is one, SLICEBUS_SEEDS=first-last are some; else the 500 of every build.
Seeds seeds() {
  if (const char* one = std::getenv("SLICEBUS_SEED")) {
    return {std::stoull(one), std::stoull(one)};
  }
  if (const char* some = std::getenv("SLICEBUS_SEEDS")) {
    const std::string text = some;
    const std::size_t dash = text.find('-');
    return {std::stoull(text.substr(0, dash)), std::stoull(text.substr(dash + 1))};
  }
  return {0, 499};
}

bool traces() { return std::getenv("SLICEBUS_TRACE") != nullptr; }

/// What a seed breaks; empty: nothing.
std::string broken_by(std::uint64_t seed, Mutation mutation) {
  Cluster cluster{seed, mutation, traces()};
  try {
    cluster.run();
  } catch (const Violation& violation) {
    return violation.what();
  }
  return {};
}

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(nothing_is_lost_or_doubled_whatever_is_killed_frozen_cut_or_full) {
  const auto [first, last] = seeds();
  int broken = 0;
  for (std::uint64_t seed = first; seed <= last && broken < 20; ++seed) {
    const std::string violation = broken_by(seed, Mutation::none);
    broken += violation.empty() ? 0 : 1;
    BOOST_TEST(violation.empty(), violation << "; replay: SLICEBUS_TRACE=1 SLICEBUS_SEED=" << seed
                                            << " build/dev/tests/sim_test -t sim/nothing_is_lost*");
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
  Cluster first{7}, second{7};
  first.run();
  second.run();
  BOOST_TEST(first.world.seconds_now() == second.world.seconds_now());
  BOOST_TEST(first.nonces == second.nonces);
  BOOST_TEST(first.ledger.commits == second.ledger.commits);
}

const std::vector<std::pair<Mutation, std::string>> mutations{
    {Mutation::no_epoch_check, "no epoch check"},
    {Mutation::acknowledge_before_commit, "acknowledged before the commit"},
    {Mutation::every_verdict_is_publish, "every verdict is publish"},
    {Mutation::no_flush, "no flush"},
    {Mutation::never_given_out_again, "never given out again"},
    {Mutation::repeats_taken_for_new, "repeats taken for new"},
    {Mutation::no_fence_in_names, "no fence in temporary names"},
    {Mutation::nobody_rolls_forward, "nobody rolls forward"},
    {Mutation::published_before_verdict, "published before the verdict"},
    {Mutation::visible_said_too_early, "said to be visible too early"},
    {Mutation::sweep_after_the_end, "swept after the end"},
    {Mutation::slots_not_told_of_the_end, "slots not told of the end"},
};

BOOST_AUTO_TEST_CASE(each_rule_that_is_broken_on_purpose_is_caught_within_500_seeds) {
  for (const auto& [mutation, name] : mutations) {
    std::string violation;
    std::uint64_t seed = 0;
    while (seed < 500 && violation.empty()) {
      violation = broken_by(seed++, mutation);
    }
    BOOST_TEST(!violation.empty(), name << " was not caught");
    BOOST_TEST_MESSAGE(name << ": caught at seed " << seed - 1 << ": " << violation);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace slicebus::sim
