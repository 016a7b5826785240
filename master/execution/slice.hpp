#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/assert.hpp"
#include "common/ids.hpp"
#include "common/time.hpp"
#include "master/store/slice_ledger.hpp"

namespace slicebus::execution {

/// Names a slot process inside one controller; never reused, 0 is none.
using SlotIndex = std::uint32_t;
inline constexpr SlotIndex no_slot = 0;

enum class SliceState : std::uint8_t {
  ready,        ///< waits for a slot
  backing_off,  ///< was lost before; becomes ready at `until`
  assigned,     ///< a slot has it: until `until`, unless a beat renews that
  held,         ///< a slot ran it and its operations keep records of it; leased like an assigned one
  committing    ///< its completion or error is in a group that is not durable yet
};
inline constexpr std::size_t slice_states = 5;

class SliceList;

/// A planned slice that is neither completed nor in error. Finished ones leave the memory: what is not here and was
/// planned is done.
struct Slice {
  SlicePosition at;
  std::string request;                           ///< kept until the end, so that it can be given out again
  Fence fence{};                                 ///< given last; of a committing slice the one that was taken
  TimePoint until{};                             ///< of the lease, or of the back-off
  std::uint64_t batch = 0;                       ///< number of the batch that assigned it; 0: claimed by a hello
  std::uint64_t listed = 0;                      ///< stamp of the last hello or beat that listed it
  std::unique_ptr<store::SlotDeaths> charged{};  ///< the deaths of slots that it is charged with; null: none
  std::uint32_t redeliveries = 0;
  SlotIndex holder = no_slot;  ///< assigned, held: who has it; committing: who gets the answer
  SliceState state = SliceState::ready;
  bool names_outcome = false;  ///< committing: the outcome bears its name
  bool chosen = false;         ///< one of those that a recovery began with

  std::uint32_t slot_deaths() const { return charged ? charged->count : 0; }

  SliceList* list = nullptr;
  Slice* previous = nullptr;
  Slice* next = nullptr;
};

/// Slices in order, linked through themselves: any of them leaves in O(1). A slice is in at most one list; the list
/// owns nothing.
class SliceList {
 public:
  SliceList() = default;
  SliceList(const SliceList&) = delete;
  SliceList& operator=(const SliceList&) = delete;

  Slice* front() const { return front_; }
  Slice* back() const { return back_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void push_back(Slice& slice) {
    link(slice);
    slice.previous = back_;
    (back_ != nullptr ? back_->next : front_) = &slice;
    back_ = &slice;
  }
  void push_front(Slice& slice) {
    link(slice);
    slice.next = front_;
    (front_ != nullptr ? front_->previous : back_) = &slice;
    front_ = &slice;
  }
  void remove(Slice& slice) {
    SB_ASSERT(slice.list == this, "remove() of a slice that is in another list");
    (slice.previous != nullptr ? slice.previous->next : front_) = slice.next;
    (slice.next != nullptr ? slice.next->previous : back_) = slice.previous;
    slice.list = nullptr;
    slice.previous = slice.next = nullptr;
    --size_;
  }

 private:
  void link(Slice& slice) {
    SB_ASSERT(slice.list == nullptr, "a slice is in one list at a time");
    slice.list = this;
    ++size_;
  }

  Slice* front_ = nullptr;
  Slice* back_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace slicebus::execution
