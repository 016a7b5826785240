#include "worker/agent/memory_kills.hpp"

#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace slicebus::agent {

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Lines of /proc/self/cgroup: "0::/a/b" (v2), "9:memory:/a/b" (v1). Inside a container the path may be that of the
/// host, while the mount shows the container's own group at its root.
std::string find_path() {
  std::istringstream lines(text_of("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string group = line.substr(second + 1);
    const std::string controllers = line.substr(line.find(':') + 1, second - line.find(':') - 1);
    const bool v2 = controllers.empty();
    if (!v2 && controllers != "memory") {
      continue;
    }
    const std::string mount = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const std::string file = v2 ? "/memory.events" : "/memory.oom_control";
    for (const std::string& directory : {mount + (group == "/" ? "" : group), mount}) {
      std::string path = directory + file;
      if (count_of_memory_kills(text_of(path))) {
        return path;
      }
    }
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> count_of_memory_kills(const std::string& file_text) {
  std::istringstream lines(file_text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t count = 0;
    if (words >> key >> count && key == "oom_kill") {
      return count;
    }
  }
  return std::nullopt;
}

MemoryKills::MemoryKills() : path_(find_path()) { happened(); }

bool MemoryKills::happened() {
  if (path_.empty()) {
    return false;
  }
  const std::uint64_t count = count_of_memory_kills(text_of(path_)).value_or(seen_);
  return std::exchange(seen_, count) < count;
}

}  // namespace slicebus::agent
