#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/descriptor.hpp"
#include "common/result.hpp"

/// How a process tells who started it that it serves, and where: the line `port <n>` on the descriptor of --ready-fd.
namespace slicebus::process {

/// Writes the line to `fd` and closes it. A negative `fd` means that nobody asked. SIGPIPE must be ignored (SignalFd).
/// @param port  what it serves on; 0: it serves on none (an agent)
void tell_ready(int fd, std::uint16_t port);

/// The parent's side. Give child_fd() to the child by SpawnOptions::keep_fds and `--ready-fd <number>`, call started()
/// after spawn(), then read().
class ReadyPipe {
 public:
  /// Errors: unavailable (no descriptors left).
  static Result<ReadyPipe> open();

  int child_fd() const { return write_.get(); }
  void started() { write_.close(); }      ///< closes our copy of the child's end, so that its death is seen
  int fd() const { return read_.get(); }  ///< readable when read() has news; for Poll::watch_fd

  struct News {
    std::optional<std::uint16_t> port;  ///< it serves
    bool closed = false;                ///< the other end is closed; without a port: it will never serve
  };
  /// Without waiting: what is known by now. The port stays once it was read.
  News read();
  /// Waits for the line. Errors: unavailable (the child ended or closed it without a line), timed_out.
  Result<std::uint16_t> await(int timeout_ms);

 private:
  ReadyPipe(Descriptor read_end, Descriptor write_end) : read_(std::move(read_end)), write_(std::move(write_end)) {}
  Descriptor read_;
  Descriptor write_;
  std::string text_;
  News news_;
};

}  // namespace slicebus::process
