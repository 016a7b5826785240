#include "tests/support/exporting.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <utility>

namespace slicebus::support {

using namespace std::chrono_literals;  // NOLINT: test

Exporting::Exporting(const LocalCluster& cluster, MadeUp made_up, std::filesystem::path seen_at)
    : cluster_(cluster),
      made_up_(std::move(made_up)),
      posted_(cluster.submit(job_of(made_up_))),
      output_(seen_at.empty() ? cluster.directory() / made_up_.output : std::move(seen_at)) {}

void Exporting::require_progress(const std::string& after, std::size_t more) const {
  const std::size_t before = files();
  BOOST_REQUIRE_MESSAGE(eventually(90s, [&] { return files() >= before + more; }),
                        "no progress " << after << "; status " << cluster_.status(ex_id()) << "\n"
                                       << cluster_.logs());
}

void Exporting::require_each_record_once(std::chrono::milliseconds patience) const {
  BOOST_TEST(cluster_.wait_for_end(ex_id(), patience) == "completed", cluster_.logs());
  const std::size_t records = made_up_.slices * made_up_.records_of_slice;
  const Tally found = tally(output_records(output_, ex_id()));
  BOOST_TEST_MESSAGE(records << " records expected, " << found.distinct << " distinct of " << found.records
                             << " found");
  BOOST_TEST((found == Tally{records, records}), "lost or doubled records");
  BOOST_TEST(files() == made_up_.slices);
  // Who slept over the end has its shutdown_timeout, and drops what nobody will ask for.
  BOOST_TEST(eventually(20s, [&] { return hidden_files(output_).empty(); }),
             hidden_files(output_).size() << " temporary files of dead attempts are left");
  const nlohmann::json execution = cluster_.execution(ex_id());
  BOOST_TEST(!execution.contains("_waiting"), execution.dump());
  BOOST_TEST(execution.at("_slicer_stats").at("processed").get<std::size_t>() == made_up_.slices);
  BOOST_TEST(execution.at("_slicer_stats").at("failed").get<std::size_t>() == 0U);
}

void kill_9(const std::string& what, std::optional<pid_t> victim) {
  BOOST_REQUIRE_MESSAGE(victim.has_value(), "no " << what << " to kill");
  BOOST_REQUIRE(::kill(*victim, SIGKILL) == 0);
  BOOST_TEST(eventually(10s, [&] { return !alive(*victim); }), "the " << what << " does not end");
}

}  // namespace slicebus::support
