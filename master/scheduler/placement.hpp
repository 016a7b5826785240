#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "common/ids.hpp"

/// Where slots go. Pure functions; the scheduler keeps the shares.
namespace slicebus::scheduler {

/// Slots of one execution by node, each >= 1.
using Shares = std::map<NodeId, std::uint32_t>;
/// Slots that nobody has, by connected node; nodes with none may be left out.
using FreeSlots = std::map<NodeId, std::uint32_t>;

/// What an execution asks for.
struct Demand {
  ExecutionId ex_id;
  std::uint32_t wanted = 0;  ///< in all
  std::uint32_t has = 0;
  bool started = false;   ///< it has a controller already, or had one
  bool stopping = false;  ///< what it wants is one slot, to publish what was accepted
};

/// One more slot for that execution on that node.
struct Allocation {
  ExecutionId ex_id;
  NodeId node;

  bool operator==(const Allocation&) const = default;
};

/// Hands out free slots, one at a time, from the node with the most of them (ties: the lower node id): first to stops,
/// which give theirs back in a moment, then to started executions that have none at all, then a first one to each that
/// waits to start, then what is left to unmet wishes; each time the oldest first.
/// O((demands + allocations + spared) · log nodes).
/// @param demands  oldest first
/// @param spared   slots that nobody but a stop may have
/// @return         in the order of giving; at most `wanted - has` per execution, at most `free` per node
std::vector<Allocation> place(std::span<const Demand> demands, const FreeSlots& free, std::uint32_t spared = 0);

/// Takes slots away until `shares` sum to at most `wanted`, always from the node where the execution has the most
/// (ties: the higher node id), so that what stays is spread evenly.
void shed(Shares& shares, std::uint32_t wanted);

std::uint32_t total(const Shares& shares);

}  // namespace slicebus::scheduler
