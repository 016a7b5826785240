#include <array>
#include <cstring>

#include "common/record/json_scan.hpp"
#include "common/record/json_text.hpp"

namespace slicebus::record {
namespace {

/// Checks the grammar in one pass, without recursion: the open containers are bits on a stack of fixed depth.
class Checker {
 public:
  explicit Checker(std::string_view text) : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  Result<void> check(bool object_only) {
    skip_space();
    if (object_only && (at_ == end_ || *at_ != '{')) {
      return refuse("expected an object, got " + here());
    }
    if (!value()) {
      return refuse(what_ != nullptr ? std::string(what_) + ", got " + here() : "malformed");
    }
    skip_space();
    if (at_ != end_) {
      return refuse("expected the end after the value, got " + here());
    }
    return {};
  }

 private:
  bool value() {
    for (;;) {
      skip_space();
      if (at_ == end_) {
        return miss("expected a value");
      }
      if (*at_ == '{' || *at_ == '[') {
        const bool object = *at_ == '{';
        if (depth_ == json_depth_max) {
          return miss("nested deeper than 512 levels");
        }
        open_[depth_++] = object;
        ++at_;
        skip_space();
        if (at_ != end_ && *at_ == (object ? '}' : ']')) {
          ++at_;
          --depth_;
        } else if (object) {
          if (!key()) {
            return false;
          }
          continue;
        } else {
          continue;
        }
      } else if (!scalar()) {
        return false;
      }
      // A value ended: close what ends with it, or go on with the next member.
      for (;;) {
        if (depth_ == 0) {
          return true;
        }
        skip_space();
        const bool object = open_[depth_ - 1];
        if (at_ != end_ && *at_ == ',') {
          ++at_;
          if (object && !key()) {
            return false;
          }
          break;
        }
        if (at_ == end_ || *at_ != (object ? '}' : ']')) {
          return miss(object ? "expected ',' or '}'" : "expected ',' or ']'");
        }
        ++at_;
        --depth_;
      }
    }
  }

  bool key() {
    skip_space();
    if (at_ == end_ || *at_ != '"') {
      return miss("expected a key in double quotes");
    }
    if (!string()) {
      return false;
    }
    skip_space();
    if (at_ == end_ || *at_ != ':') {
      return miss("expected ':' after the key");
    }
    ++at_;
    return true;
  }

  bool scalar() {
    switch (*at_) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool word(std::string_view text) {
    if (static_cast<std::size_t>(end_ - at_) < text.size() || std::memcmp(at_, text.data(), text.size()) != 0) {
      return miss("expected a value");
    }
    at_ += text.size();
    return true;
  }

  bool digits() {
    const char* from = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') {
      ++at_;
    }
    return at_ != from;
  }

  bool number() {
    const char* from = at_;
    if (*at_ == '-') {
      ++at_;
    }
    if (at_ != end_ && *at_ == '0') {
      ++at_;
    } else if (!digits()) {
      return miss(at_ == from ? "expected a value" : "expected a digit");
    }
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!digits()) {
        return miss("expected a digit");
      }
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) {
        ++at_;
      }
      if (!digits()) {
        return miss("expected a digit");
      }
    }
    return true;
  }

  bool string() {
    ++at_;
    for (;;) {
      at_ = skip_plain(at_, end_);
      if (at_ == end_) {
        return miss("expected '\"' at the end of the string");
      }
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '"') {
        ++at_;
        return true;
      }
      if (byte == '\\') {
        if (!escape()) {
          return false;
        }
      } else if (byte < 0x20) {
        return miss("control characters in a string must be escaped");
      } else if (byte < 0x80) {
        ++at_;
      } else {
        const std::size_t length = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
        if (length == 0) {
          return miss("expected UTF-8");
        }
        at_ += length;
      }
    }
  }

  bool escape() {
    ++at_;
    if (at_ == end_) {
      return miss("expected an escape");
    }
    if (*at_ != 'u') {
      if (std::strchr("\"\\/bfnrt", *at_) == nullptr || *at_ == '\0') {
        return miss("expected an escape (one of \"\\/bfnrtu)");
      }
      ++at_;
      return true;
    }
    ++at_;
    for (int digit = 0; digit < 4; ++digit, ++at_) {
      if (at_ == end_ || hex_value(*at_) < 0) {
        return miss("expected four hexadecimal digits");
      }
    }
    return true;
  }

  void skip_space() {
    while (at_ != end_ && is_space(*at_)) {
      ++at_;
    }
  }
  bool miss(const char* what) {
    what_ = what;
    return false;
  }
  std::string here() const {
    if (at_ == end_) {
      return "the end";
    }
    return "\"" + printable({at_, static_cast<std::size_t>(end_ - at_)}, 16) + "\"";
  }
  Result<void> refuse(std::string what) const {
    return fail(Errc::invalid, "record", "byte " + std::to_string(at_ - begin_) + ": " + std::move(what));
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* what_ = nullptr;
  std::size_t depth_ = 0;
  /// Written before it is read; zeroing it for each record would cost more than the check.
  std::array<bool, json_depth_max> open_;  // NOLINT
};

}  // namespace

Result<void> check_json(std::string_view text) { return Checker(text).check(false); }
Result<void> check_json_object(std::string_view text) { return Checker(text).check(true); }

}  // namespace slicebus::record
