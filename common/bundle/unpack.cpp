#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "common/bundle/bundle.hpp"
#include "common/bundle/zip.hpp"
#include "common/descriptor.hpp"

namespace slicebus::bundle {
namespace {

namespace fs = std::filesystem;
using Written = tl::expected<void, Problem>;

Error disk_error(int number, const std::string& where) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return {full ? Errc::exhausted : Errc::unavailable, "\"" + where + "\"", std::strerror(number),
          full ? "make space on the disk; it is tried again" : "check the path, its owner and its permissions"};
}

/// Writes the entries of a walk under a directory that it made itself: nothing in it can be a link of somebody else's.
class Writer {
 public:
  explicit Writer(fs::path top) : top_(std::move(top)) {}

  const std::optional<Error>& error() const { return error_; }

  Written entry(const Entry& entry) {
    file_.close();
    const fs::path path = top_ / entry.path;
    std::error_code made;
    fs::create_directories(entry.directory ? path : path.parent_path(), made);
    if (made) {
      return failed(made.value(), path);
    }
    if (!entry.directory) {
      const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
      file_ = Descriptor(::open(path.c_str(), flags, entry.executable ? 0755 : 0644));
      path_ = path;
      if (!file_.is_open()) {
        return failed(errno, path);
      }
    }
    return {};
  }

  Written bytes(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t wrote = ::write(file_.get(), bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) {
        continue;
      }
      if (wrote < 0) {
        return failed(errno, path_);
      }
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
  }

  void close() { file_.close(); }

 private:
  tl::unexpected<Problem> failed(int number, const fs::path& path) {
    error_ = disk_error(number, path.string());
    return tl::make_unexpected(Problem{Problem::Kind::refused_entry, error_->text()});
  }

  fs::path top_;
  fs::path path_;
  Descriptor file_;  ///< of the last entry
  std::optional<Error> error_;
};

/// The directory with asset.json: the top, or the one directory in it.
fs::path root_of(const fs::path& top) {
  std::error_code ignored;
  if (fs::exists(top / "asset.json", ignored)) {
    return top;
  }
  const fs::directory_iterator first(top, ignored);
  return first == fs::directory_iterator() ? top : first->path();
}

Result<void> sync_directory(const fs::path& path, bool whole_file_system) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || (whole_file_system ? ::syncfs(directory.get()) : ::fsync(directory.get())) != 0) {
    return fail(disk_error(errno, path.string()));
  }
  return {};
}

}  // namespace

Result<void> unpack(std::string_view zip, const fs::path& directory, const fs::path& half, const Limits& limits) {
  std::error_code failed;
  if (fs::exists(directory, failed)) {
    return {};
  }
  fs::remove_all(half, failed);
  fs::create_directories(half, failed);
  if (failed) {
    return fail(disk_error(failed.value(), half.string()));
  }
  Writer writer(half);
  const Written walked = walk(zip, limits,
                              {[&](const Entry& entry) { return writer.entry(entry); },
                               [&](std::string_view bytes) { return writer.bytes(bytes); }});
  writer.close();
  Result<void> done;
  if (const std::optional<Error>& disk = writer.error(); disk) {
    done = fail(*disk);
  } else if (!walked) {
    done = fail(Errc::invalid, "bundle", walked.error().text, "upload it to the master again");
  } else {
    // One call for all files: a bundle may have ten thousand of them.
    done = sync_directory(half, true);
  }
  if (done && ::rename(root_of(half).c_str(), directory.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY) {
    done = fail(disk_error(errno, directory.string()));
  }
  fs::remove_all(half, failed);
  return done ? sync_directory(directory.parent_path(), false) : done;
}

}  // namespace slicebus::bundle
