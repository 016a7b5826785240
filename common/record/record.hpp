#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

/// The goods that move. A record is its bytes until someone looks: parsing is lazy, a field write patches, and an untouched record
/// is written out as the bytes that were read.
namespace slicebus::record {

/// A field's value as its JSON text, or a scalar made from it on demand.
struct Value {
  std::string_view json;  ///< `"text"`, `12.50`, `null`, `{"a":1}`: exactly the bytes of the record (number text is kept)

  bool is_null() const;
  bool is_string() const;
  bool is_number() const;
  bool is_bool() const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
  std::optional<std::string> text() const;  ///< unescaped; nothing unless it is a string
};

/// One JSON object. Views stay valid while its batch lives and until the next change of this record.
class Record {
 public:
  /// `json` must stay alive as long as the record (RecordBatch::add_view sees to it).
  explicit Record(std::string_view json) : view_(json) {}

  /// The whole document as JSON text, one line when it was one line.
  std::string_view bytes() const { return owned_ ? std::string_view(*owned_) : view_; }
  /// Checks that it is one well-formed JSON object. Errors: invalid, with the position.
  Result<void> validate() const;
  /// The value at `path` ("delay", "properties.mag"; a literal key with dots wins over nesting), or nothing when it is absent.
  /// Of doubled keys the last counts, as in JavaScript. Errors: invalid (not a JSON object).
  Result<std::optional<Value>> get(std::string_view path) const;
  /// Sets `path` to JSON text, making objects on the way. Everything else keeps its bytes. Errors: invalid.
  Result<void> set(std::string_view path, std::string_view json);
  /// Removes `path`; absent is no error. @return whether it was there
  Result<bool> remove(std::string_view path);
  /// Renames a top-level key in place, keeping its position; an existing `to` is replaced.
  Result<bool> rename(std::string_view from, std::string_view to);

 private:
  std::string_view view_;
  std::unique_ptr<std::string> owned_;
};

/// The records of one slice, in order. Owns the bytes it was read from; moves without copying them.
class RecordBatch {
 public:
  RecordBatch() = default;
  /// Keeps `bytes` alive for records added as views into it. Pads as the parser needs. @return the stable view
  std::string_view adopt(std::string bytes);
  void add_view(std::string_view json) { records_.emplace_back(json); }  ///< into adopted bytes
  void add(std::string json);                                            ///< a record with bytes of its own

  std::size_t size() const { return records_.size(); }
  bool empty() const { return records_.empty(); }
  std::vector<Record>& records() { return records_; }
  const std::vector<Record>& records() const { return records_; }

 private:
  std::vector<std::unique_ptr<std::string>> arenas_;
  std::vector<Record> records_;
};

/// `text` as a JSON string literal, quotes included.
std::string json_quote(std::string_view text);

}  // namespace slicebus::record
