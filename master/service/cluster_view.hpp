#pragma once
#include <map>
#include <string>

#include "master/scheduler/messages.hpp"
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
  explicit ClusterView(MasterIdentity master) : master_(std::move(master)) {}
  void on(const scheduler::ClusterChanged& changed);
  void on(const scheduler::ControllersChanged& changed) { controllers_ = changed.controllers; }
  Document state() const;

 private:
  MasterIdentity master_;
  std::map<NodeId, wire::NodeEntry> nodes_;
  std::vector<scheduler::ControllerProcess> controllers_;
};

}  // namespace slicebus::service
