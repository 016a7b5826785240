#include "master/store/sqlite/blank_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

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
  BlankFile made(Descriptor(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644)));
  if (!made.file_.is_open() ||
      ::write(made.file_.get(), image.data(), image.size()) != static_cast<ssize_t>(image.size()) ||
      ::fdatasync(made.file_.get()) != 0) {
    return fail(Errc::unavailable, "directory \"" + folder + "\"",
                std::string("no file without a name can be made there: ") + std::strerror(errno),
                "nothing is lost: new files are made when they are needed");
  }
  return made;
}

bool BlankFile::become(const std::string& path) {
  if (!file_.is_open() || is_there(path + "-wal") || is_there(path + "-journal")) {
    return false;
  }
  // The way of open(2) that takes no privilege; an existing file is never replaced.
  const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return false;
  }
  // A file system may have left out what was synced while there was no name (btrfs before Linux 6.16).
  const bool synced = ::fsync(file_.get()) == 0;
  file_.close();
  if (!synced) {
    ::unlink(path.c_str());
  }
  return synced;
}

}  // namespace slicebus::store::sqlite
