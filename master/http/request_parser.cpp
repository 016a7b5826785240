#include "master/http/request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace slicebus::http {
namespace {

/// A chunk's size in hex with its extensions, which nobody uses.
constexpr std::size_t chunk_line_bytes_max = 1'024;
/// Reserved at once for a body whose length is announced: a promise alone must not cost the memory it names.
constexpr std::uint64_t body_reserved_bytes_max = 1U << 20U;

Refusal head_too_long(std::size_t bytes_max) {
  return {431,
          "the request's head is longer than " + std::to_string(bytes_max) + " bytes; shorten the path or the headers"};
}

}  // namespace

RequestParser::Phase RequestParser::phase() const {
  switch (state_) {
    case State::request_line:
      return line_.empty() ? Phase::idle : Phase::head;
    case State::fields:
      return Phase::head;
    case State::refused:
      return Phase::refused;
    default:
      return Phase::body;
  }
}

std::optional<ParserEvent> RequestParser::feed(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (auto event = step(bytes)) {
      return event;
    }
  }
  return std::nullopt;
}

std::optional<ParserEvent> RequestParser::step(std::string_view& bytes) {
  switch (state_) {
    case State::request_line:
    case State::fields:
      return read_head_line(bytes);
    case State::sized_body:
      take_body(bytes);
      return missing_ == 0 ? std::optional(finish()) : std::nullopt;
    case State::chunk_size:
      return read_chunk_size(bytes);
    case State::chunk_data:
      take_body(bytes);
      state_ = missing_ == 0 ? State::chunk_end : State::chunk_data;
      return std::nullopt;
    case State::chunk_end:
      return read_chunk_end(bytes);
    case State::trailers:
      return read_trailer(bytes);
    case State::refused:
      bytes = {};
      return std::nullopt;
  }
  return std::nullopt;
}

/// A line ends with CRLF and has no other CR; a lone LF is malformed. The limit is looked at before the content, at a
/// byte's place in the stream, so that cuts change nothing.
RequestParser::Line RequestParser::take_line(std::string_view& bytes, std::size_t& used, std::size_t used_max) {
  const auto end = bytes.find('\n');
  const std::size_t count = end == std::string_view::npos ? bytes.size() : end + 1;
  if (count > used_max - used) {
    return Line::too_long;
  }
  line_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  used += count;
  if (end == std::string_view::npos) {
    return Line::partial;
  }
  line_.pop_back();
  if (line_.empty() || line_.back() != '\r') {
    return Line::malformed;
  }
  line_.pop_back();
  return line_.find('\r') == std::string::npos ? Line::complete : Line::malformed;
}

std::optional<ParserEvent> RequestParser::read_head_line(std::string_view& bytes) {
  switch (take_line(bytes, line_used_, limits_.head_bytes_max)) {
    case Line::partial:
      return std::nullopt;
    case Line::too_long:
      return refuse(head_too_long(limits_.head_bytes_max));
    case Line::malformed:
      return refuse({400, "a line of the request's head does not end with CR LF, or has a CR inside"});
    case Line::complete:
      break;
  }
  const std::string line = std::exchange(line_, {});
  if (state_ == State::fields && line.empty()) {
    return end_head();
  }
  if (line.empty()) {
    return std::nullopt;  // blank lines before a request: some clients end a body with one (RFC 9112 §2.2)
  }
  auto refusal = state_ == State::request_line ? read_request_line(line, head_) : read_field(line, head_);
  if (refusal) {
    return refuse(std::move(*refusal));
  }
  state_ = State::fields;
  return std::nullopt;
}

std::optional<ParserEvent> RequestParser::end_head() {
  if (auto refusal = check_head(head_, limits_.body_bytes_max)) {
    return refuse(std::move(*refusal));
  }
  line_used_ = 0;
  if (!head_.has_codings && head_.content_length == 0) {
    return finish();
  }
  state_ = head_.has_codings ? State::chunk_size : State::sized_body;
  missing_ = head_.content_length;
  body_.reserve(static_cast<std::size_t>(std::min(missing_, body_reserved_bytes_max)));
  // HTTP/1.0 knows no interim answers.
  return head_.expects_continue && !head_.version_1_0 ? std::optional<ParserEvent>(ContinueWanted{}) : std::nullopt;
}

void RequestParser::take_body(std::string_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, bytes.size()));
  body_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  missing_ -= count;
}

std::optional<ParserEvent> RequestParser::read_chunk_size(std::string_view& bytes) {
  const Line read = take_line(bytes, line_used_, chunk_line_bytes_max);
  if (read == Line::partial) {
    return std::nullopt;
  }
  const std::string line = std::exchange(line_, {});
  line_used_ = 0;
  const char* const end = line.data() + line.size();
  std::uint64_t size = 0;
  const auto number = std::from_chars(line.data(), end, size, 16);
  const bool shaped = number.ptr != line.data() && (number.ptr == end || *number.ptr == ';');
  if (read != Line::complete || !shaped) {
    return refuse({400, "malformed chunk: its size line is not hexadecimal digits and CR LF"});
  }
  if (number.ec != std::errc{} || size > limits_.body_bytes_max - body_.size()) {
    return refuse(body_too_large(limits_.body_bytes_max));
  }
  missing_ = size;
  state_ = size == 0 ? State::trailers : State::chunk_data;
  return std::nullopt;
}

std::optional<ParserEvent> RequestParser::read_chunk_end(std::string_view& bytes) {
  line_ += bytes.front();
  bytes.remove_prefix(1);
  if (line_ != std::string_view("\r\n").substr(0, line_.size())) {
    return refuse({400, "malformed chunk: its data is not followed by CR LF"});
  }
  if (line_.size() == 2) {
    line_.clear();
    state_ = State::chunk_size;
  }
  return std::nullopt;
}

/// Trailers are checked for shape and dropped: nothing that frames or routes a request may come after it.
std::optional<ParserEvent> RequestParser::read_trailer(std::string_view& bytes) {
  switch (take_line(bytes, line_used_, limits_.head_bytes_max)) {
    case Line::partial:
      return std::nullopt;
    case Line::too_long:
      return refuse({431, "the trailers are longer than " + std::to_string(limits_.head_bytes_max) + " bytes"});
    case Line::malformed:
      return refuse({400, "a trailer line does not end with CR LF, or has a CR inside"});
    case Line::complete:
      break;
  }
  const std::string line = std::exchange(line_, {});
  if (line.empty()) {
    return finish();
  }
  RequestHead ignored;
  if (auto refusal = read_field(line, ignored)) {
    return refuse(std::move(*refusal));
  }
  return std::nullopt;
}

ParserEvent RequestParser::finish() {
  ReceivedRequest request{.method = std::move(head_.method),
                          .target = std::move(head_.target),
                          .content_type = std::move(head_.content_type),
                          .body = std::exchange(body_, {}),
                          .persistent = head_.persistent()};
  head_ = {};
  line_used_ = 0;
  state_ = State::request_line;
  return request;
}

ParserEvent RequestParser::refuse(Refusal refusal) {
  state_ = State::refused;
  body_ = {};
  line_ = {};
  return refusal;
}

}  // namespace slicebus::http
