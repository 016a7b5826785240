#include <charconv>

#include "common/config/config.hpp"
#include "master/api/endpoints.hpp"
#include "master/api/parameters.hpp"
#include "master/api/reply.hpp"

namespace slicebus::api {

using service::Answer;
using service::RefusalKind;
using service::refuse;
using service::StopOptions;

namespace {

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
  return handled(desk.executions.stop(ex_id, options, call.ticket));
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

/// Exactly one of add, remove and total, a whole number above 0 (R-api-98, Q-9).
Answer<service::WorkersChange> workers_change(const Query& query) {
  using Kind = service::WorkersChange::Kind;
  std::optional<service::WorkersChange> change;
  bool valid = true;
  for (const auto& [key, kind] : {std::pair{"add", Kind::add}, {"remove", Kind::remove}, {"total", Kind::total}}) {
    const auto said = query.text(key);
    if (!said) {
      valid = false;
    } else if (*said) {
      const std::string& text = **said;
      std::uint32_t count = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
      valid = valid && !change && error == std::errc{} && end == text.data() + text.size() && count > 0;
      change = service::WorkersChange{kind, count};
    }
  }
  if (!valid || !change) {
    return refuse(RefusalKind::invalid,
                  "Must provide a valid worker parameter(add/remove/total) that is a number and greater than zero");
  }
  return *change;
}

Handled change_workers(Desk& desk, const Call& call, const ExecutionId& ex_id) {
  const auto change = workers_change(call.query);
  if (!change) {
    return tl::make_unexpected(change.error());
  }
  return handled(desk.executions.change_workers(ex_id, *change, call.ticket));
}

Handled start_job(Desk& desk, const Call& call) { return handled(desk.jobs.start(JobId{call.id})); }

Handled stop_job(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return stop(desk, call, ex_id); });
}

Handled stop_execution(Desk& desk, const Call& call) { return stop(desk, call, ExecutionId{call.id}); }

Handled pause_job(Desk& desk, const Call& call) {
  return with_latest(desk, call,
                     [&](const ExecutionId& ex_id) { return handled(desk.executions.pause(ex_id, call.ticket)); });
}

Handled pause_execution(Desk& desk, const Call& call) {
  return handled(desk.executions.pause(ExecutionId{call.id}, call.ticket));
}

Handled resume_job(Desk& desk, const Call& call) {
  return with_latest(desk, call,
                     [&](const ExecutionId& ex_id) { return handled(desk.executions.resume(ex_id, call.ticket)); });
}

Handled resume_execution(Desk& desk, const Call& call) {
  return handled(desk.executions.resume(ExecutionId{call.id}, call.ticket));
}

Handled change_job_workers(Desk& desk, const Call& call) {
  return with_latest(desk, call, [&](const ExecutionId& ex_id) { return change_workers(desk, call, ex_id); });
}

Handled change_execution_workers(Desk& desk, const Call& call) {
  return change_workers(desk, call, ExecutionId{call.id});
}

Handled recover_job(Desk& desk, const Call& call) {
  const auto cleanup = cleanup_type(call.query);
  if (!cleanup) {
    return tl::make_unexpected(cleanup.error());
  }
  return handled(desk.jobs.recover(JobId{call.id}, *cleanup));
}

Handled recover_execution(Desk& desk, const Call& call) {
  const auto cleanup = cleanup_type(call.query);
  if (!cleanup) {
    return tl::make_unexpected(cleanup.error());
  }
  return handled(desk.executions.recover(ExecutionId{call.id}, *cleanup));
}

Handled set_job(Desk& desk, const Call& call) {
  const auto level = call.query.text("log_level");
  if (!level) {
    return tl::make_unexpected(level.error());
  }
  return with_latest(desk, call, [&](const ExecutionId& ex_id) {
    return handled(desk.executions.set_log_level(ex_id, level->value_or("")));
  });
}

