#include "master/api/text_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace slicebus::api {

using service::Document;
using service::Json;

namespace {

/// What a dotted path leads to; a key that is written with its dots wins. nullptr: nothing.
const Json* value_at(const Json& row, const std::string& path) {
  if (!row.is_object()) {
    return nullptr;
  }
  if (const auto whole = row.find(path); whole != row.end()) {
    return &*whole;
  }
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    if (const auto inner = row.find(path.substr(0, dot)); inner != row.end()) {
      if (const Json* found = value_at(*inner, path.substr(dot + 1))) {
        return found;
      }
    }
  }
  return nullptr;
}

std::string cell_text(const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (!value.is_array()) {
    return service::compact(value);
  }
  std::string text;
  for (const Json& entry : value) {
    text += (&entry == &value.front() ? "" : ",") + cell_text(entry);
  }
  return text;
}

/// A cell stays on its line.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

/// Characters, not bytes.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string text_table(const std::vector<std::string>& columns, const std::vector<Document>& rows, bool headers) {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::size_t> widths;
  widths.reserve(columns.size());
  for (const std::string& column : columns) {
    widths.push_back(width(one_line(column)));
  }
  for (const Document& row : rows) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Json* value = value_at(row.json(), columns[i]);
      cells.push_back(one_line(value == nullptr ? "N/A" : cell_text(*value)));
      widths[i] = std::max(widths[i], width(cells.back()));
    }
    lines.push_back(std::move(cells));
  }
  if (lines.empty()) {
    lines.emplace_back(columns.size());
  }
  std::string out;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += (i == 0 ? "" : "  ") + cells[i] + std::string(widths[i] - width(cells[i]), ' ');
    }
    out += '\n';
  };
  if (headers) {
    std::vector<std::string> names;
    std::vector<std::string> rules;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      names.push_back(one_line(columns[i]));
      rules.emplace_back(widths[i], '-');
    }
    add_line(names);
    add_line(rules);
  }
  for (const std::vector<std::string>& cells : lines) {
    add_line(cells);
  }
  return out;
}

}  // namespace slicebus::api
