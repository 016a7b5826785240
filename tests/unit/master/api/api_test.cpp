#include "master/api/api.hpp"

#include "tests/unit/master/service/office_fixture.hpp"

using namespace slicebus;
using Json = nlohmann::ordered_json;

namespace {

struct Desk : service::Office {
  service::ClusterView cluster{{"host", "10.0.0.4", 412}};
  api::Api api{{}, {jobs, executions, cluster, "mine"}};
  std::uint64_t requests = 0;

  std::optional<http::HttpResponse> ask(const std::string& method, const std::string& target,
                                        const std::string& body = {}) {
    return api.handle({.id = ++requests,
                       .method = method,
                       .target = target,
                       .content_type = "application/x-www-form-urlencoded",
                       .body = body});
  }
  /// Status and message of an error.
  std::pair<int, std::string> error(const std::string& method, const std::string& target,
                                    const std::string& body = {}) {
    const auto response = ask(method, target, body);
    const Json json = Json::parse(response->body);
    BOOST_TEST(json.at("error") == response->status);
    return {response->status, json.at("message").get<std::string>()};
  }
  Json get(const std::string& target) {
    const auto response = ask("GET", target);
    BOOST_TEST(response->status == 200, response->body);
    return Json::parse(response->body);
  }
};
using Told = std::pair<int, std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(rest)

BOOST_FIXTURE_TEST_CASE(answers_are_json_with_four_spaces_and_fields_in_order, Desk) {
  const auto response = ask("GET", "/v1/");
  BOOST_TEST(response->content_type == "application/json; charset=utf-8");
  BOOST_TEST(response->body.find("{\n    \"arch\": \"") == 0u);
  const Json info = Json::parse(response->body);
  BOOST_TEST(info.at("name") == "mine");
  BOOST_TEST(info.at("clustering_type") == "native");
  BOOST_TEST(info.at("platform") == "linux");
  BOOST_TEST(info.at("teraslice_version").get<std::string>().front() == 'v');
  BOOST_TEST(info.at("node_version").get<std::string>().front() == 'v');
}

BOOST_FIXTURE_TEST_CASE(unknown_endpoints_are_405_with_the_path_as_it_came, Desk) {
  BOOST_TEST((error("GET", "/v1/nope?x=1") == Told{405, "cannot GET endpoint /v1/nope?x=1"}));
  BOOST_TEST((error("DELETE", "/jobs") == Told{405, "cannot DELETE endpoint /jobs"}));
}

BOOST_FIXTURE_TEST_CASE(malformed_json_is_400_on_any_endpoint, Desk) {
  BOOST_TEST((error("POST", "/jobs", "{") == Told{400, "the json submitted is malformed"}));
  BOOST_TEST((error("POST", "/jobs/x/_stop", "{") == Told{400, "the json submitted is malformed"}));
}

BOOST_FIXTURE_TEST_CASE(a_job_is_posted_listed_and_shown, Desk) {
  const auto response = ask("POST", "/v1/jobs", job().dump());
  BOOST_REQUIRE(response->status == 200);
  const Json ids = Json::parse(response->body);
  const std::string job_id = ids.at("job_id"), ex_id = ids.at("ex_id");
  BOOST_TEST(get("/jobs").size() == 1u);
  BOOST_TEST(get("/jobs/" + job_id).at("job_id") == job_id);
  BOOST_TEST(get("/jobs/" + job_id + "/ex").at("ex_id") == ex_id);
  BOOST_TEST(get("/ex/" + ex_id).at("_status") == "pending");
  BOOST_TEST(get("/ex?status=running,%20pending").size() == 1u);
  BOOST_TEST(get("/ex?status=running").empty());
  BOOST_TEST(get("/jobs?size=0").empty());
  const auto second = ask("POST", "/jobs?start=false", job().dump());
  BOOST_TEST(!Json::parse(second->body).contains("ex_id"));
}

BOOST_FIXTURE_TEST_CASE(unknown_ids_answer_as_R_api_15_to_17, Desk) {
  BOOST_TEST((error("GET", "/jobs/x") == Told{404, "Could not find job x"}));
  BOOST_TEST((error("POST", "/jobs/x/_start") == Told{404, "Could not find job x"}));
  BOOST_TEST((error("GET", "/ex/x") == Told{404, "Could not find execution x"}));
  BOOST_TEST((error("POST", "/ex/x/_stop") == Told{404, "Could not find execution x"}));
  for (const char* what : {"ex", "controller", "slicer"}) {
    BOOST_TEST((error("GET", std::string("/jobs/x/") + what) == Told{404, "No execution was found for job x"}));
  }
  for (const char* what : {"_stop", "_pause", "_resume"}) {
    BOOST_TEST((error("POST", std::string("/jobs/x/") + what) == Told{404, "No execution was found for job x"}));
  }
  BOOST_TEST((error("POST", "/ex/x/_pause") == Told{404, "no active execution context was found for ex_id: x"}));
  BOOST_TEST((error("GET", "/ex/x/controller") == Told{404, "Could not find active slicer for ex_id: x"}));
}

BOOST_FIXTURE_TEST_CASE(wrong_parameters_are_400, Desk) {
  BOOST_TEST((error("GET", "/jobs?from=a") == Told{400, "from parameter must be a integer, got a"}));
  BOOST_TEST((error("GET", "/ex?size=a") == Told{400, "size parameter must be a integer, got a"}));
  BOOST_TEST(error("GET", "/ex?size=10001").first == 400);
  BOOST_TEST(error("GET", "/ex?from=-1").first == 400);
  BOOST_TEST((error("GET", "/ex?deleted=maybe") == Told{400, "deleted query option must true or false"}));
  BOOST_TEST(error("GET", "/jobs?sort=;drop").first == 400);
  BOOST_TEST(error("GET", "/jobs/%zz").first == 400);
  const ExecutionId ex_id = running();
  BOOST_TEST(error("POST", "/ex/" + ex_id.text + "/_stop?force=perhaps").first == 400);
  BOOST_TEST(error("POST", "/ex/" + ex_id.text + "/_stop?timeout=soon").first == 400);
  BOOST_TEST((error("POST", "/ex/" + ex_id.text + "/_recover?cleanup_type=x") ==
              Told{400, "cleanup_type must be empty or set to all, errors, pending"}));
}

BOOST_FIXTURE_TEST_CASE(every_refusal_has_its_status, Desk) {
  BOOST_TEST((error("POST", "/jobs", "{}") == Told{400, "No job was posted"}));
  BOOST_TEST(error("POST", "/jobs", R"({"job_id":"x","operations":[1]})").first == 422);
  BOOST_TEST(error("POST", "/jobs", R"({"operations":[1]})").first == 400);
  slicebus::api::Api strict({.validation_status = 500}, {jobs, executions, cluster, "mine"});
  BOOST_TEST(strict.handle({.id = 1, .method = "POST", .target = "/jobs", .body = R"({"operations":[1]})"})->status ==
             500);
  const ExecutionId ex_id = running();
  BOOST_TEST(error("POST", "/jobs/" + job_id.text + "/_start").first == 409);
  BOOST_TEST(error("POST", "/jobs/" + job_id.text + "/_recover").first == 409);
  executions.on(scheduler::ControllerGone{ex_id});
  BOOST_TEST(error("POST", "/ex/" + ex_id.text + "/_pause").first == 500);
  execution_store.broken = true;
  BOOST_TEST(error("POST", "/jobs", job().dump()).first == 500);
}

BOOST_FIXTURE_TEST_CASE(a_blocking_stop_is_answered_later_under_its_request, Desk) {
  const ExecutionId ex_id = running();
  BOOST_TEST(!ask("POST", "/v1/ex/" + ex_id.text + "/_stop").has_value());
  const std::uint64_t ticket = requests;
  BOOST_TEST(ask("POST", "/ex/" + ex_id.text + "/_stop?blocking=false")->body == "{\n    \"status\": \"stopping\"\n}");
  ends(ex_id, "stopped");
  const auto settled = executions.settled();
  BOOST_REQUIRE(settled.size() == 1u);
  BOOST_TEST(settled[0].ticket == ticket);
  BOOST_TEST(api.render(settled[0].answer).body == "{\n    \"status\": \"stopped\"\n}");
}

BOOST_FIXTURE_TEST_CASE(the_controller_is_shown_in_a_list_of_one, Desk) {
  const ExecutionId ex_id = running();
  for (const char* target : {"/controller", "/slicer"}) {
    const Json list = get("/ex/" + ex_id.text + target);
    BOOST_REQUIRE(list.size() == 1u);
    BOOST_TEST(list[0].at("ex_id") == ex_id.text);
    BOOST_TEST(get("/jobs/" + job_id.text + target) == list);
  }
}

BOOST_FIXTURE_TEST_CASE(cluster_state_shows_the_master_as_a_node_and_counts_slots_truly, Desk) {
  wire::NodeEntry node;
  node.beat.node = NodeId{"n1"};
  node.beat.hostname = "10.0.0.5";
  node.beat.slots_total = 4;
  node.beat.slots.push_back({.worker_id = 7, .pid = 99, .ex_id = ExecutionId{"e"}, .job_id = JobId{"j"}});
  cluster.on(scheduler::ClusterChanged{{node}, {}});
  cluster.on(scheduler::ControllersChanged{{{ExecutionId{"e"}, JobId{"j"}, 500}}});
  Json state = get("/cluster/state");
  const Json& master = state.at("host.master");
  BOOST_TEST(master.at("total") == 3);
  BOOST_TEST(master.at("available") == 0);
  BOOST_TEST(master.at("active")[0].at("pid") == master.at("active")[1].at("pid"));
  BOOST_TEST(master.at("active")[2].at("assignment") == "execution_controller");
  BOOST_TEST(state.at("n1").at("available") == 3);
  BOOST_TEST(state.at("n1").at("active")[0].dump() ==
             R"({"worker_id":7,"assignment":"worker","pid":99,"ex_id":"e","job_id":"j"})");
  BOOST_TEST(state.at("n1").at("teraslice_version").get<std::string>().front() != 'v');
  node.connected = false;
  cluster.on(scheduler::ClusterChanged{{node}, {}});
  state = get("/cluster/state");
  BOOST_TEST(state.at("n1").at("state") == "disconnected");
  BOOST_TEST(state.at("n1").at("available") == 0);
  BOOST_TEST(state.at("n1").at("active").size() == 1u);
  cluster.on(scheduler::ClusterChanged{{}, {NodeId{"n1"}}});
  BOOST_TEST(!get("/cluster/state").contains("n1"));
}

BOOST_AUTO_TEST_CASE(a_message_is_cut_at_3000_bytes_between_characters) {
  std::string text(2'999, 'a');
  text += "\xc3\xa4 and more";
  const Json body = Json::parse(slicebus::api::standard_error(500, text).body);
  BOOST_TEST(body.at("message").get<std::string>().size() == 2'999u);
}

BOOST_AUTO_TEST_SUITE_END()
