#include "common/process/ready.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

namespace slicebus::process {
namespace {

constexpr std::string_view line_begin = "port ";
constexpr std::size_t line_bytes_max = 64;

}  // namespace

void tell_ready(int fd, std::uint16_t port) {
  if (fd < 0) {
    return;
  }
  const std::string line = std::string(line_begin) + std::to_string(port) + "\n";
  (void)!write(fd, line.data(), line.size());  // nobody listens any more: then nobody needs to know
  close(fd);
}

Result<ReadyPipe> ReadyPipe::open() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return fail(Errc::unavailable, "ready pipe", std::strerror(errno), "raise the limit of open files (`ulimit -n`)");
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return ReadyPipe(Descriptor(ends[0]), Descriptor(ends[1]));
}

ReadyPipe::News ReadyPipe::read() {
  char chunk[line_bytes_max];
  while (!news_.closed) {
    const ssize_t got = ::read(read_.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && errno == EAGAIN) {
      break;
    }
    if (got <= 0 || text_.size() > line_bytes_max) {
      news_.closed = true;
      break;
    }
    text_.append(chunk, static_cast<std::size_t>(got));
    std::uint16_t port = 0;
    if (text_.ends_with('\n') && text_.starts_with(line_begin) &&
        std::from_chars(text_.data() + line_begin.size(), text_.data() + text_.size(), port).ec == std::errc{}) {
      news_.port = port;
    }
  }
  return news_;
}

Result<std::uint16_t> ReadyPipe::await(int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    const News news = read();
    if (news.port) {
      return *news.port;
    }
    if (news.closed) {
      return fail(Errc::unavailable, "start", "the process ended before it served", "its log says why");
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      return fail(Errc::timed_out, "start", "the process does not serve after " + std::to_string(timeout_ms) + " ms",
                  "its log says what it waits for");
    }
    pollfd readable{read_.get(), POLLIN, 0};
    poll(&readable, 1, static_cast<int>(left));
  }
}

}  // namespace slicebus::process
