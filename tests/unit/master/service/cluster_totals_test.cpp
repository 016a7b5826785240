#include "master/service/cluster_totals.hpp"

#include <nlohmann/json.hpp>

using namespace slicebus;
using namespace slicebus::service;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::int64_t start = 1'700'000'000'000;

wire::ControllerBeat beat(std::uint64_t processed, std::uint64_t queued, std::int64_t started_ms = start + 1'000) {
  wire::ControllerBeat out;
  out.ex_id = ExecutionId{"e"};
  out.epoch = 1;
  out.slices_processed = processed;
  out.slices_queued = queued;
  out.workers_joined = 2;
  out.started_ms = started_ms;
  return out;
}

struct Totals {
  WallTime wall{std::chrono::milliseconds(start)};
  ClusterTotals totals{[this] { return wall; }};
  long count(const char* name) const { return totals.json().at(name).get<long>(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster_totals)

BOOST_FIXTURE_TEST_CASE(beats_add_what_they_have_more_than_the_one_before_R_api_58, Totals) {
  totals.on(beat(3, 7));
  totals.on(beat(5, 5));
  totals.on(beat(5, 5));
  BOOST_TEST(count("processed") == 5);
  BOOST_TEST(count("queued") == 5);
  BOOST_TEST(count("workers_joined") == 2);
  BOOST_TEST(count("job_duration") == 0);
}

BOOST_FIXTURE_TEST_CASE(an_execution_of_an_earlier_master_counts_from_its_first_beat, Totals) {
  totals.on(beat(100, 1, start - 5'000));
  totals.on(beat(103, 1, start - 5'000));
  BOOST_TEST(count("processed") == 3);
}

BOOST_FIXTURE_TEST_CASE(an_end_counts_once_however_often_it_is_said, Totals) {
  wall += std::chrono::seconds(9);
  wire::ControllerBeat last = beat(4, 0);
  last.final_status = "completed";
  totals.on(last);
  totals.on(last);
  BOOST_TEST(count("processed") == 4);
  BOOST_TEST(count("job_duration") == 8);
}

BOOST_FIXTURE_TEST_CASE(what_a_lost_controller_had_queued_is_not_counted_until_it_is_back, Totals) {
  totals.on(beat(1, 9));
  totals.gone(ExecutionId{"e"});
  BOOST_TEST(count("queued") == 0);
  totals.on(beat(1, 9));
  BOOST_TEST(count("queued") == 9);
}

BOOST_AUTO_TEST_SUITE_END()
