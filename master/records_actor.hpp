#pragma once
#include <chrono>
#include <thread>

#include "common/bus/pipe.hpp"
#include "common/bus/pipe_thread.hpp"
#include "master/api/api.hpp"
#include "master/http/http.hpp"
#include "master/scheduler/messages.hpp"
#include "master/service/assets.hpp"
#include "master/service/cluster_view.hpp"
#include "master/service/jobs.hpp"
#include "master/service/slice_errors.hpp"
#include "master/store/asset_store.hpp"
#include "master/store/records_store.hpp"

namespace slicebus {

struct RecordsConfig {
  api::ApiConfig api;
  std::string cluster_name = "teracluster";  ///< as GET / shows it
  service::MasterIdentity identity;
  std::string autoload_directory{};              ///< its *.zip are stored at the start (R-ex-143); empty: none
  Duration stop_timeout = 7s;                    ///< of a stop without its own
  std::chrono::milliseconds drain_limit{1'000};  ///< how long answers may take to go out at the end
};

/// What it keeps, by its ports; `blobs` is the one that a second thread uses, too.
struct RecordsStores {
  store::JobStore& jobs;
  store::ExecutionStore& executions;
  store::ErrorStore& errors;
  store::AssetStore& assets;
  store::AssetBlobs& blobs;
};

/// The master's second actor: REST, the records, and every `_status`. It alone touches the stores once run() has begun,
/// which is why it is a thread of its own: they block.
class RecordsActor {
 public:
  using ToMe = bus::Pipe<scheduler::ToControl, scheduler::ToRecords>;

  RecordsActor(RecordsConfig config, RecordsStores stores, http::HttpServer& server, bus::Context& context,
               ToMe control);
  /// Reads what earlier masters left. Before run(); any thread. Errors: of the stores.
  Result<void> load();
  /// Until CloseRecords; on its own thread.
  void run();

 private:
  bool take_facts();
  void take_requests();
  void finish_round();
  void begin_change();
  void tell_control();
  void record_errors(const wire::SlicesFailed& told);
  void on(const scheduler::StopServing&);
  void on(const scheduler::AssetAsked& asked);
  void autoload();

  RecordsConfig config_;
  service::Stamps stamps_;
  service::Executions executions_;
  service::Assets assets_;
  service::Jobs jobs_;
  service::SliceErrors errors_;
  service::ClusterView cluster_;
  api::Api api_;
  http::HttpServer& server_;
  /// Bundles are checked beside the loop: unpacking one takes up to a second.
  bus::PipeThread<service::Upload, service::CheckedUpload> checker_;
  ToMe control_;
  bool serving_ = true;
  bool changed_ = false;  ///< something of this round may have changed what reads are answered
  bool write_failed_ = false;
  bool errors_failed_ = false;
};

}  // namespace slicebus
