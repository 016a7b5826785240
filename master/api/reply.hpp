#pragma once
#include "master/api/route.hpp"

/// From what the service answers to what an endpoint replies.
namespace slicebus::api {

Handled handled(service::Answer<service::Document> answer);
Handled handled(service::Answer<std::optional<service::Document>> answer);
/// A JSON array.
Handled handled(service::Answer<std::vector<service::Document>> answer);

/// A table of /txt (text_table.hpp), with `fields` and `headers` as the query has them.
/// @param columns  unless the query names others
Handled table_reply(const Call& call, const std::vector<std::string>& columns,
                    const std::vector<service::Document>& rows);

/// Runs `then` with the latest execution of the job in the path; refusal: R-api-16.
template <class Then>
Handled with_latest(Desk& desk, const Call& call, Then then) {
  const auto latest = desk.executions.latest_of(JobId{call.id});
  if (!latest) {
    return tl::make_unexpected(latest.error());
  }
  return then(latest->ex_id);
}

}  // namespace slicebus::api
