#include <nlohmann/json.hpp>

#include "common/version.hpp"
#include "master/api/endpoints.hpp"
#include "master/api/openapi.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {

using service::Document;
using service::Json;

namespace {

#if defined(__aarch64__)
constexpr const char* arch = "arm64";
#else
constexpr const char* arch = "x64";
#endif

Handled info(Desk& desk, const Call&) {
  return Reply(Document(Json{{"arch", arch},
                             {"clustering_type", "native"},
                             {"name", desk.cluster_name},
                             {"node_version", node_version},
                             {"platform", "linux"},
                             {"teraslice_version", std::string("v") + teraslice_version},
                             {"version", version}}));
}

Handled state(Desk& desk, const Call&) { return Reply(desk.cluster.state()); }

Handled stats(Desk& desk, const Call&) { return Reply(desk.cluster.stats()); }

Handled controllers(Desk& desk, const Call&) { return handled(desk.executions.all_statistics()); }

Handled health(Desk&, const Call&) { return Reply(Document(Json{{"status", "ok"}})); }

/// Records are loaded before the first request is taken (RecordsActor::load).
Handled readiness(Desk& desk, const Call&) {
  const bool ready = desk.cluster.broker_heard();
  Json answer{{"ready", ready}, {"records", "loaded"}, {"broker", ready ? "heard" : "silent"}};
  if (!ready) {
    answer["reason"] = "the broker is not heard: what runs goes on, nothing new is placed; start it, or check --broker";
  }
  return Reply(Document(std::move(answer)), ready ? 200 : 503);
}

Handled openapi_document(Desk&, const Call&) { return Reply(openapi()); }

}  // namespace

std::vector<Route> cluster_endpoints() {
  return {
      {.method = "GET",
       .path = "/",
       .handler = info,
       .summary = "Which cluster this is, and what it is compatible with.",
       .query = {},
       .answer = "Info"},
      {.method = "GET",
       .path = "/cluster/state",
       .handler = state,
       .summary = "Every node, and every process on it.",
       .query = {},
       .answer = "ClusterState",
       .cacheable = true},
      {.method = "GET",
       .path = "/cluster/stats",
       .handler = stats,
       .summary = "What all controllers have counted since this master started.",
       .query = {},
       .answer = "ClusterStats",
       .cacheable = true},
      {.method = "GET",
       .path = "/cluster/controllers",
       .handler = controllers,
       .summary = "Live statistics of every running execution.",
       .query = {},
       .answer = "[ControllerStats]",
       .cacheable = true},
      {.method = "GET",
       .path = "/cluster/slicers",
       .handler = controllers,
       .summary = "The same as /cluster/controllers, under its older name.",
       .query = {},
       .answer = "[ControllerStats]",
       .cacheable = true},
      {.method = "GET",
       .path = "/healthz",
       .handler = health,
       .summary = "Whether the master lives: it does when it answers.",
       .query = {},
       .answer = "Health"},
      {.method = "GET",
       .path = "/readyz",
       .handler = readiness,
       .summary = "Whether the master can run jobs; 503 with the reason when it cannot.",
       .query = {},
       .answer = "Readiness",
       .successes = {200, 503}},
      {.method = "GET",
       .path = "/openapi.json",
       .handler = openapi_document,
       .summary = "This description of the API.",
       .query = {},
       .answer = "OpenApi"},
  };
}

}  // namespace slicebus::api
