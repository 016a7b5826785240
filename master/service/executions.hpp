#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/messages.hpp"
#include "master/scheduler/messages.hpp"
#include "master/service/answer.hpp"
#include "master/service/document.hpp"
#include "master/service/execution_document.hpp"
#include "master/service/sources.hpp"
#include "master/service/status_machine.hpp"
#include "master/store/records_store.hpp"

namespace slicebus::service {

/// Names the request that waits for an answer.
using Ticket = std::uint64_t;

/// An answer to a request that had to wait.
struct Settled {
  Ticket ticket = 0;
  Answer<Document> answer;
};

struct StopOptions {
  bool blocking = true;
  bool force = false;
  std::optional<Duration> timeout;  ///< until running slices lose their slots; nothing: the configured one, 0 by force
};

/// POST …/_workers: wanted workers, by how many more or fewer, or how many in all.
struct WorkersChange {
  enum class Kind : std::uint8_t { add, remove, total } kind = Kind::total;
  std::uint32_t count = 1;  ///< >= 1
};
/// Requests that wait for an execution at once; of more, the oldest is refused. Clients that leave do not say so, and
/// what waits for them must neither grow nor take all places that the front door has.
inline constexpr std::size_t waiting_max = 1'000;
/// The most workers that an execution may want; a job's `workers` has the same limit.
inline constexpr std::uint32_t workers_wanted_max = 100'000;

/// The executions: their records, what the living ones are doing, and the commands over them. The one writer of
/// `_status`. What is answered or told to the control actor is durable before.
///
/// Lives on the records actor's thread. After each batch of facts the actor calls flush(), then takes outbox() and
/// settled().
class Executions {
 public:
  /// @param stop_timeout  of a stop without its own
  Executions(store::ExecutionStore& store, Sources sources, Stamps& stamps, Duration stop_timeout);

  /// Reads what earlier masters left and tells the control actor of it, oldest first. Once, before anything else.
  Result<void> load();
  /// What load() could not read and left out: for the log.
  std::vector<Error> unreadable() { return std::exchange(unreadable_, {}); }

  // ---- new ones ----
  struct New {
    store::ExecutionRecord record;
    Document document;  ///< the record's
  };
  /// A new execution, `pending`, for the store and then for begin().
  /// @param lineage  of the execution that it recovers; empty: its own
  New draft(const Json& config, const JobId& job_id, const LineageId& lineage, const std::optional<Recovers>& recovers);
  /// It is in the store: the control actor is told.
  void begin(New execution);
  /// Both, and durable on return.
  Answer<ExecutionId> create(const Json& config, const JobId& job_id, const LineageId& lineage,
                             const std::optional<Recovers>& recovers);
  /// POST /ex/<ex>/_recover: the same configuration once more, on the lineage's ledger. {"job_id", "ex_id"}
  Answer<Document> recover(const ExecutionId& ex_id, const std::string& cleanup);
  /// A 409 when an execution of the lineage is not terminal.
  Answer<void> may_recover(const LineageId& lineage) const;
  /// A living execution of the job, if there is one.
  bool is_running(const JobId& job_id) const;

  // ---- reading; never waits for a controller ----
  Answer<Document> get(const ExecutionId& ex_id) const;
  Answer<std::vector<Document>> list(const store::ListQuery& query) const;
  /// The newest of the job. Refusal: R-api-16.
  Answer<store::ExecutionRecord> latest_of(const JobId& job_id) const;
  Answer<std::optional<store::ExecutionRecord>> find_latest(const JobId& job_id) const;
  /// The newest of each of these jobs, {} where there is none or it is deleted (R-api-25).
  Answer<std::map<JobId, Document>> latest_shown(const std::vector<JobId>& job_ids) const;
  /// One entry of /controller (R-api-59). Refusal: R-api-61.
  Answer<Document> statistics(const ExecutionId& ex_id) const;
  /// Those of every connected controller, by name and start, both descending (R-api-60).
  std::vector<Document> all_statistics() const;

