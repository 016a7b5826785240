#include "master/store/files/asset_blobs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/descriptor.hpp"

namespace slicebus::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ending = ".zip";

Error disk_error(int number, const std::string& path) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return {full ? Errc::exhausted : Errc::unavailable, "file \"" + path + "\"", std::strerror(number),
          full ? "make space on the disk of the data directory" : "check the path, its owner and its permissions"};
}

class File {
 public:
  File(const std::string& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  bool is_open() const { return file_.is_open(); }

  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t wrote = ::write(file_.get(), bytes.data(), bytes.size());
      if (wrote < 0 && errno != EINTR) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(wrote, 0)));
    }
    return true;
  }
  bool sync() const { return ::fsync(file_.get()) == 0; }
  /// @return how many bytes came; negative: errno
  ssize_t read(std::uint64_t offset, char* into, std::size_t size) const {
    std::size_t got = 0;
    while (got < size) {
      const ssize_t some = ::pread(file_.get(), into + got, size - got, static_cast<off_t>(offset + got));
      if (some < 0 && errno != EINTR) {
        return -1;
      }
      if (some == 0) {
        break;
      }
      got += static_cast<std::size_t>(std::max<ssize_t>(some, 0));
    }
    return static_cast<ssize_t>(got);
  }

 private:
  Descriptor file_;
};

Result<void> sync_directory(const std::string& path) {
  const File directory(path, O_RDONLY | O_DIRECTORY);
  return directory.is_open() && directory.sync() ? Result<void>{} : fail(disk_error(errno, path));
}

}  // namespace

Result<std::unique_ptr<FileAssetBlobs>> FileAssetBlobs::open(const std::string& directory) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed) {
    return fail(disk_error(failed.value(), directory));
  }
  for (const auto& entry : fs::directory_iterator(directory, failed)) {
    if (entry.path().filename().string().starts_with(".") && entry.path().extension() == ".half") {
      fs::remove(entry.path(), failed);
    }
  }
  return std::unique_ptr<FileAssetBlobs>(new FileAssetBlobs(directory));
}

Result<void> FileAssetBlobs::keep(const AssetId& id, std::string_view bytes) {
  const std::string path = path_of(id);
  if (has(id)) {
    return {};
  }
  const std::string half = directory_ + "/." + id.text + "." + new_uuid() + ".half";
  Result<void> kept;
  {
    const File file(half, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open() || !file.write(bytes) || !file.sync()) {
      kept = fail(disk_error(errno, half));
    }
  }
  if (kept && ::rename(half.c_str(), path.c_str()) != 0) {
    kept = fail(disk_error(errno, path));
  }
  if (!kept) {
    ::unlink(half.c_str());
    return kept;
  }
  return sync_directory(directory_);
}

bool FileAssetBlobs::has(const AssetId& id) const { return ::access(path_of(id).c_str(), R_OK) == 0; }

Result<std::string> FileAssetBlobs::read(const AssetId& id, std::uint64_t offset, std::size_t limit) const {
  const std::string path = path_of(id);
  const File file(path, O_RDONLY);
  if (!file.is_open()) {
    return errno == ENOENT ? fail(Errc::not_found, "asset " + id.text, "its bytes are not kept")
                           : fail(disk_error(errno, path));
  }
  std::string bytes(limit, '\0');
  const ssize_t got = file.read(offset, bytes.data(), bytes.size());
  if (got < 0) {
    return fail(disk_error(errno, path));
  }
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

Result<void> FileAssetBlobs::remove(const AssetId& id) {
  const std::string path = path_of(id);
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Result<void>{} : fail(disk_error(errno, path));
}

Result<std::vector<AssetId>> FileAssetBlobs::all() const {
  std::vector<AssetId> ids;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(directory_, failed)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(".") && name.ends_with(ending)) {
      ids.push_back(AssetId{name.substr(0, name.size() - ending.size())});
    }
  }
  return failed ? Result<std::vector<AssetId>>(fail(disk_error(failed.value(), directory_))) : ids;
}

}  // namespace slicebus::store
