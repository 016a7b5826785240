#pragma once
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/execution/slice.hpp"

namespace slicebus::execution {

/// Accepted outputs that may not be visible yet, by the name of their outcome. The slot that prepared one is asked
/// first, by its acknowledgement; whoever lives is asked again and again until somebody says that it is done.
class Publishing {
 public:
  /// @param slot  whose acknowledgement says `publish`; no_slot: nobody was told
  void add(SlicePosition name, Fence fence, SlotIndex slot, TimePoint ask_at);
  bool is_accepted(const wire::SliceCopy& copy) const;
  /// Somebody says that it is visible. @return whether that is news: it goes into the next group then
  bool hear(const wire::SliceCopy& copy);
  /// The ledger knows that it is visible.
  void erase(SlicePosition name);
  /// That slot will not do it: ask another one now.
  void forsake(SlotIndex slot, TimePoint now);
  /// At most `limit` outputs whose time has come; they are due again at `next`.
  std::vector<wire::SliceCopy> due(TimePoint now, TimePoint next, std::size_t limit);
  std::optional<TimePoint> next_due() const;

  bool empty() const { return outputs_.empty(); }
  std::size_t size() const { return outputs_.size(); }

 private:
  struct Output {
    Fence fence;
    SlotIndex slot = no_slot;
    bool visible = false;  ///< said to be; being committed
    TimePoint ask_at{};
  };
  std::unordered_map<SlicePosition, Output> outputs_;
  std::set<std::pair<TimePoint, SlicePosition>> asks_;  ///< of those not visible
};

}  // namespace slicebus::execution
