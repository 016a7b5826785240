#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The house rules that a machine can check, over any tree: the real one, or a wrong one made up by a test of the
/// tests.
namespace slicebus::tidy {

/// Path from the root ("master/api/jobs.cpp") to content.
using Tree = std::map<std::string, std::string>;

/// Reads every C++ file and CMakeLists.txt under the source folders of `root`.
Tree read_tree(const std::filesystem::path& root);

/// Each breach is one line: "master/api/jobs.cpp:12: api may include service/ only; move the call there".
using Breaches = std::vector<std::string>;

/// Rooms include only what stands before them in the flow (style §3); zmq, Pistache and SQLite have one room each.
Breaches check_includes(const Tree& tree);
/// Cores (sources of targets named *_core, and what they include from their own room) know no sockets, threads, chance
/// or clock.
Breaches check_cores(const Tree& tree);
/// #pragma once first; snake_case file names; .hpp, .cpp, _test.cpp; no utils, helpers, misc.
Breaches check_files(const Tree& tree);
/// Unit tests do not sleep.
Breaches check_unit_tests(const Tree& tree);

/// Names of the core files of a tree, from the CMakeLists.txt that list them.
std::set<std::string> core_files(const Tree& tree);

}  // namespace slicebus::tidy
