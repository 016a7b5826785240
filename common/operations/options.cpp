#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

const nlohmann::json* find(const nlohmann::json& options, const char* name) {
  if (!options.is_object()) {
    return nullptr;
  }
  const auto at = options.find(name);
  return at == options.end() || at->is_null() ? nullptr : &*at;
}

}  // namespace

std::optional<std::string> text_option(const nlohmann::json& options, const char* name) {
  const auto* value = find(options, name);
  return value != nullptr && value->is_string() ? std::optional<std::string>(value->get<std::string>()) : std::nullopt;
}

std::string text_option(const nlohmann::json& options, const char* name, std::string_view fallback) {
  return text_option(options, name).value_or(std::string(fallback));
}

std::int64_t integer_option(const nlohmann::json& options, const char* name, std::int64_t fallback) {
  const auto* value = find(options, name);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : fallback;
}

double number_option(const nlohmann::json& options, const char* name, double fallback) {
  const auto* value = find(options, name);
  return value != nullptr && value->is_number() ? value->get<double>() : fallback;
}

bool flag_option(const nlohmann::json& options, const char* name, bool fallback) {
  const auto* value = find(options, name);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : fallback;
}

std::vector<std::string> texts_option(const nlohmann::json& options, const char* name) {
  std::vector<std::string> texts;
  const auto* value = find(options, name);
  if (value == nullptr) {
    return texts;
  }
  if (value->is_string()) {
    texts.push_back(value->get<std::string>());
  } else if (value->is_array()) {
    for (const auto& element : *value) {
      if (element.is_string()) {
        texts.push_back(element.get<std::string>());
      }
    }
  }
  return texts;
}

bool has_option(const nlohmann::json& options, const char* name) { return find(options, name) != nullptr; }

std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace slicebus::operations
