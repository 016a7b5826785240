#pragma once
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids.hpp"
#include "common/node_pool.hpp"
#include "common/slice_order_hash.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::slot {

/// What a slot has and the controller may take back: slices that were handed to the operations, of which the first one
/// runs; those prefetched; those whose records an operation holds. Of a slice at most one copy is had at a time; a
/// handed copy that was taken back is `disowned` and no longer counts as had.
class Holdings {
 public:
  struct Handed {
    wire::SliceCopy copy;
    std::size_t bytes = 0;     ///< of its request
    bool disowned = false;     ///< taken back since: its end is only worth a report, if anything
    bool backing_off = false;  ///< between two attempts
  };

  /// @return the copy of that slice that the slot has, if any
  std::optional<wire::SliceCopy> copy_of(SlicePosition slice) const;
  bool has(const wire::SliceCopy& copy) const;

  void prefetch(wire::AssignedSlice slice);
  /// Hands the oldest prefetched slice, of which there must be one, to the operations.
  wire::AssignedSlice hand();
  /// The last `count` of the handed ones do not run after all, and are not had any more. @return them, in order
  std::vector<wire::SliceCopy> take_unbegun(std::size_t count);
  /// What runs has ended; its copy is not had any more.
  void end_running();
  /// What runs has ended and its records stay inside an operation.
  void running_is_held();
  /// These leave: they are neither held nor running any more. Unknown ones are passed over.
  void release(std::span<const wire::SliceCopy> copies);

  /// Takes back everything prefetched, in order.
  std::vector<wire::SliceCopy> take_prefetched();
  /// Takes back everything held, in order.
  std::vector<wire::SliceCopy> take_held();
  /// Takes one copy back. @return whether it was prefetched and is gone now
  bool take_if_prefetched(const wire::SliceCopy& copy);
  /// @return whether it was handed; from now on it is disowned
  bool disown_if_handed(const wire::SliceCopy& copy);
  bool is_held(const wire::SliceCopy& copy) const;

  /// The first of the handed ones; null: none is.
  Handed* running() { return handed_.empty() ? nullptr : &handed_.front(); }
  const Handed* running() const { return handed_.empty() ? nullptr : &handed_.front(); }
  const std::deque<Handed>& handed() const { return handed_; }
  /// Bytes of the requests of handed slices.
  std::size_t handed_bytes() const { return handed_bytes_; }
  const std::deque<wire::AssignedSlice>& prefetched() const { return prefetched_; }
  /// Bytes of the requests of prefetched slices.
  std::size_t prefetched_bytes() const { return prefetched_bytes_; }
  const std::vector<wire::SliceCopy>& held() const { return held_; }
  /// Handed (unless disowned), prefetched, held.
  std::vector<wire::SliceCopy> all() const;

 private:
  std::deque<Handed> handed_;
  std::size_t handed_bytes_ = 0;
  std::deque<wire::AssignedSlice> prefetched_;
  std::size_t prefetched_bytes_ = 0;
  std::vector<wire::SliceCopy> held_;
  NodePool nodes_;
  std::pmr::unordered_map<SlicePosition, Fence, SliceOrderHash> had_{&nodes_};  ///< of everything in all()
};

}  // namespace slicebus::slot
