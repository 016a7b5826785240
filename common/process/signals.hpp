#pragma once
#include <initializer_list>
#include <optional>

#include "common/descriptor.hpp"

namespace slicebus::process {

/// Blocks the signals for this thread and all threads it will start, and makes them readable. Construct it first thing
/// in main(). SIGPIPE is ignored.
class SignalFd {
 public:
  explicit SignalFd(std::initializer_list<int> signals);
  int fd() const { return fd_.get(); }
  /// The next pending signal's number, without waiting.
  std::optional<int> take();

 private:
  Descriptor fd_;
};

}  // namespace slicebus::process
