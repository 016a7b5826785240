#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/config/config.hpp"
#include "master/http/http.hpp"

namespace slicebus {

/// What the configuration says of the front door: docs/front-door.md.
struct RestSettings {
  std::int64_t port = 5678;
  std::int64_t head_bytes = 16LL << 10;
  std::int64_t body_bytes = 32LL << 20;
  std::int64_t bodies_bytes = 512LL << 20;
  std::int64_t answers_bytes = 512LL << 20;
  std::int64_t connections = 4'096;
  std::int64_t waiting_requests = 4'096;
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};
  std::int64_t byte_rate = 1'024;
  std::chrono::milliseconds keep_alive{60'000};
  std::chrono::milliseconds response_timeout{300'000};
};

/// The settings rest_… and api_response_timeout, whose targets are in `settings`.
std::vector<config::Field> fields_of(RestSettings& settings);

/// @param bind  the address to listen on
http::HttpConfig http_config(const RestSettings& settings, const std::string& bind);

}  // namespace slicebus
