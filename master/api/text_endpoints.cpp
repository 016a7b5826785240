#include <nlohmann/json.hpp>

#include "master/api/endpoints.hpp"
#include "master/api/parameters.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;

namespace {

const std::vector<std::string> worker_columns{"assignment", "job_id", "ex_id", "node_id", "pid"};
const std::vector<std::string> node_columns{"node_id", "state", "hostname",          "total",
                                            "active",  "pid",   "teraslice_version", "node_version"};
const std::vector<std::string> job_columns{"job_id",  "name",    "active",   "lifecycle",
                                           "slicers", "workers", "_created", "_updated"};
const std::vector<std::string> execution_columns{"name",  "lifecycle", "slicers",  "workers", "_status",
                                                 "ex_id", "job_id",    "_created", "_updated"};
const std::vector<std::string> controller_columns{"name",   "job_id", "workers_available", "workers_active",
                                                  "failed", "queued", "processed"};

/// Those that live in memory, page by page (R-api-127, Q-8).
Handled page(const Call& call, const std::vector<std::string>& columns, std::vector<Document> rows) {
  const auto query = page_query(call.query);
  if (!query) {
    return tl::make_unexpected(query.error());
  }
  const auto from = std::min<std::size_t>(rows.size(), static_cast<std::size_t>(query->from));
  const auto to = std::min<std::size_t>(rows.size(), from + static_cast<std::size_t>(query->size));
  rows = {std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(from)),
          std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(to))};
  return table_reply(call, columns, rows);
}

Handled workers(Desk& desk, const Call& call) { return page(call, worker_columns, desk.cluster.processes()); }

Handled nodes(Desk& desk, const Call& call) { return page(call, node_columns, desk.cluster.nodes()); }

Handled controllers(Desk& desk, const Call& call) {
  return page(call, controller_columns, desk.executions.all_statistics());
}

/// Lists of deleted records say when (R-api-124, 125).
Handled records(const Call& call, std::vector<std::string> columns, const store::ListQuery& query,
                const Answer<std::vector<Document>>& rows) {
  if (!rows) {
    return tl::make_unexpected(rows.error());
  }
  if (query.deleted) {
    columns.emplace_back("_deleted_on");
  }
  return table_reply(call, columns, *rows);
}

Handled jobs(Desk& desk, const Call& call) {
  const auto query = job_list_query(call.query);
  if (!query) {
    return tl::make_unexpected(query.error());
  }
  return records(call, job_columns, *query, desk.jobs.list(*query));
}

Handled executions(Desk& desk, const Call& call) {
  const auto query = execution_list_query(call.query);
  if (!query) {
    return tl::make_unexpected(query.error());
  }
  return records(call, execution_columns, *query, desk.executions.list(*query));
}

Route table(std::string_view path, Handler handler, std::string_view summary, std::vector<Parameter> query) {
  query.push_back(fields_parameter);
  query.push_back(headers_parameter);
  return {.method = "GET",
          .path = path,
          .handler = handler,
          .summary = summary,
          .query = std::move(query),
          .answer = "text",
          .cacheable = true};
}

}  // namespace

std::vector<Route> text_endpoints() {
  const std::vector<Parameter> in_memory{from_parameter, size_parameter};
  return {
      table("/txt/workers", workers, "Every process on connected nodes, as a table.", in_memory),
      table("/txt/nodes", nodes, "Every node, as a table.", in_memory),
      table("/txt/jobs", jobs, "Jobs, as a table.",
            {from_parameter, size_parameter, sort_parameter, filter_parameter, active_parameter, deleted_parameter}),
      table("/txt/ex", executions, "Executions, as a table.",
            {from_parameter, size_parameter, sort_parameter, filter_parameter, status_parameter, deleted_parameter}),
      table("/txt/controllers", controllers, "Live statistics, as a table.", in_memory),
      table("/txt/slicers", controllers, "The same as /txt/controllers, under its older name.", in_memory),
  };
}

}  // namespace slicebus::api
