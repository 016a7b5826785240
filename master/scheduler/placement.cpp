#include "master/scheduler/placement.hpp"

#include <set>

namespace slicebus::scheduler {
namespace {

/// The giving-out: counts what each has got meanwhile.
class Table {
 public:
  Table(std::span<const Demand> demands, const FreeSlots& free) : demands_(demands), has_(demands.size()) {
    for (const auto& [node, slots] : free) {
      if (slots > 0) {
        free_.insert({slots, node});
      }
    }
    for (std::size_t i = 0; i < demands_.size(); ++i) {
      has_[i] = demands[i].has;
    }
  }

  void stops() {
    first_slots([](const Demand& demand) { return demand.stopping; });
  }
  void spare(std::uint32_t slots) {
    for (; slots > 0 && !free_.empty(); --slots) {
      take_one();
    }
  }
  void first_slots(bool started) {
    first_slots([started](const Demand& demand) { return demand.started == started; });
  }
  void the_rest() {
    for (std::size_t i = 0; i < demands_.size(); ++i) {
      while (has_[i] < demands_[i].wanted && give(i)) {
      }
    }
  }
  std::vector<Allocation> take() { return std::move(given_); }

 private:
  struct Room {
    std::uint32_t slots = 0;  ///< >= 1
    NodeId node;

    /// The one with most slots first, of equals the lower id.
    bool operator<(const Room& other) const { return slots != other.slots ? slots > other.slots : node < other.node; }
  };

  template <class Which>
  void first_slots(const Which& which) {
    for (std::size_t i = 0; i < demands_.size(); ++i) {
      if (which(demands_[i]) && has_[i] == 0 && demands_[i].wanted > 0) {
        give(i);
      }
    }
  }
  bool give(std::size_t i) {
    if (free_.empty()) {
      return false;
    }
    given_.push_back({demands_[i].ex_id, take_one()});
    ++has_[i];
    return true;
  }
  /// There is one.
  NodeId take_one() {
    auto most = free_.extract(free_.begin());
    NodeId node = most.value().node;
    if (--most.value().slots > 0) {
      free_.insert(std::move(most));
    }
    return node;
  }

  std::span<const Demand> demands_;
  std::set<Room> free_;
  std::vector<std::uint32_t> has_;
  std::vector<Allocation> given_;
};

}  // namespace

std::vector<Allocation> place(std::span<const Demand> demands, const FreeSlots& free, std::uint32_t spared) {
  Table table(demands, free);
  table.stops();
  table.spare(spared);
  table.first_slots(true);
  table.first_slots(false);
  table.the_rest();
  return table.take();
}

void shed(Shares& shares, std::uint32_t wanted) {
  for (std::uint32_t have = total(shares); have > wanted; --have) {
    auto most = shares.begin();
    for (auto it = shares.begin(); it != shares.end(); ++it) {
      if (it->second >= most->second) {
        most = it;
      }
    }
    if (--most->second == 0) {
      shares.erase(most);
    }
  }
}

std::uint32_t total(const Shares& shares) {
  std::uint32_t sum = 0;
  for (const auto& [node, slots] : shares) {
    sum += slots;
  }
  return sum;
}

}  // namespace slicebus::scheduler
