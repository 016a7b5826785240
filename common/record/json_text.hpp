#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "common/result.hpp"

/// JSON as text: what is well formed, how strings are written and read. Takes any bytes; reads none beyond the view.
namespace slicebus::record {

/// Deeper nesting than this is refused, so that whoever walks a record later may recurse.
inline constexpr std::size_t json_depth_max = 512;

/// One well-formed JSON value (UTF-8, white space around it allowed). Errors: invalid, "byte 17: …" (counted from 0).
Result<void> check_json(std::string_view text);
/// The same, and it is an object.
Result<void> check_json_object(std::string_view text);

/// `text` as a JSON string literal, quotes included. Bytes that are not UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);
/// The text of the inside of a JSON string literal (without its quotes): escapes undone, lone surrogates become U+FFFD.
std::string json_unescape(std::string_view inside);
/// Length of the UTF-8 sequence at the start of `text` (1..4), or 0 when it is not one.
std::size_t utf8_length(std::string_view text);
/// `text` for people: cut to `bytes_max` with "…", bytes that are not UTF-8 and control characters replaced.
std::string printable(std::string_view text, std::size_t bytes_max);

}  // namespace slicebus::record
