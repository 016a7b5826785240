#include "master/service/document.hpp"

#include <nlohmann/json.hpp>

namespace slicebus::service {

Document::Document() : json_(std::make_unique<Json>(Json::object())) {}
Document::Document(Json json) : json_(std::make_unique<Json>(std::move(json))) {}
Document::Document(const Document& other) : json_(std::make_unique<Json>(*other.json_)) {}
Document::Document(Document&& other) noexcept = default;
Document& Document::operator=(const Document& other) {
  json_ = std::make_unique<Json>(*other.json_);
  return *this;
}
Document& Document::operator=(Document&& other) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text, std::string_view of_what) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return fail(Errc::internal, std::string(of_what), "the stored document is no JSON object",
                "restore the records database from a backup");
  }
  return Document(std::move(json));
}

std::string Document::text() const { return compact(*json_); }

std::string compact(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string text_of(const Json& object, std::string_view field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint32_t count_of(const Json& object, std::string_view field, std::uint32_t fallback) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_integer()) {
    return fallback;
  }
  const bool is_negative = !found->is_number_unsigned() && found->get<std::int64_t>() < 0;
  const bool fits = !is_negative && found->get<std::uint64_t>() <= UINT32_MAX;
  return fits ? found->get<std::uint32_t>() : fallback;
}

bool flag_of(const Json& object, std::string_view field, bool fallback) {
  const auto found = object.find(field);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

}  // namespace slicebus::service
