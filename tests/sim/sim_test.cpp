#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>

#include "tests/sim/cluster.hpp"

namespace slicebus::sim {
namespace {

using Seeds = std::pair<std::uint64_t, std::uint64_t>;  ///< first and last
using FaultSet = std::optional<std::set<std::size_t>>;

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

/// SLICEBUS_FAULTS=0,3,7: only these of the seed's faults.
FaultSet fault_set() {
  const char* some = std::getenv("SLICEBUS_FAULTS");
  if (some == nullptr) {
    return std::nullopt;
  }
  std::set<std::size_t> chosen;
  std::istringstream numbers(some);
  for (std::string number; std::getline(numbers, number, ',');) {
    chosen.insert(std::stoull(number));
  }
  return chosen;
}

/// What a seed breaks; empty: nothing.
std::string broken_by(std::uint64_t seed, Mutation mutation, const FaultSet& faults, bool trace = false) {
  Cluster cluster{{.seed = seed, .mutation = mutation, .trace = trace, .faults = faults}};
  try {
    cluster.run();
  } catch (const Violation& violation) {
    return violation.what();
  }
  return {};
}

/// The fewest faults under which the seed still breaks something: they are left out in ever smaller parts.
std::set<std::size_t> shrunk(std::uint64_t seed, Mutation mutation) {
  std::set<std::size_t> kept;
  for (std::size_t i = 0; i < Cluster{{.seed = seed, .mutation = mutation}}.faults.size(); ++i) {
    kept.insert(i);
  }
  for (std::size_t part = (kept.size() + 1) / 2; part >= 1; part /= 2) {
    for (std::size_t at = 0; at < kept.size();) {
      std::set<std::size_t> fewer = kept;
      auto first = std::next(fewer.begin(), static_cast<std::ptrdiff_t>(at));
      auto last = std::next(first, static_cast<std::ptrdiff_t>(std::min(part, fewer.size() - at)));
      fewer.erase(first, last);
      if (broken_by(seed, mutation, fewer).empty()) {
        at += part;
      } else {
        kept = std::move(fewer);
      }
    }
  }
  return kept;
}

/// One line that runs the seed again, with as few faults as it needs, and tells what happens.
std::string replay_of(std::uint64_t seed) {
  const std::set<std::size_t> kept = shrunk(seed, Mutation::none);
  std::ostringstream text;
  text << "SLICEBUS_TRACE=1 SLICEBUS_SEED=" << seed << " SLICEBUS_FAULTS=";
  for (const std::size_t index : kept) {
    text << (index == *kept.begin() ? "" : ",") << index;
  }
  text << " build/dev/tests/sim_test -t sim/nothing_is_lost*   (";
  const Cluster cluster{{.seed = seed}};
  for (const std::size_t index : kept) {
    text << (index == *kept.begin() ? "" : ", ") << cluster.faults[index].kind;
  }
  text << ")";
  return text.str();
}

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(nothing_is_lost_or_doubled_whatever_is_killed_frozen_cut_or_full) {
  const auto [first, last] = seeds();
  const FaultSet faults = fault_set();
  int broken = 0;
  for (std::uint64_t seed = first; seed <= last && broken < 20; ++seed) {
    const std::string violation = broken_by(seed, Mutation::none, faults, std::getenv("SLICEBUS_TRACE") != nullptr);
    if (violation.empty()) {
      continue;
    }
    // The first ones are worth the time that it takes to shrink them.
    const bool shrinks = ++broken <= 3 && !faults;
    BOOST_TEST(violation.empty(),
               "seed " << seed << ": " << violation << (shrinks ? "; replay: " + replay_of(seed) : std::string()));
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
  Cluster first{{.seed = 7}}, second{{.seed = 7}};
  first.run();
  second.run();
  BOOST_TEST(first.world.seconds_now() == second.world.seconds_now());
  BOOST_TEST(first.nonces == second.nonces);
  BOOST_TEST(first.jobs.front()->ledger.commits() == second.jobs.front()->ledger.commits());
}

const std::vector<std::pair<Mutation, std::string>> mutations{
    {Mutation::acknowledge_before_commit, "acknowledged before the commit"},
    {Mutation::assign_before_commit, "assigned before the commit"},
    {Mutation::no_epoch_in_fences, "no epoch in fences"},
    {Mutation::never_given_out_again, "never given out again"},
    {Mutation::published_before_verdict, "published before the acceptance"},
    {Mutation::report_said_once, "a report is forgotten once sent"},
    {Mutation::groups_slice_by_slice, "a held group is accepted slice by slice"},
    {Mutation::no_flush, "no flush"},
    {Mutation::no_epoch_check, "no epoch check"},
    {Mutation::every_verdict_is_publish, "every verdict is publish"},
    {Mutation::repeats_taken_for_new, "repeats taken for new"},
    {Mutation::no_fence_in_names, "no fence in temporary names"},
    {Mutation::nobody_rolls_forward, "nobody rolls forward"},
    {Mutation::visible_said_too_early, "said to be visible too early"},
    {Mutation::sweep_after_the_end, "swept after the end"},
    {Mutation::slots_not_told_of_the_end, "slots not told of the end"},
};

BOOST_AUTO_TEST_CASE(each_rule_that_is_broken_on_purpose_is_caught_within_500_seeds) {
  for (const auto& [mutation, name] : mutations) {
    std::string violation;
    std::uint64_t seed = 0;
    while (seed < 500 && violation.empty()) {
      violation = broken_by(seed++, mutation, std::nullopt);
    }
    BOOST_TEST(!violation.empty(), name << " was not caught");
    BOOST_TEST_MESSAGE(name << ": caught at seed " << seed - 1 << ": " << violation);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace slicebus::sim
