#pragma once
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "common/descriptor.hpp"

namespace slicebus::http {

/// A descriptor that is readable from signal() to clear(). Any thread may signal.
class EventFd {
 public:
  EventFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  bool is_open() const { return fd_.is_open(); }  ///< false: the process may not open more files
  int fd() const { return fd_.get(); }
  void signal() const {
    const std::uint64_t one = 1;
    // Fails only when the count is about to overflow: readable then, too.
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
  }
  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  Descriptor fd_;
};

}  // namespace slicebus::http
