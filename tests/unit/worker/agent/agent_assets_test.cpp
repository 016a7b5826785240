#include <boost/test/unit_test.hpp>

#include "tests/unit/worker/agent/agent_fixture.hpp"

// R-ex-79: before slots of an execution start on a node, the node has the bundles that it names.
using namespace slicebus;
using namespace slicebus::agent;
using namespace slicebus::agent::testing;

namespace {

const AssetId words{"words"};
const AssetId letters{"letters"};

struct Node : Machine {
  Node() : Machine(2) { tick(0s); }

  AgentActions want_with(const std::vector<AssetId>& assets, Duration time, std::uint32_t slots = 1) {
    wire::WantedSlots execution = share(ex_a, slots);
    execution.assets = assets;
    return want({execution}, time);
  }
  AgentActions looked(const AssetId& asset, bool there, Duration time) { return step(AssetLooked{asset, there}, time); }
  AgentActions chunk(const AssetId& asset, std::uint64_t offset, const std::string& bytes, std::uint64_t size,
                     Duration time, const std::string& problem = {}) {
    return step(BrokerSaid{wire::AssetChunk{NodeId{"n1"}, asset, offset, size, bytes, problem}}, time);
  }
  static bool starts_a_slot(const AgentActions& actions) { return !only<TellSlot>(actions).empty(); }
  static std::string trouble(const AgentActions& actions) {
    for (const SendToBroker& sent : only<SendToBroker>(actions)) {
      return std::get<wire::NodeBeat>(sent.message).trouble;
    }
    return "no beat";
  }
  static std::vector<std::uint64_t> asked(const AgentActions& actions) {
    std::vector<std::uint64_t> offsets;
    for (const SendToMaster& sent : only<SendToMaster>(actions)) {
      offsets.push_back(sent.wanted.offset);
    }
    return offsets;
  }
};
using Offsets = std::vector<std::uint64_t>;

}  // namespace

BOOST_AUTO_TEST_SUITE(agent_assets)

