#pragma once
#include "master/service/answer.hpp"

namespace slicebus::api {

/// The one table from refusals to HTTP statuses.
/// @param validation_status  of an invalid job: 400, or 500 as Teraslice answers (setting api_validation_status)
int http_status(service::RefusalKind kind, int validation_status);

}  // namespace slicebus::api
