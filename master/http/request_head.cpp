#include "master/http/request_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace slicebus::http {
namespace {

constexpr std::size_t quoted_bytes_max = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A character of a method or field name (RFC 9110 §5.6.2).
bool is_token(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.find(c) != std::string_view::npos;
}

bool all_tokens(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token); }

/// Printable, or a byte of UTF-8: what a target may hold. Bytes above 0x7f are sent raw by many clients.
bool is_target_byte(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

bool is_value_byte(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t";
  const auto first = text.find_first_not_of(blank);
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// What the client sent, short enough for a message.
std::string in_quotes(std::string_view text) {
  return '"' + std::string(text.substr(0, quoted_bytes_max)) + (text.size() > quoted_bytes_max ? "…\"" : "\"");
}

Refusal malformed(std::string message) { return {400, std::move(message)}; }

/// Calls `take` with each element of a comma-separated list, trimmed and in lower case; empty elements are skipped.
template <class Take>
void for_each_element(std::string_view list, Take take) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (const auto element = trimmed(list.substr(0, comma)); !element.empty()) {
      take(lower(element));
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

/// "http://host/path?query" to "/path?query"; other targets stay as they are.
std::string_view origin_form(std::string_view target) {
  if (!lower(target.substr(0, 7)).starts_with("http://")) {
    return target;
  }
  const auto path = target.find_first_of("/?", 7);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

std::optional<Refusal> read_content_length(std::string_view value, RequestHead& head) {
  if (head.has_length) {
    return malformed("the request has two Content-Length headers; send one");
  }
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) {
    return malformed("Content-Length " + in_quotes(value) + " is not a number of bytes");
  }
  head.has_length = true;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), head.content_length);
  if (read.ec != std::errc{}) {
    head.content_length = std::numeric_limits<std::uint64_t>::max();  // well formed, and beyond every limit: 413
  }
  return std::nullopt;
}

void read_connection(std::string_view value, RequestHead& head) {
  for_each_element(value, [&](const std::string& option) {
    head.close = head.close || option == "close";
    head.keep_alive = head.keep_alive || option == "keep-alive";
  });
}

std::optional<Refusal> check_codings(const RequestHead& head) {
  if (head.has_length) {
    return malformed("the request has both Content-Length and Transfer-Encoding; send one of them");
  }
  if (head.version_1_0) {
    return malformed("Transfer-Encoding in an HTTP/1.0 request; use HTTP/1.1 or Content-Length");
  }
  if (head.codings == "chunked") {
    return std::nullopt;
  }
  bool chunked_before_last = head.codings.empty();
  std::string last;
  for_each_element(head.codings, [&](const std::string& coding) {
    chunked_before_last = chunked_before_last || last == "chunked";
    last = coding;
  });
  if (chunked_before_last) {
    return malformed("Transfer-Encoding " + in_quotes(head.codings) +
                     ": chunked must be there once, as the last coding");
  }
  return Refusal{
      501, "Transfer-Encoding " + in_quotes(head.codings) + " is not implemented; send chunked or Content-Length"};
}

}  // namespace

std::optional<Refusal> read_request_line(std::string_view line, RequestHead& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return malformed("malformed request line; expected \"METHOD /path HTTP/1.1\"");
  }
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                      version[6] == '.' && is_digit(version[7]);
  if (!all_tokens(method) || target.empty() || !std::all_of(target.begin(), target.end(), is_target_byte) || !shaped) {
    return malformed("malformed request line; expected \"METHOD /path HTTP/1.1\"");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Refusal{505, std::string(version) + " is not supported; use HTTP/1.1"};
  }
  const auto path = origin_form(target);
  if (path != "*" && !path.starts_with('/') && !path.starts_with('?')) {
    return malformed("request target " + in_quotes(target) + " does not begin with \"/\"");
  }
  head.method = method;
  head.target = path.starts_with('?') ? "/" + std::string(path) : std::string(path);
  head.version_1_0 = version == "HTTP/1.0";
  return std::nullopt;
}

std::optional<Refusal> read_field(std::string_view line, RequestHead& head) {
  const auto colon = line.find(':');
  // Also what a line folded under the one before, or blanks before the colon, run into: both smuggle fields past
  // proxies.
  if (colon == std::string_view::npos || !all_tokens(line.substr(0, colon))) {
    return malformed("malformed header line " + in_quotes(line) + "; expected \"Name: value\"");
  }
  const auto value = trimmed(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_value_byte)) {
    return malformed("control character in the header " + in_quotes(line.substr(0, colon)));
  }
  const std::string name = lower(line.substr(0, colon));
  if (name == "content-length") {
    return read_content_length(value, head);
  }
  if (name == "transfer-encoding") {
    head.has_codings = true;
    for_each_element(value,
                     [&](const std::string& coding) { head.codings += (head.codings.empty() ? "" : ",") + coding; });
  } else if (name == "content-encoding") {
    for_each_element(value, [&](const std::string& coding) { head.encoded_content |= coding != "identity"; });
  } else if (name == "expect") {
    (lower(value) == "100-continue" ? head.expects_continue : head.expects_other) = true;
  } else if (name == "connection") {
    read_connection(value, head);
  } else if (name == "host") {
    ++head.hosts;
  } else if (name == "content-type" && head.content_type.empty()) {
    head.content_type = value;
  }
  return std::nullopt;
}

std::optional<Refusal> check_head(const RequestHead& head, std::uint64_t body_bytes_max) {
  if (head.hosts > 1 || (head.hosts == 0 && !head.version_1_0)) {
    return malformed("an HTTP/1.1 request has exactly one Host header; this one has " + std::to_string(head.hosts));
  }
  if (head.has_codings) {
    if (auto refusal = check_codings(head)) {
      return refusal;
    }
  }
  if (head.expects_other && !head.version_1_0) {
    return Refusal{417, "only \"Expect: 100-continue\" can be met"};
  }
  if (head.encoded_content) {
    return Refusal{415, "the body has a Content-Encoding; send it unencoded"};
  }
  if (head.content_length > body_bytes_max) {
    return body_too_large(body_bytes_max);
  }
  return std::nullopt;
}

Refusal body_too_large(std::uint64_t body_bytes_max) {
  return {413, "the body is larger than the limit of " + std::to_string(body_bytes_max) + " bytes"};
}

}  // namespace slicebus::http
