#include "master/api/endpoints.hpp"
#include "master/api/parameters.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {
namespace {

Handled list(Desk& desk, const Call& call, const std::optional<ExecutionId>& ex_id) {
  const auto query = list_query(call.query);
  if (!query) {
    return tl::make_unexpected(query.error());
  }
  return handled(desk.errors.list(ex_id, *query));
}

Handled of_all(Desk& desk, const Call& call) { return list(desk, call, std::nullopt); }

Handled of_execution(Desk& desk, const Call& call) { return list(desk, call, ExecutionId{call.id}); }

Handled of_job(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return list(desk, call, ex_id); });
}

Route errors_route(std::string_view path, Handler handler, std::string_view summary, std::vector<int> refusals = {}) {
  return {.method = "GET",
          .path = path,
          .handler = handler,
          .summary = summary,
          .query = {from_parameter, size_parameter, sort_parameter, filter_parameter},
          .answer = "[SliceError]",
          .refusals = std::move(refusals),
          .cacheable = true};
}

}  // namespace

std::vector<Route> error_endpoints() {
  return {
      errors_route("/jobs/{job_id}/errors", of_job,
                   "Slices that failed in a job's latest execution, last changed first.", {404}),
      errors_route("/ex/{ex_id}/errors", of_execution,
                   "Slices that failed in an execution, last changed first; of an unknown one none."),
      errors_route("/ex/errors", of_all, "Slices that failed in any execution, last changed first."),
  };
}

}  // namespace slicebus::api
