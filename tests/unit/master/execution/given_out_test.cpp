#include "master/execution/given_out.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using namespace slicebus;             // NOLINT: test
using namespace slicebus::execution;  // NOLINT: test

BOOST_AUTO_TEST_SUITE(given_out)

BOOST_AUTO_TEST_CASE(copies_and_their_bytes_count_until_they_are_answered) {
  GivenOut out;
  out.insert({1, 1}, 10);
  out.insert({1, 2}, 20);
  out.insert({1, 3}, 30);
  BOOST_TEST(out.size() == 3U);
  BOOST_TEST(out.bytes() == 60U);
  out.erase({1, 2});
  out.erase({1, 2});
  out.erase({1, 9});
  BOOST_TEST(out.size() == 2U);
  BOOST_TEST(out.bytes() == 40U);
  BOOST_TEST(!out.contains({1, 2}));
  BOOST_TEST(out.contains({1, 1}));
  BOOST_TEST(out.contains({1, 3}));
}

BOOST_AUTO_TEST_CASE(a_copy_counts_once_and_may_come_back) {
  GivenOut out;
  out.insert({1, 1}, 10);
  out.insert({1, 2}, 20);
  out.insert({1, 1}, 99);
  BOOST_TEST(out.bytes() == 30U);
  out.erase({1, 1});
  out.insert({1, 1}, 5);
  BOOST_TEST(out.size() == 2U);
  BOOST_TEST(out.bytes() == 25U);
}

BOOST_AUTO_TEST_CASE(a_copy_of_an_earlier_controller_stands_before_those_of_this_one) {
  GivenOut out;
  out.insert({2, 7}, 1);
  out.insert({1, 99}, 2);
  BOOST_TEST(out.contains({1, 99}));
  out.erase({2, 7});
  BOOST_TEST(out.size() == 1U);
  BOOST_TEST(out.bytes() == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_not_kept_is_forgotten) {
  GivenOut out;
  for (std::uint64_t number = 1; number <= 200; ++number) {
    out.insert({1, number}, 1);
  }
  out.keep({{1, 3}, {1, 200}, {1, 999}});
  BOOST_TEST(out.size() == 2U);
  BOOST_TEST(out.bytes() == 2U);
  BOOST_TEST(out.contains({1, 3}));
  BOOST_TEST(!out.contains({1, 4}));
  BOOST_TEST(out.contains({1, 200}));
  out.clear();
  BOOST_TEST(out.size() == 0U);
  BOOST_TEST(out.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(it_is_a_map_whatever_the_order) {
  std::mt19937_64 chance(7);
  GivenOut out;
  std::map<Fence, std::size_t> model;
  for (int step = 0; step < 20'000; ++step) {
    // Mostly the next fence; sometimes one from anywhere.
    const std::uint64_t newest = model.empty() ? 1 : model.rbegin()->first.number + 1;
    const Fence fence{1 + chance() % 2, chance() % 4 == 0 ? chance() % (newest + 1) : newest};
    if (chance() % 2 == 0) {
      out.insert(fence, fence.number);
      model.emplace(fence, fence.number);
    } else if (!model.empty()) {
      const Fence gone = chance() % 3 == 0 ? fence : model.begin()->first;
      out.erase(gone);
      model.erase(gone);
    }
    std::size_t bytes = 0;
    for (const auto& [each, size] : model) {
      bytes += size;
    }
    BOOST_REQUIRE_EQUAL(out.size(), model.size());
    BOOST_REQUIRE_EQUAL(out.bytes(), bytes);
    BOOST_REQUIRE_EQUAL(out.contains(fence), model.contains(fence));
  }
}

BOOST_AUTO_TEST_SUITE_END()
