#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "master/http/request_head.hpp"

namespace slicebus::http {

struct ParserLimits {
  std::size_t head_bytes_max =
      16U << 10U;  ///< request line and headers with their line ends; as much again for trailers
  std::size_t body_bytes_max = 32U << 20U;
};

/// The head is complete, and the client waits for "100 Continue" before it sends the body.
struct ContinueWanted {
  bool operator==(const ContinueWanted&) const = default;
};

/// One request with its framing undone.
struct ReceivedRequest {
  std::string method;
  std::string target;
  std::string content_type;
  std::string body;
  bool persistent = true;  ///< the client wants the connection to stay open after the answer
  bool operator==(const ReceivedRequest&) const = default;
};

using ParserEvent = std::variant<ContinueWanted, ReceivedRequest, Refusal>;

/// Reads HTTP/1.x requests from a byte stream, cut anywhere: the events depend on the bytes alone, never on the cuts.
/// Holds at most a head and a body, within the limits. No sockets, no clock.
class RequestParser {
 public:
  enum class Phase : std::uint8_t {
    idle,     ///< nothing of a request has come yet
    head,     ///< inside request line or headers
    body,     ///< inside the body or its trailers
    refused,  ///< after a Refusal; what comes is thrown away
  };

  explicit RequestParser(ParserLimits limits) : limits_(limits) {}

  /// Takes bytes from the front of `bytes` until an event is there or nothing is left. After a ReceivedRequest the rest
  /// of `bytes` belongs to the next one; feed it again when the next one is wanted.
  std::optional<ParserEvent> feed(std::string_view& bytes);

  Phase phase() const;
  /// Bytes of the body received so far.
  std::size_t body_bytes() const { return body_.size(); }
  /// Of the request being read; empty before its request line is complete.
  const std::string& method() const { return head_.method; }

 private:
  enum class State : std::uint8_t {
    request_line,
    fields,
    sized_body,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    refused
  };
  enum class Line : std::uint8_t { partial, complete, too_long, malformed };

  std::optional<ParserEvent> step(std::string_view& bytes);
  Line take_line(std::string_view& bytes, std::size_t& used, std::size_t used_max);
  std::optional<ParserEvent> read_head_line(std::string_view& bytes);
  std::optional<ParserEvent> end_head();
  std::optional<ParserEvent> read_chunk_size(std::string_view& bytes);
  std::optional<ParserEvent> read_chunk_end(std::string_view& bytes);
  std::optional<ParserEvent> read_trailer(std::string_view& bytes);
  void take_body(std::string_view& bytes);
  ParserEvent finish();
  ParserEvent refuse(Refusal refusal);

  ParserLimits limits_;
  State state_ = State::request_line;
  RequestHead head_;
  std::string line_;           ///< the line being read; without its line end once complete
  std::size_t line_used_ = 0;  ///< bytes of the head, the trailers or the chunk's size line so far
  std::uint64_t missing_ = 0;  ///< bytes still to come of the sized body or the chunk
  std::string body_;
};

}  // namespace slicebus::http
