#pragma once
#include <optional>
#include <string>
#include <vector>

#include "master/api/route.hpp"
#include "master/http/http.hpp"

namespace slicebus::api {

struct ApiConfig {
  int validation_status = 400;  ///< of an invalid job: 400, or 500 as Teraslice answers
};

/// Whether it changes nothing, whatever it is answered (RFC 9110 §9.2.1).
bool only_reads(const http::HttpRequest& request);

/// JSON in, JSON out: turns a request into a call of the service and its answer into a response.
class Api {
 public:
  Api(ApiConfig config, Desk desk) : config_(config), desk_(std::move(desk)) {}

  /// Nothing: the answer comes later, by render() of what the service settles under request.id.
  std::optional<http::HttpResponse> handle(const http::HttpRequest& request);
  http::HttpResponse render(const service::Answer<service::Document>& answer, int status = 200) const;

 private:
  std::optional<http::HttpResponse> answer(const http::HttpRequest& request);

  ApiConfig config_;
  Desk desk_;
};

}  // namespace slicebus::api
