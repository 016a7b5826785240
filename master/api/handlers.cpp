#include "master/api/handlers.hpp"

#include <nlohmann/json.hpp>

#include "common/config/config.hpp"
#include "common/version.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;
using service::Json;
using service::RefusalKind;
using service::refuse;
using service::StopOptions;

namespace {

#if defined(__aarch64__)
constexpr const char* arch = "arm64";
#else
constexpr const char* arch = "x64";
#endif

constexpr std::int64_t page_end_max = 10'000;

Handled handled(Answer<Document> answer) {
  if (!answer) {
    return tl::make_unexpected(std::move(answer).error());
  }
  return std::move(*answer);
}

Handled handled(Answer<std::vector<Document>> answer) {
  if (!answer) {
    return tl::make_unexpected(std::move(answer).error());
  }
  Json list = Json::array();
  for (Document& document : *answer) {
    list.push_back(std::move(document.json()));
  }
  return Document(std::move(list));
}

/// R-api-18…20, 23: what every list of records takes.
Answer<store::ListQuery> list_query(const Query& query) {
  store::ListQuery list;
  const auto from = query.integer("from", 0);
  const auto size = query.integer("size", 100);
  const auto sort = query.text("sort");
  const auto deleted = query.text("deleted");
  const auto filter = query.text("filter");
  for (const service::Refusal* refusal :
       {from ? nullptr : &from.error(), size ? nullptr : &size.error(), sort ? nullptr : &sort.error(),
        deleted ? nullptr : &deleted.error(), filter ? nullptr : &filter.error()}) {
    if (refusal != nullptr) {
      return tl::make_unexpected(*refusal);
    }
  }
  if (*from < 0 || *size < 0 || *from > page_end_max || *size > page_end_max || *from + *size > page_end_max) {
    return refuse(RefusalKind::invalid, "from and size must not be negative and from + size at most " +
                                            std::to_string(page_end_max) + ", got from " + std::to_string(*from) +
                                            " and size " + std::to_string(*size));
  }
  list.from = *from;
  list.size = *size;
  if (*sort && !(*sort)->empty()) {
    list.sort = **sort;
  }
  if (*filter && !(*filter)->empty()) {
    return refuse(RefusalKind::invalid, "filter is not understood by this version; leave it out and filter the answer");
  }
  const std::string said = deleted->value_or("");
  if (!said.empty() && said != "true" && said != "false") {
    return refuse(RefusalKind::invalid, "deleted query option must true or false");
  }
  list.deleted = said == "true";
  return list;
}

/// The latest execution of the job in the path (R-api-16).
template <class Then>
Handled with_latest(Desk& desk, const Call& call, Then then) {
  const auto latest = desk.executions.latest_of(JobId{call.id});
  if (!latest) {
    return tl::make_unexpected(latest.error());
  }
  return then(latest->ex_id);
}

Handled stop(Desk& desk, const Call& call, const ExecutionId& ex_id) {
  StopOptions options;
  const auto blocking = call.query.boolean("blocking", true);
  const auto force = call.query.boolean("force", false);
  const auto timeout = call.query.text("timeout");
  for (const service::Refusal* refusal : {blocking ? nullptr : &blocking.error(), force ? nullptr : &force.error(),
                                          timeout ? nullptr : &timeout.error()}) {
    if (refusal != nullptr) {
      return tl::make_unexpected(*refusal);
    }
  }
  options.blocking = *blocking;
  options.force = *force;
  if (*timeout && !(*timeout)->empty()) {
    const auto limit = config::parse_duration(**timeout);
    if (!limit || limit->count() < 0) {
      return refuse(RefusalKind::invalid,
                    "timeout parameter must be milliseconds or a text such as \"5 s\", got " + **timeout);
    }
    options.timeout = std::min<std::chrono::milliseconds>(*limit, std::chrono::hours(24 * 365));
  }
  return desk.executions.stop(ex_id, options, call.ticket);
}

Answer<std::string> cleanup_type(const Query& query) {
  for (const char* key : {"cleanup_type", "cleanup"}) {
    const auto said = query.text(key);
    if (!said) {
      return tl::make_unexpected(said.error());
    }
    if (*said && !(*said)->empty()) {
      if (const auto checked = service::check_cleanup(**said); !checked) {
        return tl::make_unexpected(checked.error());
      }
      return **said;
    }
  }
  return std::string();
}

Handled controller(Desk& desk, const ExecutionId& ex_id) {
  auto entry = desk.executions.statistics(ex_id);
  if (!entry) {
    return tl::make_unexpected(entry.error());
  }
  return Document(Json::array({std::move(entry->json())}));
}

}  // namespace

