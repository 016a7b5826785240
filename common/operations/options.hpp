#pragma once
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reads options that check_entry() has coerced. What is absent, null or of another type gives the fallback: an
/// execution record that was edited by hand may disappoint an operation but not crash it. Include in .cpp files only:
/// it brings the JSON library.
namespace slicebus::operations {

std::optional<std::string> text_option(const nlohmann::json& options, const char* name);
std::string text_option(const nlohmann::json& options, const char* name, std::string_view fallback);
std::int64_t integer_option(const nlohmann::json& options, const char* name, std::int64_t fallback);
double number_option(const nlohmann::json& options, const char* name, double fallback);
bool flag_option(const nlohmann::json& options, const char* name, bool fallback);
/// One text or a list of texts.
std::vector<std::string> texts_option(const nlohmann::json& options, const char* name);
/// Present and not null.
bool has_option(const nlohmann::json& options, const char* name);
/// As JSON text; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const nlohmann::json& value);

}  // namespace slicebus::operations
