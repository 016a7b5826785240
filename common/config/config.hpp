#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/result.hpp"

/// Configuration from a YAML file, the environment and flags; flags win over the environment, that over the file.
namespace slicebus::config {

/// One setting. `name` is its key in the file; the flag is --name with dashes, the variable SLICEBUS_NAME in capitals.
/// The targets hold the defaults before load() and the effective values after it.
struct Field {
  std::string name;  ///< "slicer_port_range"
  std::variant<std::string*, std::int64_t*, bool*, std::chrono::milliseconds*> target;
  std::string help;              ///< one sentence: what it does; shown by --help and --print-config
  std::string range;             ///< as text, for people: "1..65535", "1 s..10 min", "directory"; may be empty
  std::int64_t min = INT64_MIN;  ///< of an integer, or of a duration in ms
  std::int64_t max = INT64_MAX;
  std::vector<std::string> choices = {};  ///< of a text: the only values it may have; empty: any
};

struct Program {
  std::string name;     ///< "slicebus-master"
  std::string summary;  ///< one sentence for --help
  std::vector<Field> fields;
  std::vector<std::string> positionals;  ///< names of positional arguments, all required; values come back in order
};

struct Loaded {
  /// Set: the process has answered (--help, --version, --print-config, or an error) and should exit.
  std::optional<int> exit_code;
  std::vector<std::string> positionals;
};

/// The setting that every program has: --log-level, "trace", "debug", "info", "warn" or "error".
Field log_level_field(std::string* level);

/// Reads --config FILE (or SLICEBUS_CONFIG), the environment and the flags into the fields. Durations accept "5 s",
/// "250ms", "2 minutes", or plain milliseconds. A wrong value is printed to stderr with file and line (or flag, or
/// variable), reason and remedy; exit code 2. An unknown key of the file or flag is such an error, with the nearest
/// name.
Loaded load(const Program& program, int argc, const char* const* argv);

/// "250ms", "5 s", "2 minutes", "1 hour", 1500 (ms). Errors: invalid.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The nearest of `candidates` to a mistyped `name` (edit distance ≤ a third of its length), or nothing.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace slicebus::config
