#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"

/// Pistache made safe to face a network. No Pistache type leaves this room: the loop sees requests and gives answers.
namespace slicebus::http {

struct HttpConfig {
  std::string bind = "127.0.0.1";
  std::uint16_t port = 5678;  ///< 0: a free one
  std::size_t head_bytes_max = 16U << 10U;
  std::size_t body_bytes_max = 32U << 20U;      ///< ≥ 10 MB
  std::size_t bodies_bytes_max = 512U << 20U;   ///< request bodies held at once, over all connections; beyond it: 503
  std::size_t answers_bytes_max = 512U << 20U;  ///< answers on their way out, over all connections; beyond it: 503
  std::size_t connections_max = 4'096;          ///< fewer where the process may not open as many files; beyond it: 503
  std::size_t waiting_requests_max = 4'096;     ///< taken in and not answered; beyond it: 503
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};  ///< of a body or an answer without any progress
  std::size_t byte_rate_min =
      1'024;  ///< bytes a second; a body or an answer has body_timeout and the time of its bytes
  std::chrono::milliseconds keep_alive{60'000};
  std::chrono::milliseconds answer_timeout{300'000};  ///< api_response_timeout, R-api-13
};

/// A request as it came. `target` is the raw path and query, still percent-encoded.
struct HttpRequest {
  std::uint64_t id = 0;  ///< for answer(); never reused
  std::string method;
  std::string target;
  std::string content_type;  ///< as sent; empty: none
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::optional<std::string> allow = {};  ///< methods that the path has, "GET,HEAD"; nothing: the header is not sent
  /// To a GET or HEAD without a body: it follows from the target and the loop's state alone, so the same request may
  /// get it again, without the loop, until HttpServer::invalidate().
  bool cacheable = false;
};

/// The listener, its thread, and the bridge to our loop. The only class with a mutex.
class HttpServer {
 public:
  /// Errors: unavailable (port taken: names it and the remedy).
  static Result<std::unique_ptr<HttpServer>> start(const HttpConfig& config);
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  /// Readable when take() has something; for Poll::watch_fd.
  virtual int fd() const = 0;
  /// The oldest requests, at most `count`. One whose client leaves before it is taken is never seen.
  virtual std::vector<HttpRequest> take(std::size_t count) = 0;
  /// From the loop's thread, any time later; a connection that is gone is no error. HEAD answers lose their body here.
  virtual void answer(std::uint64_t id, HttpResponse response) = 0;
  /// From the loop's thread, before its state changes: no answer() from before is given again to a request that comes
  /// after it.
  virtual void invalidate() = 0;
  /// Takes no new connections, lets answers in flight go out (at most `limit`), stops the thread.
  virtual void drain(std::chrono::milliseconds limit) = 0;
};

}  // namespace slicebus::http
