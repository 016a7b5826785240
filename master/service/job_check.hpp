#pragma once
#include "master/service/answer.hpp"
#include "master/service/document.hpp"
#include "master/service/job_assets.hpp"

namespace slicebus::service {

/// A job that may run.
struct CheckedJob {
  Document config;    ///< every field that an execution takes from its job, defaults filled (R-ex-10…29, 49)
  Document warnings;  ///< {"list": […]} in the shape of R-api-73; empty list: none
};

/// Validates a posted job in the order of R-ex-30: assets, job fields, each operation, each api, links between them,
/// and what the operations themselves say about their options (a reader looks whether its input is there). The first
/// part that fails is answered with all its field errors.
/// @param assets       what `assets` names are looked up by; in the configuration ids stand for them (R-ex-35)
/// @param frozen_from  the execution whose drawn values (seeds) are kept where the same operation stands; nullptr: draw
/// anew
Answer<CheckedJob> check_job(const Json& job, const AssetResolver& assets = {}, const Json* frozen_from = nullptr);

/// The same without an end at the first part that fails: {"valid", "errors", "warnings"}. An error has the `part`
/// ("job", "assets", "operation", "api"), its `name`, the `path` of the field in the job, and the `message`.
/// @param job  an object
Document report_on(const Json& job, const AssetResolver& assets = {});

}  // namespace slicebus::service
