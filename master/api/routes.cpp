#include "master/api/routes.hpp"

#include <algorithm>
#include <array>

namespace slicebus::api {
namespace {

// Each exists bare and under /v1 (R-api-2); parse_target() takes the prefix off.
constexpr std::array<Route, 21> table{{
    {"GET", "/", get_info},
    {"GET", "/cluster/state", get_cluster_state},
    {"POST", "/jobs", post_job},
    {"GET", "/jobs", get_jobs},
    {"GET", "/jobs/:id", get_job},
    {"GET", "/jobs/:id/ex", get_job_execution},
    {"GET", "/jobs/:id/controller", get_job_controller},
    {"GET", "/jobs/:id/slicer", get_job_controller},
    {"POST", "/jobs/:id/_start", start_job},
    {"POST", "/jobs/:id/_stop", stop_job},
    {"POST", "/jobs/:id/_pause", pause_job},
    {"POST", "/jobs/:id/_resume", resume_job},
    {"POST", "/jobs/:id/_recover", recover_job},
    {"GET", "/ex", get_executions},
    {"GET", "/ex/:id", get_execution},
    {"GET", "/ex/:id/controller", get_execution_controller},
    {"GET", "/ex/:id/slicer", get_execution_controller},
    {"POST", "/ex/:id/_stop", stop_execution},
    {"POST", "/ex/:id/_pause", pause_execution},
    {"POST", "/ex/:id/_resume", resume_execution},
    {"POST", "/ex/:id/_recover", recover_execution},
}};

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  for (path.remove_prefix(1); !path.empty();) {
    const std::size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return out;
}

bool fits(const Route& route, const std::vector<std::string>& path, std::string& id) {
  const std::vector<std::string_view> pattern = segments(route.path);
  if (pattern.size() != path.size()) {
    return false;
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == ":id" && !path[i].empty()) {
      id = path[i];
    } else if (pattern[i] != lower(path[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::span<const Route> routes() { return table; }

Match match(std::string_view method, const std::vector<std::string>& path) {
  Match out;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Route& route : table) {
    std::string id;
    if (!fits(route, path, id)) {
      continue;
    }
    out.methods.emplace_back(route.method);
    if (route.method == "GET") {
      out.methods.emplace_back("HEAD");
    }
    if (route.method == wanted && out.route == nullptr) {
      out.route = &route;
      out.id = std::move(id);
    }
  }
  return out;
}

}  // namespace slicebus::api