  // ---- commands; nothing in the answer: it comes later, as Settled under `ticket` ----
  Answer<std::optional<Document>> stop(const ExecutionId& ex_id, const StopOptions& options, Ticket ticket);
  Answer<std::optional<Document>> pause(const ExecutionId& ex_id, Ticket ticket);
  Answer<std::optional<Document>> resume(const ExecutionId& ex_id, Ticket ticket);
  /// R-api-98…101. Counts wanted workers, whatever runs; a removal answers once the processes are gone.
  Answer<std::optional<Document>> change_workers(const ExecutionId& ex_id, const WorkersChange& change, Ticket ticket);

  /// R-api-102: how its slots log from their next slice on, kept until the execution ends. {"exId", "level"}
  Answer<Document> set_log_level(const ExecutionId& ex_id, const std::string& level);

  // ---- facts from the control actor ----
  void on(const scheduler::ExecutionPlaced& placed);
  void on(const scheduler::ControllerOpened& opened);
  void on(const scheduler::ControllerSaid& said);
  void on(const scheduler::ControllerGone& gone);
  void on(const scheduler::WorkersReached& reached);
  void on(const scheduler::ExecutionNeverRan& never);
  void on(const scheduler::ExecutionBroke& broke);
  void on(const scheduler::WaitingChanged& changed);

  /// Writes what changed, all of it or nothing. Errors: of the store; the changes stay and the next flush tries again.
  Result<void> flush();
  /// Something is still to be written.
  bool unwritten() const;
  std::vector<scheduler::ToControl> outbox() { return std::exchange(outbox_, {}); }
  std::vector<Settled> settled() { return std::exchange(settled_, {}); }
  /// Answers all that wait: the master is shutting down.
  void give_up_waiting();

 private:
  /// R-ex-107: the watch over an execution that goes on in spite of failures.
  struct Probation {
    WallTime ends{};
    std::uint64_t failed = 0;     ///< slices when it began
    std::uint64_t processed = 0;  ///< answered, failed ones included
  };
  struct Living {
    store::ExecutionRecord record;  ///< its document is written from `document` at each put
    Document document;
    Status status = Status::pending;
    scheduler::Desire desire;
    std::uint64_t reached = 0;          ///< Desire::version of which the controller has shown that it is so
    std::uint64_t workers_version = 0;  ///< counts the changes of `_workers_wanted` in this life of the master
    std::uint64_t workers_reached = 0;  ///< the one that slots have followed
    bool connected = false;
    wire::ControllerBeat beat;  ///< the last one; meaningful when connected or ended
    std::string waiting;
    std::uint64_t failures_forgiven = 0;  ///< a resume writes `running` over failures that were known (R-api-91)
    bool recovery_forgiven = false;
    std::optional<Probation> probation;  ///< lifecycle persistent, while it is failing
    bool dirty = false;
  };
  enum class Waits : std::uint8_t { stop, pause, resume, workers };
  struct Waiter {
    Ticket ticket = 0;
    Waits kind = Waits::stop;
    bool force = false;                 ///< stop
    std::uint64_t workers_version = 0;  ///< workers
    std::uint32_t removed = 0;          ///< workers
  };

  void happen(Living& living, StatusEvent event);
  void follow(Living& living, StatusEvent event);
  void forgive(Living& living);
  void fail(Living& living);
  void watch(Living& living);
  void end(Living& living, StatusEvent event, const std::string& reason);
  Result<void> write(Living& living);
  void wait(const ExecutionId& ex_id, Waiter waiter);
  void settle(const ExecutionId& ex_id, const Living& living);
  std::optional<Answer<Document>> answer_for(const Waiter& waiter, const Living& living) const;
  Answer<void> ordered(Living& living, Living before);
  Answer<void> may_change(const ExecutionId& ex_id, Command command);
  Document shown(const Living& living) const;
  Living* living(const ExecutionId& ex_id);
  const Living* living(const ExecutionId& ex_id) const;

  store::ExecutionStore& store_;
  Sources sources_;
  Stamps& stamps_;
  Duration stop_timeout_;
  std::map<ExecutionId, Living> living_;
  std::multimap<ExecutionId, Waiter> waiters_;
  std::vector<scheduler::ToControl> outbox_;
  std::vector<Settled> settled_;
  std::vector<Error> unreadable_;
  std::string write_trouble_;  ///< why the last flush failed, or empty
};

}  // namespace slicebus::service
