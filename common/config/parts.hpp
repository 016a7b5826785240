#pragma once
// Private to common/config: what its files share. CLI11 and yaml-cpp stay in one .cpp each (they are slow to compile).
#include <map>
#include <string>
#include <vector>

#include "common/config/config.hpp"

namespace slicebus::config {

/// A value as somebody wrote it, and where: "--port", "SLICEBUS_PORT", "/etc/slicebus.yaml:3: port".
struct Written {
  std::string text;
  std::string where;
};

/// Puts what was written into the field's target. Errors: invalid, with the range.
Result<void> assign(const Field& field, const Written& written);
/// The target's present value as assign() would read it: "9 s", "true", "5680".
std::string present_value(const Field& field);
/// "1 s..10 min", "1..65535", "one of a, b": for people; may be empty.
std::string range_of(const Field& field);
/// "slicer-port-range"
std::string flag_name(const Field& field);

/// What stands in the file, by field name. Unknown keys, values that are no scalar and syntax errors are added to
/// `errors`.
std::map<std::string, Written> read_file(const std::string& path, const std::vector<Field>& fields,
                                         std::vector<Error>& errors);
/// The fields with their texts and present values, as a file that read_file() understands.
std::string file_of(const Program& program);

struct Flags {
  std::map<std::string, Written> values;  ///< by field name
  std::vector<std::string> positionals;
  std::string config_path;
  bool print_config = false;
  bool version = false;
  std::string help;  ///< the whole text, if it was asked for
};
/// Reads the command line. Unknown flags and missing values are added to `errors`.
Flags read_flags(const Program& program, int argc, const char* const* argv, std::vector<Error>& errors);

/// What load() does, said instead of printed.
struct Answer {
  Loaded loaded;
  std::string output;  ///< for stdout
  std::string errors;  ///< for stderr, a line each
};
Answer answer(const Program& program, int argc, const char* const* argv);

}  // namespace slicebus::config
