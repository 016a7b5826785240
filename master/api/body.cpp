#include "master/api/body.hpp"

#include <nlohmann/json.hpp>

#include "master/api/json_shape.hpp"
#include "master/api/request.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;
using service::Json;
using service::RefusalKind;
using service::refuse;

namespace {

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

std::string media_type(std::string_view content_type) {
  std::string type = lower(content_type.substr(0, content_type.find(';')));
  const std::size_t end = type.find_last_not_of(blanks);
  type.resize(end == std::string::npos ? 0 : end + 1);
  return type;
}

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
  const JsonShape shape = shape_of(body);
  if (shape.too_deep) {
    return refuse(RefusalKind::invalid,
                  "the json submitted is nested deeper than " + std::to_string(body_depth_max) + " levels");
  }
  if (shape.too_many_keys) {
    return refuse(RefusalKind::invalid, "the json submitted has objects with too many keys");
  }
  Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) {
    return refuse(RefusalKind::invalid, "the json submitted is malformed");
  }
  if (shape.repeated_key) {
    return refuse(RefusalKind::invalid, "the json submitted has the key \"" + *shape.repeated_key +
                                            "\" twice in one object; only one of the two can be meant");
  }
  return Document(std::move(json));
}

}  // namespace slicebus::api
