#include "tests/support/tidy_rules.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace slicebus::tidy {

namespace {

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }
bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}
bool is_cpp(std::string_view path) { return ends(path, ".hpp") || ends(path, ".cpp"); }
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

struct Include {
  std::size_t line;
  std::string target;
  bool quoted;
};

std::vector<Include> includes_of(const std::string& content) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> found;
  std::istringstream lines(content);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, include)) {
      found.push_back({number, match[2], match[1] == "\""});
    }
  }
  return found;
}

std::string at(const std::string& path, std::size_t line) { return path + ":" + std::to_string(line) + ": "; }

/// A room, the rooms it may include beside itself, and what to say otherwise. The first whose prefix fits a path is the
/// file's room.
struct Room {
  std::string_view prefix;
  std::string_view name;
  std::vector<std::string_view> may;
  std::string_view says;
};

/// In the order of matching: the longer prefix first. A prefix that ends in '/' is a folder, else the files directly in
/// it.
const std::vector<Room>& rooms() {
  static const std::vector<Room> all{
      {"common/record/", "record", {"common"}, "record may include common/*.hpp only; it comes before wire and bus"},
      {"common/wire/", "wire", {"common", "common/record/"}, "wire may include common/*.hpp and record/ only"},
      {"common/bus/",
       "bus",
       {"common", "common/record/", "common/wire/"},
       "bus may include wire/ and what is before it only"},
      {"common/operations/",
       "operations",
       {"common", "common/record/", "common/config/"},
       "operations may include record/ (and config/, which reads durations) only; it knows nothing of wire or bus"},
      {"common/config/", "config", {"common"}, "config may include common/*.hpp only"},
      {"common/log/", "log", {"common"}, "log may include common/*.hpp only"},
      {"common/bundle/", "bundle", {"common"}, "bundle may include common/*.hpp only"},
      {"common/process/", "process", {"common"}, "process may include common/*.hpp only"},
      {"common/",
       "common",
       {"common"},
       "what stands directly in common may include nothing but itself; it is under everything"},
      {"master/api/",
       "api",
       {"common", "common/", "master/service/", "master/http/"},
       "api may include service/ only; move the call there"},
      {"master/service/",
       "service",
       {"common", "common/", "master/scheduler/", "master/execution/", "master/store"},
       "service may include scheduler/, execution/ and the store ports only"},
      {"master/scheduler/",
       "scheduler",
       {"common", "common/"},
       "scheduler may include common/ only; hand it what it needs"},
      {"master/execution/",
       "execution",
       {"common", "common/", "master/store"},
       "execution may include the store ports only"},
      {"master/store/",
       "store",
       {"common", "common/", "master/store"},
       "an adapter may include its own folder and the ports only"},
      {"master/http/", "http", {"common", "common/"}, "http may include common/ only; the API reads its requests"},
      {"master/",
       "master",
       {"common", "common/", "master/", "master/store"},
       "the master may include common/ and master/ only"},
      {"worker/pipeline/", "pipeline", {"common", "common/"}, "pipeline may include common/ only"},
      {"worker/slot/", "slot", {"common", "common/", "worker/pipeline/"}, "slot may include pipeline/ only"},
      {"worker/agent/",
       "agent",
       {"common", "common/", "worker/slot/page.hpp"},
       "agent may include common/ and slot/page.hpp only; slots are processes, not objects"},
      {"worker/", "worker", {"common", "common/", "worker/"}, "the worker may include common/ and worker/ only"},
      {"broker/", "broker", {"common", "common/"}, "the broker may include common/ only"},
      {"cli/",
       "cli",
       {"common", "common/"},
       "the command line may include common/ only; use a subcommand of slicebus-master"},
  };
  return all;
}

const Room* room_of(const std::string& path) {
  for (const Room& room : rooms()) {
    if (begins(path, room.prefix)) {
      return &room;
    }
  }
  return nullptr;
}

/// "common" means the files directly in common/, "common/" all below it, "a/b.hpp" that file.
bool within(const std::string& target, std::string_view allowed) {
  if (ends(allowed, "/")) {
    return begins(target, allowed);
  }
  return ends(allowed, ".hpp") ? target == allowed : folder_of(target) == allowed;
}

/// Libraries that one room hides from the rest.
struct Vendor {
  std::string_view header;
  std::string_view home;
  std::string_view says;
};
constexpr std::array<Vendor, 6> vendors{{
    {"zmq.h", "common/bus/", "only common/bus may include zmq; use its sockets"},
    {"pistache/", "master/http/", "only master/http may include Pistache; use HttpServer"},
    {"sqlite3.h", "master/store/sqlite/", "only master/store/sqlite may include SQLite; use the ports"},
    {"yaml-cpp/", "common/config/", "only common/config may read YAML"},
    {"archive", "common/bundle/", "only common/bundle may include libarchive; it checks and unpacks"},
    {"spdlog/", "common/log/", "only common/log may include spdlog; log::event() writes"},
}};

/// `allowed` holds "master/store" for the ports, which stand directly in it; an adapter is any folder below.
bool may_include(const Room& room, const std::string& from, const std::string& target) {
  if (folder_of(from) == folder_of(target) ||
      (begins(target, room.prefix) && room.name != "store" && room.name != "common")) {
    return true;
  }
  return std::any_of(room.may.begin(), room.may.end(),
                     [&](std::string_view allowed) { return within(target, allowed); });
}

bool is_source_folder(std::string_view top) {
  static const std::set<std::string_view> tops{"common", "broker", "master", "worker", "cli", "tests", "bench"};
  return tops.count(top) > 0;
}

}  // namespace

