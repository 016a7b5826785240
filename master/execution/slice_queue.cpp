#include "master/execution/slice_queue.hpp"

namespace slicebus::execution {

void SliceQueue::add(store::PlannedSlice planned, bool chosen) {
  const auto [entry, added] = slices_.try_emplace(planned.slice);
  if (!added) {
    return;
  }
  Slice& slice = entry->second;
  slice.at = planned.slice;
  slice.request = std::move(planned.request);
  slice.chosen = chosen;
  enter(slice, SliceState::ready);
  ready_.push_back(slice);
}

Slice* SliceQueue::find(SlicePosition at) {
  const auto found = slices_.find(at);
  return found == slices_.end() ? nullptr : &found->second;
}

void SliceQueue::take(Slice& slice, SliceState to) {
  SB_ASSERT(to == SliceState::assigned || to == SliceState::held || to == SliceState::committing,
            "take() is for what leaves the line");
  leave(slice);
  enter(slice, to);
}

void SliceQueue::put_first(Slice& slice) {
  leave(slice);
  enter(slice, SliceState::ready);
  ready_.push_front(slice);
}

void SliceQueue::put_off(Slice& slice, TimePoint until) {
  leave(slice);
  enter(slice, SliceState::backing_off);
  slice.until = until;
  backing_off_.emplace(until, slice.at);
}

void SliceQueue::wake(TimePoint now) {
  while (!backing_off_.empty() && backing_off_.begin()->first <= now) {
    Slice& slice = *find(backing_off_.begin()->second);
    leave(slice);
    enter(slice, SliceState::ready);
    ready_.push_back(slice);
  }
}

std::optional<TimePoint> SliceQueue::next_wake() const {
  if (backing_off_.empty()) {
    return std::nullopt;
  }
  return backing_off_.begin()->first;
}

void SliceQueue::erase(Slice& slice) {
  leave(slice);
  slices_.erase(slice.at);
}

void SliceQueue::leave(Slice& slice) {
  if (slice.list != nullptr) {
    slice.list->remove(slice);
  }
  if (slice.state == SliceState::backing_off) {
    backing_off_.erase({slice.until, slice.at});
  }
  if (slice.state == SliceState::ready || slice.state == SliceState::backing_off) {
    queued_bytes_ -= slice.request.size();
  }
  --counts_[static_cast<std::size_t>(slice.state)];
}

void SliceQueue::enter(Slice& slice, SliceState state) {
  slice.state = state;
  if (state == SliceState::ready || state == SliceState::backing_off) {
    queued_bytes_ += slice.request.size();
  }
  ++counts_[static_cast<std::size_t>(state)];
}

}  // namespace slicebus::execution
