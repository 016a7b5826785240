#include "master/api/api.hpp"

#include "master/api/routes.hpp"

#include "tests/unit/master/service/office_fixture.hpp"

using namespace slicebus;
using Json = nlohmann::ordered_json;

namespace {

struct Desk : service::Office {
  service::ClusterView cluster{{"host", "10.0.0.4", 412}, sources.wall};
  api::Api api{{}, {jobs, executions, slice_errors, cluster, "mine", assets}};
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

BOOST_FIXTURE_TEST_CASE(only_what_follows_from_the_records_alone_may_be_given_again, Desk) {
  const std::string ex_id = submit().text;
  for (const std::string& target : {"/ex/" + ex_id, "/v1/ex/" + ex_id, std::string("/ex"), std::string("/jobs"),
                                    std::string("/txt/ex"), std::string("/cluster/state"), std::string("/ex/errors")}) {
    BOOST_TEST(ask("GET", target)->cacheable, target);
    BOOST_TEST(ask("HEAD", target)->cacheable, target);
  }
  // Whether it lives shows in its own answer only; a refusal may have a cause that passes.
  for (const char* target : {"/healthz", "/readyz", "/", "/ex/unknown", "/ex?size=x", "/unknown"}) {
    BOOST_TEST(!ask("GET", target)->cacheable, target);
  }
  BOOST_TEST(!ask("OPTIONS", "/ex")->cacheable);
  BOOST_TEST(!ask("POST", "/jobs/_validate", "{}")->cacheable);
}

BOOST_AUTO_TEST_CASE(no_endpoint_that_changes_something_is_cacheable_or_taken_for_a_read) {
  for (const api::Route& route : api::routes()) {
    const bool reads = api::only_reads({.method = std::string(route.method)});
    BOOST_TEST(reads == (route.method == "GET"), route.path);
    BOOST_TEST((reads || !route.cacheable), route.path);
  }
}

BOOST_FIXTURE_TEST_CASE(unknown_endpoints_are_405_with_the_path_as_it_came, Desk) {
  BOOST_TEST((error("GET", "/v1/nope?x=1") == Told{405, "cannot GET endpoint /v1/nope?x=1"}));
  BOOST_TEST((error("DELETE", "/jobs") == Told{405, "cannot DELETE endpoint /jobs"}));
}

BOOST_FIXTURE_TEST_CASE(a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has, Desk) {  // R-api-3, 9
  BOOST_TEST(ask("DELETE", "/jobs")->allow.value() == "POST,GET,HEAD");
  BOOST_TEST(ask("OPTIONS", "/jobs")->allow.value() == "POST,GET,HEAD");
  BOOST_TEST(ask("GET", "/nope")->allow.value().empty());
  BOOST_TEST(!ask("GET", "/jobs")->allow);
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
  slicebus::api::Api strict({.validation_status = 500}, {jobs, executions, slice_errors, cluster, "mine", assets});
  BOOST_TEST(strict.handle({.id = 1, .method = "POST", .target = "/jobs", .body = R"({"operations":[1]})"})->status ==
             500);
  const ExecutionId ex_id = running();
  BOOST_TEST(error("POST", "/jobs/" + job_id.text + "/_start").first == 409);
  BOOST_TEST(error("POST", "/jobs/" + job_id.text + "/_recover").first == 409);
  executions.on(scheduler::ControllerGone{ex_id});
  BOOST_TEST(error("POST", "/ex/" + ex_id.text + "/_pause").first == 500);
  execution_store.broken = true;
  BOOST_TEST(error("POST", "/ex/" + ex_id.text + "/_stop?blocking=false").first == 500);
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

BOOST_FIXTURE_TEST_CASE(a_job_is_replaced_as_a_whole_R_api_75_to_77, Desk) {
  const Json posted = Json::parse(ask("POST", "/jobs?start=false", job().dump())->body);
  const std::string path = "/jobs/" + posted.at("job_id").get<std::string>();
  const Json before = get(path);
  BOOST_TEST((error("PUT", path, "{}") ==
              Told{400, "no data was provided to update job " + posted.at("job_id").get<std::string>()}));
  BOOST_TEST((error("PUT", "/jobs/x", job().dump()) == Told{404, "Could not find job x"}));
  BOOST_TEST(error("PUT", path, R"({"operations":[1]})").first == 400);
  Json changed = job();
  changed["name"] = "other";
  changed["job_id"] = "mine";
  changed["_deleted"] = true;
  changed.erase("workers");
  const auto answer = ask("PUT", path, changed.dump());
  BOOST_REQUIRE(answer->status == 200);
  const Json after = Json::parse(answer->body);
  BOOST_TEST(after == get(path));
  BOOST_TEST(after.at("name") == "other");
  BOOST_TEST(after.at("job_id") == posted.at("job_id"));
  BOOST_TEST(!after.contains("workers"));
  BOOST_TEST(!after.contains("_deleted"));
  BOOST_TEST(after.at("_created") == before.at("_created"));
  BOOST_TEST(after.at("_updated") != before.at("_updated"));
  BOOST_TEST(ask("PUT", path, R"({"active":false,"operations":[1]})")->status == 200);
  BOOST_TEST(ask("PUT", path, R"({"active":false,"operations":[1]})")->status == 400, "it was not active any more");
}

BOOST_FIXTURE_TEST_CASE(a_job_is_deleted_once_with_its_executions_R_api_78_79, Desk) {
  const ExecutionId ex_id = running();
  const std::string path = "/jobs/" + job_id.text;
  BOOST_TEST((error("DELETE", path) ==
              Told{409, "Job " + job_id.text + " is currently running, cannot delete a running job."}));
  ends(ex_id, "completed");
  const Json deleted = Json::parse(ask("DELETE", path)->body);
  BOOST_TEST(deleted.at("_deleted") == true);
  BOOST_TEST(deleted.at("active") == false);
  BOOST_TEST(deleted.at("_deleted_on").is_string());
  BOOST_TEST(get(path) == deleted);
  BOOST_TEST(get("/ex/" + ex_id.text).at("_deleted") == true);
  BOOST_TEST(get("/jobs").empty());
  BOOST_TEST(get("/jobs?deleted=true").size() == 1u);
  BOOST_TEST(get("/ex?deleted=true").size() == 1u);
  BOOST_TEST(get(path + "?ex=_status").at("ex").empty());
  BOOST_TEST((error("DELETE", path) == Told{410, "Job " + job_id.text + " has already been deleted."}));
  for (const char* call : {"_active", "_inactive"}) {
    BOOST_TEST((error("POST", path + "/" + call) ==
                Told{410, "Job " + job_id.text + " has been deleted and cannot be updated."}));
  }
  BOOST_TEST((error("PUT", path, job().dump()) ==
              Told{410, "Job " + job_id.text + " has been deleted and cannot be updated."}));
  BOOST_TEST((error("POST", path + "/_start") ==
              Told{410, "Job " + job_id.text + " has been deleted and cannot be started."}));
  BOOST_TEST((error("POST", path + "/_recover") ==
              Told{410, "Job " + job_id.text + " has been deleted and cannot be recovered."}));
}

BOOST_FIXTURE_TEST_CASE(a_job_is_marked_active_and_inactive_R_api_103, Desk) {
  const Json posted = Json::parse(ask("POST", "/jobs?start=false", job().dump())->body);
  const std::string path = "/jobs/" + posted.at("job_id").get<std::string>();
  BOOST_TEST(Json::parse(ask("POST", path + "/_inactive")->body).at("active") == false);
  BOOST_TEST(get("/jobs?active=true").empty());
  BOOST_TEST(Json::parse(ask("POST", path + "/_active")->body).at("active") == true);
  BOOST_TEST(get("/jobs?active=true").size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(jobs_show_fields_of_their_latest_execution_when_asked_R_api_25, Desk) {
  const ExecutionId ex_id = running();
  const auto never = Json::parse(ask("POST", "/jobs?start=false", job().dump())->body).at("job_id").get<std::string>();
  BOOST_TEST(get("/jobs/" + job_id.text + "?ex=_status,%20ex_id,none").at("ex") ==
             (Json{{"_status", "running"}, {"ex_id", ex_id.text}}));
  BOOST_TEST(get("/jobs/" + job_id.text + "?ex=").at("ex") == get("/ex/" + ex_id.text));
  BOOST_TEST(get("/jobs/" + never + "?ex=_status").at("ex") == Json::object());
  BOOST_TEST(!get("/jobs/" + job_id.text).contains("ex"));
  for (const Json& one : get("/jobs?ex=ex_id")) {
    BOOST_TEST(one.at("ex").size() == (one.at("job_id") == job_id.text ? 1u : 0u));
  }
}

BOOST_FIXTURE_TEST_CASE(statistics_of_all_controllers_are_listed_and_summed_R_api_32_33, Desk) {
  BOOST_TEST(get("/cluster/controllers").empty());
  const ExecutionId ex_id = running();
  BOOST_TEST(get("/cluster/controllers").at(0).at("ex_id") == ex_id.text);
  BOOST_TEST(get("/cluster/slicers") == get("/cluster/controllers"));
  wire::ControllerBeat said = beat(ex_id);
  said.epoch = 1;
  said.slices_processed = 5;
  said.started_ms += 10'000;
  cluster.on(scheduler::ControllerSaid{said, 1});
  const Json stats = get("/cluster/stats");
  BOOST_TEST(stats.at("controllers") == stats.at("slicer"));
  BOOST_TEST(stats.at("slicer").at("processed") == 5);
  BOOST_TEST(stats.at("slicer").size() == 7u);
}

BOOST_FIXTURE_TEST_CASE(tables_are_plain_text_and_bare_only_R_api_2_120, Desk) {
  const ExecutionId ex_id = running();
  const auto response = ask("GET", "/txt/ex?fields=ex_id,_status");
  BOOST_TEST(response->content_type == "text/plain; charset=utf-8");
  const std::string gap(ex_id.text.size() > 5 ? 0 : 5 - ex_id.text.size(), ' ');
  BOOST_TEST(response->body.find(ex_id.text + gap + "  running") != std::string::npos, response->body);
  BOOST_TEST(ask("GET", "/txt/jobs")->body.find("job_id  name  active  lifecycle  slicers  workers  _created") == 0u);
  BOOST_TEST(ask("GET", "/txt/jobs?deleted=true")->body.find("_deleted_on") != std::string::npos);
  BOOST_TEST(ask("GET", "/txt/workers?from=1&size=1&headers=false&fields=assignment")->body == "assets_service\n");
  BOOST_TEST(ask("GET", "/txt/nodes?fields=node_id,active&headers=false")->body == "host.master  2     \n");
  BOOST_TEST(ask("GET", "/txt/controllers")->body.find("name  job_id") == 0u);
  BOOST_TEST((error("GET", "/v1/txt/jobs") == Told{405, "cannot GET endpoint /v1/txt/jobs"}));
}

BOOST_FIXTURE_TEST_CASE(operations_are_listed_with_their_options, Desk) {
  const Json all = get("/operations");
  BOOST_TEST(all.size() > 10u);
  const Json one = get("/operations/data_generator");
  BOOST_TEST(one.at("kind") == "reader");
  BOOST_TEST((std::find(all.begin(), all.end(), one) != all.end()));
  BOOST_TEST((one.at("options").at(0).contains("help") && one.at("options").at(0).contains("type")));
  BOOST_TEST((error("GET", "/operations/nop") == Told{404, "Could not find operation nop; did you mean \"noop\"?"}));
}

BOOST_FIXTURE_TEST_CASE(a_job_is_validated_without_being_stored, Desk) {
  const Json bad =
      Json::parse(ask("POST", "/jobs/_validate", R"({"slicers":0,"operations":[{"_op":"nop"},{"_op":"noop"}]})")->body);
  BOOST_TEST(bad.at("valid") == false);
  BOOST_TEST(bad.at("errors").size() == 2u);
  BOOST_TEST(Json::parse(ask("POST", "/jobs/_validate", job().dump())->body).at("valid") == true);
  BOOST_TEST(Json::parse(ask("POST", "/jobs/_validate", "{}")->body).at("errors").at(0).at("message") ==
             "No job was posted");
  BOOST_TEST(get("/jobs").empty());
  BOOST_TEST(error("GET", "/jobs/_validate").first == 405);
}

BOOST_FIXTURE_TEST_CASE(readiness_depends_on_the_broker_and_health_on_nothing, Desk) {
  BOOST_TEST(get("/healthz").at("status") == "ok");
  const auto silent = ask("GET", "/readyz");
  BOOST_TEST(silent->status == 503);
  BOOST_TEST(Json::parse(silent->body).at("reason").get<std::string>().find("broker is not heard") !=
             std::string::npos);
  cluster.on(scheduler::BrokerHeard{true});
  BOOST_TEST(get("/readyz").at("ready") == true);
}

// R-api-50, R-api-64…66.
BOOST_FIXTURE_TEST_CASE(errors_are_listed_of_a_jobs_latest_execution_of_one_and_of_all, Desk) {
  const ExecutionId earlier = running();
  ends(earlier, "failed", "it broke");
  const auto fails = [&](const ExecutionId& ex_id, std::uint64_t number) {
    BOOST_REQUIRE(slice_errors.record(
        {ex_id,
         LineageId{ex_id.text},
         0,
         {{.number = number, .slice = {0, number}, .ex_id = ex_id, .request = "{}", .error = "no such file"}}}));
  };
  fails(earlier, 1);
  const JobId first_job = job_id;
  const Json started = Json::parse(ask("POST", "/jobs/" + first_job.text + "/_start")->body);
  const ExecutionId latest{started.at("ex_id").get<std::string>()};
  BOOST_TEST(get("/jobs/" + first_job.text + "/errors").empty());
  fails(latest, 2);
  BOOST_TEST(get("/jobs/" + first_job.text + "/errors").size() == 1u);
  BOOST_TEST((get("/v1/ex/" + earlier.text + "/errors").at(0).at("slicer_order") == 1));
  BOOST_TEST(get("/ex/errors").size() == 2u);
  BOOST_TEST((get("/ex/errors").at(0).at("ex_id") == latest.text));  // newest update first
  BOOST_TEST((get("/ex/errors?from=1&size=5").at(0).at("ex_id") == earlier.text));
  BOOST_TEST(get("/ex/unknown/errors").empty());
  BOOST_TEST((error("GET", "/jobs/unknown/errors") == Told{404, "No execution was found for job unknown"}));
  BOOST_TEST((error("GET", "/ex/errors?size=x") == Told{400, "size parameter must be a integer, got x"}));
  BOOST_TEST(error("GET", "/ex/errors?sort=colour:asc").first == 400);
  BOOST_TEST(error("POST", "/ex/errors").first == 405);
}

// R-api-47, R-api-102.
BOOST_FIXTURE_TEST_CASE(settings_change_the_log_level_of_a_jobs_latest_execution, Desk) {
  const ExecutionId ex_id = running();
  const std::string settings = "/jobs/" + job_id.text + "/_settings";
  const auto answer = ask("POST", settings + "?log_level=debug");
  BOOST_TEST(answer->status == 200);
  BOOST_TEST(Json::parse(answer->body).dump() == R"({"exId":")" + ex_id.text + R"(","level":"debug"})");
  const std::string levels = "must be one of: trace, debug, info, warn, error, fatal";
  BOOST_TEST((error("POST", settings + "?log_level=loud") == Told{400, "Invalid log level \"loud\", " + levels}));
  BOOST_TEST((error("POST", settings) == Told{400, "Invalid log level \"\", " + levels}));
  BOOST_TEST(error("POST", "/ex/" + ex_id.text + "/_settings?log_level=debug").first == 405);
  ends(ex_id, "completed");
  BOOST_TEST((error("POST", settings + "?log_level=debug") ==
              Told{404, "no active execution context was found for ex_id: " + ex_id.text}));
}

BOOST_FIXTURE_TEST_CASE(workers_take_one_whole_positive_parameter_R_api_98, Desk) {
  const std::string ex_id = submit().text;
  for (const std::string& path : {"/ex/" + ex_id, "/jobs/" + job_id.text}) {
    for (const char* wrong : {"", "?add=", "?add=0", "?add=-1", "?add=1.5", "?add=x", "?add=1&remove=1",
                              "?total=1&total=2", "?add=99999999999999", "?sum=1"}) {
      BOOST_TEST((error("POST", path + "/_workers" + wrong) ==
                  Told{400,
                       "Must provide a valid worker parameter(add/remove/total) that is a number and greater than "
                       "zero"}),
                 wrong);
    }
    BOOST_TEST(Json::parse(ask("POST", path + "/_workers?add=1")->body).at("message") ==
               "1 workers have been enqueued for execution: " + ex_id);
  }
  BOOST_TEST((error("POST", "/ex/" + ex_id + "/_workers?remove=4") ==
              Told{400, "workers to be removed: 4 cannot be >= to current workers: 4"}));
  BOOST_TEST(!ask("POST", "/ex/" + ex_id + "/_workers?remove=3").has_value(), "it answers later");
  BOOST_TEST(
      (error("POST", "/ex/x/_workers?add=1") == Told{404, "no active execution context was found for ex_id: x"}));
  BOOST_TEST((error("POST", "/jobs/x/_workers?add=1") == Told{404, "No execution was found for job x"}));
}

BOOST_AUTO_TEST_SUITE_END()
