#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace slicebus::agent {

/// How often the kernel killed a process of this cgroup because the cgroup's memory limit was reached: what tells such
/// a SIGKILL from one that a person sent. Reads cgroup v2 and v1.
class MemoryKills {
 public:
  MemoryKills();
  /// True if there were some since the last call (or since the start). False where the kernel does not say.
  bool happened();

 private:
  std::string path_;
  std::uint64_t seen_ = 0;
};

/// The count after the word "oom_kill" of memory.events (v2) or memory.oom_control (v1), or nothing.
std::optional<std::uint64_t> count_of_memory_kills(const std::string& file_text);

}  // namespace slicebus::agent
