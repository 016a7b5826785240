#include "master/store/list_order.hpp"

#include <algorithm>
#include <array>

#include "common/record/record.hpp"

namespace slicebus::store {
namespace {

constexpr std::size_t keys_max = 8;

Result<SortKey> parse_key(std::string_view text, const Fields& fields) {
  const std::size_t colon = text.find(':');
  SB_TRY(field, known_field(fields, text.substr(0, colon)));
  const std::string_view direction = colon == std::string_view::npos ? "asc" : text.substr(colon + 1);
  if (direction != "asc" && direction != "desc") {
    return fail(Errc::invalid, "sort", "the order of field \"" + std::string(field.name) + "\" must be asc or desc",
                "write " + std::string(field.name) + ":asc or " + std::string(field.name) + ":desc");
  }
  return SortKey{field, direction == "desc"};
}

}  // namespace

Result<std::vector<SortKey>> parse_sort(std::string_view sort, const Fields& fields) {
  std::vector<SortKey> keys;
  while (!sort.empty()) {
    if (keys.size() == keys_max) {
      return fail(Errc::invalid, "sort", "more than " + std::to_string(keys_max) + " fields", "sort by fewer fields");
    }
    const std::size_t comma = sort.find(',');
    SB_TRY(key, parse_key(sort.substr(0, comma), fields));
    keys.push_back(key);
    sort.remove_prefix(comma == std::string_view::npos ? sort.size() : comma + 1);
  }
  return keys;
}

bool is_terminal(std::string_view status) {
  static constexpr std::array<std::string_view, 5> terminal{"completed", "stopped", "rejected", "failed", "terminated"};
  return std::find(terminal.begin(), terminal.end(), status) != terminal.end();
}

std::string deleted_document(const std::string& document, const std::string& deleted_on) {
  record::Record changed(document);
  const bool set = changed.validate() && changed.set("_deleted", "true") &&
                   changed.set("_deleted_on", record::json_quote(deleted_on));
  return set ? std::string(changed.bytes()) : document;
}

}  // namespace slicebus::store
