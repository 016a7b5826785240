#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/api/request.hpp"
#include "master/http/http.hpp"
#include "master/service/assets.hpp"
#include "master/service/cluster_view.hpp"
#include "master/service/jobs.hpp"
#include "master/service/slice_errors.hpp"

/// What an endpoint is. Each theme (`job_endpoints.cpp`, `execution_endpoints.cpp`, …) holds its functions and, below
/// them, its rows; a row is not complete without what GET /openapi.json says of it.
namespace slicebus::api {

/// What the endpoints serve from.
struct Desk {
  service::Jobs& jobs;
  service::Executions& executions;
  service::SliceErrors& errors;
  service::ClusterView& cluster;
  std::string cluster_name;  ///< `name`
  service::Assets& assets;
};

/// One request, read.
struct Call {
  const Query& query;
  std::string id;             ///< what stands for the first {…} of the path, decoded; empty: it has none
  std::string second;         ///< for the second
  const service::Json& body;  ///< {} when there is none, or when the row's body is no JSON
  const http::HttpRequest& request;
  service::Ticket ticket = 0;
};

/// JSON with 200 unless said otherwise.
struct Reply {
  // Not explicit: what the service answers with is the reply of most endpoints.
  Reply(service::Document json, int with = 200) : status(with), document(std::move(json)) {}  // NOLINT
  /// Anything but JSON.
  static Reply of_type(std::string content_type, std::string text);

  int status;
  service::Document document;
  std::string content_type{};  ///< empty: `document` is the body
  std::string text{};
};

/// Nothing: the answer comes later, as Settled under the call's ticket.
using Handled = service::Answer<std::optional<Reply>>;
using Handler = Handled (*)(Desk&, const Call&);

/// One query parameter. The shared ones are in parameters.hpp.
struct Parameter {
  std::string_view name;
  std::string_view schema;  ///< JSON Schema, as JSON: {"type":"integer","default":100}
  std::string_view help;
  bool required = false;
};

/// One endpoint: who answers it, and its description.
struct Route {
  std::string_view method;  ///< "GET" stands for HEAD too
  std::string_view path;    ///< "/jobs/{job_id}/ex"; names of {…} are described in openapi.cpp. Exists under /v1 too,
                            ///< unless it begins with /txt/
  Handler handler;
  std::string_view summary;      ///< one sentence
  std::vector<Parameter> query;  ///< all that it reads
  std::string_view answer;       ///< of 2xx: a name of schemas.cpp, "[Name]" for a list of these, "text" for text/plain
  std::vector<int> refusals{};   ///< statuses beside those that every endpoint may answer with (400, 405, 500, 503)
  std::string_view body{};       ///< a name of schemas.cpp, "bytes" when it is not to be read as JSON; empty: none
  std::vector<int> successes{200};
  std::string_view id_schema = R"({"type":"string","minLength":1})";  ///< of the first {…}, as Parameter::schema
  std::string_view answer_400 = "Error";                              ///< a name of schemas.cpp
  bool cacheable = false;  ///< its 200 follows from target and records alone: not from clock, chance or being alive
};

}  // namespace slicebus::api
