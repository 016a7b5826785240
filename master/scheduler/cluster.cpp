#include "master/scheduler/cluster.hpp"

#include <algorithm>
#include <set>

namespace slicebus::scheduler {
namespace {

bool same_room(const wire::NodeEntry& a, const wire::NodeEntry& b) {
  return a.connected == b.connected && a.beat.agent == b.beat.agent && a.beat.slots_total == b.beat.slots_total &&
         a.beat.slots == b.beat.slots && a.beat.trouble == b.beat.trouble;
}

}  // namespace

Cluster::Change Cluster::apply(const wire::ClusterUpdate& update, TimePoint now) {
  Change change;
  const bool same_broker = known_ && update.broker == broker_;
  if (!update.snapshot && (!same_broker || update.sequence != sequence_ + 1)) {
    // A repeat of what is known already is no gap.
    change.resync = !same_broker || update.sequence > sequence_;
    return change;
  }
  if (update.snapshot) {
    std::set<NodeId> named;
    for (const wire::NodeEntry& entry : update.nodes) {
      named.insert(entry.beat.node);
    }
    for (const auto& [node, entry] : nodes_) {
      if (named.contains(node)) {
        continue;
      }
      if (same_broker) {
        change.removed.push_back(node);
      } else if (entry.connected) {
        missing_.try_emplace(node, now + grace_);
      }
    }
  }
  broker_ = update.broker;
  sequence_ = update.sequence;
  known_ = true;
  for (const wire::NodeEntry& entry : update.nodes) {
    put(entry, change);
  }
  change.removed.insert(change.removed.end(), update.removed.begin(), update.removed.end());
  for (const NodeId& node : change.removed) {
    missing_.erase(node);
    change.relevant |= nodes_.erase(node) > 0;
  }
  return change;
}

Cluster::Change Cluster::expire(TimePoint now) {
  Change change;
  for (auto it = missing_.begin(); it != missing_.end();) {
    if (now < it->second) {
      ++it;
      continue;
    }
    const auto found = nodes_.find(it->first);
    it = missing_.erase(it);
    if (found != nodes_.end()) {
      found->second.connected = false;
      change.nodes.push_back(found->second);
      change.relevant = true;
    }
  }
  return change;
}

void Cluster::put(const wire::NodeEntry& entry, Change& change) {
  missing_.erase(entry.beat.node);
  change.nodes.push_back(entry);
  const auto [at, is_new] = nodes_.try_emplace(entry.beat.node, entry);
  if (is_new) {
    change.relevant = true;
    return;
  }
  change.relevant |= !same_room(at->second, entry);
  at->second = entry;
}

std::uint32_t Cluster::reported(const NodeId& node, const ExecutionId& ex_id, bool draining) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) {
    return 0;
  }
  const auto& slots = found->second.beat.slots;
  return static_cast<std::uint32_t>(std::count_if(slots.begin(), slots.end(), [&](const wire::SlotState& slot) {
    return slot.ex_id == ex_id && (draining || !slot.draining);
  }));
}

}  // namespace slicebus::scheduler
