#include "master/store/sqlite/blank_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace slicebus::store::sqlite {

std::optional<BlankFile> BlankFile::make(const std::string& folder, const Schema& schema) {
  const Result<std::string> image = Database::image_of(schema);
  if (!image) {
    return std::nullopt;
  }
  BlankFile made(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
  const bool whole = made.fd_ >= 0 &&
                     ::write(made.fd_, image->data(), image->size()) == static_cast<ssize_t>(image->size()) &&
                     ::fdatasync(made.fd_) == 0;
  return whole ? std::optional(std::move(made)) : std::nullopt;
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
  std::error_code unknown;
  if (fd_ < 0 || std::filesystem::exists(path + "-wal", unknown) || unknown) {
    return false;
  }
  // The way of open(2) that takes no privilege; an existing file is never replaced.
  const std::string self = "/proc/self/fd/" + std::to_string(fd_);
  const bool named = ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
  if (named) {
    ::close(std::exchange(fd_, -1));
  }
  return named;
}

}  // namespace slicebus::store::sqlite
