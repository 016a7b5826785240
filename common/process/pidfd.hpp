#pragma once
// Private to common/process. glibc 2.36's <sys/pidfd.h> lacks extern "C", so that C++ cannot link what it declares.
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace slicebus::process {

/// Close-on-exec by nature. @return -1 with errno
inline int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)); }

/// Reaches the process that was opened, or nobody: a pid may be another's by now. @return -1 with errno
inline int signal_pidfd(int pidfd, int number) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0U));
}

}  // namespace slicebus::process
