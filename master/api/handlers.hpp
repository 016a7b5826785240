#pragma once
#include <optional>
#include <string>

#include "master/api/request.hpp"
#include "master/service/cluster_view.hpp"
#include "master/service/jobs.hpp"

/// One function per endpoint: parse, call the service, hand back what it says.
namespace slicebus::api {

/// What the endpoints serve from.
struct Desk {
  service::Jobs& jobs;
  service::Executions& executions;
  service::ClusterView& cluster;
  std::string cluster_name;  ///< `name`
};

struct Call {
  const Query& query;
  std::string id;  ///< the path's job or execution id; empty when it has none
  const service::Json& body;
  service::Ticket ticket = 0;
};

/// Nothing: the answer comes later, as Settled under the call's ticket.
using Handled = service::Answer<std::optional<service::Document>>;
using Handler = Handled (*)(Desk&, const Call&);

Handled get_info(Desk& desk, const Call& call);
Handled get_cluster_state(Desk& desk, const Call& call);

Handled post_job(Desk& desk, const Call& call);
Handled get_jobs(Desk& desk, const Call& call);
Handled get_job(Desk& desk, const Call& call);
Handled get_job_execution(Desk& desk, const Call& call);
Handled get_job_controller(Desk& desk, const Call& call);
Handled start_job(Desk& desk, const Call& call);
Handled stop_job(Desk& desk, const Call& call);
Handled pause_job(Desk& desk, const Call& call);
Handled resume_job(Desk& desk, const Call& call);
Handled recover_job(Desk& desk, const Call& call);

Handled get_executions(Desk& desk, const Call& call);
Handled get_execution(Desk& desk, const Call& call);
Handled get_execution_controller(Desk& desk, const Call& call);
Handled stop_execution(Desk& desk, const Call& call);
Handled pause_execution(Desk& desk, const Call& call);
Handled resume_execution(Desk& desk, const Call& call);
Handled recover_execution(Desk& desk, const Call& call);

}  // namespace slicebus::api
