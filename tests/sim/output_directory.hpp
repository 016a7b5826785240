#pragma once
#include <map>
#include <utility>
#include <vector>

#include "common/wire/messages.hpp"

namespace slicebus::sim {

/// What one attempt made of one slice: two attempts never share a nonce.
struct Piece {
  SlicePosition slice;
  std::uint64_t nonce = 0;
};

/// The output directory: temporary names bear slice and fence, visible ones the slice.
class OutputDirectory {
 public:
  explicit OutputDirectory(bool fence_in_name) : fence_in_name_(fence_in_name) {}

  void prepare(const wire::SliceCopy& name, std::vector<Piece> content) { temporary_[key(name)] = std::move(content); }
  /// A source that is missing means done.
  void publish(const wire::SliceCopy& name) {
    if (const auto found = temporary_.find(key(name)); found != temporary_.end()) {
      visible[name.slice] = std::move(found->second);
      temporary_.erase(found);
    }
  }
  void drop(const wire::SliceCopy& name) { temporary_.erase(key(name)); }
  void sweep() { temporary_.clear(); }
  /// What was prepared and neither published nor dropped nor swept, by its name.
  std::vector<wire::SliceCopy> hidden() const {
    std::vector<wire::SliceCopy> names;
    for (const auto& [name, content] : temporary_) {
      names.push_back(name);
    }
    return names;
  }

  std::map<SlicePosition, std::vector<Piece>> visible;

 private:
  wire::SliceCopy key(const wire::SliceCopy& name) const {
    return fence_in_name_ ? name : wire::SliceCopy{name.slice, Fence{}};
  }
  bool fence_in_name_;
  std::map<wire::SliceCopy, std::vector<Piece>> temporary_;
};

}  // namespace slicebus::sim
