#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/time.hpp"
#include "master/scheduler/messages.hpp"
#include "master/service/cluster_totals.hpp"
#include "master/service/document.hpp"

namespace slicebus::service {

/// Who this master is, as /cluster/state shows it.
struct MasterIdentity {
  std::string host;      ///< host name; its node is "<host>.master"
  std::string hostname;  ///< the advertised address
  std::uint32_t pid = 0;
};

/// GET /cluster/state (R-api-56, 57, design.md §8): worker machines, and the master as a node of its own.
class ClusterView {
 public:
  ClusterView(MasterIdentity master, std::function<WallTime()> wall)
      : master_(std::move(master)), totals_(std::move(wall)) {}
  void on(const scheduler::ClusterChanged& changed);
  void on(const scheduler::ControllersChanged& changed) { controllers_ = changed.controllers; }
  void on(const scheduler::ControllerSaid& said) { totals_.on(said.beat); }
  void on(const scheduler::ControllerGone& gone) { totals_.gone(gone.ex_id); }
  void on(const scheduler::BrokerHeard& broker) { broker_heard_ = broker.heard; }
  /// Without it nothing new can be placed.
  bool broker_heard() const { return broker_heard_; }
  Document state() const;
  /// GET /cluster/stats.
  Document stats() const;
  /// Every process on connected nodes, as /txt/workers lists them: an entry of `active` with its node's id and host.
  std::vector<Document> processes() const;
  /// Every node as /txt/nodes lists it: `active` is a count.
  std::vector<Document> nodes() const;

 private:
  MasterIdentity master_;
  std::map<NodeId, wire::NodeEntry> nodes_;
  std::vector<scheduler::ControllerProcess> controllers_;
  ClusterTotals totals_;
  bool broker_heard_ = false;
};

}  // namespace slicebus::service
