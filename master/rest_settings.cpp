#include "master/rest_settings.hpp"

namespace slicebus {

std::vector<config::Field> fields_of(RestSettings& settings) {
  constexpr std::int64_t gib = 1LL << 30;
  constexpr std::int64_t hour = 3'600'000;
  return {{"rest_port", &settings.port, "Port of the REST API; 0 takes a free one", "0..65535", 0, 65'535},
          {"rest_head_bytes", &settings.head_bytes, "Longest request line with its headers; beyond it: 431",
           "1024..1048576", 1'024, 1LL << 20},
          {"rest_body_bytes", &settings.body_bytes, "Largest request body, uploaded assets included; beyond it: 413",
           "1024..4 GiB", 1'024, 4 * gib},
          {"rest_bodies_bytes", &settings.bodies_bytes,
           "Request bodies held at once, over all connections; beyond it: 503", "1024..64 GiB", 1'024, 64 * gib},
          {"rest_answers_bytes", &settings.answers_bytes,
           "Large answers not yet read by their clients, over all connections; beyond it: 503", "1024..64 GiB", 1'024,
           64 * gib},
          {"rest_connections", &settings.connections,
           "Open connections; beyond it: 503, and fewer where the process may not open as many files", "1..1000000", 1,
           1'000'000},
          {"rest_waiting_requests", &settings.waiting_requests, "Requests without their answer; beyond it: 503",
           "1..1000000", 1, 1'000'000},
          {"rest_head_timeout", &settings.head_timeout, "How long a request's head may take; beyond it: 408",
           "100 ms..1 hour", 100, hour},
          {"rest_body_timeout", &settings.body_timeout,
           "How long a request's body (408) or a client that reads its answer (the end) may stand still",
           "100 ms..1 hour", 100, hour},
          {"rest_byte_rate", &settings.byte_rate,
           "Bytes a second; a body or an answer may take rest_body_timeout and the time of its bytes", "1..1000000000",
           1, 1'000'000'000},
          {"rest_keep_alive", &settings.keep_alive, "How long a connection may stay open without a request",
           "100 ms..1 hour", 100, hour},
          {"api_response_timeout", &settings.response_timeout, "How long an answer may take; beyond it: 503",
           "100 ms..24 hours", 100, 24 * hour}};
}

http::HttpConfig http_config(const RestSettings& settings, const std::string& bind) {
  const auto count = [](std::int64_t value) { return static_cast<std::size_t>(value); };
  return {.bind = bind,
          .port = static_cast<std::uint16_t>(settings.port),
          .head_bytes_max = count(settings.head_bytes),
          .body_bytes_max = count(settings.body_bytes),
          .bodies_bytes_max = count(settings.bodies_bytes),
          .answers_bytes_max = count(settings.answers_bytes),
          .connections_max = count(settings.connections),
          .waiting_requests_max = count(settings.waiting_requests),
          .head_timeout = settings.head_timeout,
          .body_timeout = settings.body_timeout,
          .byte_rate_min = count(settings.byte_rate),
          .keep_alive = settings.keep_alive,
          .answer_timeout = settings.response_timeout};
}

}  // namespace slicebus
