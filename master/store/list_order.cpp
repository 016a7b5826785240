#include "master/store/list_order.hpp"

#include <algorithm>
#include <array>

namespace slicebus::store {
namespace {

constexpr std::size_t field_bytes_max = 128;
constexpr std::size_t keys_max = 8;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= field_bytes_max && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

Result<SortKey> parse_key(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  if (!is_field_name(field)) {
    return fail(Errc::invalid, "sort",
                "\"" + std::string(field.substr(0, field_bytes_max)) + "\" is not the name of a field",
                "write field:asc or field:desc, several separated by commas");
  }
  const std::string_view direction = colon == std::string_view::npos ? "asc" : text.substr(colon + 1);
  if (direction != "asc" && direction != "desc") {
    return fail(Errc::invalid, "sort", "the order of field \"" + std::string(field) + "\" must be asc or desc",
                "write " + std::string(field) + ":asc or " + std::string(field) + ":desc");
  }
  return SortKey{std::string(field), direction == "desc"};
}

}  // namespace

Result<std::vector<SortKey>> parse_sort(std::string_view sort) {
  std::vector<SortKey> keys;
  while (!sort.empty()) {
    if (keys.size() == keys_max) {
      return fail(Errc::invalid, "sort", "more than " + std::to_string(keys_max) + " fields", "sort by fewer fields");
    }
    const std::size_t comma = sort.find(',');
    SB_TRY(key, parse_key(sort.substr(0, comma)));
    keys.push_back(std::move(key));
    sort.remove_prefix(comma == std::string_view::npos ? sort.size() : comma + 1);
  }
  return keys;
}

bool is_terminal(std::string_view status) {
  static constexpr std::array<std::string_view, 5> terminal{"completed", "stopped", "rejected", "failed", "terminated"};
  return std::find(terminal.begin(), terminal.end(), status) != terminal.end();
}

}  // namespace slicebus::store
