#include "common/operations/file/file_output.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <vector>

#include "common/operations/file/file_error.hpp"

namespace slicebus::operations::file {
namespace {

std::string join(const std::string& directory, const std::string& name) {
  return !directory.empty() && directory.back() == '/' ? directory + name : directory + "/" + name;
}

std::string parent_of(const std::string& path) {
  const std::size_t last = path.find_last_not_of('/');
  const std::size_t slash = last == std::string::npos ? std::string::npos : path.rfind('/', last);
  if (slash == std::string::npos) {
    return last == std::string::npos ? "/" : ".";
  }
  const std::size_t end = path.find_last_not_of('/', slash);
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

/// A new name in a directory survives a power cut only once the directory itself is written.
Result<void> sync_directory(const std::string& directory) {
  Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open()) {
    return fail(file_error(errno, "write", directory));
  }
  if (::fsync(opened.get()) != 0 && errno != EINVAL) {  // EINVAL: this file system has nothing to sync
    return fail(file_error(errno, "write", directory));
  }
  return {};
}

/// Makes the directory and those above it that are absent.
Result<void> make_directory(const std::string& directory) {
  std::vector<std::string> absent;
  for (std::string at = directory;; at = parent_of(at)) {
    struct stat seen {};
    if (::stat(at.c_str(), &seen) == 0) {
      if (!S_ISDIR(seen.st_mode)) {
        return fail(file_error(ENOTDIR, "write", at));
      }
      break;
    }
    if (errno != ENOENT) {
      return fail(file_error(errno, "make", at));
    }
    absent.push_back(at);
    if (parent_of(at) == at) {
      break;
    }
  }
  for (; !absent.empty(); absent.pop_back()) {
    const std::string& at = absent.back();
    if (::mkdir(at.c_str(), 0777) != 0 && errno != EEXIST) {  // another slot may have been quicker
      return fail(file_error(errno, "make", at));
    }
    SB_TRY_VOID(sync_directory(parent_of(at)));
  }
  return {};
}

/// Of a name that temporary_name() made; nothing: of somebody else's.
std::optional<std::uint64_t> epoch_of(std::string_view temporary) {
  const std::string_view fence = temporary.substr(temporary.rfind('.') + 1);
  std::uint64_t epoch = 0;
  const auto [end, problem] = std::from_chars(fence.data(), fence.data() + fence.size(), epoch);
  return problem == std::errc{} && end != fence.data() + fence.size() && *end == '-' ? std::optional(epoch)
                                                                                     : std::nullopt;
}

}  // namespace

std::string output_name(const LineageId& lineage, SlicePosition slice, std::string_view extension) {
  std::string order = std::to_string(slice.slicer_order);
  if (order.size() < 10) {
    order.insert(0, 10 - order.size(), '0');
  }
  return lineage.text + "." + std::to_string(slice.slicer_id) + "-" + order + std::string(extension);
}

std::string temporary_name(const LineageId& lineage, SlicePosition slice, Fence fence, std::string_view extension) {
  return "." + output_name(lineage, slice, extension) + "." + std::to_string(fence.epoch) + "-" +
         std::to_string(fence.number);
}

Result<OutputFile> OutputFile::create(const std::string& directory, const std::string& name) {
  const std::string path = join(directory, name);
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  Descriptor file(::open(path.c_str(), flags, 0666));
  if (!file.is_open() && errno == ENOENT) {
    SB_TRY_VOID(make_directory(directory));
    file = Descriptor(::open(path.c_str(), flags, 0666));
  }
  if (!file.is_open()) {
    return fail(file_error(errno, "write", directory));
  }
  return OutputFile(std::move(file), path);
}

OutputFile::~OutputFile() {
  if (file_.is_open()) {
    file_.close();
    ::unlink(path_.c_str());
  }
}

Result<void> OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return fail(file_error(errno, "write", parent_of(path_)));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> OutputFile::finish() {
  if (::fsync(file_.get()) != 0) {
    return fail(file_error(errno, "write", parent_of(path_)));
  }
  if (const int number = file_.close()) {
    ::unlink(path_.c_str());
    return fail(file_error(number, "write", parent_of(path_)));
  }
  return {};
}

Result<void> publish_file(const std::string& directory, const std::string& temporary, const std::string& final_name) {
  if (::rename(join(directory, temporary).c_str(), join(directory, final_name).c_str()) != 0) {
    if (errno != ENOENT) {
      return fail(file_error(errno, "write", directory));
    }
    // Done before, perhaps by a process that died before the directory was synced. No directory: nothing to sync.
    if (struct stat seen{}; ::stat(directory.c_str(), &seen) != 0 && errno == ENOENT) {
      return {};
    }
  }
  return sync_directory(directory);
}

void drop_file(const std::string& directory, const std::string& temporary) {
  ::unlink(join(directory, temporary).c_str());
}

void sweep_files(const std::string& directory, const LineageId& lineage, std::uint64_t last_epoch) {
  DIR* opened = ::opendir(directory.c_str());
  if (opened == nullptr) {
    return;
  }
  const std::string prefix = "." + lineage.text + ".";
  while (const dirent* entry = ::readdir(opened)) {
    const std::string_view name(entry->d_name);
    if (const auto epoch = epoch_of(name); name.starts_with(prefix) && epoch && *epoch <= last_epoch) {
      ::unlink(join(directory, entry->d_name).c_str());
    }
  }
  ::closedir(opened);
}

Result<void> check_output(const std::string& directory) {
  if (directory.empty()) {
    return fail(Errc::invalid, "path", "is empty", "name a directory to write to");
  }
  for (std::string at = directory;; at = parent_of(at)) {
    struct stat seen {};
    if (::stat(at.c_str(), &seen) == 0) {
      if (!S_ISDIR(seen.st_mode)) {
        return fail(Errc::invalid, "path \"" + at + "\"", "is not a directory",
                    "name a directory to write to; it is made when absent");
      }
      // A read-only file system is waited for while the execution runs; a missing right is not.
      if (::access(at.c_str(), W_OK | X_OK) != 0 && errno != EROFS) {
        return fail(file_error(errno, at == directory ? "write" : "make a directory in", at));
      }
      return {};
    }
    if (errno != ENOENT) {
      return fail(file_error(errno, "write", at));
    }
    if (parent_of(at) == at) {
      return fail(file_error(ENOENT, "write", at));
    }
  }
}

}  // namespace slicebus::operations::file
