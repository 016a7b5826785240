#include "common/operations/file/file_walk.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/operations/file/file_error.hpp"
#include "common/record/json_text.hpp"

namespace slicebus::operations::file {
namespace {

constexpr std::size_t levels_max = 64;

/// The names in a directory that may hold input, sorted. @return 0 or the error number
int list(const std::string& path, std::vector<std::string>& names) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) {
    return errno;
  }
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') {
      names.emplace_back(entry->d_name);
    }
    errno = 0;
  }
  const int number = errno;
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return number;
}

}  // namespace

Result<void> check_input(const std::string& path, bool may_be_empty) {
  if (path.empty()) {
    return fail(Errc::invalid, "path", "is empty", "name a file, or a directory of files");
  }
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0) {
    return fail(file_error(errno, "read", path));
  }
  if (S_ISREG(seen.st_mode)) {
    return ::access(path.c_str(), R_OK) == 0 ? Result<void>{} : fail(file_error(errno, "read", path));
  }
  if (!S_ISDIR(seen.st_mode)) {
    return fail(Errc::invalid, "path \"" + path + "\"", "is neither a file nor a directory",
                "name a file, or a directory of files");
  }
  std::vector<std::string> names;
  if (const int number = list(path, names)) {
    return fail(file_error(number, "read", path));
  }
  if (names.empty() && !may_be_empty) {
    return fail(Errc::invalid, "path \"" + path + "\"", "is not valid: the directory is empty",
                "put files there (names that begin with a dot are not read), or correct the path");
  }
  return {};
}

Result<FileWalk> FileWalk::open(std::string root, bool may_be_empty) {
  SB_TRY_VOID(check_input(root, may_be_empty));
  FileWalk walk(std::move(root));
  struct stat seen {};
  walk.root_is_file_ = ::stat(walk.root_.c_str(), &seen) == 0 && S_ISREG(seen.st_mode);
  if (!walk.root_is_file_) {
    SB_TRY_VOID(walk.enter(""));
  }
  return walk;
}

std::string FileWalk::full(const std::string& relative) const {
  if (relative.empty()) {
    return root_;
  }
  return root_.back() == '/' ? root_ + relative : root_ + "/" + relative;
}

Result<FileWalk::Kind> FileWalk::look(const std::string& relative, std::uint64_t& size) const {
  const std::string path = full(relative);
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0) {
    if (errno == ENOENT) {  // removed since the listing, or a link to nowhere
      return Kind::gone;
    }
    return fail(file_error(errno, "read", path));
  }
  size = static_cast<std::uint64_t>(seen.st_size);
  return S_ISREG(seen.st_mode) ? Kind::file : S_ISDIR(seen.st_mode) ? Kind::directory : Kind::other;
}

Result<void> FileWalk::enter(const std::string& relative) {
  const std::string path = full(relative);
  Level level{.prefix = relative.empty() ? std::string() : relative + "/"};
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0) {
    return errno == ENOENT ? Result<void>{} : fail(file_error(errno, "read", path));
  }
  level.device = seen.st_dev;
  level.inode = seen.st_ino;
  const bool encloses = std::any_of(levels_.begin(), levels_.end(), [&](const Level& above) {
    return above.device == level.device && above.inode == level.inode;
  });
  if (encloses) {
    return {};
  }
  if (levels_.size() == levels_max) {
    return fail(Errc::invalid, "path \"" + path + "\"",
                "directories are nested deeper than " + std::to_string(levels_max) + " levels",
                "name a directory further down, or flatten it");
  }
  if (const int number = list(path, level.names)) {
    return number == ENOENT ? Result<void>{} : fail(file_error(number, "read", path));
  }
  for (const std::string& name : level.names) {
    for (std::string_view rest = name; !rest.empty();) {
      const std::size_t length = record::utf8_length(rest);
      if (length == 0) {
        return fail(Errc::invalid, "path \"" + path + "\"",
                    "the name \"" + record::printable(name, 200) + "\" in it is not UTF-8", "rename it");
      }
      rest.remove_prefix(length);
    }
  }
  levels_.push_back(std::move(level));
  return {};
}

Result<std::optional<FoundFile>> FileWalk::next() {
  if (root_is_file_) {
    if (std::exchange(root_given_, true)) {
      return std::nullopt;
    }
    std::uint64_t size = 0;
    SB_TRY(kind, look("", size));
    if (kind != Kind::file) {
      return fail(file_error(ENOENT, "read", root_));
    }
    return FoundFile{root_, "", size};
  }
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.at == level.names.size()) {
      levels_.pop_back();
      continue;
    }
    const std::string relative = level.prefix + level.names[level.at++];
    std::uint64_t size = 0;
    SB_TRY(kind, look(relative, size));
    if (kind == Kind::file) {
      return FoundFile{full(relative), relative, size};
    }
    if (kind == Kind::directory) {
      SB_TRY_VOID(enter(relative));
    }
  }
  return std::nullopt;
}

Result<void> FileWalk::seek(std::string_view relative) {
  if (root_is_file_) {
    root_given_ = false;
    return {};
  }
  levels_.clear();
  SB_TRY_VOID(enter(""));
  while (!levels_.empty()) {
    Level& level = levels_.back();
    const std::size_t slash = relative.find('/');
    const std::string_view name = relative.substr(0, slash);
    level.at =
        static_cast<std::size_t>(std::lower_bound(level.names.begin(), level.names.end(), name) - level.names.begin());
    if (slash == std::string_view::npos || level.at == level.names.size() || level.names[level.at] != name) {
      return {};
    }
    const std::string directory = level.prefix + level.names[level.at];
    std::uint64_t size = 0;
    SB_TRY(kind, look(directory, size));
    if (kind != Kind::directory) {
      return {};
    }
    ++level.at;
    const std::size_t depth = levels_.size();
    SB_TRY_VOID(enter(directory));
    if (levels_.size() == depth) {  // gone meanwhile
      return {};
    }
    relative.remove_prefix(slash + 1);
  }
  return {};
}

}  // namespace slicebus::operations::file
