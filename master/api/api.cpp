#include "master/api/api.hpp"

#include <nlohmann/json.hpp>

#include "master/api/body.hpp"
#include "master/api/routes.hpp"
#include "master/api/status.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;
using service::Json;

namespace {

constexpr std::size_t message_bytes_max = 3'000;  // R-api-11

/// R-api-4: four spaces.
http::HttpResponse json_response(int status, const Json& json) {
  return {.status = status, .body = json.dump(4, ' ', false, Json::error_handler_t::replace)};
}

std::string joined(const std::vector<std::string>& methods) {
  std::string text;
  for (const std::string& method : methods) {
    text += (text.empty() ? "" : ",") + method;
  }
  return text;
}

}  // namespace

http::HttpResponse standard_error(int status, std::string_view message) {
  std::size_t end = std::min(message.size(), message_bytes_max);
  while (end < message.size() && end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return json_response(status, Json{{"error", status}, {"message", std::string(message.substr(0, end))}});
}

Api::Api(ApiConfig config, service::Jobs& jobs, service::Executions& executions, service::ClusterView& cluster)
    : config_(std::move(config)), desk_{jobs, executions, cluster, config_.name} {}

http::HttpResponse Api::render(const Answer<Document>& answer) const {
  if (!answer) {
    return standard_error(http_status(answer.error().kind, config_.validation_status), answer.error().message);
  }
  return json_response(200, answer->json());
}

std::optional<http::HttpResponse> Api::handle(const http::HttpRequest& request) {
  const Answer<Target> target = parse_target(request.target);
  if (!target) {
    return render(tl::make_unexpected(target.error()));
  }
  const Match found = match(request.method, target->path);
  if (request.method == "OPTIONS" && !found.methods.empty()) {
    return http::HttpResponse{.content_type = "text/plain; charset=utf-8", .body = joined(found.methods)};
  }
  const Answer<Document> body = parse_body(request.content_type, request.body);
  if (!body) {
    return render(body);
  }
  if (found.route == nullptr) {
    return standard_error(405, "cannot " + request.method + " endpoint " + request.target);
  }
  Handled handled = found.route->handler(desk_, Call{target->query, found.id, body->json(), request.id});
  if (!handled) {
    return render(tl::make_unexpected(handled.error()));
  }
  if (!*handled) {
    return std::nullopt;
  }
  return json_response(200, (*handled)->json());
}

}  // namespace slicebus::api
