#pragma once
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace slicebus::operations::file {

/// A failed system call on a path, in our words.
/// Codes: not_found (ENOENT), invalid (no permission, not a directory, a name that cannot be), exhausted (no space,
/// quota, read-only file system), unavailable (all else: it may pass).
/// @param doing  "read", "make", "write"
Error file_error(int number, std::string_view doing, const std::string& path);

}  // namespace slicebus::operations::file