Handled get_info(Desk& desk, const Call&) {
  return Document(Json{{"arch", arch},
                       {"clustering_type", "native"},
                       {"name", desk.cluster_name},
                       {"node_version", node_version},
                       {"platform", "linux"},
                       {"teraslice_version", std::string("v") + teraslice_version},
                       {"version", version}});
}

Handled get_cluster_state(Desk& desk, const Call&) { return desk.cluster.state(); }

Handled post_job(Desk& desk, const Call& call) {
  const auto start = call.query.text("start");
  if (!start) {
    return tl::make_unexpected(start.error());
  }
  return handled(desk.jobs.submit(call.body, start->value_or("true") != "false"));
}

Handled get_jobs(Desk& desk, const Call& call) {
  auto query = list_query(call.query);
  const auto active = call.query.text("active");
  if (!query || !active) {
    return tl::make_unexpected(!query ? query.error() : active.error());
  }
  if (*active == "true" || *active == "false") {
    query->active = *active == "true";
  }
  return handled(desk.jobs.list(*query));
}

Handled get_job(Desk& desk, const Call& call) { return handled(desk.jobs.get(JobId{call.id})); }

Handled get_job_execution(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return handled(desk.executions.get(ex_id)); });
}

Handled get_job_controller(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return controller(desk, ex_id); });
}

Handled start_job(Desk& desk, const Call& call) { return handled(desk.jobs.start(JobId{call.id})); }

Handled stop_job(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return stop(desk, call, ex_id); });
}

Handled pause_job(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return desk.executions.pause(ex_id, call.ticket); });
}

Handled resume_job(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return desk.executions.resume(ex_id, call.ticket); });
}

Handled recover_job(Desk& desk, const Call& call) {
  const auto cleanup = cleanup_type(call.query);
  if (!cleanup) {
    return tl::make_unexpected(cleanup.error());
  }
  return handled(desk.jobs.recover(JobId{call.id}, *cleanup));
}

Handled get_executions(Desk& desk, const Call& call) {
  auto query = list_query(call.query);
  const auto status = call.query.text("status");
  if (!query || !status) {
    return tl::make_unexpected(!query ? query.error() : status.error());
  }
  std::string name;
  for (const char c : status->value_or("") + ",") {
    if (c == ',' && !name.empty()) {
      query->status.push_back(std::exchange(name, {}));
    } else if (c != ',' && c != ' ') {
      name += c;
    }
  }
  return handled(desk.executions.list(*query));
}

Handled get_execution(Desk& desk, const Call& call) { return handled(desk.executions.get(ExecutionId{call.id})); }

Handled get_execution_controller(Desk& desk, const Call& call) { return controller(desk, ExecutionId{call.id}); }

Handled stop_execution(Desk& desk, const Call& call) { return stop(desk, call, ExecutionId{call.id}); }

Handled pause_execution(Desk& desk, const Call& call) {
  return desk.executions.pause(ExecutionId{call.id}, call.ticket);
}

Handled resume_execution(Desk& desk, const Call& call) {
  return desk.executions.resume(ExecutionId{call.id}, call.ticket);
}

Handled recover_execution(Desk& desk, const Call& call) {
  const auto cleanup = cleanup_type(call.query);
  if (!cleanup) {
    return tl::make_unexpected(cleanup.error());
  }
  return handled(desk.executions.recover(ExecutionId{call.id}, *cleanup));
}

}  // namespace slicebus::api
