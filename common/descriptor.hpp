#pragma once
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace slicebus {

/// Owns an open file descriptor, or none. Move-only.
class Descriptor {
 public:
  Descriptor() = default;
  /// Takes over what open(2) and its like answered; negative is none.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = other.release();
    }
    return *this;
  }
  ~Descriptor() { close(); }

  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }  ///< negative: none
  /// Closes now. @return 0, or the error number (NFS reports a full disk here)
  int close() {
    // Not repeated on EINTR: Linux has released the descriptor then.
    return fd_ < 0 || ::close(release()) == 0 || errno == EINTR ? 0 : errno;
  }

 private:
  int release() { return std::exchange(fd_, -1); }

  int fd_ = -1;
};

}  // namespace slicebus
