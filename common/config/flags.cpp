#include <CLI/CLI.hpp>
#include <deque>

#include "common/config/parts.hpp"

namespace slicebus::config {
namespace {

std::string described(const Field& field) {
  const std::string range = range_of(field);
  const std::string value = present_value(field);
  std::string inside = range;
  if (!value.empty()) {
    inside += (inside.empty() ? "default " : "; default ") + value;
  }
  return field.help + (inside.empty() ? "" : " (" + inside + ")");
}

Error unknown(const std::string& word, const std::vector<std::string>& names) {
  const std::string flag = word.substr(0, word.find('='));
  const auto near = nearest(flag, names);
  return {Errc::invalid, flag, "no such flag", (near ? "did you mean " + *near + "? " : "") + "--help lists all"};
}

}  // namespace

Flags read_flags(const Program& program, int argc, const char* const* argv, std::vector<Error>& errors) {
  Flags out;
  std::deque<std::string> texts;  // addresses must stay: CLI11 writes to them
  std::vector<CLI::Option*> options;
  std::vector<std::string> names{"--config", "--print-config", "--help", "--version"};
  try {
    std::string usage = program.summary;
    CLI::App app(usage, program.name);
    app.allow_extras();
    app.set_help_flag("--help", "Print this and exit");
    app.get_formatter()->column_width(34);
    app.footer(
        "Every flag is also a key of the --config file (underscores for dashes: slicer_port_range) and an environment\n"
        "variable (SLICEBUS_SLICER_PORT_RANGE). Flags win over the environment, the environment over the file.");
    app.add_flag("--version", out.version, "Print the version and exit");
    app.add_flag("--print-config", out.print_config, "Print the effective settings as a --config file and exit");
    app.add_option("--config", out.config_path, "YAML file with settings")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    for (const Field& field : program.fields) {
      std::string& text = texts.emplace_back();
      const std::string flag = "--" + flag_name(field);
      names.push_back(flag);
      CLI::Option* option = std::holds_alternative<bool*>(field.target) ? app.add_flag(flag, text, described(field))
                                                                        : app.add_option(flag, text, described(field));
      options.push_back(option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast));
    }
    // They are read from what is left over; declared, CLI11 would take the value of a mistyped flag for one.
    std::string positional_usage;
    for (const std::string& positional : program.positionals) {
      positional_usage += (positional_usage.empty() ? "" : " ") + positional;
    }
    if (!positional_usage.empty()) {
      app.name(program.name + " " + positional_usage);
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      out.help = app.help();
      return out;
    }
    for (std::size_t i = 0; i < options.size(); ++i) {
      if (options[i]->count() > 0) {
        out.values[program.fields[i].name] = {texts[i], names[i + 4]};
      }
    }
    bool mistyped = false;
    for (const std::string& word : app.remaining()) {
      if (word.size() > 1 && word.front() == '-') {
        errors.push_back(unknown(word, names));
        mistyped = true;
      } else {
        out.positionals.push_back(word);
      }
    }
    if (mistyped || out.version) {
      return out;
    }
    const std::size_t wanted = program.positionals.size();
    if (out.positionals.size() < wanted) {
      errors.push_back({Errc::invalid, "command line", "needs " + program.positionals[out.positionals.size()],
                        "--help shows how it is called"});
    } else if (out.positionals.size() > wanted) {
      errors.push_back({Errc::invalid, out.positionals[wanted], "nothing is expected here",
                        "flags begin with --; --help lists all"});
    }
  } catch (const CLI::Error& error) {
    errors.push_back({Errc::invalid, "command line", error.what(), "--help lists all flags"});
  }
  return out;
}

}  // namespace slicebus::config