Tree read_tree(const std::filesystem::path& root) {
  Tree tree;
  for (const auto& top : std::filesystem::directory_iterator(root)) {
    if (!top.is_directory() || !is_source_folder(top.path().filename().string())) {
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top.path())) {
      const std::string path = std::filesystem::relative(entry.path(), root).string();
      if (entry.is_regular_file() && (is_cpp(path) || ends(path, "CMakeLists.txt"))) {
        std::ifstream file(entry.path());
        tree[path] = std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      }
    }
  }
  return tree;
}

Breaches check_includes(const Tree& tree) {
  Breaches breaches;
  for (const auto& [path, content] : tree) {
    const Room* room = room_of(path);
    if (!is_cpp(path) || room == nullptr) {
      continue;
    }
    for (const Include& include : includes_of(content)) {
      if (include.quoted && tree.count(include.target) == 0) {
        breaches.push_back(at(path, include.line) + "\"" + include.target +
                           "\" is no file from the root; write the whole path");
      } else if (include.quoted && !may_include(*room, path, include.target)) {
        breaches.push_back(at(path, include.line) + std::string(room->says));
      }
      for (const Vendor& vendor : vendors) {
        if (begins(include.target, vendor.header) && !begins(path, vendor.home)) {
          breaches.push_back(at(path, include.line) + std::string(vendor.says));
        }
      }
    }
  }
  return breaches;
}

std::set<std::string> core_files(const Tree& tree) {
  static const std::regex library(R"(slicebus_library\(\s*(\w+)\s+SOURCES\s+([^)]*?)(?:\s+DEPS\b[^)]*)?\))");
  std::set<std::string> found;
  const auto add = [&](const std::string& path) {
    if (tree.count(path) > 0) {
      found.insert(path);
    }
  };
  for (const auto& [path, content] : tree) {
    if (!ends(path, "CMakeLists.txt") || begins(path, "tests/")) {
      continue;
    }
    for (std::sregex_iterator it(content.begin(), content.end(), library), end; it != end; ++it) {
      const std::string name = (*it)[1];
      if (!ends(name, "_core") && name != "scheduler") {
        continue;
      }
      std::istringstream sources((*it)[2]);
      for (std::string source; sources >> source;) {
        const std::string file = folder_of(path) + "/" + source;
        add(file);
        add(file.substr(0, file.rfind('.')) + ".hpp");
      }
    }
  }
  // What a core includes from its own room is core, too: its events, its queue.
  for (bool grew = true; grew;) {
    grew = false;
    for (const std::string& file : std::set<std::string>(found)) {
      for (const Include& include : includes_of(tree.at(file))) {
        if (include.quoted && folder_of(include.target) == folder_of(file) && tree.count(include.target) > 0) {
          grew = found.insert(include.target).second || grew;
        }
      }
    }
  }
  return found;
}

Breaches check_cores(const Tree& tree) {
  static const std::set<std::string_view> forbidden{"thread", "mutex", "random", "condition_variable",
                                                    "future", "atomic"};
  static const std::regex calls_now(R"(\b(monotonic_now|wall_now|new_uuid|sleep_for|sleep_until)\s*\(|::now\s*\()");
  Breaches breaches;
  for (const std::string& path : core_files(tree)) {
    const std::string& content = tree.at(path);
    for (const Include& include : includes_of(content)) {
      const bool vendor = std::any_of(vendors.begin(), vendors.end(),
                                      [&](const Vendor& v) { return begins(include.target, v.header); });
      if (vendor || begins(include.target, "common/bus/") || begins(include.target, "common/process/") ||
          (!include.quoted && forbidden.count(include.target) > 0)) {
        breaches.push_back(at(path, include.line) + "a core includes no sockets, stores, threads or chance (" +
                           include.target + "); leave that to its shell");
      }
    }
    std::istringstream lines(content);
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
      const std::string code = line.substr(0, line.find("//"));
      if (std::regex_search(code, calls_now)) {
        breaches.push_back(at(path, number) +
                           "a core reads no clock and draws no chance; its shell passes `now` and ids to step()");
      }
    }
  }
  return breaches;
}

Breaches check_files(const Tree& tree) {
  static const std::regex snake(R"([a-z0-9_]+\.(hpp|cpp))");
  static const std::regex attic(R"((^|/)(utils?|helpers?|misc)(/|\.|_))");
  Breaches breaches;
  for (const auto& [path, content] : tree) {
    const std::string file = path.substr(path.rfind('/') + 1);
    if (std::regex_search(path, attic)) {
      breaches.push_back(at(path, 1) + "no utils, helpers, misc: a thing without a room has no name yet");
    }
    if (!is_cpp(path)) {
      continue;
    }
    if (!std::regex_match(file, snake)) {
      breaches.push_back(at(path, 1) + "files are named in snake_case, .hpp or .cpp");
    }
    if (ends(path, ".hpp") && !begins(content, "#pragma once\n")) {
      breaches.push_back(at(path, 1) + "a header begins with #pragma once");
    }
  }
  return breaches;
}

Breaches check_unit_tests(const Tree& tree) {
  static const std::regex sleeps(R"(\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\()");
  Breaches breaches;
  for (const auto& [path, content] : tree) {
    if (!begins(path, "tests/unit/") || !is_cpp(path)) {
      continue;
    }
    std::istringstream lines(content);
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
      if (std::regex_search(line.substr(0, line.find("//")), sleeps)) {
        breaches.push_back(at(path, number) + "unit tests do not sleep; pass the time, or wait on what happens");
      }
    }
  }
  return breaches;
}

}  // namespace slicebus::tidy
