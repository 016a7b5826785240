#pragma once
#include <initializer_list>
#include <optional>

namespace slicebus::process {

/// Blocks the signals for this thread and all threads it will start, and makes them readable. Construct it first thing
/// in main(). SIGPIPE is ignored.
class SignalFd {
 public:
  explicit SignalFd(std::initializer_list<int> signals);
  ~SignalFd();
  SignalFd(const SignalFd&) = delete;
  SignalFd& operator=(const SignalFd&) = delete;
  int fd() const { return fd_; }
  /// The next pending signal's number, without waiting.
  std::optional<int> take();

 private:
  int fd_ = -1;
};

}  // namespace slicebus::process
