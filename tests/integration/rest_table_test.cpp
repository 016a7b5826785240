// Every R-api id that states a request and an answer, as a row: what is asked of a running cluster and what it says.
#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

/// One request and its answer. In target, body and parts `{name}` stands for what the world made under that name.
struct Row {
  int id;               ///< R-api-…
  std::string request;  ///< "GET /v1/jobs"
  int status;
  std::vector<std::string> parts = {};  ///< texts that the body has; "head: …" those of the head; "not: …" none of it
  std::string body = {};
  std::string type = "application/json";
};

constexpr const char* good_job = R"({"name":"t","operations":[{"_op":"test-reader"},{"_op":"noop"}]})";
constexpr const char* json_type = "head: Content-Type: application/json; charset=utf-8";
constexpr const char* never_ran = R"("message": "No execution was found for job {never}")";
constexpr const char* unknown_ran = R"("message": "No execution was found for job unknown")";
constexpr const char* zip_type = "application/octet-stream";

// ---- what can be asked in any order: it changes nothing that another row looks at
const std::vector<Row>& questions() {
  static const std::vector<Row> rows{
      {1, "GET /", 200, {R"("clustering_type": "native")"}},
      {2, "GET /jobs?size=1&sort=_created:asc", 200, {R"("job_id": "{done}")"}},
      {2, "GET /v1/jobs?size=1&sort=_created:asc", 200, {R"("job_id": "{done}")"}},
      {2, "GET /v1/txt/jobs", 405, {R"("message": "cannot GET endpoint /v1/txt/jobs")"}},
      {3, "GET /V1/Jobs/{done}/", 200, {R"("job_id": "{done}")"}},
      {3, "HEAD /jobs", 200, {"not: ["}},
      {3, "OPTIONS /jobs", 200, {"POST,GET,HEAD"}},
      {3, "GET /%6Aobs/{done}", 200, {R"("job_id": "{done}")"}},
      {4, "GET /", 200, {"{\n    \"arch\": \"", json_type}},
      {5, "POST /jobs?start=false", 200, {"job_id"}, good_job, "application/x-www-form-urlencoded"},
      {5, "POST /jobs?start=false", 200, {"job_id"}, good_job, "application/json; charset=utf-8"},
      {5, "POST /jobs?start=false", 400, {"No job was posted"}, "name=t", "text/plain"},
      {5, "POST /jobs", 400, {"the json submitted is malformed"}, "7"},
      {6, "POST /jobs", 400, {"\"error\": 400", R"("message": "the json submitted is malformed")"}, "{"},
      {6, "GET /cluster/state", 400, {"the json submitted is malformed"}, "{"},
      {7, "GET /jobs?size=1&size=2", 400, {"size parameter was given more than once"}},
      {8, "GET /jobs/unknown", 404, {"{\n    \"error\": 404,\n    \"message\": \"", json_type}},
      {9, "GET /nothing?x=1", 405, {"\"error\": 405", R"("message": "cannot GET endpoint /nothing?x=1")"}},
      {9, "DELETE /v1/jobs", 405, {R"("message": "cannot DELETE endpoint /v1/jobs")"}},
      {9, "POST /ex", 405, {"cannot POST endpoint /ex"}},
      {11, "POST /jobs", 422, {"\"error\": 422"}, R"({"job_id":"x","operations":[1]})"},
      {12, "GET /jobs?from=a", 400, {"from parameter must be a integer, got a"}},
      {12, "GET /ex?size=ten", 400, {"size parameter must be a integer, got ten"}},
      {12, "GET /jobs?from=0.9&size=1.9", 200},
      {12, "GET /jobs?from=&size=", 200, {"{done}"}},
      {12, "GET /jobs?from=9990&size=11", 400},
      {12, "GET /jobs?from=-1", 400},
      {15, "GET /jobs/unknown", 404, {"Could not find job unknown"}},
      {15, "PUT /jobs/unknown", 404, {"Could not find job unknown"}, good_job},
      {15, "DELETE /jobs/unknown", 404, {"Could not find job unknown"}},
      {15, "POST /jobs/unknown/_start", 404, {"Could not find job unknown"}},
      {15, "POST /jobs/unknown/_recover", 404, {"Could not find job unknown"}},
      {15, "POST /jobs/unknown/_active", 404, {"Could not find job unknown"}},
      {15, "POST /jobs/unknown/_inactive", 404, {"Could not find job unknown"}},
      {15, "GET /ex/unknown", 404, {"Could not find execution unknown"}},
      {15, "POST /ex/unknown/_stop", 404, {"Could not find execution unknown"}},
      {15, "POST /ex/unknown/_recover", 404, {"Could not find execution unknown"}},
      {16, "GET /jobs/unknown/ex", 404, {unknown_ran}},
      {16, "GET /jobs/{never}/ex", 404, {never_ran}},
      {16, "GET /jobs/{never}/controller", 404, {never_ran}},
      {16, "GET /jobs/{never}/slicer", 404, {never_ran}},
      {16, "POST /jobs/{never}/_stop", 404, {never_ran}},
      {16, "POST /jobs/{never}/_pause", 404, {never_ran}},
      {16, "POST /jobs/{never}/_resume", 404, {never_ran}},
      {17, "POST /jobs/{done}/_pause", 404, {"no active execution context was found for ex_id: {done.ex}"}},
      {17, "POST /ex/{done.ex}/_resume", 404, {"no active execution context was found for ex_id: {done.ex}"}},
      {17, "POST /ex/unknown/_pause", 404, {"no active execution context was found for ex_id: unknown"}},
      {18, "GET /ex?from=1000", 200, {"[]"}},
      {19, "GET /ex?size=0", 200, {"[]"}},
      {20, "GET /ex?sort=_created:asc&size=1", 200, {"{done.ex}"}},
      {20, "GET /ex?sort=_created:desc&size=1", 200, {"{pending.ex}"}},
      {20, "GET /jobs?sort=nothing:asc", 400, {"nothing"}},
      {21, "GET /jobs?filter=name:live", 200, {"{live}", "not: {done}"}},
      {21, "GET /ex?filter=job_id:{done}%20AND%20_status:comp*", 200, {"{done.ex}", "not: {live.ex}"}},
      {21, "GET /txt/ex?filter=_status:running&fields=ex_id", 200, {"{live.ex}", "not: {done.ex}"}},
      {21, "GET /ex?filter=workers:[2%20TO", 400, {"character"}},
      {21, "GET /ex?filter=&status=running", 200, {"{live.ex}"}},
      {22, "GET /jobs?active=false", 200, {"[]"}},
      {22, "GET /jobs?active=true&size=1000", 200, {"{done}", "{never}"}},
      {22, "GET /jobs?active=maybe&size=1000", 200, {"{done}", "{never}"}},
      {23, "GET /jobs?deleted=true", 200, {"{gone}", "not: {done}"}},
      {23, "GET /jobs?deleted=&size=1000", 200, {"{done}", "not: {gone}"}},
      {23, "GET /ex?deleted=true", 200, {"{gone.ex}", "not: {done.ex}"}},
      {23, "GET /jobs?deleted=both", 400, {"deleted query option must true or false"}},
      {24, "GET /ex?status=completed,%20stopped", 200, {"{done.ex}", "not: {live.ex}"}},
      {24, "GET /ex?status=", 200, {"{done.ex}", "{live.ex}"}},
      {24, "GET /ex?status=*", 200, {"[]"}},
      {25, "GET /jobs/{done}?ex=_status,ex_id", 200, {R"("ex": {)", R"("_status": "completed")"}},
      {25, "GET /jobs/{done}?ex=", 200, {R"("_slicer_stats")"}},
      {25, "GET /jobs/{never}?ex=_status", 200, {R"("ex": {})"}},
      {25, "GET /jobs/{gone}?ex=_status", 200, {R"("ex": {})"}},
      {25, "GET /jobs?ex=_status&size=1&sort=_created:asc", 200, {R"("_status": "completed")"}},
      {26, "GET /txt/ex?fields=ex_id,_slicer_stats.processed&status=completed", 200, {"{done.ex}  10"}},
      {27, "GET /txt/ex?fields=ex_id&headers=false", 200, {"{done.ex}\n", "not: ---"}},
      {30, "GET /v1/", 200, {"arch", "clustering_type", "name", "node_version", "platform", "teraslice_version"}},
      {31, "GET /cluster/state", 200, {R"("assignment": "cluster_master")"}},
      {32, "GET /cluster/stats", 200, {R"("controllers": {)", R"("slicer": {)", "workers_reconnected"}},
      {33, "GET /cluster/controllers", 200, {R"("ex_id": "{live.ex}")", "not: {done.ex}"}},
      {33, "GET /cluster/slicers", 200, {R"("ex_id": "{live.ex}")"}},
      {35, "GET /jobs?size=1000", 200, {"{done}", "{live}", "not: {gone}"}},
      {36, "GET /jobs/{gone}", 200, {R"("_deleted": true)", "_deleted_on"}},
      {39, "GET /jobs/{done}/ex", 200, {R"("ex_id": "{done.ex}")"}},
      {49, "GET /jobs/{live}/controller", 200, {R"("ex_id": "{live.ex}")"}},
      {49, "GET /jobs/{live}/slicer", 200, {R"("ex_id": "{live.ex}")"}},
      {49, "GET /ex/{live.ex}/controller", 200, {R"("workers_active": 1)"}},
      {49, "GET /ex/{live.ex}/slicer", 200, {R"("name": "live")"}},
      {51, "GET /ex?status=running", 200, {"{live.ex}"}},
      {52, "GET /ex/{done.ex}", 200, {R"("_status": "completed")", R"("_context": "ex")"}},
      {54, "GET /txt/jobs", 200, {"{done}", "head: Content-Type: text/plain; charset=utf-8"}},
      {55, "GET /", 200, {R"("platform": "linux")", R"("teraslice_version": "v)", R"("node_version": "v)"}},
      {56,
       "GET /cluster/state",
       200,
       {"node_id", "hostname", "pid", "node_version", R"("teraslice_version": "3)", "total", R"("state": "connected")",
        "available", "active"}},
      {57,
       "GET /cluster/state",
       200,
       {R"("assignment": "assets_service")", R"("assignment": "execution_controller")", R"("assignment": "worker")",
        R"("ex_id": "{live.ex}")", R"("job_id": "{live}")", "worker_id"}},
      {58, "GET /cluster/stats", 200, {"processed", "failed", "queued", "job_duration", "workers_joined"}},
      {59,
       "GET /ex/{live.ex}/controller",
       200,
       {"workers_available", "workers_active", "workers_joined", "workers_reconnected", "workers_disconnected",
        "job_duration", "failed", "subslices", "queued", "slice_range_expansion", "processed", "slicers",
        "subslice_by_key", "started"}},
      {60, "GET /cluster/controllers", 200, {R"("name": "live")"}},
      {61, "GET /ex/{done.ex}/controller", 404, {"Could not find active slicer for ex_id: {done.ex}"}},
      {61, "GET /ex/unknown/slicer", 404, {"Could not find active slicer for ex_id: unknown"}},
      {62, "GET /ex/{pending.ex}/controller", 404, {"Could not find active slicer for ex_id: {pending.ex}"}},
      {67, "POST /jobs", 400, {"No job was posted"}, "{}"},
      {67, "POST /jobs", 400, {"No job was posted"}},
      {67, "POST /jobs", 400, {"No job was posted"}, R"({"name":"x","operations":null})"},
      {68, "POST /jobs", 422, {"Job cannot include a job_id on submit"}, R"({"job_id":"x","operations":[1]})"},
      {69,
       "POST /jobs",
       400,
       {"Failure to get assets, caused by", "No assets found for"},
       R"({"name":"t","assets":["none:1"],"operations":[{"_op":"test-reader"},{"_op":"noop"}]})"},
      {70,
       "POST /jobs",
       400,
       {"Validation failed for job config: t - ", "slicers", "must be valid integer greater than zero"},
       R"({"name":"t","slicers":0,"operations":[{"_op":"test-reader"},{"_op":"noop"}]})"},
      {70,
       "POST /jobs",
       400,
       {"Validation failed for operation config: data_generator - ", "size"},
       R"({"operations":[{"_op":"data_generator","size":"many"},{"_op":"noop"}]})"},
      {70,
       "POST /jobs",
       400,
       {"Unable to find module for operation: nop"},
       R"({"operations":[{"_op":"test-reader"},{"_op":"nop"}]})"},
      {70,
       "POST /jobs",
       400,
       {"Validation failed for api config: file_reader_api - "},
       R"({"apis":[{"_name":"file_reader_api","size":"x"}],"operations":[{"_op":"test-reader"},{"_op":"noop"}]})"},
      {72, "POST /jobs?start=false", 200, {"job_id", "not: ex_id"}, good_job},
      {73,
       "POST /jobs?start=false",
       200,
       {R"("type": "JobValidation")", R"("kind": "deprecation")", R"("field": "api_name")"},
       R"({"apis":[{"_name":"file_reader_api","path":"/tmp","format":"ldjson"}],)"
       R"("operations":[{"_op":"file_reader","api_name":"file_reader_api"},{"_op":"noop"}]})"},
      {74, "GET /jobs/{never}", 200, {R"("_context": "job")", "_created", "_updated", "not: max_retries"}},
      {74, "GET /ex/{done.ex}", 200, {R"("max_retries": 3)"}},
      {76, "PUT /jobs/{never}", 400, {"no data was provided to update job {never}"}, "{}"},
      {76, "PUT /jobs/{gone}", 410, {"Job {gone} has been deleted and cannot be updated."}, good_job},
      {76,
       "PUT /jobs/{never}",
       400,
       {"Unable to find module for operation: nop"},
       R"({"operations":[{"_op":"test-reader"},{"_op":"nop"}]})"},
      {79, "DELETE /jobs/{live}", 409, {"Job {live} is currently running, cannot delete a running job."}},
      {79, "DELETE /jobs/{gone}", 410, {"Job {gone} has already been deleted."}},
      {80,
       "POST /jobs/{live}/_start",
       409,
       {"Job {live} is currently running, cannot have the same job concurrently running"}},
      {80,
       "POST /jobs/{pending}/_start",
       409,
       {"Job {pending} is currently running, cannot have the same job concurrently running"}},
      {81, "POST /jobs/{gone}/_start", 410, {"Job {gone} has been deleted and cannot be started."}},
      {86, "POST /jobs/{done}/_stop", 200, {R"("status": "completed")"}},
      {86, "POST /ex/{done.ex}/_stop?blocking=false", 200, {R"("status": "completed")"}},
      {87,
       "POST /ex/{done.ex}/_stop?force=true",
       200,
       {"Force stop complete for exId {done.ex}", R"("status": "completed")"}},
      {87, "POST /ex/{done.ex}/_stop?force=perhaps", 400},
      {90, "POST /ex/{pending.ex}/_pause", 500, {"Execution {pending.ex} is not available to pause"}},
      {90, "POST /jobs/{pending}/_resume", 500, {"Execution {pending.ex} is not available to resume"}},
      {92,
       "POST /jobs/{done}/_recover?cleanup_type=some",
       400,
       {"cleanup_type must be empty or set to all, errors, pending"}},
      {92,
       "POST /ex/{done.ex}/_recover?cleanup=some",
       400,
       {"cleanup_type must be empty or set to all, errors, pending"}},
      {93, "POST /jobs/{gone}/_recover", 410, {"Job {gone} has been deleted and cannot be recovered."}},
      {93, "POST /jobs/{never}/_recover", 404, {"Job {never} is missing an execution to recover from"}},
      {94, "POST /ex/unknown/_recover", 404},
      {96,
       "POST /jobs/{live}/_recover",
       409,
       {"Execution {live.ex} is still running, it must be in a terminal status to recover"}},
      {96,
       "POST /ex/{live.ex}/_recover",
       409,
       {"Execution {live.ex} is still running, it must be in a terminal status to recover"}},
      {103, "POST /jobs/{gone}/_active", 410, {"Job {gone} has been deleted and cannot be updated."}},
      {103, "POST /jobs/{gone}/_inactive", 410, {"Job {gone} has been deleted and cannot be updated."}},
      {104, "POST /jobs/{gone}/_stop", 200, {R"("status": "completed")"}},
      {104, "POST /jobs/{gone}/_pause", 404},
      {120, "GET /txt/nodes?fields=state", 200, {"state    \n---------\nconnected\n"}},
      {121, "GET /txt/ex?fields=ex_id,assets,none&status=completed", 200, {"{done.ex}  null    N/A "}},
      {121, "GET /txt/ex?fields=ex_id&status=none", 200, {"ex_id\n-----\n     \n"}},
      {122, "GET /txt/workers", 200, {"assignment ", "  job_id ", "  ex_id ", "  node_id ", "  pid", "cluster_master"}},
      {122, "GET /txt/workers?fields=worker_id,hostname&headers=false", 200, {"1          "}},
      {123, "GET /txt/nodes", 200, {"node_id ", "state ", "hostname ", "total ", "active ", "pid ", "node_version"}},
      {124,
       "GET /txt/jobs",
       200,
       {"job_id ", "  name ", "  active ", "  lifecycle  slicers  workers  _created ", "  _updated"}},
      {124, "GET /txt/jobs?deleted=true", 200, {"_deleted_on", "{gone}"}},
      {125,
       "GET /txt/ex",
       200,
       {"name ", "  lifecycle  slicers  workers  _status ", "  ex_id ", "  job_id ", "{done.ex}"}},
      {126,
       "GET /txt/controllers",
       200,
       {"name  job_id ", "  workers_available  workers_active  failed  queued  processed", "live  {live}"}},
      {126, "GET /txt/slicers", 200, {"live  {live}"}},
      {127, "GET /txt/workers?from=1&size=1&headers=false&fields=assignment", 200, {"assets_service\n"}},
      {127, "GET /txt/controllers?from=1", 200, {"not: live"}},
      // teraslice-client-js: /v1 before every path but txt, `start` always there
      {130, "POST /v1/jobs?start=false", 200, {"job_id", "not: ex_id"}, good_job},
      {130, "GET /txt/workers", 200},
      {131, "GET /v1/jobs/{done}/ex", 200, {R"("_status": "completed")"}},
      {131, "GET /v1/ex/{live.ex}", 200, {R"("_status": "running")"}},
      {132, "GET /v1/cluster/state", 200, {R"("assignment": "worker")", "{live}"}},
      // teraslice-cli: what it asks for and the phrases that it looks for
      {134, "GET /v1/jobs?from=0&size=100&sort=_updated:desc", 200, {"{live}"}},
      {134, "GET /v1/jobs/{live}/controller", 200, {"processed"}},
      {134, "GET /v1/cluster/controllers", 200, {"processed"}},
      {135, "GET /v1/", 200, {"arch", "platform", "node_version"}},
      {136, "GET /v1/jobs/{never}/ex", 404, {"No execution was found for job"}},
      {136, "POST /v1/jobs/{gone}/_start", 410, {"has been deleted and cannot be started."}},
      {136, "PUT /v1/jobs/{gone}", 410, {"has been deleted and cannot be updated."}, good_job},
      {136, "POST /v1/jobs/{gone}/_recover", 410, {"has been deleted and cannot be recovered."}},
      // ours
      {0, "GET /healthz", 200, {R"("status": "ok")"}},
      {0, "GET /readyz", 200, {R"("ready": true)"}},
      {0, "GET /openapi.json", 200, {R"("openapi": "3.1.0")"}},
      {0, "GET /operations", 200, {R"("name": "noop")"}},
      {0, "GET /operations/delay", 200, {R"("kind": "processor")", R"("name": "ms")", R"("default": 100)"}},
      {0, "GET /operations/dely", 404, {"did you mean"}},
      {0, "POST /jobs/_validate", 200, {R"("valid": false)", R"("path")"}, R"({"operations":[{"_op":"x"},7]})"},
      {0, "GET /jobs/%zz", 400, {"percent-encoding"}},
  };
  return rows;
}

