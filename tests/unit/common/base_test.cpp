#include <boost/test/unit_test.hpp>
#include <memory_resource>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "common/node_pool.hpp"
#include "common/small_vector.hpp"

using namespace slicebus;  // NOLINT: test

BOOST_AUTO_TEST_SUITE(small_vector)

using Numbers = SmallVector<int, 3>;
static_assert(std::is_nothrow_move_constructible_v<Numbers> && std::is_nothrow_move_assignable_v<Numbers>);

BOOST_AUTO_TEST_CASE(what_is_moved_arrives_whether_it_was_inside_or_outside) {
  for (const int count : {0, 2, 3, 4, 100}) {
    Numbers numbers;
    for (int i = 0; i < count; ++i) {
      numbers.push_back(i);
    }
    const Numbers copy = numbers;
    Numbers moved(std::move(numbers));
    BOOST_TEST(moved == copy, boost::test_tools::per_element());
    Numbers assigned{7, 8, 9, 10, 11};
    assigned = std::move(moved);
    BOOST_TEST(assigned == copy, boost::test_tools::per_element());
    BOOST_TEST(moved.empty());  // NOLINT: what it is after a move is the promise
  }
}

BOOST_AUTO_TEST_CASE(a_vector_of_them_that_grows_keeps_what_they_have) {
  std::vector<Numbers> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back(Numbers(static_cast<std::size_t>(i % 7), i));
  }
  for (int i = 0; i < 100; ++i) {
    BOOST_TEST(many[static_cast<std::size_t>(i)] == Numbers(static_cast<std::size_t>(i % 7), i),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(node_pool)

BOOST_AUTO_TEST_CASE(a_map_in_a_pool_is_a_map) {
  for (const NodePool::From from : {NodePool::From::pool, NodePool::From::heap}) {
    NodePool pool(from);
    std::pmr::unordered_map<int, std::string> map(&pool);
    for (int i = 0; i < 3'000; ++i) {
      map.emplace(i, std::string(static_cast<std::size_t>(i % 90), 'x'));
      if (i >= 100) {
        map.erase(i - 100);
      }
    }
    BOOST_TEST(map.size() == 100U);
    for (int i = 2'900; i < 3'000; ++i) {
      BOOST_TEST(map.at(i).size() == static_cast<std::size_t>(i % 90));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_node_that_was_let_go_of_is_the_next_one) {
  NodePool pool(NodePool::From::pool);
  void* first = pool.allocate(48, 8);
  void* other = pool.allocate(200, 8);  // no node: an array of the container
  pool.deallocate(first, 48, 8);
  void* next = pool.allocate(48, 8);
  BOOST_TEST(next == first);
  pool.deallocate(next, 48, 8);
  pool.deallocate(other, 200, 8);
}

BOOST_AUTO_TEST_SUITE_END()
