#include <nlohmann/json.hpp>

#include "common/version.hpp"
#include "master/api/endpoints.hpp"

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
       .answer = "ClusterState"},
  };
}

}  // namespace slicebus::api
