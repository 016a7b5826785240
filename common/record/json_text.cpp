#include "common/record/json_text.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "common/record/json_scan.hpp"

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
  std::array<bool, json_depth_max> open_;  // NOLINT: written before it is read; zeroing it for each record would cost more than the check
};

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    out += static_cast<char>(0x80U | ((code >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

/// The four digits at `at`, or -1.
std::int32_t hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) {
    return -1;
  }
  std::int32_t code = 0;
  for (std::size_t digit = 0; digit < 4; ++digit) {
    const int value = hex_value(text[at + digit]);
    if (value < 0) {
      return -1;
    }
    code = code * 16 + value;
  }
  return code;
}

}  // namespace

Result<void> check_json(std::string_view text) { return Checker(text).check(false); }
Result<void> check_json_object(std::string_view text) { return Checker(text).check(true); }

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto follows = [&](std::size_t at) { return at < text.size() && (byte(at) & 0xC0U) == 0x80U; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return follows(1) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool fits = follows(1) && follows(2) && (lead != 0xE0 || byte(1) >= 0xA0) && (lead != 0xED || byte(1) <= 0x9F);
    return fits ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool fits = follows(1) && follows(2) && follows(3) && (lead != 0xF0 || byte(1) >= 0x90) &&
                      (lead != 0xF4 || byte(1) <= 0x8F);
    return fits ? 4 : 0;
  }
  return 0;
}

std::string json_quote(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80) {
      const std::size_t length = utf8_length(text.substr(at));
      out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(at, length);
      at += length == 0 ? 1 : length;
      continue;
    }
    ++at;
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20) {
          out += "\\u00";
          out += hex[byte >> 4U];
          out += hex[byte & 0xFU];
        } else {
          out += static_cast<char>(byte);
        }
    }
  }
  out += '"';
  return out;
}

std::string json_unescape(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] != '\\' || at + 1 == inside.size()) {
      out += inside[at];
      continue;
    }
    ++at;
    switch (inside[at]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        std::int32_t code = hex4(inside, at + 1);
        if (code < 0) {
          out += "\xEF\xBF\xBD";
          break;
        }
        at += 4;
        if (code >= 0xD800 && code <= 0xDBFF && inside.substr(at + 1, 2) == "\\u") {
          const std::int32_t low = hex4(inside, at + 3);
          if (low >= 0xDC00 && low <= 0xDFFF) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 6;
          }
        }
        append_utf8(out, code >= 0xD800 && code <= 0xDFFF ? 0xFFFDU : static_cast<std::uint32_t>(code));
        break;
      }
      default:
        out += inside[at];
    }
  }
  return out;
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (at >= bytes_max) {
      return out + "…";
    }
    const std::size_t length = utf8_length(text.substr(at));
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      out += byte == '\t' ? " " : "\xEF\xBF\xBD";
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out;
}

}  // namespace slicebus::record
