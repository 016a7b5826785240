#pragma once
#include <array>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "common/node_pool.hpp"
#include "common/slice_order_hash.hpp"
#include "master/execution/slice.hpp"
#include "master/store/slice_ledger.hpp"

namespace slicebus::execution {

/// The unfinished slices of an execution by position, and the line of those that wait for a slot. O(1) per slice, O(log
/// n) for one in back-off; its size is that of the work in progress, whatever was finished before.
class SliceQueue {
 public:
  /// Enters a planned slice at the end of the line; one that is there already is left as it is.
  void add(store::PlannedSlice planned, bool chosen);
  /// @return the slice while it is unfinished, else nothing
  Slice* find(SlicePosition at);

  /// The head of the line, or nothing.
  Slice* next_ready() const { return ready_.front(); }
  /// Goes out to a slot, or into a group: leaves the line, or its holder's list. `to` is assigned, held or committing.
  void take(Slice& slice, SliceState to);
  /// Comes back, to the head of the line.
  void put_first(Slice& slice);
  /// Comes back, and waits until then.
  void put_off(Slice& slice, TimePoint until);
  /// Those whose back-off is over join the end of the line.
  void wake(TimePoint now);
  std::optional<TimePoint> next_wake() const;
  /// The slice is finished and durable.
  void erase(Slice& slice);

  std::size_t size() const { return slices_.size(); }
  std::size_t count(SliceState state) const { return counts_[static_cast<std::size_t>(state)]; }
  /// Not given out: ready and backing off.
  std::size_t queued() const { return count(SliceState::ready) + count(SliceState::backing_off); }
  std::size_t queued_bytes() const { return queued_bytes_; }

 private:
  void leave(Slice& slice);
  void enter(Slice& slice, SliceState state);

  NodePool nodes_;
  std::pmr::unordered_map<SlicePosition, Slice, SliceOrderHash> slices_{
      &nodes_};  ///< nodes stay where they are: lists link them
  SliceList ready_;
  std::set<std::pair<TimePoint, SlicePosition>> backing_off_;
  std::array<std::size_t, slice_states> counts_{};
  std::size_t queued_bytes_ = 0;
};

}  // namespace slicebus::execution
