#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "common/process/child.hpp"
#include "common/process/pidfd.hpp"

namespace slicebus::process {
namespace {

constexpr int end_patience_ms = 10'000;

}  // namespace

std::optional<unsigned long long> start_time_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  // A process may end between the opening and the reading; an iterator over the buffer would throw then, a stream only
  // fails.
  std::ostringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  // Field 2 is the name in parentheses, which may itself hold blanks and parentheses; the rest are plain numbers.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream rest(stat.substr(name_end + 1));
  std::string field;
  for (int number = 3; number < 22; ++number) {
    rest >> field;
  }
  unsigned long long start = 0;
  return rest >> start ? std::optional(start) : std::nullopt;
}

Result<void> end_stranger(pid_t pid, unsigned long long start_time) {
  const std::string where = "process " + std::to_string(pid);
  if (pid <= 0) {
    return {};  // nobody: and kill(0) or kill(-1) would be everybody
  }
  const Descriptor pidfd(open_pidfd(pid));
  if (!pidfd.is_open()) {
    if (errno == ESRCH || errno == EINVAL) {
      return {};
    }
    return fail(Errc::unavailable, where, std::string("cannot be opened: ") + std::strerror(errno));
  }
  // Opened first, compared then: what is compared is what will be signalled.
  Result<void> result;
  if (start_time_of(pid) == start_time) {
    if (signal_pidfd(pidfd.get(), SIGKILL) != 0 && errno != ESRCH) {
      result = fail(Errc::unavailable, where, std::string("cannot be ended: ") + std::strerror(errno),
                    "end it as the user it belongs to");
    } else {
      pollfd ended{pidfd.get(), POLLIN, 0};
      int ready = 0;
      do {
        ready = poll(&ended, 1, end_patience_ms);
      } while (ready < 0 && errno == EINTR);
      if (ready == 0) {
        result =
            fail(Errc::timed_out, where, "still there " + std::to_string(end_patience_ms / 1'000) + " s after SIGKILL",
                 "look for a disk or network file system that does not answer");
      }
    }
  }
  return result;
}

std::string sibling_program(const std::string& name) {
  std::string self(4'096, '\0');
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size());
  self.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::size_t slash = self.rfind('/');
  return slash == std::string::npos ? name : self.substr(0, slash + 1) + name;
}

}  // namespace slicebus::process
