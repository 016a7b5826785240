#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "master/api/route.hpp"

namespace slicebus::api {

/// Every endpoint, theme by theme.
std::span<const Route> routes();

/// What a method and path lead to.
struct Match {
  const Route* route = nullptr;         ///< nullptr: no such endpoint, or only with other methods
  std::vector<std::string> parameters;  ///< the segments that stood for {…}
  std::vector<std::string> methods;     ///< of the path, for OPTIONS; empty: unknown path
};
/// HEAD is answered by the GET row. Literal segments match whatever their case (R-api-3), and win over {…}: `errors` of
/// /ex/errors is never an id. Tables of text have no /v1 (R-api-2).
Match match(std::string_view method, const Target& target);

}  // namespace slicebus::api
