#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/execution/given_out.hpp"
#include "master/execution/slice.hpp"

namespace slicebus::execution {

/// A numbered batch that the slot has not confirmed yet. Without slices it is a recall or a flush.
struct SentBatch {
  enum class Kind : std::uint8_t { assign, recall, flush };
  std::uint64_t number = 0;
  Kind kind = Kind::assign;
  std::vector<wire::SliceCopy> copies{};
  TimePoint sent_at{};
};

/// What the controller knows of one slot process.
struct SlotView {
  SlotIndex index = no_slot;
  ProcessId process;
  NodeId node;
  ProcessId agent;
  std::string peer{};       ///< where it is reached; empty: nowhere, until it says hello again
  std::uint64_t hello = 0;  ///< number of its last hello
  std::uint32_t window = 0;
  bool draining = false;
  bool silent = false;    ///< has not been heard for too long to be given anything
  bool welcomed = false;  ///< a beat proved that it has the execution's configuration
  TimePoint heard_at{};
  TimePoint moved_at{};  ///< when a slice of it ended last, or it was given the first ones
  TimePoint probed_at{};
  std::string waiting{};

  GivenOut out{};
  SliceList has{};  ///< assigned and held ones, the lease that ends first in front
  std::size_t assigned = 0;
  std::size_t held = 0;

  std::uint64_t batch = 0;  ///< number of the last batch
  std::deque<SentBatch> sent{};
  std::optional<TimePoint> recall_at{};  ///< a recall is not answered yet

  // what the step in progress will send it
  std::vector<wire::AssignedSlice> to_assign{};
  std::size_t to_assign_bytes = 0;
  std::vector<wire::Acknowledgement> to_acknowledge{};
  bool touched = false;

  std::optional<std::uint32_t> open_load{};  ///< its key among the open ones
  std::size_t open_room = 0;
  std::size_t counted_bytes = 0;  ///< its part of SlotTable::bytes()
};

/// All slots that live, by process and by address, and which of them have room. The dead are remembered: they never
/// come back.
class SlotTable {
 public:
  /// @param slot_bytes_max  a slot that was given requests of so many bytes gets no more until it has answered some
  explicit SlotTable(std::size_t slot_bytes_max) : slot_bytes_max_(slot_bytes_max) {}

  SlotView* by_process(const ProcessId& process);
  SlotView* by_peer(const std::string& peer);
  SlotView* at(SlotIndex index) const { return index < slots_.size() ? slots_[index].get() : nullptr; }
  SlotView& add(ProcessId process, NodeId node, ProcessId agent);
  /// The slot is reached there from now on; who had that address before is reached nowhere. Empty: it is reached
  /// nowhere.
  void move_to(SlotView& slot, const std::string& peer);
  /// The process is gone for good; its slices must have been taken from it. Also for one that was never heard of.
  void bury(const ProcessId& process);
  bool is_dead(const ProcessId& process) const { return dead_.contains(process); }
  void bury_agent(const ProcessId& agent) { dead_agents_.insert(agent); }
  bool is_dead_agent(const ProcessId& agent) const { return dead_agents_.contains(agent); }

  /// To be called after anything about a slot changed that decides whether it may be given slices.
  void refresh(SlotView& slot);
  bool any_open() const { return !open_.empty(); }
  std::size_t open_count() const { return open_.size(); }
  /// The sum of free places.
  std::size_t room() const { return room_; }
  /// Bytes of requests that slots were given and have not answered. Those of a slot that is silent or nowhere do not
  /// count: nothing more is sent to it, and others must not wait for it.
  std::size_t bytes() const { return bytes_; }
  /// The open slot with the least in its window, in proportion.
  SlotView& least_loaded() const { return *slots_[open_.begin()->second]; }
  /// An open slot has nothing at all.
  bool any_idle() const { return !open_.empty() && open_.begin()->first == 0; }

  const std::map<ProcessId, SlotIndex>& all() const { return by_process_; }

 private:
  std::vector<std::unique_ptr<SlotView>> slots_{1};  ///< by index; empty where one died
  std::map<ProcessId, SlotIndex> by_process_;        ///< ordered: the order of iteration is part of the behaviour
  std::unordered_map<std::string, SlotIndex> by_peer_;
  std::set<std::pair<std::uint32_t, SlotIndex>> open_;
  std::size_t room_ = 0;
  std::size_t slot_bytes_max_;
  std::size_t bytes_ = 0;
  std::set<ProcessId> dead_;
  std::deque<ProcessId> dead_order_;
  std::set<ProcessId> dead_agents_;
};

}  // namespace slicebus::execution
