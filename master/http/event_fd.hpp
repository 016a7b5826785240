#pragma once
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace slicebus::http {

/// A descriptor that is readable from signal() to clear(). Any thread may signal.
class EventFd {
 public:
  EventFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~EventFd() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  bool is_open() const { return fd_ >= 0; }  ///< false: the process may not open more files
  int fd() const { return fd_; }
  void signal() const {
    const std::uint64_t one = 1;
    // Fails only when the count is about to overflow: readable then, too.
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }
  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
  }

 private:
  int fd_;
};

}  // namespace slicebus::http
