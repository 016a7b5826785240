#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Walks JSON text without building anything: where a value ends, which members an object has. It is quick because it
/// does not check the grammar (json_text.hpp does); it never reads beyond its view, whatever the bytes are.
namespace slicebus::record {

inline bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }
inline int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  if (digit >= 'a' && digit <= 'f') {
    return digit - 'a' + 10;
  }
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}
inline const char* skip_spaces(const char* at, const char* end) {
  while (at != end && is_space(*at)) {
    ++at;
  }
  return at;
}

/// Skips eight bytes at a time while they hold no quote, backslash, control character or byte above 0x7F.
inline const char* skip_plain(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t highs = 0x8080808080808080ULL;
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t slash = word ^ (ones * '\\');
    const std::uint64_t found =
        (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((word - ones * 0x20) & ~word) | word) & highs;
    if (found != 0) {
      break;
    }
    at += 8;
  }
  return at;
}

/// @param at just after the opening quote. @return just after the closing one; nullptr: there is none
inline const char* skip_string(const char* at, const char* end, bool& escaped) {
  for (;;) {
    at = skip_plain(at, end);
    for (int step = 0; step < 8; ++step, ++at) {
      if (at == end) {
        return nullptr;
      }
      if (*at == '"') {
        return at + 1;
      }
      if (*at == '\\') {
        escaped = true;
        if (++at == end) {
          return nullptr;
        }
      }
    }
  }
}

/// @return just after the value that starts at `at` (no white space before it); nullptr: none ends in the view
inline const char* skip_value(const char* at, const char* end) {
  if (at == end) {
    return nullptr;
  }
  bool escaped = false;
  if (*at == '"') {
    return skip_string(at + 1, end, escaped);
  }
  if (*at == '{' || *at == '[') {
    std::size_t depth = 0;
    while (at != end) {
      const char byte = *at++;
      if (byte == '"') {
        at = skip_string(at, end, escaped);
        if (at == nullptr) {
          return nullptr;
        }
      } else if (byte == '{' || byte == '[') {
        ++depth;
      } else if (byte == '}' || byte == ']') {
        if (--depth == 0) {
          return at;
        }
      }
    }
    return nullptr;
  }
  const char* from = at;
  while (at != end && *at != ',' && *at != '}' && *at != ']' && *at != ':' && !is_space(*at)) {
    ++at;
  }
  return at == from ? nullptr : at;
}

/// The members of an object, or the elements of an array, one by one.
class Walk {
 public:
  /// `container` begins with '{' or '[', maybe after white space; anything else is malformed.
  explicit Walk(std::string_view container) : at_(container.data()), end_(container.data() + container.size()) {
    at_ = skip_spaces(at_, end_);
    if (at_ == end_ || (*at_ != '{' && *at_ != '[')) {
      malformed_ = true;
      return;
    }
    close_ = *at_ == '{' ? '}' : ']';
    ++at_;
    tail_ = at_;
  }

  /// Steps to the next member. False: there is none, or the text is malformed.
  bool next() {
    if (malformed_ || done_) {
      return false;
    }
    at_ = skip_spaces(at_, end_);
    if (at_ != end_ && *at_ == close_ && (!any_ || !comma_)) {
      done_ = true;
      ++at_;
      return false;
    }
    if (any_ && !comma_) {
      return stop();
    }
    if (close_ == '}' && !read_key()) {
      return stop();
    }
    const char* from = at_;
    const char* to = skip_value(at_, end_);
    if (to == nullptr) {
      return stop();
    }
    value_ = {from, static_cast<std::size_t>(to - from)};
    tail_ = to;
    any_ = true;
    at_ = skip_spaces(to, end_);
    comma_ = at_ != end_ && *at_ == ',';
    if (comma_) {
      ++at_;
    }
    return true;
  }

  bool malformed() const { return malformed_; }
  bool is_object() const { return !malformed_ && close_ == '}'; }
  bool any() const { return any_; }                  ///< a member was seen
  std::string_view key() const { return key_; }      ///< between the quotes, as written
  bool key_escaped() const { return key_escaped_; }  ///< it holds a backslash
  std::string_view value() const { return value_; }  ///< without white space around it
  const char* tail() const { return tail_; }         ///< just after the last value seen, or after the opening bracket
  const char* end() const { return at_; }  ///< after the closing bracket, once next() was false and all is well

 private:
  bool read_key() {
    if (at_ == end_ || *at_ != '"') {
      return false;
    }
    key_escaped_ = false;
    const char* after = skip_string(at_ + 1, end_, key_escaped_);
    if (after == nullptr) {
      return false;
    }
    key_ = {at_ + 1, static_cast<std::size_t>(after - at_ - 2)};
    at_ = skip_spaces(after, end_);
    if (at_ == end_ || *at_ != ':') {
      return false;
    }
    at_ = skip_spaces(at_ + 1, end_);
    return true;
  }
  bool stop() {
    malformed_ = true;
    return false;
  }

  const char* at_;
  const char* end_;
  const char* tail_ = nullptr;
  std::string_view key_;
  std::string_view value_;
  char close_ = '}';
  bool key_escaped_ = false;
  bool any_ = false;
  bool comma_ = false;
  bool done_ = false;
  bool malformed_ = false;
};

}  // namespace slicebus::record
