#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "common/config/parts.hpp"

namespace slicebus::config {
namespace {

std::string at_line(const std::string& path, const YAML::Mark& mark) {
  return mark.is_null() ? path : path + ":" + std::to_string(mark.line + 1);
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

void read_entry(const std::string& path, const YAML::Node& key, const YAML::Node& value,
                const std::vector<Field>& fields, std::map<std::string, Written>& out, std::vector<Error>& errors) {
  const std::string where = at_line(path, key.Mark());
  if (!key.IsScalar()) {
    errors.push_back({Errc::invalid, where, "a key that is no text", "write `name: value`, one a line"});
    return;
  }
  const std::string& name = key.Scalar();
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const Field& field : fields) {
    names.push_back(field.name);
  }
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    const auto near = nearest(name, names);
    errors.push_back({Errc::invalid, where, "no setting \"" + one_line(name) + "\"",
                      (near ? "did you mean \"" + *near + "\"? " : "") + "--print-config lists all"});
    return;
  }
  if (!value.IsScalar()) {
    errors.push_back({Errc::invalid, where + ": " + name, value.IsNull() ? "has no value" : "is no single value",
                      "write `" + name + ": value`"});
    return;
  }
  if (out.contains(name)) {
    errors.push_back({Errc::invalid, where + ": " + name, "is there twice", "keep one of the two"});
    return;
  }
  out[name] = {value.Scalar(), where + ": " + name};
}

}  // namespace

std::map<std::string, Written> read_file(const std::string& path, const std::vector<Field>& fields,
                                         std::vector<Error>& errors) {
  std::map<std::string, Written> out;
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) {
      return out;  // an empty file, or nothing but comments
    }
    if (!root.IsMap()) {
      errors.push_back({Errc::invalid, path, "is no list of settings", "write `name: value`, one a line"});
      return out;
    }
    for (const auto& entry : root) {
      read_entry(path, entry.first, entry.second, fields, out, errors);
    }
  } catch (const YAML::BadFile&) {
    errors.push_back(
        {Errc::not_found, path, "cannot be read", "check --config, SLICEBUS_CONFIG and the file's permissions"});
  } catch (const YAML::Exception& error) {
    errors.push_back(
        {Errc::invalid, at_line(path, error.mark), one_line(error.msg), "write `name: value`, one a line"});
  } catch (const std::exception& error) {
    errors.push_back({Errc::invalid, path, one_line(error.what())});
  }
  return out;
}

std::string file_of(const Program& program) {
  std::string out = "# " + program.name + ": " + program.summary + "\n";
  for (const Field& field : program.fields) {
    const std::string range = range_of(field);
    out += "\n# " + field.help + (range.empty() ? "" : " (" + range + ")") + "\n";
    YAML::Emitter value;
    if (std::holds_alternative<std::string*>(field.target)) {
      value << YAML::DoubleQuoted;
    }
    value << present_value(field);
    out += field.name + ": " + value.c_str() + "\n";
  }
  return out;
}

}  // namespace slicebus::config
