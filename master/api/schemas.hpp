#pragma once
#include "master/service/document.hpp"

namespace slicebus::api {

/// JSON Schemas of what goes in and out, by the names that routes use for them: `components.schemas` of the OpenAPI
/// document.
service::Document schemas();

}  // namespace slicebus::api
