#include "worker/slot/holdings.hpp"

#include <algorithm>
#include <utility>

#include "common/assert.hpp"

namespace slicebus::slot {

using wire::SliceCopy;

std::optional<SliceCopy> Holdings::copy_of(SlicePosition slice) const {
  const auto found = had_.find(slice);
  if (found == had_.end()) {
    return std::nullopt;
  }
  return SliceCopy{slice, found->second};
}

bool Holdings::has(const SliceCopy& copy) const {
  const auto found = had_.find(copy.slice);
  return found != had_.end() && found->second == copy.fence;
}

void Holdings::prefetch(wire::AssignedSlice slice) {
  const bool is_new = had_.emplace(slice.slice, slice.fence).second;
  SB_ASSERT(is_new, "prefetch() of a slice that the slot has; the older copy must be taken back first");
  prefetched_bytes_ += slice.request.size();
  prefetched_.push_back(std::move(slice));
}

wire::AssignedSlice Holdings::hand() {
  SB_ASSERT(!prefetched_.empty(), "hand() with nothing prefetched");
  wire::AssignedSlice next = std::move(prefetched_.front());
  prefetched_.pop_front();
  prefetched_bytes_ -= next.request.size();
  handed_.push_back({.copy = {next.slice, next.fence}, .bytes = next.request.size()});
  handed_bytes_ += next.request.size();
  return next;
}

std::vector<SliceCopy> Holdings::take_unbegun(std::size_t count) {
  SB_ASSERT(count <= handed_.size(), "take_unbegun() of more slices than were handed");
  std::vector<SliceCopy> copies;
  copies.reserve(count);
  for (auto handed = handed_.end() - static_cast<std::ptrdiff_t>(count); handed != handed_.end(); ++handed) {
    copies.push_back(handed->copy);
    handed_bytes_ -= handed->bytes;
    if (!handed->disowned) {
      had_.erase(handed->copy.slice);
    }
  }
  handed_.resize(handed_.size() - count);
  return copies;
}

void Holdings::end_running() {
  SB_ASSERT(!handed_.empty(), "end_running() while nothing runs");
  if (!handed_.front().disowned) {
    had_.erase(handed_.front().copy.slice);
  }
  handed_bytes_ -= handed_.front().bytes;
  handed_.pop_front();
}

void Holdings::running_is_held() {
  SB_ASSERT(!handed_.empty() && !handed_.front().disowned, "running_is_held() of a slice that was taken back");
  held_.push_back(handed_.front().copy);
  handed_bytes_ -= handed_.front().bytes;
  handed_.pop_front();
}

void Holdings::release(std::span<const SliceCopy> copies) {
  for (const SliceCopy& copy : copies) {
    if (!handed_.empty() && handed_.front().copy == copy) {
      end_running();
    } else if (has(copy) && std::erase(held_, copy) > 0) {
      had_.erase(copy.slice);
    }
  }
}

std::vector<SliceCopy> Holdings::take_prefetched() {
  std::vector<SliceCopy> copies;
  copies.reserve(prefetched_.size());
  for (const wire::AssignedSlice& slice : prefetched_) {
    copies.push_back({slice.slice, slice.fence});
    had_.erase(slice.slice);
  }
  prefetched_.clear();
  prefetched_bytes_ = 0;
  return copies;
}

std::vector<SliceCopy> Holdings::take_held() {
  for (const SliceCopy& copy : held_) {
    had_.erase(copy.slice);
  }
  return std::exchange(held_, {});
}

bool Holdings::take_if_prefetched(const SliceCopy& copy) {
  const auto found = std::find_if(prefetched_.begin(), prefetched_.end(), [&](const wire::AssignedSlice& slice) {
    return slice.slice == copy.slice && slice.fence == copy.fence;
  });
  if (found == prefetched_.end()) {
    return false;
  }
  prefetched_bytes_ -= found->request.size();
  prefetched_.erase(found);
  had_.erase(copy.slice);
  return true;
}

bool Holdings::disown_if_handed(const SliceCopy& copy) {
  const auto found = std::find_if(handed_.begin(), handed_.end(),
                                  [&](const Handed& handed) { return !handed.disowned && handed.copy == copy; });
  if (found == handed_.end()) {
    return false;
  }
  found->disowned = true;
  had_.erase(copy.slice);
  return true;
}

bool Holdings::is_held(const SliceCopy& copy) const {
  return has(copy) && std::find(held_.begin(), held_.end(), copy) != held_.end();
}

std::vector<SliceCopy> Holdings::all() const {
  std::vector<SliceCopy> copies;
  copies.reserve(had_.size());
  for (const Handed& handed : handed_) {
    if (!handed.disowned) {
      copies.push_back(handed.copy);
    }
  }
  for (const wire::AssignedSlice& slice : prefetched_) {
    copies.push_back({slice.slice, slice.fence});
  }
  copies.insert(copies.end(), held_.begin(), held_.end());
  return copies;
}

}  // namespace slicebus::slot
