#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

/// What /proc says, and programs that a test runs to their end.
namespace slicebus::support {

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string command;  ///< arguments joined by spaces, as `ps` shows them
};

/// `ancestor` and all that descend from it, parents first. Zombies are left out.
std::vector<ProcessInfo> family_of(pid_t ancestor);
/// Everyone's `command` that contains `text`.
std::vector<ProcessInfo> processes_with(const std::string& text);
bool alive(pid_t pid);
/// VmRSS, in KiB; nothing when it is gone.
std::optional<long> resident_kib(pid_t pid);

struct Ended {
  int code = -1;       ///< exit code, or 128 + signal
  std::string output;  ///< stdout and stderr together
};
/// Runs `words[0]` (a path, or found by PATH) to its end. After `patience` it gets SIGKILL and `code` is 137.
/// @param directory  where it runs; empty: here
Ended run(const std::vector<std::string>& words, const std::string& directory = {},
          std::chrono::milliseconds patience = std::chrono::minutes(5));

}  // namespace slicebus::support
