#include "master/execution/slot_table.hpp"

#include <limits>

#include "common/assert.hpp"

namespace slicebus::execution {

namespace {

/// Dead processes that are remembered; what an older one still had in a pipe is long gone.
constexpr std::size_t dead_max = 65'536;

}  // namespace

SlotView* SlotTable::by_process(const ProcessId& process) {
  const auto found = by_process_.find(process);
  return found == by_process_.end() ? nullptr : slots_[found->second].get();
}

SlotView* SlotTable::by_peer(const std::string& peer) {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? nullptr : slots_[found->second].get();
}

SlotView& SlotTable::add(ProcessId process, NodeId node, ProcessId agent) {
  const auto index = static_cast<SlotIndex>(slots_.size());
  const bool added = by_process_.emplace(process, index).second;
  SB_ASSERT(added, "add() of a slot that is there");
  auto slot = std::make_unique<SlotView>();
  slot->index = index;
  slot->process = std::move(process);
  slot->node = std::move(node);
  slot->agent = std::move(agent);
  slots_.push_back(std::move(slot));
  return *slots_.back();
}

void SlotTable::move_to(SlotView& slot, const std::string& peer) {
  if (slot.peer == peer) {
    return;
  }
  if (!slot.peer.empty()) {
    by_peer_.erase(slot.peer);
  }
  slot.peer = peer;
  if (peer.empty()) {
    return;
  }
  const auto [entry, free] = by_peer_.try_emplace(peer, slot.index);
  if (!free) {
    SlotView& former = *slots_[entry->second];
    former.peer.clear();
    refresh(former);
    entry->second = slot.index;
  }
}

void SlotTable::bury(const ProcessId& process) {
  if (SlotView* slot = by_process(process)) {
    SB_ASSERT(slot->has.empty(), "bury() of a slot that still has slices");
    move_to(*slot, {});
    refresh(*slot);
    by_process_.erase(process);
    slots_[slot->index].reset();
  }
  if (dead_.insert(process).second) {
    dead_order_.push_back(process);
    if (dead_order_.size() > dead_max) {
      dead_.erase(dead_order_.front());
      dead_order_.pop_front();
    }
  }
}

void SlotTable::refresh(SlotView& slot) {
  std::optional<std::uint32_t> load;
  std::size_t room = 0;
  const bool is_heard = !slot.peer.empty() && !slot.silent;
  const std::size_t bytes = is_heard ? slot.out.bytes() : 0;
  bytes_ = bytes_ - slot.counted_bytes + bytes;
  slot.counted_bytes = bytes;
  if (is_heard && !slot.draining && !slot.recall_at && slot.out.size() < slot.window &&
      slot.out.bytes() < slot_bytes_max_) {
    load = static_cast<std::uint32_t>(slot.out.size() * std::numeric_limits<std::uint16_t>::max() / slot.window);
    room = slot.window - slot.out.size();
  }
  room_ = room_ - slot.open_room + room;
  slot.open_room = room;
  if (load == slot.open_load) {
    return;
  }
  if (slot.open_load) {
    open_.erase({*slot.open_load, slot.index});
  }
  if (load) {
    open_.emplace(*load, slot.index);
  }
  slot.open_load = load;
}

}  // namespace slicebus::execution
