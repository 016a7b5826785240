#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "master/service/answer.hpp"

namespace slicebus::service {

/// A JSON document held by value, so that headers need not include the JSON library. Copies are deep.
class Document {
 public:
  Document();  ///< {}
  explicit Document(Json json);
  Document(const Document& other);
  Document(Document&& other) noexcept;
  Document& operator=(const Document& other);
  Document& operator=(Document&& other) noexcept;
  ~Document();

  /// A document as a store keeps it. Errors: internal (no JSON object), saying of what.
  static Result<Document> parse(std::string_view text, std::string_view of_what);

  Json& json() { return *json_; }
  const Json& json() const { return *json_; }
  /// Compact, always valid UTF-8.
  std::string text() const;

 private:
  std::unique_ptr<Json> json_;
};

/// Compact JSON text; bytes that are no UTF-8 are replaced.
std::string compact(const Json& json);
/// A field as text, or "" when it is absent or no text.
std::string text_of(const Json& object, std::string_view field);
/// A field as a whole number of 0..2^32-1, or `fallback` when it is absent or anything else.
std::uint32_t count_of(const Json& object, std::string_view field, std::uint32_t fallback);
/// A field as a boolean, or `fallback`.
bool flag_of(const Json& object, std::string_view field, bool fallback);

}  // namespace slicebus::service
