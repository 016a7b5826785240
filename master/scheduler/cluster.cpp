#include "master/scheduler/cluster.hpp"

#include <set>

namespace slicebus::scheduler {
namespace {

bool same_room(const wire::NodeEntry& a, const wire::NodeEntry& b) {
  return a.connected == b.connected && a.beat.agent == b.beat.agent && a.beat.slots_total == b.beat.slots_total &&
         a.beat.slots == b.beat.slots && a.beat.deaths == b.beat.deaths && a.beat.trouble == b.beat.trouble;
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
    if (const auto found = nodes_.find(node); found != nodes_.end()) {
      unlist(found->second);
      nodes_.erase(found);
      change.relevant = true;
    }
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
      unlist(found->second);
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
    list(entry);
    change.relevant = true;
    return;
  }
  if (!same_room(at->second, entry)) {
    unlist(at->second);
    list(entry);
    change.relevant = true;
  }
  at->second = entry;
}

void Cluster::list(const wire::NodeEntry& entry) {
  if (!entry.connected) {
    return;
  }
  for (const wire::SlotState& slot : entry.beat.slots) {
    SlotCount& running = by_execution_[slot.ex_id][entry.beat.node];
    ++(slot.draining ? running.draining : running.serving);
  }
}

void Cluster::unlist(const wire::NodeEntry& entry) {
  if (!entry.connected) {
    return;
  }
  for (const wire::SlotState& slot : entry.beat.slots) {
    if (const auto found = by_execution_.find(slot.ex_id); found != by_execution_.end()) {
      found->second.erase(entry.beat.node);
      if (found->second.empty()) {
        by_execution_.erase(found);
      }
    }
  }
}

const std::map<NodeId, SlotCount>& Cluster::slots_of(const ExecutionId& ex_id) const {
  static const std::map<NodeId, SlotCount> none;
  const auto found = by_execution_.find(ex_id);
  return found == by_execution_.end() ? none : found->second;
}

}  // namespace slicebus::scheduler
