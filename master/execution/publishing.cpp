#include "master/execution/publishing.hpp"

#include <algorithm>

namespace slicebus::execution {

void Publishing::add(SlicePosition name, Fence fence, SlotIndex slot, TimePoint ask_at) {
  outputs_[name] = Output{fence, slot, false, ask_at};
  asks_.emplace(ask_at, name);
}

bool Publishing::is_accepted(const wire::SliceCopy& copy) const {
  const auto found = outputs_.find(copy.slice);
  return found != outputs_.end() && found->second.fence == copy.fence;
}

bool Publishing::hear(const wire::SliceCopy& copy) {
  const auto found = outputs_.find(copy.slice);
  if (found == outputs_.end() || found->second.fence != copy.fence || found->second.visible) {
    return false;
  }
  found->second.visible = true;
  asks_.erase({found->second.ask_at, copy.slice});
  return true;
}

void Publishing::erase(SlicePosition name) {
  const auto found = outputs_.find(name);
  if (found != outputs_.end()) {
    asks_.erase({found->second.ask_at, name});
    outputs_.erase(found);
  }
}

void Publishing::forsake(SlotIndex slot, TimePoint now) {
  std::vector<SlicePosition> names;
  for (const auto& [name, output] : outputs_) {
    if (output.slot == slot && !output.visible && output.ask_at > now) {
      names.push_back(name);
    }
  }
  for (const SlicePosition name : names) {
    Output& output = outputs_[name];
    asks_.erase({output.ask_at, name});
    output.ask_at = now;
    output.slot = no_slot;
    asks_.emplace(now, name);
  }
}

std::vector<wire::SliceCopy> Publishing::due(TimePoint now, TimePoint next, std::size_t limit) {
  std::vector<wire::SliceCopy> copies;
  while (!asks_.empty() && asks_.begin()->first <= now && copies.size() < limit) {
    const SlicePosition name = asks_.begin()->second;
    asks_.erase(asks_.begin());
    Output& output = outputs_[name];
    output.ask_at = next;
    asks_.emplace(next, name);
    copies.push_back({name, output.fence});
  }
  return copies;
}

std::optional<TimePoint> Publishing::next_due() const {
  if (asks_.empty()) {
    return std::nullopt;
  }
  return asks_.begin()->first;
}

}  // namespace slicebus::execution