const std::vector<Parameter> settings_parameters{
    {"log_level", R"({"type":"string","enum":["trace","debug","info","warn","error","fatal"]})",
     "How the workers of the execution log from their next slice on.", true}};

const std::vector<Parameter> stop_parameters{
    {"blocking", true_unless_said, "Answer when it has stopped; `false`: at once."},
    {"timeout",
     R"({"type":["integer","string"],"minimum":0,"maximum":31536000000000,)"
     R"("pattern":"^([0-9]{1,5}(\\.[0-9]{1,3})? *(ms|(milli)?seconds?|s|sec|min|minutes?|h|hours?|d|days?)?)?$"})",
     "How long running slices may take before their slots are ended: milliseconds, or a text such as `5 s`."},
    {"force", false_unless_said,
     "Stop it whatever its status says; without a `timeout` running slices have no time at all."}};

const std::vector<Parameter> workers_parameters{
    {"add", R"({"type":"integer","minimum":1,"maximum":100000})",
     "So many workers more. Exactly one of these three must be given."},
    {"remove", R"({"type":"integer","minimum":1,"maximum":100000})",
     "So many fewer, at least one stays; the answer comes when their processes are gone."},
    {"total", R"({"type":"integer","minimum":1,"maximum":100000})", "So many in all."}};

const std::vector<Parameter> recover_parameters{
    {"cleanup_type", R"({"type":"string","enum":["","all","errors","pending"]})",
     "Run only these slices of earlier executions, and end; empty: all that is left, and go on from there."},
    {"cleanup", R"({"type":"string","enum":["","all","errors","pending"]})", "The same under its short name."}};

/// A command over a job's latest execution or over one execution; both answer alike.
Route command(std::string_view path, Handler handler, std::string_view summary, std::string_view answer,
              std::vector<Parameter> query, std::vector<int> refusals) {
  return {.method = "POST",
          .path = path,
          .handler = handler,
          .summary = summary,
          .query = std::move(query),
          .answer = answer,
          .refusals = std::move(refusals)};
}

}  // namespace

std::vector<Route> command_endpoints() {
  return {
      command("/jobs/{job_id}/_start", start_job, "Runs a stored job.", "Started", {}, {404, 409, 410}),
      command("/jobs/{job_id}/_stop", stop_job, "Stops a job's latest execution.", "Stopped", stop_parameters, {404}),
      command("/ex/{ex_id}/_stop", stop_execution, "Stops an execution.", "Stopped", stop_parameters, {404}),
      command("/jobs/{job_id}/_pause", pause_job, "Pauses a job's latest execution.", "StatusAnswer", {}, {404, 409}),
      command("/ex/{ex_id}/_pause", pause_execution, "Pauses an execution.", "StatusAnswer", {}, {404, 409}),
      command("/jobs/{job_id}/_resume", resume_job, "Resumes a job's latest execution.", "StatusAnswer", {},
              {404, 409}),
      command("/ex/{ex_id}/_resume", resume_execution, "Resumes an execution.", "StatusAnswer", {}, {404, 409}),
      command("/jobs/{job_id}/_workers", change_job_workers, "Changes how many workers a job's latest execution wants.",
              "Message", workers_parameters, {404}),
      command("/ex/{ex_id}/_workers", change_execution_workers, "Changes how many workers an execution wants.",
              "Message", workers_parameters, {404}),
      command("/jobs/{job_id}/_recover", recover_job,
              "Goes on where a job's latest execution ended, as the job is now.", "Started", recover_parameters,
              {404, 409, 410}),
      command("/jobs/{job_id}/_settings", set_job, "Changes settings of a job's latest execution while it runs.",
              "LogLevelSet", settings_parameters, {404}),
      command("/ex/{ex_id}/_recover", recover_execution, "Goes on where an execution ended, with its configuration.",
              "Started", recover_parameters, {404, 409}),
  };
}

}  // namespace slicebus::api
