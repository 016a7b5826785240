#pragma once
#include <string>
#include <string_view>

#include "master/service/document.hpp"

namespace slicebus::api {

/// "Application/JSON; charset=utf-8" → "application/json".
std::string media_type(std::string_view content_type);

/// The body as JSON (R-api-5, 6, Q-1): read when its media type is JSON or form-urlencoded (what `curl -d` sends), or
/// when it begins with { or [; anything else, and no body, is {}. Refusal: malformed, nested too deep,
/// too many keys, or a key twice in one object (json_shape.hpp).
service::Answer<service::Document> parse_body(std::string_view content_type, const std::string& body);

}  // namespace slicebus::api
