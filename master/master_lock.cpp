#include "master/master_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace slicebus {
namespace {

std::string holder_of(int fd) {
  char text[32] = {};
  const ssize_t got = pread(fd, text, sizeof text - 1, 0);
  std::string pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  pid = pid.substr(0, pid.find_first_not_of("0123456789"));
  return pid.empty() ? "another slicebus-master" : "the slicebus-master with pid " + pid;
}

Error file_error(const std::string& path, int number) {
  const Errc code = number == ENOSPC || number == EROFS || number == EDQUOT ? Errc::exhausted : Errc::unavailable;
  return {code, "data directory " + path, std::strerror(number),
          "make it writable for this user, or give another by --data"};
}

}  // namespace

Result<MasterLock> MasterLock::take(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    return fail(file_error(folder, failed.value()));
  }
  const std::string path = folder + "/master.lock";
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.is_open()) {
    return fail(file_error(folder, errno));
  }
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return fail(file_error(folder, errno));
    }
    return fail(Errc::conflict, "data directory " + folder, "it is in use by " + holder_of(file.get()),
                "stop that one first, or give another directory by --data");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(file.get(), 0) != 0 ||
      pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail(file_error(folder, errno));
  }
  return MasterLock(std::move(file));
}

}  // namespace slicebus
