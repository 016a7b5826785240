#pragma once
#include <optional>
#include <set>

#include "broker/membership.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::broker {

/// What the master has been told of the cluster, and what it has not: changes in, ClusterUpdates out. The nodes
/// themselves stand in Membership. A core.
class ClusterState {
 public:
  explicit ClusterState(ProcessId broker) : broker_(std::move(broker)) {}

  void changed(const NodeId& node);
  void removed(const NodeId& node);
  /// A master registered, or asks: the next update is a snapshot.
  void restart();

  /// The next update, numbered one above the last: changes at once, and an empty one when a second has gone by without,
  /// so that the master can tell a quiet cluster from a lost update. Nothing: there is nothing to say.
  std::optional<wire::ClusterUpdate> take(const Membership& members, TimePoint now);
  /// When take() has something to say if nothing changes until then.
  TimePoint next_update() const;

 private:
  ProcessId broker_;
  std::uint64_t sequence_ = 0;
  bool snapshot_due_ = true;
  std::set<NodeId> changed_;
  std::set<NodeId> removed_;
  TimePoint told_at_;
};

}  // namespace slicebus::broker
