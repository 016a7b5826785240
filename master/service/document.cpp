#include "master/service/document.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "master/service/json_text.hpp"

namespace slicebus::service {
namespace {

tl::unexpected<Error> no_object(std::string_view of_what) {
  return fail(Errc::internal, std::string(of_what), "the stored document is no JSON object",
              "restore the records database from a backup");
}

}  // namespace

Document::Document() : json_(std::make_unique<Json>(Json::object())) {}
Document::Document(Json json) : json_(std::make_unique<Json>(std::move(json))) {}
Document::Document(const Document& other)
    : json_(other.json_ ? std::make_unique<Json>(*other.json_) : nullptr), text_(other.text_) {}
Document::Document(Document&& other) noexcept = default;
Document& Document::operator=(Document other) noexcept {
  std::swap(json_, other.json_);
  std::swap(text_, other.text_);
  return *this;
}
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text, std::string_view of_what) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return no_object(of_what);
  }
  return Document(std::move(json));
}

Result<Document> Document::checked(std::string text, std::string_view of_what) {
  if (!Json::accept(text)) {
    return no_object(of_what);
  }
  return unread(std::move(text), of_what);
}

Result<Document> Document::unread(std::string text, std::string_view of_what) {
  if (!is_whole_object(text)) {
    return no_object(of_what);
  }
  Document document;
  document.json_.reset();
  document.text_ = std::move(text);
  return document;
}

Json& Document::read() const {
  if (!json_) {
    auto json = std::make_unique<Json>(Json::parse(text_, nullptr, false));
    if (!json->is_object()) {
      throw std::runtime_error("a stored document is no JSON object; restore the records database from a backup");
    }
    json_ = std::move(json);
  }
  return *json_;
}

const Json& Document::json() const { return read(); }

Json& Document::json() {
  Json& json = read();
  text_.clear();  // the caller may change what it said
  return json;
}

std::string Document::text() const { return text_.empty() ? compact(*json_) : text_; }

void Document::show(std::string& out, std::size_t depth) const { append_indented(out, text(), depth); }

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
