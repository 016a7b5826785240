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

  void first_slots(bool started) {
    for (std::size_t i = 0; i < demands_.size(); ++i) {
      if (demands_[i].started == started && has_[i] == 0 && demands_[i].wanted > 0) {
        give(i);
      }
    }
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

  bool give(std::size_t i) {
    if (free_.empty()) {
      return false;
    }
    auto most = free_.extract(free_.begin());
    given_.push_back({demands_[i].ex_id, most.value().node});
    ++has_[i];
    if (--most.value().slots > 0) {
      free_.insert(std::move(most));
    }
    return true;
  }

  std::span<const Demand> demands_;
  std::set<Room> free_;
  std::vector<std::uint32_t> has_;
  std::vector<Allocation> given_;
};

}  // namespace

std::vector<Allocation> place(std::span<const Demand> demands, const FreeSlots& free) {
  Table table(demands, free);
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
