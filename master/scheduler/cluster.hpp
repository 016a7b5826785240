#pragma once
#include <map>
#include <optional>
#include <vector>

#include "common/time.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::scheduler {

/// Slots that a node reports for one execution.
struct SlotCount {
  std::uint32_t serving = 0;
  std::uint32_t draining = 0;  ///< on their way out, their places not free yet

  std::uint32_t total() const { return serving + draining; }
};

/// The nodes as the broker tells them. A restarted broker does not know every node at once, so nodes that are missing
/// from its first word stay as they were for `grace`: nobody is lost because the broker was.
class Cluster {
 public:
  explicit Cluster(Duration grace) : grace_(grace) {}

  struct Change {
    bool resync = false;    ///< an update was missed: ask for a snapshot; nothing was applied
    bool relevant = false;  ///< something that placement looks at is different: who is connected, totals, slots
    std::vector<wire::NodeEntry> nodes;
    std::vector<NodeId> removed;
  };
  Change apply(const wire::ClusterUpdate& update, TimePoint now);
  /// Nodes whose grace is over are disconnected.
  Change expire(TimePoint now);

  /// By node id. Disconnected ones are kept until the broker removes them.
  const std::map<NodeId, wire::NodeEntry>& nodes() const { return nodes_; }
  /// There has been a snapshot.
  bool known() const { return known_; }
  /// What connected nodes report of an execution: none of them with 0 slots.
  const std::map<NodeId, SlotCount>& slots_of(const ExecutionId& ex_id) const;

 private:
  void put(const wire::NodeEntry& entry, Change& change);
  void list(const wire::NodeEntry& entry);
  void unlist(const wire::NodeEntry& entry);

  Duration grace_;
  std::map<NodeId, wire::NodeEntry> nodes_;
  std::map<ExecutionId, std::map<NodeId, SlotCount>> by_execution_;  ///< `nodes_` the other way round, connected ones
  std::map<NodeId, TimePoint> missing_;  ///< not heard of by the present broker; when that ends in `disconnected`
  ProcessId broker_;
  std::uint64_t sequence_ = 0;
  bool known_ = false;
};

}  // namespace slicebus::scheduler
