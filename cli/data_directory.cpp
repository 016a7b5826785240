#include "cli/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace slicebus::local {

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && pid.back() == '\n') {
    pid.pop_back();
  }
  return pid;
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::string& path) {
  const std::string where = "data directory \"" + path + "\"";
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) {
    return fail(Errc::unavailable, where, error.message(), "choose another with --data DIR");
  }
  std::filesystem::create_directories(absolute / "logs", error);
  if (error) {
    return fail(Errc::unavailable, where, "cannot be made: " + error.message(),
                "make it writable for this user, or choose another with --data DIR");
  }
  Descriptor lock(::open((absolute / "local.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.is_open()) {
    return fail(Errc::unavailable, where, "cannot be written: " + reason(errno),
                "make it writable for this user, or choose another with --data DIR");
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    const std::string pid = holder_of(lock.get());
    if (why != EWOULDBLOCK) {
      return fail(Errc::unavailable, where, "cannot be locked: " + reason(why),
                  "choose one on a local disk with --data DIR");
    }
    return fail(Errc::conflict, where, "another `slicebus local` runs on it (pid " + pid + ")",
                "end that one with: kill " + pid + ", or choose another with --data DIR");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail(Errc::unavailable, where, "cannot be written: " + reason(errno),
                "free some space, or choose another with --data DIR");
  }
  return DataDirectory(absolute.lexically_normal(), std::move(lock));
}

}  // namespace slicebus::local
