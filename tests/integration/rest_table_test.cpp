// Every R-api id that states a request and an answer, as a row: what is asked of a running cluster and what it says.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/integration/rest_table/rows.hpp"
#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/zip_builder.hpp"

using namespace slicebus::rest_table;  // NOLINT: test
using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

/// Every row, in an order in which each finds what it needs.
const std::vector<Row>& all_rows() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all;
    for (std::vector<Row> (*theme)() : {request_rows, read_rows, refusal_rows, client_rows, asset_rows, command_rows}) {
      const std::vector<Row> some = theme();
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return rows;
}

/// Ids without a row, and why.
const std::map<int, std::string>& without_row() {
  static const std::map<int, std::string> reasons{
      {10, "before the API is ready nobody can ask: the listener opens after the records are loaded"},
      {13, "a limit of five minutes; http_test has it with a short one"},
      {14, "what is logged; no answer"},
      {97, "every reader here can recover (design.md §4)"},
      {117, "the master serves assets itself: there is no process to be away"},
  };
  return reasons;
}

/// Ids that rest-api.md has.
std::set<int> all_ids() {
  std::set<int> ids;
  for (const auto& [first, last] : {std::pair{1, 27}, {30, 104}, {110, 117}, {120, 127}, {130, 136}}) {
    for (int id = first; id <= last; ++id) {
      ids.insert(id);
    }
  }
  return ids;
}

json delayed_job(const std::string& name, long ms) { return job_of({.name = name, .slices = 10'000, .slice_ms = ms}); }

/// A cluster of one slot with a job in each state that rows speak of, and a bundle.
struct World {
  World() {
    const auto done = cluster.submit(json::parse(good_job));
    name("done", done);
    BOOST_REQUIRE(cluster.wait_for_end(done.ex_id) == "completed");
    const auto gone = cluster.submit(json::parse(good_job));
    name("gone", gone);
    BOOST_REQUIRE(cluster.wait_for_end(gone.ex_id) == "completed");
    BOOST_REQUIRE(cluster.api().request("DELETE", "/jobs/" + gone.job_id)->status == 200);
    const auto bad = cluster.submit(failing_job(directory.path()));
    name("bad", bad);
    BOOST_REQUIRE(cluster.becomes(bad.ex_id, "failed"));
    names["asset"] = json::parse(body_of(ask({.request = "POST /assets",
                                              .status = 201,
                                              .body = bundle_zip("words", "1.0.0"),
                                              .type = "application/octet-stream"})))
                         .at("asset_id");
    names["never"] = cluster.post("/jobs?start=false", good_job).json().at("job_id");
    const auto live = cluster.submit(delayed_job("live", 50));
    name("live", live);
    BOOST_REQUIRE(eventually(60s, [&] {
      const HttpAnswer answer = cluster.get("/ex/" + live.ex_id + "/controller");
      return answer.status == 200 && answer.json().at(0).at("workers_active") == 1;
    }));
    name("pending", cluster.submit(delayed_job("pending", 1)));
  }

  void name(const std::string& name, const LocalCluster::Posted& posted) {
    names[name] = posted.job_id;
    names[name + ".ex"] = posted.ex_id;
  }
  std::string expand(std::string text) const {
    for (const auto& [name, id] : names) {
      for (std::size_t at = text.find("{" + name + "}"); at != std::string::npos;
           at = text.find("{" + name + "}", at)) {
        text.replace(at, name.size() + 2, id);
      }
    }
    return text;
  }

  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

  std::string ask(const Row& row) const {
    const std::string body = expand(row.body);
    std::string bytes = expand(row.request) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    if (!body.empty()) {
      bytes += "Content-Type: " + row.type + "\r\n";
    }
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    const auto answer = cluster.api().raw(bytes, 60s);
    BOOST_REQUIRE_MESSAGE(answer.has_value(), expand(row.request) << " has no answer");
    return *answer;
  }

  void check(const Row& row) const {
    const std::string what = "R-api-" + std::to_string(row.id) + ": " + expand(row.request);
    const std::string answer = ask(row);
    const std::string head = answer.substr(0, answer.find("\r\n\r\n"));
    const std::string said = body_of(answer);
    BOOST_TEST(std::stoi(answer.substr(9, 3)) == row.status, what << " said " << answer);
    for (const std::string& part : row.parts) {
      if (part.rfind("head: ", 0) == 0) {
        BOOST_TEST(head.find(part.substr(6)) != std::string::npos, what << " has no " << part << " in " << head);
      } else if (part.rfind("not: ", 0) == 0) {
        BOOST_TEST(said.find(expand(part.substr(5))) == std::string::npos, what << " has " << part << ": " << said);
      } else {
        BOOST_TEST(said.find(expand(part)) != std::string::npos, what << " lacks " << expand(part) << ": " << said);
      }
    }
  }

  TestDirectory directory;
  LocalCluster cluster{directory.path(), {.slots = 1}};
  std::map<std::string, std::string> names;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(rest_table)

BOOST_AUTO_TEST_CASE(every_id_has_a_row_or_a_reason_and_not_both) {
  std::map<int, int> covered;
  for (const Row& row : all_rows()) {
    ++covered[row.id];
  }
  std::string ids;
  for (const auto& [id, count] : covered) {
    BOOST_TEST((id == 0 || all_ids().contains(id)), "R-api-" << id << " does not exist");
    ids += id == 0 ? "" : " " + std::to_string(id);
  }
  for (const int id : all_ids()) {
    const bool has_reason = without_row().contains(id);
    BOOST_TEST(covered.contains(id) != has_reason, "R-api-" << id << (has_reason ? " has both" : " has neither"));
  }
  BOOST_TEST_MESSAGE(all_rows().size() << " rows cover " << covered.size() - 1 << " ids:" << ids);
  for (const auto& [id, reason] : without_row()) {
    BOOST_TEST_MESSAGE("no row for " << id << ": " << reason);
  }
}

BOOST_AUTO_TEST_CASE(every_row_is_answered_as_it_says) {
  const World world;
  for (const Row& row : all_rows()) {
    world.check(row);
  }
}

BOOST_AUTO_TEST_SUITE_END()
