#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "master/service/answer.hpp"

namespace slicebus::service {

/// A JSON document held by value, so that headers need not include the JSON library. Copies are deep. One from a store
/// stays text until its fields are asked for: most are only shown.
class Document {
 public:
  Document();  ///< {}
  explicit Document(Json json);
  Document(const Document& other);
  Document(Document&& other) noexcept;
  Document& operator=(Document other) noexcept;
  ~Document();

  /// A document as a store keeps it. Errors: internal (no JSON object), saying of what.
  static Result<Document> parse(std::string_view text, std::string_view of_what);
  /// The same, checked as a whole and read when its fields are asked for: showing it costs no tree of values.
  static Result<Document> checked(std::string text, std::string_view of_what);
  /// The same, looked at only as far as showing it needs (json_text.hpp).
  static Result<Document> unread(std::string text, std::string_view of_what);

  /// Throws std::runtime_error for one that unread() took and that is no JSON after all.
  Json& json();
  const Json& json() const;
  /// Compact, always valid UTF-8.
  std::string text() const;
  /// Appends it as the API shows it (R-api-4), its lines but the first `depth` levels further in.
  void show(std::string& out, std::size_t depth = 0) const;

 private:
  Json& read() const;

  // At least one of both is there; both: they say the same.
  mutable std::unique_ptr<Json> json_;
  std::string text_;
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
