#include "broker/cluster_state.hpp"

namespace slicebus::broker {
namespace {

// What the master shows is never older than this.
constexpr auto update_interval = 1s;

}  // namespace

void ClusterState::changed(const NodeId& node) {
  changed_.insert(node);
  removed_.erase(node);
}

void ClusterState::removed(const NodeId& node) {
  removed_.insert(node);
  changed_.erase(node);
}

void ClusterState::restart() { snapshot_due_ = true; }

std::optional<wire::ClusterUpdate> ClusterState::take(const Membership& members, TimePoint now) {
  if (!snapshot_due_ && changed_.empty() && removed_.empty() && now < next_update()) {
    return std::nullopt;
  }
  wire::ClusterUpdate update;
  update.broker = broker_;
  update.sequence = ++sequence_;
  update.snapshot = snapshot_due_;
  if (snapshot_due_) {
    update.nodes = members.entries(now);
  } else {
    for (const NodeId& node : changed_) {
      if (auto entry = members.entry(node, now)) {
        update.nodes.push_back(std::move(*entry));
      }
    }
    update.removed.assign(removed_.begin(), removed_.end());
  }
  snapshot_due_ = false;
  changed_.clear();
  removed_.clear();
  told_at_ = now;
  return update;
}

TimePoint ClusterState::next_update() const { return told_at_ + update_interval; }

}  // namespace slicebus::broker
