#include "master/api/endpoints.hpp"
#include "master/api/parameters.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {
namespace {

Handled submit(Desk& desk, const Call& call) {
  const auto start = call.query.text("start");
  if (!start) {
    return tl::make_unexpected(start.error());
  }
  return handled(desk.jobs.submit(call.body, start->value_or("true") != "false"));
}

Handled list(Desk& desk, const Call& call) {
  const auto query = job_list_query(call.query);
  if (!query) {
    return tl::make_unexpected(query.error());
  }
  return handled(desk.jobs.list(*query));
}

Handled get(Desk& desk, const Call& call) { return handled(desk.jobs.get(JobId{call.id})); }

Handled latest_execution(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return handled(desk.executions.get(ex_id)); });
}

constexpr Parameter start_parameter{"start", R"({"type":"string","default":"true"})",
                                    "`false` stores the job without running it; anything else runs it."};

}  // namespace

std::vector<Route> job_endpoints() {
  return {
      {.method = "POST",
       .path = "/jobs",
       .handler = submit,
       .summary = "Stores a job and, unless told otherwise, runs it.",
       .query = {start_parameter},
       .answer = "Submitted",
       .refusals = {422},
       .body = "JobInput"},
      {.method = "GET",
       .path = "/jobs",
       .handler = list,
       .summary = "Jobs, last changed first.",
       .query = {from_parameter, size_parameter, sort_parameter, filter_parameter, active_parameter, deleted_parameter},
       .answer = "[Job]"},
      {.method = "GET",
       .path = "/jobs/{job_id}",
       .handler = get,
       .summary = "One job, deleted ones too.",
       .query = {},
       .answer = "Job",
       .refusals = {404}},
      {.method = "GET",
       .path = "/jobs/{job_id}/ex",
       .handler = latest_execution,
       .summary = "The latest execution of a job.",
       .query = {},
       .answer = "Execution",
       .refusals = {404}},
  };
}

}  // namespace slicebus::api
