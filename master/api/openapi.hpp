#pragma once
#include "master/service/document.hpp"

namespace slicebus::api {

/// GET /openapi.json: the API as an OpenAPI 3.1 document, made from the rows of routes() and from schemas().
const service::Document& openapi();

/// What every {…} of a path stands for; "" for a name that none has.
std::string_view path_parameter_help(std::string_view name);

}  // namespace slicebus::api
