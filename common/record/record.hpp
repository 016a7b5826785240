#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/record/arena.hpp"
#include "common/record/json_text.hpp"
#include "common/record/value.hpp"
#include "common/result.hpp"

/// The goods that move. A record is its bytes until someone looks: parsing is lazy, a field write patches, and an
/// untouched record is written out as the bytes that were read.
namespace slicebus::record {

/// One JSON object. Views stay valid while its batch lives and until the next change of this record.
/// A path is a literal key or, where there is no such key, keys with dots between them ("delay", "properties.mag"); of
/// several ways to read it the one with the longest literal key that leads somewhere counts. Of doubled keys the last
/// counts, as in JavaScript.
class Record {
 public:
  /// `json` must stay alive as long as the record (RecordBatch::add_view sees to it). Changes go to an arena of its
  /// own.
  explicit Record(std::string_view json) : view_(json) {}
  /// Changes go to `arena`, which must outlive the record.
  Record(std::string_view json, Arena& arena) : view_(json), arena_(&arena) {}

  /// The whole document as JSON text, one line when it was one line.
  std::string_view bytes() const { return view_; }
  /// Appends bytes() as one line, without a line end: line breaks between tokens become spaces.
  void append_line(std::string& out) const;

  /// Checks that it is one well-formed JSON object. Errors: invalid, with the position.
  Result<void> validate() const { return check_json_object(view_); }
  /// The value at `path`, or nothing when it is absent. Errors: invalid (not a JSON object).
  Result<std::optional<Value>> get(std::string_view path) const;
  /// Sets `path` to JSON text, making objects on the way (null gives way to one). Everything else keeps its bytes.
  /// `json` may be a view into this record. Errors: invalid (not a JSON object, `json` is not JSON, a text or number is
  /// in the way).
  Result<void> set(std::string_view path, std::string_view json);
  /// Removes `path`, doubles of it too; absent is no error. @return whether it was there
  Result<bool> remove(std::string_view path);
  /// Renames a top-level key in place, keeping its position; an existing `to` is replaced. @return whether `from` was
  /// there
  Result<bool> rename(std::string_view from, std::string_view to);

 private:
  /// Replaces `removed` bytes at `at` by `text`.
  void splice(const char* at, std::size_t removed, std::string_view text);
  char* room(std::size_t size);

  std::string_view view_;
  std::size_t capacity_ = 0;  ///< bytes we may write from view_'s start on; 0: the bytes are borrowed
  Arena* arena_ = nullptr;
  std::unique_ptr<Arena> own_arena_;
};

/// The records of one slice, in order. Owns the bytes it was read from; moves without copying them. A record does not
/// outlive the batch that it was added to: join batches with append().
class RecordBatch {
 public:
  RecordBatch() = default;
  RecordBatch(RecordBatch&&) noexcept = default;
  RecordBatch& operator=(RecordBatch&&) noexcept = default;

  /// Keeps `bytes` alive for records added as views into it. @return the stable view
  std::string_view adopt(std::string bytes);
  void add_view(std::string_view json) { records_.emplace_back(json, arena()); }  ///< into adopted bytes
  void add(std::string json);                                                     ///< a record with bytes of its own
  /// Takes over all records of `other`, with their bytes.
  void append(RecordBatch other);

  std::size_t size() const { return records_.size(); }
  bool empty() const { return records_.empty(); }
  std::vector<Record>& records() { return records_; }
  const std::vector<Record>& records() const { return records_; }

 private:
  Arena& arena();

  std::vector<std::unique_ptr<std::string>> adopted_;
  std::vector<std::unique_ptr<Arena>> arenas_;  ///< the first one is this batch's own, the others came with append()
  std::vector<Record> records_;
};

}  // namespace slicebus::record
