#include "master/store/sqlite/blank_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace slicebus::store::sqlite {
namespace {

/// Also when nobody can say.
bool is_there(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path, unknown) || unknown;
}

}  // namespace

Result<BlankFile> BlankFile::make(const std::string& folder, const Schema& schema) {
  SB_TRY(image, Database::image_of(schema));
  BlankFile made(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
  if (made.fd_ < 0 || ::write(made.fd_, image.data(), image.size()) != static_cast<ssize_t>(image.size()) ||
      ::fdatasync(made.fd_) != 0) {
    return fail(Errc::unavailable, "directory \"" + folder + "\"",
                std::string("no file without a name can be made there: ") + std::strerror(errno),
                "nothing is lost: new files are made when they are needed");
  }
  return made;
}

BlankFile::BlankFile(BlankFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

BlankFile& BlankFile::operator=(BlankFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

BlankFile::~BlankFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

bool BlankFile::become(const std::string& path) {
  if (fd_ < 0 || is_there(path + "-wal") || is_there(path + "-journal")) {
    return false;
  }
  // The way of open(2) that takes no privilege; an existing file is never replaced.
  const std::string self = "/proc/self/fd/" + std::to_string(fd_);
  const bool named = ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
  if (named) {
    // A file system may have left out what was synced while there was no name (btrfs before Linux 6.16).
    ::fsync(fd_);
    ::close(std::exchange(fd_, -1));
  }
  return named;
}

}  // namespace slicebus::store::sqlite
