#pragma once
#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace slicebus::support {

struct HttpAnswer {
  int status = 0;
  std::string head;  ///< status line and header lines
  std::string body;
  nlohmann::json json() const;  ///< throws when the body is no JSON: that fails the test with the parser's text
};

/// One request a connection, over a plain socket of the loopback address.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : port_(port) {}
  std::uint16_t port() const { return port_; }
  /// Nothing when nobody answers within `patience` (connection refused or reset included).
  std::optional<HttpAnswer> request(const std::string& method, const std::string& target, const std::string& body = {},
                                    std::chrono::milliseconds patience = std::chrono::seconds(60)) const;
  /// The bytes as they are, and what comes back until the other side closes.
  std::optional<std::string> raw(const std::string& bytes, std::chrono::milliseconds patience) const;

 private:
  std::uint16_t port_;
};

}  // namespace slicebus::support
