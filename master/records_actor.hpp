#pragma once
#include <chrono>
#include <thread>

#include "common/bus/pipe.hpp"
#include "master/api/api.hpp"
#include "master/http/http.hpp"
#include "master/scheduler/messages.hpp"
#include "master/service/cluster_view.hpp"
#include "master/service/jobs.hpp"
#include "master/store/records_store.hpp"

namespace slicebus {

struct RecordsConfig {
  api::ApiConfig api;
  std::string cluster_name = "teracluster";  ///< as GET / shows it
  service::MasterIdentity identity;
  Duration stop_timeout = 7s;                    ///< of a stop without its own
  std::chrono::milliseconds drain_limit{1'000};  ///< how long answers may take to go out at the end
};

/// The master's second actor: REST, the records, and every `_status`. It alone touches the stores once run() has begun,
/// which is why it is a thread of its own: they block.
class RecordsActor {
 public:
  using ToMe = bus::Pipe<scheduler::ToControl, scheduler::ToRecords>;

  RecordsActor(RecordsConfig config, store::JobStore& jobs, store::ExecutionStore& executions, http::HttpServer& server,
               ToMe control);
  /// Reads what earlier masters left. Before run(); any thread. Errors: of the stores.
  Result<void> load();
  /// Until CloseRecords; on its own thread.
  void run();

 private:
  bool take_facts();
  void take_requests();
  void finish_round();
  void on(const scheduler::StopServing&);

  RecordsConfig config_;
  service::Stamps stamps_;
  service::Executions executions_;
  service::Jobs jobs_;
  service::ClusterView cluster_;
  api::Api api_;
  http::HttpServer& server_;
  ToMe control_;
  bool serving_ = true;
  bool write_failed_ = false;
};

}  // namespace slicebus
