#include <nlohmann/json.hpp>

#include "master/api/endpoints.hpp"
#include "master/api/parameters.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {
namespace {

using service::Document;
using service::Json;

Handled list(Desk& desk, const Call& call) {
  const auto query = execution_list_query(call.query);
  if (!query) {
    return tl::make_unexpected(query.error());
  }
  return handled(desk.executions.list(*query));
}

Handled get(Desk& desk, const Call& call) { return handled(desk.executions.get(ExecutionId{call.id})); }

Handled statistics(Desk& desk, const ExecutionId& ex_id) {
  auto entry = desk.executions.statistics(ex_id);
  if (!entry) {
    return tl::make_unexpected(entry.error());
  }
  return Reply(Document(Json::array({std::move(entry->json())})));
}

Handled controller(Desk& desk, const Call& call) { return statistics(desk, ExecutionId{call.id}); }

Handled controller_of_job(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return statistics(desk, ex_id); });
}

Route controller_route(std::string_view path, Handler handler, std::string_view summary) {
  return {.method = "GET",
          .path = path,
          .handler = handler,
          .summary = summary,
          .query = {},
          .answer = "[ControllerStats]",
          .refusals = {404},
          .cacheable = true};
}

}  // namespace

std::vector<Route> execution_endpoints() {
  constexpr std::string_view of_job = "Live statistics of a job's latest execution, in a list of one.";
  constexpr std::string_view of_execution = "Live statistics of an execution, in a list of one.";
  return {
      {.method = "GET",
       .path = "/ex",
       .handler = list,
       .summary = "Executions, last changed first.",
       .query = {from_parameter, size_parameter, sort_parameter, filter_parameter, status_parameter, deleted_parameter},
       .answer = "[Execution]",
       .cacheable = true},
      {.method = "GET",
       .path = "/ex/{ex_id}",
       .handler = get,
       .summary = "One execution, deleted ones too.",
       .query = {},
       .answer = "Execution",
       .refusals = {404},
       .cacheable = true},
      controller_route("/jobs/{job_id}/controller", controller_of_job, of_job),
      controller_route("/jobs/{job_id}/slicer", controller_of_job, of_job),
      controller_route("/ex/{ex_id}/controller", controller, of_execution),
      controller_route("/ex/{ex_id}/slicer", controller, of_execution),
  };
}

}  // namespace slicebus::api