BOOST_FIXTURE_TEST_CASE(a_bundle_that_is_there_is_not_fetched, Node) {
  const AgentActions wanted = want_with({words}, 1s);
  BOOST_REQUIRE(only<LookForAsset>(wanted).size() == 1U);
  BOOST_TEST(only<LookForAsset>(wanted)[0].asset == words);
  BOOST_TEST(!starts_a_slot(wanted));
  const AgentActions found = looked(words, true, 1s);
  BOOST_TEST(asked(found).empty());
  BOOST_TEST(starts_a_slot(found));
  BOOST_TEST(only<LookForAsset>(want_with({words}, 2s, 2)).empty());
  // Somebody may have cleaned up meanwhile: the next execution looks again.
  want({}, 3s);
  BOOST_TEST(only<LookForAsset>(want_with({words}, 4s)).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_bundle_comes_in_chunks_and_is_unpacked_before_the_first_slot, Node) {
  want_with({words}, 1s);
  BOOST_TEST((asked(looked(words, false, 1s)) == Offsets{0}));
  BOOST_TEST((asked(chunk(words, 0, "abc", 5, 1s)) == Offsets{3}));
  const AgentActions whole = chunk(words, 3, "de", 5, 1s);
  BOOST_REQUIRE(only<UnpackAsset>(whole).size() == 1U);
  BOOST_TEST(only<UnpackAsset>(whole)[0].bytes == "abcde");
  BOOST_TEST(!starts_a_slot(whole));
  BOOST_TEST(starts_a_slot(step(AssetPlaced{words, ""}, 2s)));
}

BOOST_FIXTURE_TEST_CASE(a_lost_chunk_is_asked_for_again_after_a_beat_and_an_old_one_is_ignored, Node) {
  want_with({words}, 1s);
  looked(words, false, 1s);
  chunk(words, 0, "abc", 5, 1s);
  BOOST_TEST(asked(tick(1'500ms)).empty());
  BOOST_TEST((asked(tick(2s)) == Offsets{3}));
  BOOST_TEST(only<UnpackAsset>(chunk(words, 0, "abc", 5, 2s)).empty());
  BOOST_TEST(only<UnpackAsset>(chunk(words, 3, "de", 5, 2s)).size() == 1U);
  BOOST_TEST(only<UnpackAsset>(chunk(words, 3, "de", 5, 2s)).empty());
}

BOOST_FIXTURE_TEST_CASE(bundles_are_fetched_one_at_a_time_and_a_slot_waits_for_all, Node) {
  want_with({words, letters}, 1s);
  BOOST_TEST((asked(looked(letters, false, 1s)) == Offsets{0}));
  BOOST_TEST(asked(looked(words, false, 1s)).empty());
  chunk(letters, 0, "l", 1, 1s);
  const AgentActions next = step(AssetPlaced{letters, ""}, 1s);
  BOOST_TEST(!starts_a_slot(next));
  BOOST_REQUIRE(only<SendToMaster>(next).size() == 1U);
  BOOST_TEST(only<SendToMaster>(next)[0].wanted.asset == words);
  chunk(words, 0, "w", 1, 1s);
  const AgentActions all = step(AssetPlaced{words, ""}, 1s);
  BOOST_TEST(starts_a_slot(all));
  const auto beats = only<SendToBroker>(all);
  BOOST_REQUIRE(!beats.empty());
  BOOST_TEST((std::get<wire::NodeBeat>(beats[0].message).slots.at(0).assets == std::vector{words, letters}));
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_had_shows_as_trouble_and_is_tried_again_with_pauses, Node) {
  want_with({words}, 1s);
  looked(words, false, 1s);
  BOOST_TEST(trouble(chunk(words, 0, "", 0, 1s, "no asset words is stored")) ==
             "asset words cannot be had: no asset words is stored");
  BOOST_TEST(only<LookForAsset>(tick(1'900ms)).empty());
  BOOST_TEST(only<LookForAsset>(tick(2s)).size() == 1U);
  BOOST_TEST((asked(looked(words, false, 2s)) == Offsets{0}));
  chunk(words, 0, "w", 1, 2s);
  const AgentActions bad = step(AssetPlaced{words, "the bytes that came have the id 1234"}, 2s);
  BOOST_TEST(trouble(bad) == "asset words cannot be had: the bytes that came have the id 1234");
  BOOST_TEST(!starts_a_slot(bad));
  BOOST_TEST(only<LookForAsset>(tick(2'900ms)).empty());
}

BOOST_FIXTURE_TEST_CASE(pieces_that_do_not_fit_are_refused, Node) {
  want_with({words}, 1s);
  looked(words, false, 1s);
  BOOST_TEST(trouble(chunk(words, 0, "abc", 2, 1s)).find("a piece that does not fit (3 bytes at 0 of 2)") !=
             std::string::npos);
  tick(3s);
  looked(words, false, 3s);
  BOOST_TEST(trouble(chunk(words, 0, "", 2, 3s)).find("does not fit") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(what_nobody_needs_any_more_is_forgotten, Node) {
  want_with({words}, 1s);
  looked(words, false, 1s);
  want({}, 1s);
  BOOST_TEST(asked(tick(3s)).empty());
  BOOST_TEST(only<UnpackAsset>(chunk(words, 0, "w", 1, 3s)).empty());
  // Slots that only drain need nothing, either.
  BOOST_TEST(only<LookForAsset>(want_with({words}, 4s, 0)).empty());
}

BOOST_FIXTURE_TEST_CASE(executions_without_assets_do_not_wait, Node) {
  wire::WantedSlots needs = share(ex_a, 1);
  needs.assets = {words};
  BOOST_TEST(starts_a_slot(want({needs, share(ex_b, 1)}, 1s)));
}

BOOST_AUTO_TEST_SUITE_END()
