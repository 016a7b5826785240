#include "master/execution/lineage_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "common/log/log.hpp"
#include "common/process/child.hpp"

namespace slicebus::execution {
namespace {

using namespace std::chrono_literals;

/// Between taking the lock and writing its name a holder is nameless for a moment.
constexpr int attempts_max = 100;
constexpr auto attempt_pause = 100ms;

struct Holder {
  pid_t pid = 0;
  unsigned long long start_time = 0;
};

Holder read_holder(int fd) {
  std::array<char, 64> text{};
  if (pread(fd, text.data(), text.size() - 1, 0) <= 0) {
    return {};
  }
  Holder holder;
  int pid = 0;
  if (std::sscanf(text.data(), "%d %llu", &pid, &holder.start_time) != 2) {
    return {};
  }
  holder.pid = pid;
  return holder;
}

Result<void> write_holder(int fd, const std::string& path) {
  const pid_t self = getpid();
  const std::string text = std::to_string(self) + " " + std::to_string(process::start_time_of(self).value_or(0)) + "\n";
  if (ftruncate(fd, 0) == 0 && pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) {
    return {};
  }
  return fail(errno == ENOSPC || errno == EDQUOT ? Errc::exhausted : Errc::unavailable, "file \"" + path + "\"",
              std::string("cannot be written: ") + std::strerror(errno),
              "free some space there, and check its permissions");
}

Result<void> take(int fd, const std::string& path) {
  Holder holder;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
      return write_holder(fd, path);
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return fail(Errc::unavailable, "file \"" + path + "\"", std::string("cannot be locked: ") + std::strerror(errno),
                  "put the data directory on a file system with locks");
    }
    holder = read_holder(fd);
    if (holder.pid > 0 && holder.pid != getpid() && process::start_time_of(holder.pid) == holder.start_time) {
      log::warn("former_controller_ended", {{"lock", path}, {"pid", holder.pid}});
      SB_TRY_VOID(process::end_stranger(holder.pid, holder.start_time));
      continue;
    }
    std::this_thread::sleep_for(attempt_pause);
  }
  return fail(Errc::unavailable, "file \"" + path + "\"", "another process holds the lineage and does not end",
              "`fuser " + path + "` shows it; end it");
}

}  // namespace

Result<LineageLock> LineageLock::acquire(const std::string& path) {
  std::error_code ignored;  // if the directory cannot be made, open says so
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.is_open()) {
    return fail(errno == ENOSPC || errno == EDQUOT ? Errc::exhausted : Errc::unavailable, "file \"" + path + "\"",
                std::string("cannot be opened: ") + std::strerror(errno),
                "check the path, its owner and its permissions");
  }
  SB_TRY_VOID(take(file.get(), path));
  return LineageLock(std::move(file));
}

std::string lock_path_of(const std::string& ledger_path) {
  return std::filesystem::path(ledger_path).replace_extension(".lock").string();
}

}  // namespace slicebus::execution
