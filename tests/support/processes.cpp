#include "tests/support/processes.hpp"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "common/descriptor.hpp"

namespace slicebus::support {

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream
      text;  // fails quietly, where an iterator would throw, when the process ends between opening and reading
  text << file.rdbuf();
  return text.str();
}

std::vector<ProcessInfo> all_processes() {
  std::vector<ProcessInfo> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) {
      continue;
    }
    const std::string stat = text_of(entry.path() / "stat");
    const std::size_t after_name = stat.rfind(')');  // the name itself may hold anything
    if (after_name == std::string::npos) {
      continue;
    }
    std::istringstream rest(stat.substr(after_name + 1));
    char state = 0;
    ProcessInfo info;
    info.pid = std::stoi(name);
    rest >> state >> info.parent;
    if (state == 'Z' || state == 'X') {
      continue;
    }
    info.command = text_of(entry.path() / "cmdline");
    std::replace(info.command.begin(), info.command.end(), '\0', ' ');
    found.push_back(std::move(info));
  }
  return found;
}

}  // namespace

std::vector<ProcessInfo> family_of(pid_t ancestor) {
  const std::vector<ProcessInfo> all = all_processes();
  std::vector<ProcessInfo> family;
  std::set<pid_t> members;
  const auto take = [&](const ProcessInfo& info) {
    members.insert(info.pid);
    family.push_back(info);
  };
  std::for_each(all.begin(), all.end(), [&](const ProcessInfo& info) {
    if (info.pid == ancestor) {
      take(info);
    }
  });
  for (std::size_t before = 0; before != family.size();) {
    before = family.size();
    for (const ProcessInfo& info : all) {
      if (members.count(info.parent) > 0 && members.count(info.pid) == 0) {
        take(info);
      }
    }
  }
  return family;
}

std::vector<ProcessInfo> processes_with(const std::string& text) {
  std::vector<ProcessInfo> found = all_processes();
  found.erase(std::remove_if(found.begin(), found.end(),
                             [&](const ProcessInfo& info) { return info.command.find(text) == std::string::npos; }),
              found.end());
  return found;
}

bool alive(pid_t pid) {
  const std::string stat = text_of("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t after_name = stat.rfind(')');
  return after_name != std::string::npos && stat.size() > after_name + 2 && stat[after_name + 2] != 'Z';
}

std::optional<long> resident_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") {
      long kib = 0;
      status >> kib;
      return kib;
    }
  }
  return std::nullopt;
}

Ended run(const std::vector<std::string>& words, const std::string& directory, std::chrono::milliseconds patience) {
  std::vector<std::string> all;
  if (!directory.empty()) {
    all = {"env", "-C", directory};
  }
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), 02000000 /* O_CLOEXEC */) != 0) {
    return {-1, "no pipe"};
  }
  const Descriptor output(ends[0]);
  Descriptor input(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDERR_FILENO);
  pid_t pid = -1;
  const int trouble = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  input.close();
  Ended ended;
  if (trouble != 0) {
    return {127, all[0] + " cannot be started"};
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::array<char, 65'536> buffer{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd one{output.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) == 0) {
      ::kill(pid, SIGKILL);
      break;
    }
    const ssize_t size = ::read(output.get(), buffer.data(), buffer.size());
    if (size <= 0) {
      break;
    }
    ended.output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

}  // namespace slicebus::support
