#include "common/config/config.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "common/config/parts.hpp"
#include "common/version.hpp"

namespace slicebus::config {
namespace {

constexpr int exit_wrong_settings = 2;

std::string variable_name(const std::string& name) {
  std::string out = "SLICEBUS_" + name;
  for (char& c : out) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

std::map<std::string, Written> read_environment(const std::vector<Field>& fields) {
  std::map<std::string, Written> out;
  for (const Field& field : fields) {
    const std::string name = variable_name(field.name);
    if (const char* text = std::getenv(name.c_str())) {
      out[field.name] = {text, name};
    }
  }
  return out;
}

void apply(const std::vector<Field>& fields, const std::map<std::string, Written>& written,
           std::vector<Error>& errors) {
  for (const Field& field : fields) {
    const auto at = written.find(field.name);
    if (at == written.end()) {
      continue;
    }
    if (auto done = assign(field, at->second); !done) {
      errors.push_back(std::move(done).error());
    }
  }
}

}  // namespace

Field log_level_field(std::string* level) {
  return {.name = "log_level",
          .target = level,
          .help = "Events below this level are not logged",
          .range = {},
          .choices = {"trace", "debug", "info", "warn", "error"}};
}

Answer answer(const Program& program, int argc, const char* const* argv) {
  std::vector<Error> errors;
  const Flags flags = read_flags(program, argc, argv, errors);
  if (!flags.help.empty()) {
    return {{0, {}}, flags.help, {}};
  }
  if (flags.version) {
    return {{0, {}}, program.name + " " + version + "\n", {}};
  }
  std::string path = flags.config_path;
  if (const char* named = std::getenv("SLICEBUS_CONFIG"); path.empty() && named != nullptr) {
    path = named;
  }
  if (!path.empty()) {
    apply(program.fields, read_file(path, program.fields, errors), errors);
  }
  apply(program.fields, read_environment(program.fields), errors);
  apply(program.fields, flags.values, errors);
  if (!errors.empty()) {
    Answer refusal{{exit_wrong_settings, {}}, {}, {}};
    for (const Error& error : errors) {
      refusal.errors += program.name + ": " + error.text() + "\n";
    }
    return refusal;
  }
  if (flags.print_config) {
    return {{0, {}}, file_of(program), {}};
  }
  return {{std::nullopt, flags.positionals}, {}, {}};
}

Loaded load(const Program& program, int argc, const char* const* argv) {
  Answer said = answer(program, argc, argv);
  std::fwrite(said.output.data(), 1, said.output.size(), stdout);
  std::fwrite(said.errors.data(), 1, said.errors.size(), stderr);
  return std::move(said.loaded);
}

}  // namespace slicebus::config
