#pragma once
#include <filesystem>
#include <string>
#include <utility>

#include "common/descriptor.hpp"
#include "common/result.hpp"

namespace slicebus::local {

/// The directory under which a local cluster stores everything, locked for as long as this object lives. Move-only.
class DataDirectory {
 public:
  /// Makes `path` and its logs/ when absent. Errors: conflict (another `slicebus local` has it: names its pid),
  /// unavailable (cannot be made or written).
  static Result<DataDirectory> open(const std::string& path);

  const std::filesystem::path& path() const { return path_; }  ///< absolute
  std::filesystem::path log_of(const std::string& program) const { return path_ / "logs" / (program + ".log"); }

 private:
  DataDirectory(std::filesystem::path path, Descriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  Descriptor lock_;  ///< holds the lock on local.lock, in which our pid stands
};

}  // namespace slicebus::local
