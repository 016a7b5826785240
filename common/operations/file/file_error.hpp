#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "common/result.hpp"

namespace slicebus::operations::file {

/// A failed system call on a path, in our words.
/// Codes: not_found (ENOENT), invalid (no permission, not a directory, a name that cannot be), exhausted (no space,
/// quota, read-only file system), unavailable (all else: it may pass).
/// @param doing  "read", "make", "write"
Error file_error(int number, std::string_view doing, const std::string& path);

/// An open file descriptor.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&&) = delete;
  ~File();
  bool valid() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  /// Closes now. @return 0, or the error number (NFS reports a full disk here)
  int close();

 private:
  int descriptor_;
};

}  // namespace slicebus::operations::file
