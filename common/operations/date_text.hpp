#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slicebus::operations {

/// Milliseconds since 1970 (UTC) of ISO 8601 text: "2018-02-03", "2018-02-03T04:05Z", "2018-02-03T04:05:06.789+01:00";
/// without an offset it is UTC. Years 0000..9999. Nothing for anything else.
std::optional<std::int64_t> parse_date(std::string_view text);

/// "2018-02-03T04:05:06.789" and the given end ("Z", "+00:00"). Years outside 0000..9999 are clamped.
std::string date_text(std::int64_t ms, std::string_view end);

/// "5 minutes", "250ms", "1500" → milliseconds (R-ex-25). Nothing when it is not such a text.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);

}  // namespace slicebus::operations
