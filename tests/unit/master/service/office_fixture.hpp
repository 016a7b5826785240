#pragma once
#include "master/service/assets.hpp"
#include "master/service/jobs.hpp"
#include "master/service/slice_errors.hpp"
#include "master/store/memory/error_store.hpp"
#include "master/store/memory/asset_store.hpp"
#include "master/store/memory/record_stores.hpp"

namespace slicebus::service {

/// An execution store whose writes can be made to fail.
class MoodyExecutionStore final : public store::ExecutionStore {
 public:
  Result<void> insert(const store::ExecutionRecord& e) override { return broken ? trouble() : memory.insert(e); }
  Result<void> put(const std::vector<store::ExecutionRecord>& e) override { return broken ? trouble() : memory.put(e); }
  Result<std::optional<store::ExecutionRecord>> get(const ExecutionId& id) override { return memory.get(id); }
  Result<std::optional<store::ExecutionRecord>> latest_of(const JobId& id) override { return memory.latest_of(id); }
  Result<std::map<JobId, store::ExecutionRecord>> latest_of(const std::vector<JobId>& job_ids) override {
    return memory.latest_of(job_ids);
  }
  Result<std::vector<store::ExecutionRecord>> living() override { return memory.living(); }
  Result<std::vector<store::ExecutionRecord>> of_lineage(const LineageId& id) override { return memory.of_lineage(id); }
  Result<std::vector<store::ExecutionRecord>> list(const store::ListQuery& query) override {
    return memory.list(query);
  }

  bool broken = false;
  store::MemoryExecutionStore memory;

 private:
  static tl::unexpected<Error> trouble() {
    return fail(Errc::exhausted, "records.db", "No space left on device", "free some");
  }
};

/// Jobs and executions over memory stores, with a clock that stands still and ids that count.
struct Office {
  Office() : stamps([this] { return wall; }) {}

  Sources sources{.wall = [this] { return wall; }, .new_id = [this] { return "id-" + std::to_string(++ids); }};
  WallTime wall{std::chrono::milliseconds(1'700'000'000'000)};
  int ids = 0;
  MoodyExecutionStore execution_store;
  store::MemoryJobStore job_store{execution_store.memory};
  Stamps stamps;
  Executions executions{execution_store, sources, stamps, 7s};
  store::MemoryErrorStore error_store;
  SliceErrors slice_errors{error_store, stamps};
  Jobs jobs{job_store, executions, sources, stamps};
  store::MemoryAssetStore asset_store;
  store::MemoryAssetBlobs asset_blobs;
  Assets assets{asset_store, asset_blobs, stamps};

  static nlohmann::ordered_json job() {
    return {{"name", "t"}, {"workers", 2}, {"operations", {{{"_op", "test-reader"}}, {{"_op", "noop"}}}}};
  }
  /// Submits; @return its execution
  ExecutionId submit(const nlohmann::ordered_json& posted = job()) {
    const auto answer = jobs.submit(posted, true);
    BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().message));
    job_id = JobId{answer->json().at("job_id").get<std::string>()};
    return ExecutionId{answer->json().at("ex_id").get<std::string>()};
  }
  wire::ControllerBeat beat(const ExecutionId& ex_id) const {
    wire::ControllerBeat out;
    out.ex_id = ex_id;
    out.slicing = true;
    out.started_ms = wall.time_since_epoch().count() - 2'500;
    return out;
  }
  void says(const wire::ControllerBeat& beat, std::uint64_t obeyed = 0) {
    executions.on(scheduler::ControllerSaid{beat, obeyed});
    BOOST_REQUIRE(executions.flush());
  }
  /// Submits and brings it to `running`.
  ExecutionId running(const nlohmann::ordered_json& posted = job()) {
    const ExecutionId ex_id = submit(posted);
    executions.on(scheduler::ExecutionPlaced{ex_id});
    executions.on(scheduler::ControllerOpened{ex_id, "10.0.0.1", 25'679});
    says(beat(ex_id), 1);
    executions.outbox();
    return ex_id;
  }
  void ends(const ExecutionId& ex_id, const std::string& status, const std::string& reason = {}) {
    wire::ControllerBeat last = beat(ex_id);
    last.final_status = status;
    last.failure_reason = reason;
    says(last);
  }
  std::string status(const ExecutionId& ex_id) const {
    return executions.get(ex_id)->json().at("_status").get<std::string>();
  }
  template <class Message>
  std::optional<Message> told() {
    std::optional<Message> last;
    for (const auto& message : executions.outbox()) {
      if (const auto* one = std::get_if<Message>(&message)) {
        last = *one;
      }
    }
    return last;
  }

  JobId job_id;
};

}  // namespace slicebus::service
