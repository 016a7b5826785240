#pragma once
#include <string>
#include <string_view>

#include "common/time.hpp"
#include "master/http/http.hpp"

namespace slicebus::http {

/// The standard error of the API (R-api-8): {"error": status, "message": text}, indented by 4 spaces. It may quote
/// what a client sent: bytes that are not UTF-8 are replaced, and it is cut at 3,000 bytes (R-api-11).
HttpResponse standard_error(int status, std::string_view message);

/// What the request decides about its answer's form.
struct ResponseForm {
  bool head_only = false;   ///< HEAD: the headers of the whole answer, without its body
  bool persistent = false;  ///< the connection stays open after it
};

/// Status line and headers with the empty line. Content-Length is that of `response.body`, also where the body is not
/// sent.
std::string response_head(const HttpResponse& response, ResponseForm form, WallTime now);

/// Whether the body of an answer goes out: not for HEAD, 204 and 304.
bool has_body(int status, ResponseForm form);

/// "100 Continue" as it is sent between head and body of a request that waits for it.
std::string_view continue_response();

}  // namespace slicebus::http
