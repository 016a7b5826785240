#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/wire/messages.hpp"

namespace slicebus::sim {

/// What one attempt made of one slice: two attempts never share a nonce.
struct Piece {
  SlicePosition slice;
  std::uint64_t nonce = 0;
};

/// The output directory: temporary names bear slice and fence, visible ones the slice. What is not synced is lost when
/// the power fails, be it a temporary file or the change of a name.
class OutputDirectory {
 public:
  explicit OutputDirectory(bool fence_in_name) : fence_in_name_(fence_in_name) {}

  void prepare(const wire::SliceCopy& name, std::vector<Piece> content) {
    temporary_[key(name)] = {std::move(content), false};
  }
  void sync(const wire::SliceCopy& name) {
    if (const auto found = temporary_.find(key(name)); found != temporary_.end()) {
      found->second.synced = true;
    }
  }
  /// A source that is missing means done.
  void publish(const wire::SliceCopy& name) {
    if (const auto found = temporary_.find(key(name)); found != temporary_.end()) {
      const auto before = visible.find(name.slice);
      renamed_.push_back({name, before == visible.end() ? std::nullopt : std::optional(before->second)});
      visible[name.slice] = std::move(found->second.content);
      temporary_.erase(found);
    }
  }
  /// Every name as it is now stays.
  void sync_names() { renamed_.clear(); }
  void drop(const wire::SliceCopy& name) { temporary_.erase(key(name)); }
  void sweep(std::uint64_t last_epoch) {
    std::erase_if(temporary_, [=](const auto& file) { return file.first.fence.epoch <= last_epoch; });
  }
  void lose_power() {
    while (!renamed_.empty()) {
      const Renamed& last = renamed_.back();
      temporary_[key(last.name)] = {std::move(visible[last.name.slice]), true};
      if (last.before) {
        visible[last.name.slice] = *last.before;
      } else {
        visible.erase(last.name.slice);
      }
      renamed_.pop_back();
    }
    std::erase_if(temporary_, [](const auto& file) { return !file.second.synced; });
  }
  /// What was prepared and neither published nor dropped nor swept, by its name.
  std::vector<wire::SliceCopy> hidden() const {
    std::vector<wire::SliceCopy> names;
    for (const auto& [name, file] : temporary_) {
      names.push_back(name);
    }
    return names;
  }

  std::map<SlicePosition, std::vector<Piece>> visible;

 private:
  struct File {
    std::vector<Piece> content;
    bool synced = false;
  };
  struct Renamed {
    wire::SliceCopy name;
    std::optional<std::vector<Piece>> before;
  };
  wire::SliceCopy key(const wire::SliceCopy& name) const {
    return fence_in_name_ ? name : wire::SliceCopy{name.slice, Fence{}};
  }
  bool fence_in_name_;
  std::map<wire::SliceCopy, File> temporary_;
  std::vector<Renamed> renamed_;  ///< since the names were synced last, oldest first
};

}  // namespace slicebus::sim
