#include "master/api/endpoints.hpp"
#include "master/api/parameters.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {

using service::Answer;

namespace {

Handled submit(Desk& desk, const Call& call) {
  const auto start = call.query.text("start");
  if (!start) {
    return tl::make_unexpected(start.error());
  }
  return handled(desk.jobs.submit(call.body, start->value_or("true") != "false"));
}

Handled validate(Desk& desk, const Call& call) { return Reply(desk.jobs.validate(call.body)); }

/// R-api-25: absent, or the fields of `ex` that are wanted.
Answer<std::optional<std::vector<std::string>>> latest_fields(const Query& query) {
  const auto said = query.text("ex");
  if (!said) {
    return tl::make_unexpected(said.error());
  }
  return *said ? std::optional(comma_list(**said)) : std::nullopt;
}

Handled list(Desk& desk, const Call& call) {
  const auto query = job_list_query(call.query);
  const auto latest = latest_fields(call.query);
  if (!query || !latest) {
    return tl::make_unexpected(!query ? query.error() : latest.error());
  }
  return handled(desk.jobs.list(*query, *latest));
}

Handled get(Desk& desk, const Call& call) {
  const auto latest = latest_fields(call.query);
  if (!latest) {
    return tl::make_unexpected(latest.error());
  }
  return handled(desk.jobs.get(JobId{call.id}, *latest));
}

Handled replace(Desk& desk, const Call& call) { return handled(desk.jobs.replace(JobId{call.id}, call.body)); }

Handled remove(Desk& desk, const Call& call) { return handled(desk.jobs.remove(JobId{call.id})); }

Handled activate(Desk& desk, const Call& call) { return handled(desk.jobs.set_active(JobId{call.id}, true)); }

Handled deactivate(Desk& desk, const Call& call) { return handled(desk.jobs.set_active(JobId{call.id}, false)); }

Handled latest_execution(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return handled(desk.executions.get(ex_id)); });
}

constexpr Parameter start_parameter{"start", R"({"type":"string","default":"true"})",
                                    "`false` stores the job without running it; anything else runs it."};
constexpr Parameter ex_parameter{
    "ex", R"({"type":"string"})",
    "Adds `ex` to each job: these fields of its latest execution, with commas; empty: all."};

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
       .query = {from_parameter, size_parameter, sort_parameter, filter_parameter, active_parameter, deleted_parameter,
                 ex_parameter},
       .answer = "[Job]",
       .cacheable = true},
      {.method = "GET",
       .path = "/jobs/{job_id}",
       .handler = get,
       .summary = "One job, deleted ones too.",
       .query = {ex_parameter},
       .answer = "Job",
       .refusals = {404},
       .cacheable = true},
      {.method = "PUT",
       .path = "/jobs/{job_id}",
       .handler = replace,
       .summary = "Replaces a job as a whole; executions that run are not touched.",
       .query = {},
       .answer = "Job",
       .refusals = {404, 410},
       .body = "JobInput"},
      {.method = "DELETE",
       .path = "/jobs/{job_id}",
       .handler = remove,
       .summary = "Marks a job and its executions deleted, for good.",
       .query = {},
       .answer = "Job",
       .refusals = {404, 409, 410}},
      {.method = "POST",
       .path = "/jobs/{job_id}/_active",
       .handler = activate,
       .summary = "Marks a job active.",
       .query = {},
       .answer = "Job",
       .refusals = {404, 410}},
      {.method = "POST",
       .path = "/jobs/{job_id}/_inactive",
       .handler = deactivate,
       .summary = "Marks a job inactive.",
       .query = {},
       .answer = "Job",
       .refusals = {404, 410}},
      {.method = "POST",
       .path = "/jobs/_validate",
       .handler = validate,
       .summary = "Says everything that is wrong with a job, and every warning; stores nothing.",
       .query = {},
       .answer = "Validation",
       .body = "JobInput"},
      {.method = "GET",
       .path = "/jobs/{job_id}/ex",
       .handler = latest_execution,
       .summary = "The latest execution of a job.",
       .query = {},
       .answer = "Execution",
       .refusals = {404},
       .cacheable = true},
  };
}

}  // namespace slicebus::api
