#include "master/scheduler/placement.hpp"

#include "master/scheduler/port_pool.hpp"

using namespace slicebus;
using namespace slicebus::scheduler;

namespace {

const NodeId a{"a"}, b{"b"}, c{"c"};

std::map<std::string, std::map<std::string, int>> counted(const std::vector<Allocation>& given) {
  std::map<std::string, std::map<std::string, int>> sums;
  for (const Allocation& one : given) {
    ++sums[one.ex_id.text][one.node.text];
  }
  return sums;
}
Demand demand(const std::string& ex, std::uint32_t wanted, std::uint32_t has, bool started) {
  return {ExecutionId{ex}, wanted, has, started};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(placement)

BOOST_AUTO_TEST_CASE(slots_go_to_the_emptiest_node_one_by_one) {
  const std::vector<Demand> demands{demand("e1", 4, 0, false)};
  const auto given = counted(place(demands, {{a, 1}, {b, 3}, {c, 2}}));
  BOOST_TEST(given.at("e1").at("a") == 1);
  BOOST_TEST(given.at("e1").at("b") == 2);
  BOOST_TEST(given.at("e1").at("c") == 1);
}

BOOST_AUTO_TEST_CASE(everyone_starts_before_anyone_gets_a_second_slot) {
  const std::vector<Demand> demands{demand("e1", 4, 0, false), demand("e2", 4, 0, false)};
  const auto given = counted(place(demands, {{a, 4}}));
  BOOST_TEST(given.at("e1").at("a") == 3);
  BOOST_TEST(given.at("e2").at("a") == 1);
}

BOOST_AUTO_TEST_CASE(a_pending_execution_starts_before_unmet_extra_workers_are_served) {
  const std::vector<Demand> demands{demand("running", 4, 2, true), demand("pending", 4, 0, false)};
  BOOST_TEST((place(demands, {{a, 1}}) == std::vector<Allocation>{{ExecutionId{"pending"}, a}}));
}

BOOST_AUTO_TEST_CASE(a_running_execution_without_any_slot_comes_before_pending_ones) {
  const std::vector<Demand> demands{demand("pending", 1, 0, false), demand("robbed", 4, 0, true)};
  BOOST_TEST((place(demands, {{a, 1}}) == std::vector<Allocation>{{ExecutionId{"robbed"}, a}}));
}

BOOST_AUTO_TEST_CASE(a_stop_comes_first_and_what_is_spared_is_for_stops_alone) {
  Demand stop = demand("stop", 1, 0, true);
  stop.stopping = true;
  const std::vector<Demand> demands{demand("robbed", 2, 0, true), stop};
  BOOST_TEST((place(demands, {{a, 1}}) == std::vector<Allocation>{{ExecutionId{"stop"}, a}}));
  BOOST_TEST((place(demands, {{a, 1}}, 1) == std::vector<Allocation>{{ExecutionId{"stop"}, a}}));
  BOOST_TEST((place(demands, {{a, 2}, {b, 1}}, 1) ==
              std::vector<Allocation>{{ExecutionId{"stop"}, a}, {ExecutionId{"robbed"}, b}}));
  BOOST_TEST(place(std::span(demands).first(1), {{a, 1}, {b, 1}}, 3).empty());
}

BOOST_AUTO_TEST_CASE(never_more_than_wanted_nor_than_free) {
  const std::vector<Demand> demands{demand("e1", 2, 1, true), demand("e2", 9, 0, false)};
  const auto given = place(demands, {{a, 2}, {b, 1}});
  BOOST_TEST(given.size() == 3u);
  BOOST_TEST(counted(given).at("e1").size() == 1u);
}

BOOST_AUTO_TEST_CASE(shedding_keeps_the_spread_even) {
  Shares shares{{a, 3}, {b, 1}, {c, 2}};
  shed(shares, 3);
  BOOST_TEST((shares == Shares{{a, 1}, {b, 1}, {c, 1}}));
  shed(shares, 0);
  BOOST_TEST(shares.empty());
}

BOOST_AUTO_TEST_CASE(a_port_comes_back_last_and_is_never_given_twice) {
  PortPool pool({100, 102});
  pool.keep(101);
  BOOST_TEST(pool.take() == 100);
  BOOST_TEST(pool.take() == 102);
  BOOST_TEST(pool.take() == 0);
  pool.give_back(101);
  BOOST_TEST(pool.take() == 101);
}

BOOST_AUTO_TEST_CASE(a_port_range_is_read_as_R_ex_142_says) {
  BOOST_TEST(parse_port_range("25679:26678")->last == 26678);
  for (const char* wrong : {"", "1", "5:4", "0:4", "1:70000", "a:b", "1:2:3"}) {
    const auto range = parse_port_range(wrong);
    BOOST_REQUIRE(!range);
    BOOST_TEST(range.error().what.find("slicer_port_range is formatted incorrectly") == 0u, wrong);
  }
}

BOOST_AUTO_TEST_SUITE_END()
