#include "master/scheduler/placement.hpp"

#include <algorithm>

namespace slicebus::scheduler {
namespace {

/// The giving-out: counts what each has got meanwhile.
class Table {
 public:
  Table(std::span<const Demand> demands, FreeSlots free)
      : demands_(demands), free_(std::move(free)), has_(demands.size()) {
    for (std::size_t i = 0; i < demands.size(); ++i) {
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
  bool give(std::size_t i) {
    const auto most =
        std::max_element(free_.begin(), free_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == free_.end() || most->second == 0) {
      return false;
    }
    --most->second;
    ++has_[i];
    given_.push_back({demands_[i].ex_id, most->first});
    return true;
  }

  std::span<const Demand> demands_;
  FreeSlots free_;
  std::vector<std::uint32_t> has_;
  std::vector<Allocation> given_;
};

}  // namespace

std::vector<Allocation> place(std::span<const Demand> demands, FreeSlots free) {
  Table table(demands, std::move(free));
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
