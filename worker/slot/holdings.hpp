#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::slot {

/// What a slot has and the controller may take back: the slice that runs, those prefetched, those whose records an
/// operation holds. Of a slice at most one copy is had at a time; a running copy that was taken back is `disowned` and
/// no longer counts as had.
class Holdings {
 public:
  struct Running {
    wire::SliceCopy copy;
    bool disowned = false;     ///< taken back while it ran: its end is only worth a report, if anything
    bool backing_off = false;  ///< between two attempts
  };

  /// @return the copy of that slice that the slot has, if any
  std::optional<wire::SliceCopy> copy_of(SlicePosition slice) const;
  bool has(const wire::SliceCopy& copy) const;

  void prefetch(wire::AssignedSlice slice);
  /// Moves the oldest prefetched slice to `running`. Nothing may be running; at least one must be prefetched.
  wire::AssignedSlice begin();
  /// What runs has ended; its copy is not had any more.
  void end_running();
  /// What runs has ended and its records stay inside an operation.
  void running_is_held();
  /// These leave: they are neither held nor running any more. Unknown ones are passed over.
  void release(const std::vector<wire::SliceCopy>& copies);

  /// Takes back everything prefetched, in order.
  std::vector<wire::SliceCopy> take_prefetched();
  /// Takes back everything held, in order.
  std::vector<wire::SliceCopy> take_held();
  /// Takes one copy back. @return whether it was prefetched and is gone now
  bool take_if_prefetched(const wire::SliceCopy& copy);
  /// @return whether it runs; from now on it is disowned
  bool disown_if_running(const wire::SliceCopy& copy);
  bool is_held(const wire::SliceCopy& copy) const;

  std::optional<Running>& running() { return running_; }
  const std::optional<Running>& running() const { return running_; }
  const std::deque<wire::AssignedSlice>& prefetched() const { return prefetched_; }
  /// Bytes of the requests of prefetched slices.
  std::size_t prefetched_bytes() const { return prefetched_bytes_; }
  const std::vector<wire::SliceCopy>& held() const { return held_; }
  /// Running (unless disowned), prefetched, held.
  std::vector<wire::SliceCopy> all() const;

 private:
  std::optional<Running> running_;
  std::deque<wire::AssignedSlice> prefetched_;
  std::size_t prefetched_bytes_ = 0;
  std::vector<wire::SliceCopy> held_;
  std::unordered_map<SlicePosition, Fence> had_;  ///< of everything in all()
};

}  // namespace slicebus::slot
