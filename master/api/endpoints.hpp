#pragma once
#include <vector>

#include "master/api/route.hpp"

/// The themes, each the bottom of the file of that name.
namespace slicebus::api {

std::vector<Route> cluster_endpoints();
std::vector<Route> job_endpoints();
std::vector<Route> execution_endpoints();
std::vector<Route> command_endpoints();
std::vector<Route> operation_endpoints();
std::vector<Route> text_endpoints();
std::vector<Route> asset_endpoints();
std::vector<Route> error_endpoints();

}  // namespace slicebus::api
