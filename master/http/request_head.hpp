#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The head of an HTTP/1.x request, line by line. Pure; strict on purpose: what two readers could understand in two
/// ways is refused (RFC 9112 §2.2, §5.1, §6.3), never repaired.
namespace slicebus::http {

/// Why a request is not served: the status and the message of the standard error that answers it. The connection ends
/// with it.
struct Refusal {
  int status = 400;
  std::string message;
  bool operator==(const Refusal&) const = default;
};

/// What is kept of a request's head. `Accept`, `Date`, `Cookie` and all others are checked for shape and forgotten.
struct RequestHead {
  std::string method;
  std::string target;        ///< raw path and query, begins with "/"; or "*"
  std::string content_type;  ///< as sent; empty: none
  std::string codings;       ///< the transfer codings in order, lower case, with commas; empty: none
  std::uint64_t content_length = 0;
  int hosts = 0;
  bool version_1_0 = false;
  bool has_length = false;
  bool has_codings = false;
  bool encoded_content = false;  ///< a Content-Encoding other than identity
  bool expects_continue = false;
  bool expects_other = false;
  bool close = false;
  bool keep_alive = false;

  bool operator==(const RequestHead&) const = default;
  /// Whether the client wants the connection to stay open: HTTP/1.1 unless it says close, HTTP/1.0 only if it says
  /// keep-alive.
  bool persistent() const { return !close && (!version_1_0 || keep_alive); }
};

/// Reads "METHOD target HTTP/1.x", without its CRLF, into `head`. Refuses with 400, or 505 for another well-formed
/// version.
std::optional<Refusal> read_request_line(std::string_view line, RequestHead& head);

/// Reads one "Name: value", without its CRLF, into `head`. Refuses with 400.
std::optional<Refusal> read_field(std::string_view line, RequestHead& head);

/// The checks that need the whole head: Host, body framing, expectation, encoding, size. Refuses with 400, 413, 415,
/// 417, 501.
std::optional<Refusal> check_head(const RequestHead& head, std::uint64_t body_bytes_max);

/// The 413 for a body longer than `body_bytes_max` bytes.
Refusal body_too_large(std::uint64_t body_bytes_max);

}  // namespace slicebus::http
