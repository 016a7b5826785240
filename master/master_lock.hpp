#pragma once
#include <string>
#include <utility>

#include "common/descriptor.hpp"
#include "common/result.hpp"

namespace slicebus {

/// The exclusive lock on a data directory: one master at a time. Held until the object, or the process, ends.
class MasterLock {
 public:
  /// Makes the directory when absent. Errors: conflict (names the master that has it), unavailable, exhausted.
  static Result<MasterLock> take(const std::string& folder);

 private:
  explicit MasterLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace slicebus
