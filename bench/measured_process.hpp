#pragma once
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

/// What the programs of bench/ ask the system about themselves.
namespace slicebus::bench {

/// CPU seconds of this process, or with RUSAGE_CHILDREN of all that it has waited for.
inline double cpu_seconds(int who) {
  rusage used{};
  getrusage(who, &used);
  const auto each = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return each(used.ru_utime) + each(used.ru_stime);
}

/// Resident memory of this process; 0 where /proc does not say.
inline long resident_kb() {
  long kb = 0;
  if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
    for (char line[256]; std::fgets(line, sizeof line, status) != nullptr;) {
      if (std::strncmp(line, "VmRSS:", 6) == 0) {
        static_cast<void>(std::sscanf(line + 6, "%ld", &kb));
      }
    }
    std::fclose(status);
  }
  return kb;
}

/// As many descriptors as this process may have: a socket of ZeroMQ takes several.
inline void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65'536);
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace slicebus::bench
