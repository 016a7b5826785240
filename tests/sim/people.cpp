#include <nlohmann/json.hpp>

#include "tests/sim/actors.hpp"

/// People, who submit jobs, pause, stop and recover them, and ask again when nobody answers.
namespace slicebus::sim {

namespace {

constexpr Duration patience = 500ms;
constexpr service::Ticket nobody_waits = 0;

service::Json configuration_of(const Job& job) {
  return {{"name", job.id.text},
          {"lifecycle", job.persistent ? "persistent" : "once"},
          {"workers", job.workers},
          {"slicers", job.ledger.lengths().size()},
          {"operations", {{{"_op", "test-reader"}}, {{"_op", "noop"}}}}};
}

}  // namespace

void Cluster::order(std::function<void(service::Executions&)> what) {
  if (master != nullptr && master->alive()) {
    master->ask(std::move(what));
  }
}

void Cluster::tend() {
  for (const auto& job : jobs) {
    if (!job->finished) {
      tend(*job);
    }
  }
  world.at(patience, nullptr, [this] { tend(); });
}

/// All that was planned or will be is done, by an execution that was asked for all of it.
bool Cluster::is_done(const Job& job) const { return job.ledger.is_done() && job.cleanup.empty(); }

void Cluster::tend(Job& job) {
  if (job.current.empty()) {
    submit(job);
    return;
  }
  if (!executions.is_terminal(job.current)) {
    if (job.persistent && quiet_ && job.ledger.is_done()) {
      job.wants_stop = true;
    }
    if (job.wants_stop) {
      order([&job](service::Executions& office) { (void)office.stop(job.current, {.blocking = false}, nobody_waits); });
    } else if (job.wants_pause != job.pause_ordered) {
      order([&job, wanted = job.wants_pause](service::Executions& office) {
        const auto answer = wanted ? office.pause(job.current, nobody_waits) : office.resume(job.current, nobody_waits);
        if (answer) {
          job.pause_ordered = wanted;
        }
      });
    }
    return;
  }
  if (!job.ended_at) {
    job.ended_at = world.now;
    job.wants_stop = false;
    if (is_done(job)) {
      // Once more, for the fun of it: a recovery of what is done, or of what failed.
      const bool again = world.now < heal_at && job.generation < 6 && world.chance.happens(0.3);
      job.finished = !again;
    }
  }
  if (!job.finished && world.now - *job.ended_at >= job.patience) {
    recover(job);
  }
}

void Cluster::submit(Job& job) {
  order([this, &job](service::Executions& office) {
    if (!job.current.empty()) {
      return;
    }
    if (const auto made = office.create(configuration_of(job), job.id, {}, std::nullopt)) {
      job.current = *made;
      job.lineage = LineageId{made->text};
      jobs_by_execution_[*made] = &job;
      ++job.generation;
    }
  });
}

void Cluster::recover(Job& job) {
  const bool some = world.now < heal_at && world.chance.happens(0.5);
  const std::string cleanup = some ? world.chance.one_of<const char*>({"all", "errors", "pending"}) : "";
  order([this, &job, former = job.current, cleanup](service::Executions& office) {
    if (job.current != former) {
      return;
    }
    if (const auto made = office.recover(former, cleanup)) {
      job.current = ExecutionId{made->json().at("ex_id").get<std::string>()};
      jobs_by_execution_[job.current] = &job;
      job.cleanup = cleanup;
      job.ended_at.reset();
      job.pause_ordered = false;
      ++job.generation;
      world.log("RECOVER " + former.text + " as " + job.current.text + " " + cleanup);
    }
  });
}

void Cluster::pause_when_quiet(Job& job) {
  const ExecutionId ex = job.current;
  job.wants_pause = true;
  world.at(20s, nullptr, [this, &job, ex] {
    const std::string status = executions.status(ex);
    const bool answered = status == "paused" || status == "stopping";  // by a stop, which came later
    if (ex == job.current && job.pause_ordered && !executions.is_terminal(ex) && !answered &&
        job.last_beats[ex].final_status.empty()) {
      throw Violation("a pause was not answered within 20 s");
    }
    job.wants_pause = false;
  });
}

void Cluster::status_changed(const ExecutionId& ex_id, const std::string& status) {
  const auto found = jobs_by_execution_.find(ex_id);
  if (found == jobs_by_execution_.end() || !executions.is_terminal(ex_id)) {
    return;
  }
  const std::string* final_status = found->second->ledger.final_status(ex_id);
  if (status == "completed" && (final_status == nullptr || *final_status != status)) {
    throw Violation(ex_id.text + " is recorded as completed, in its ledger it is not");
  }
  if (final_status != nullptr && *final_status != status) {
    throw Violation(ex_id.text + " is recorded as " + status + ", in its ledger it is " + *final_status);
  }
}

}  // namespace slicebus::sim
