#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "master/api/handlers.hpp"

namespace slicebus::api {

/// One row: method, path (":id" stands for one segment), and who answers it.
struct Route {
  std::string_view method;
  std::string_view path;
  Handler handler;
};
std::span<const Route> routes();

/// What a method and path lead to.
struct Match {
  const Route* route = nullptr;      ///< nullptr: no such endpoint, or only with other methods
  std::string id;                    ///< the segment that stood for ":id"
  std::vector<std::string> methods;  ///< of the path, for OPTIONS; empty: unknown path
};
/// HEAD is answered by the GET row. Literal segments match whatever their case (R-api-3).
Match match(std::string_view method, const std::vector<std::string>& path);

}  // namespace slicebus::api
