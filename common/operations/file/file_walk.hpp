#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace slicebus::operations::file {

struct FoundFile {
  std::string path;      ///< as to open it
  std::string relative;  ///< below the root; empty when the root is the file
  std::uint64_t size = 0;
};

/// The regular files below a directory, or the one file that the root is. Deterministic: names of a directory in byte
/// order, a directory's files where its name stands. Names beginning with '.' and what is neither file nor directory
/// are passed over; links are followed, except into a directory that encloses them. Holds the names of one directory
/// per level, never the whole tree.
class FileWalk {
 public:
  /// Errors as check_input().
  static Result<FileWalk> open(std::string root, bool may_be_empty);

  /// The next file, nothing at the end. A file that was removed meanwhile is passed over; a directory that cannot be
  /// read is an error: leaving it out would lose records silently.
  Result<std::optional<FoundFile>> next();
  /// Goes to the place of `relative`: next() gives that file, or the first one behind its place if it is gone.
  Result<void> seek(std::string_view relative);

 private:
  struct Level {
    std::string prefix;  ///< below the root, with '/' at the end, or empty
    std::vector<std::string> names;
    std::size_t at = 0;
    dev_t device = 0;
    ino_t inode = 0;
  };
  enum class Kind : std::uint8_t { file, directory, other, gone };

  explicit FileWalk(std::string root) : root_(std::move(root)) {}
  std::string full(const std::string& relative) const;
  Result<Kind> look(const std::string& relative, std::uint64_t& size) const;
  Result<void> enter(const std::string& relative);

  std::string root_;
  bool root_is_file_ = false;
  bool root_given_ = false;
  std::vector<Level> levels_;
};

/// What is wrong with a path that is to be read: absent, unreadable, a directory without anything in it. For submission
/// and start.
/// @param may_be_empty  an empty directory is fine: an execution that goes on may have read all there was
Result<void> check_input(const std::string& path, bool may_be_empty);

}  // namespace slicebus::operations::file
