#include "master/api/api.hpp"

#include "master/api/body.hpp"
#include "master/api/routes.hpp"
#include "master/api/status.hpp"
#include "master/http/response_writer.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;

namespace {

http::HttpResponse json_response(int status, const Document& document) {
  http::HttpResponse response{.status = status};
  document.show(response.body);
  return response;
}

std::string joined(const std::vector<std::string>& methods) {
  std::string text;
  for (const std::string& method : methods) {
    text += (text.empty() ? "" : ",") + method;
  }
  return text;
}

}  // namespace

bool only_reads(const http::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

http::HttpResponse Api::render(const Answer<Document>& answer, int status) const {
  if (!answer) {
    return http::standard_error(http_status(answer.error().kind, config_.validation_status), answer.error().message);
  }
  return json_response(status, *answer);
}

/// What an endpoint throws is a mistake of ours: it costs its own caller an answer, not everybody the master.
std::optional<http::HttpResponse> Api::handle(const http::HttpRequest& request) {
  try {
    return answer(request);
  } catch (const std::exception& mistake) {
    return http::standard_error(500, std::string("this request met a mistake of ours: ") + mistake.what());
  }
}

std::optional<http::HttpResponse> Api::answer(const http::HttpRequest& request) {
  const Answer<Target> target = parse_target(request.target);
  if (!target) {
    return render(tl::make_unexpected(target.error()));
  }
  const Match found = match(request.method, *target);
  if (request.method == "OPTIONS" && !found.methods.empty()) {
    const std::string methods = joined(found.methods);
    return http::HttpResponse{.content_type = "text/plain; charset=utf-8", .body = methods, .allow = methods};
  }
  const bool bytes = found.route != nullptr && found.route->body == "bytes";
  const Answer<Document> body = bytes ? Document() : parse_body(request.content_type, request.body);
  if (!body) {
    return render(body);
  }
  if (found.route == nullptr) {
    http::HttpResponse refusal = http::standard_error(405, "cannot " + request.method + " endpoint " + request.target);
    refusal.allow = joined(found.methods);
    return refusal;
  }
  const auto parameter = [&](std::size_t i) { return i < found.parameters.size() ? found.parameters[i] : ""; };
  Handled handled =
      found.route->handler(desk_, Call{target->query, parameter(0), parameter(1), body->json(), request, request.id});
  if (!handled) {
    return render(tl::make_unexpected(handled.error()));
  }
  if (!*handled) {
    return std::nullopt;
  }
  Reply& reply = **handled;
  http::HttpResponse response =
      reply.content_type.empty()
          ? json_response(reply.status, reply.document)
          : http::HttpResponse{
                .status = reply.status, .content_type = std::move(reply.content_type), .body = std::move(reply.text)};
  response.cacheable = found.route->cacheable && response.status == 200;
  return response;
}

}  // namespace slicebus::api
