#pragma once
#include <string>

#include "common/result.hpp"

namespace slicebus {

/// The exclusive lock on a data directory: one master at a time. Held until the object, or the process, ends.
class MasterLock {
 public:
  /// Makes the directory when absent. Errors: conflict (names the master that has it), unavailable, exhausted.
  static Result<MasterLock> take(const std::string& folder);
  MasterLock(MasterLock&& other) noexcept;
  MasterLock& operator=(MasterLock&& other) noexcept;
  ~MasterLock();

 private:
  explicit MasterLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace slicebus
