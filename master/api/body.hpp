#pragma once
#include <string>
#include <string_view>

#include "master/service/document.hpp"

namespace slicebus::api {

/// Levels of nesting beyond which a body is refused: deeper ones would cost stack when they are written out again.
inline constexpr std::size_t body_depth_max = 200;

/// The body as JSON (R-api-5, 6, Q-1): read when its media type is JSON or form-urlencoded (what `curl -d` sends), or
/// when it begins with { or [; anything else, and no body, is {}. Refusal: malformed, too deep.
service::Answer<service::Document> parse_body(std::string_view content_type, const std::string& body);

}  // namespace slicebus::api