// ---- commands, in this order: each finds what the ones before it left
const std::vector<Row>& commands() {
  static const std::vector<Row> rows{
      {37,
       "PUT /jobs/{never}",
       200,
       {R"("name": "changed")", R"("job_id": "{never}")"},
       R"({"name":"changed","operations":[{"_op":"test-reader"},{"_op":"noop"}]})"},
      {75, "GET /jobs/{never}", 200, {R"("name": "changed")", "not: workers"}},
      {77, "PUT /jobs/{never}", 200, {R"("active": false)"}, R"({"active":false,"operations":[{"_op":"none"}]})"},
      {48, "POST /jobs/{never}/_active", 400},
      {75, "PUT /jobs/{never}", 200, {R"("name": "t")"}, good_job},
      {48, "POST /jobs/{never}/_inactive", 200, {R"("active": false)"}},
      {103, "POST /jobs/{never}/_active", 200, {R"("active": true)", R"("job_id": "{never}")"}},
      {42, "POST /jobs/{live}/_pause", 200, {R"("status": "paused")"}},
      {89, "GET /ex/{live.ex}", 200, {R"("_status": "paused")"}},
      {91, "POST /ex/{live.ex}/_pause", 200, {R"("status": "paused")"}},
      {43, "POST /ex/{live.ex}/_resume", 200, {R"("status": "running")"}},
      {91, "POST /jobs/{live}/_resume", 200, {R"("status": "running")"}},
      {88, "POST /ex/{pending.ex}/_stop", 200, {R"("status": "stopped")"}},
      {85, "POST /jobs/{live}/_stop?blocking=false", 200, {R"("status": "stopping")"}},
      {41, "POST /ex/{live.ex}/_stop", 200, {R"("status": "stopped")"}},
      {84, "POST /jobs/{live}/_stop", 200, {R"("status": "stopped")"}},
      {38, "DELETE /jobs/{never}", 200, {R"("_deleted": true)", "_deleted_on", R"("active": false)"}},
      {78, "DELETE /jobs/{pending}", 200, {R"("_deleted": true)"}},
      {78, "GET /ex/{pending.ex}", 200, {R"("_deleted": true)", "_deleted_on"}},
      {40, "POST /jobs/{done}/_start", 200, {R"("job_id": "{done}")", "ex_id"}},
      {83, "GET /jobs/{done}/ex", 200, {"not: {done.ex}"}},
      {84, "POST /jobs/{done}/_stop", 200, {R"("status": ")"}},
      {45, "POST /ex/{live.ex}/_recover?cleanup_type=errors", 200, {R"("job_id": "{live}")", "ex_id"}},
      {95,
       "GET /jobs/{live}/ex",
       200,
       {R"("recovered_execution": "{live.ex}")", R"("recovered_slice_type": "errors")"}},
      {84, "POST /jobs/{live}/_stop", 200, {R"("status": ")"}},
      {44, "POST /jobs/{live}/_recover?cleanup=pending", 200, {"ex_id"}},
      {84, "POST /jobs/{live}/_stop", 200, {R"("status": ")"}},
      {34, "POST /v1/jobs?start=true", 200, {"job_id", "ex_id"}, good_job},
  };
  return rows;
}

/// Ids without a row, and why.
const std::map<int, std::string>& without_row() {
  static const std::map<int, std::string> reasons{
      {10, "before the API is ready nobody can ask: the listener opens after the records are loaded"},
      {13, "a limit of five minutes; http_test has it with a short one"},
      {14, "what is logged; no answer"},
      {46, "command_matrix_test and rest_test: worker counts"},
      {47, "errors_test: settings"},
      {50, "errors_test: errors of slices"},
      {53, "asset tests: bundles"},
      {63, "errors_test: errors of slices"},
      {64, "errors_test: errors of slices"},
      {65, "errors_test: errors of slices"},
      {66, "errors_test: errors of slices"},
      {71, "asset tests: bundles"},
      {82, "job_check_test; a stored job turns invalid only with another version of the program"},
      {97, "every reader here can recover (design.md §4)"},
      {98, "command_matrix_test and rest_test: worker counts"},
      {99, "command_matrix_test and rest_test: worker counts"},
      {100, "command_matrix_test and rest_test: worker counts"},
      {101, "command_matrix_test and rest_test: worker counts"},
      {102, "errors_test: settings"},
      {110, "asset tests: bundles"},
      {111, "asset tests: bundles"},
      {112, "asset tests: bundles"},
      {113, "asset tests: bundles"},
      {114, "asset tests: bundles"},
      {115, "asset tests: bundles"},
      {116, "asset tests: bundles"},
      {117, "the master serves assets itself: there is no process to be away"},
      {133, "command_matrix_test and rest_test: worker counts"},
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

json delayed_job(const std::string& name, int ms) {
  return {{"name", name},
          {"workers", 1},
          {"operations",
           {{{"_op", "data_generator"}, {"size", 10'000}, {"slice_size", 1}}, {{"_op", "delay"}, {"ms", ms}}}}};
}

/// A cluster of one slot with a job in each state that rows speak of.
struct World {
  World() {
    const auto done = cluster.submit(json::parse(good_job));
    name("done", done);
    BOOST_REQUIRE(cluster.wait_for_end(done.ex_id) == "completed");
    const auto gone = cluster.submit(json::parse(good_job));
    name("gone", gone);
    BOOST_REQUIRE(cluster.wait_for_end(gone.ex_id) == "completed");
    BOOST_REQUIRE(cluster.api().request("DELETE", "/jobs/" + gone.job_id)->status == 200);
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

  void check(const Row& row) const {
    const std::string body = expand(row.body);
    const std::string what = "R-api-" + std::to_string(row.id) + ": " + expand(row.request);
    std::string bytes = expand(row.request) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    if (!body.empty()) {
      bytes += "Content-Type: " + row.type + "\r\n";
    }
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    const auto answer = cluster.api().raw(bytes, 60s);
    BOOST_REQUIRE_MESSAGE(answer.has_value(), what << " has no answer");
    const std::size_t end = answer->find("\r\n\r\n");
    const std::string head = answer->substr(0, end);
    const std::string said = answer->substr(end + 4);
    BOOST_TEST(std::stoi(answer->substr(9, 3)) == row.status, what << " said " << *answer);
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
  std::set<int> covered;
  for (const std::vector<Row>* rows : {&questions(), &commands()}) {
    for (const Row& row : *rows) {
      covered.insert(row.id);
    }
  }
  for (const int id : all_ids()) {
    const bool has_reason = without_row().contains(id);
    BOOST_TEST(covered.contains(id) != has_reason, "R-api-" << id << (has_reason ? " has both" : " has neither"));
  }
  for (const int id : covered) {
    BOOST_TEST((id == 0 || all_ids().contains(id)), "R-api-" << id << " does not exist");
  }
  BOOST_TEST_MESSAGE(covered.size() - 1 << " ids covered, " << without_row().size() << " with a reason");
}

BOOST_AUTO_TEST_CASE(every_row_is_answered_as_it_says) {
  const World world;
  for (const std::vector<Row>* rows : {&questions(), &commands()}) {
    for (const Row& row : *rows) {
      world.check(row);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
