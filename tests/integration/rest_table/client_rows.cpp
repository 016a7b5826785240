// §8 of rest-api.md: what the known clients ask for and look for; and what only we have.
#include "tests/integration/rest_table/rows.hpp"

namespace slicebus::rest_table {
std::vector<Row> client_rows() {
  return {
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
      {134, "GET /v1/jobs/{live}", 200, {R"("job_id": "{live}")"}},
      {134, "GET /v1/jobs/{bad}/ex", 200, {R"("_status": "failed")"}},
      {134, "GET /v1/jobs/{bad}/errors?from=0&size=100&sort=_updated:desc", 200, {"{bad.ex}"}},
      {134, "POST /v1/jobs?start=false", 200, {"job_id", "not: ex_id"}, good_job},
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
}

}  // namespace slicebus::rest_table
