#include "common/operations/file/file_error.hpp"

#include <cerrno>
#include <cstring>

namespace slicebus::operations::file {

Error file_error(int number, std::string_view doing, const std::string& path) {
  const std::string where = "path \"" + path + "\"";
  const std::string what = "cannot " + std::string(doing) + ": " + std::strerror(number);
  switch (number) {
    case ENOENT:
      return {Errc::not_found, where, what,
              "correct the path; every machine of the cluster must see it under the same name"};
    case EACCES:
    case EPERM:
      return {Errc::invalid, where, what,
              "give the user that runs Slicebus the right to " + std::string(doing) + " it"};
    case ENOSPC:
    case EDQUOT:
      return {Errc::exhausted, where, what, "free space there; the slice runs again by itself"};
    case EROFS:
      return {Errc::exhausted, where, what, "mount it writable; the slice runs again by itself"};
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
    case EFBIG:
      return {Errc::invalid, where, what, "correct the path"};
    default:
      return {Errc::unavailable, where, what, "check the disk or the network file system"};
  }
}

}  // namespace slicebus::operations::file
