#pragma once
#include <cstddef>
#include <memory>
#include <vector>

namespace slicebus::record {

/// Bytes that live as long as a slice: taken one after the other, freed all at once. Not for threads to share.
class Arena {
 public:
  /// `size` bytes, not aligned, valid until the arena ends.
  char* allocate(std::size_t size);

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  std::size_t left_ = 0;
  std::size_t next_block_ = 0;
};

}  // namespace slicebus::record
