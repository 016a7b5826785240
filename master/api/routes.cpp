#include "master/api/routes.hpp"

#include <algorithm>

#include "master/api/endpoints.hpp"

namespace slicebus::api {
namespace {

std::vector<Route> all_routes() {
  std::vector<Route> all;
  for (std::vector<Route> (*theme)() : {cluster_endpoints, job_endpoints, execution_endpoints, command_endpoints,
                                        operation_endpoints, text_endpoints, error_endpoints, asset_endpoints}) {
    std::vector<Route> rows = theme();
    std::move(rows.begin(), rows.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  for (path.remove_prefix(1); !path.empty();) {
    const std::size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return out;
}

struct Fit {
  std::string literals;  ///< 'l' or 'p' a segment: the smaller one is the more literal
  std::vector<std::string> parameters;
};

std::optional<Fit> fit(const Route& route, const Target& target) {
  const std::vector<std::string_view> pattern = segments(route.path);
  if (pattern.size() != target.path.size() || (target.v1 && route.path.substr(0, 5) == "/txt/")) {
    return std::nullopt;
  }
  Fit out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].front() == '{' && !target.path[i].empty()) {
      out.parameters.push_back(target.path[i]);
      out.literals += 'p';
    } else if (pattern[i] == lower(target.path[i])) {
      out.literals += 'l';
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> all = all_routes();
  return all;
}

Match match(std::string_view method, const Target& target) {
  Match out;
  std::string literals = "~";  // behind every other
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Route& route : routes()) {
    auto found = fit(route, target);
    if (!found || found->literals > literals) {
      continue;
    }
    if (found->literals < literals) {
      out = {};
      literals = found->literals;
    }
    out.methods.emplace_back(route.method);
    if (route.method == "GET") {
      out.methods.emplace_back("HEAD");
    }
    if (route.method == wanted) {
      out.route = &route;
      out.parameters = std::move(found->parameters);
    }
  }
  return out;
}

}  // namespace slicebus::api
