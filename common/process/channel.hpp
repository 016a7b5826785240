#pragma once
#include <optional>
#include <string>

#include "common/result.hpp"

namespace slicebus::process {

/// The child's end of the pipe on its standard input: whole messages from its parent, each at most 64 MiB.
class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {}
  int fd() const { return fd_; }

  struct Read {
    std::optional<std::string> message;  ///< a whole message, if one is complete
    bool closed = false;                 ///< the parent is gone
  };
  /// Without waiting: what there is. Call again until there is no message.
  Read read();

 private:
  int fd_;
  std::string buffer_;
  bool closed_ = false;
};

}  // namespace slicebus::process
