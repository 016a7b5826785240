#include "master/api/body.hpp"

#include <nlohmann/json.hpp>

#include "master/api/request.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;
using service::Json;
using service::RefusalKind;
using service::refuse;

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string media_type(std::string_view content_type) {
  std::string type = lower(content_type.substr(0, content_type.find(';')));
  const std::size_t end = type.find_last_not_of(blanks);
  type.resize(end == std::string::npos ? 0 : end + 1);
  return type;
}

bool too_deep(std::string_view json) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      i += c == '\\' ? 1 : 0;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > body_depth_max) {
        return true;
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Answer<Document> parse_body(std::string_view content_type, const std::string& body) {
  const std::size_t first = body.find_first_not_of(blanks);
  if (first == std::string::npos) {
    return Document();
  }
  const std::string type = media_type(content_type);
  const bool says_json = type == "application/json" || type == "application/x-www-form-urlencoded";
  const bool looks_json = body[first] == '{' || body[first] == '[';
  if (!says_json && !looks_json) {
    return Document();
  }
  if (!looks_json) {
    return refuse(RefusalKind::invalid, "the json submitted is malformed");
  }
  if (too_deep(body)) {
    return refuse(RefusalKind::invalid,
                  "the json submitted is nested deeper than " + std::to_string(body_depth_max) + " levels");
  }
  Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) {
    return refuse(RefusalKind::invalid, "the json submitted is malformed");
  }
  return Document(std::move(json));
}

}  // namespace slicebus::api
