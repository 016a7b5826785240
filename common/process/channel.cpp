#include "common/process/channel.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace slicebus::process {
namespace {

constexpr std::size_t message_bytes_max = 64U << 20U;

}  // namespace

Channel::Read Channel::read() {
  std::uint32_t length = 0;
  while (true) {
    if (buffer_.size() >= sizeof length) {
      std::memcpy(&length, buffer_.data(), sizeof length);
      if (length > message_bytes_max) {
        closed_ = true;  // no parent of ours says this; what follows cannot be told apart
        buffer_.clear();
        return {std::nullopt, true};
      }
      if (buffer_.size() >= sizeof length + length) {
        Read whole{buffer_.substr(sizeof length, length), false};
        buffer_.erase(0, sizeof length + length);
        return whole;
      }
    }
    if (closed_) {
      return {std::nullopt, true};
    }
    // The descriptor stays blocking: it may be a terminal that others use.
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, 0) <= 0) {
      return {};
    }
    char chunk[65'536];
    const ssize_t got = ::read(fd_, chunk, sizeof chunk);
    if (got > 0) {
      buffer_.append(chunk, static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      closed_ = true;
    }
  }
}

}  // namespace slicebus::process
