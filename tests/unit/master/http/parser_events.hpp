#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "master/http/request_parser.hpp"

namespace slicebus::http {

/// An event as one line, so that failures can be read.
inline std::string line_of(const ParserEvent& event) {
  if (std::holds_alternative<ContinueWanted>(event)) {
    return "continue";
  }
  if (const auto* request = std::get_if<ReceivedRequest>(&event)) {
    return request->method + ' ' + request->target + " type=" + request->content_type + " body=" + request->body +
           (request->persistent ? " keep" : " close");
  }
  const auto& refusal = std::get<Refusal>(event);
  return "refused " + std::to_string(refusal.status) + ' ' + refusal.message;
}

/// Feeds a stream to a parser of its own in pieces that end at `cuts` (ascending offsets).
inline std::vector<std::string> events_of(std::string_view stream, const std::vector<std::size_t>& cuts,
                                          ParserLimits limits) {
  RequestParser parser(limits);
  std::vector<std::string> events;
  std::size_t from = 0;
  const auto feed = [&](std::size_t to) {
    std::string_view piece = stream.substr(from, to - from);
    while (!piece.empty()) {
      if (const auto event = parser.feed(piece)) {
        events.push_back(line_of(*event));
      }
    }
    from = to;
  };
  for (const std::size_t cut : cuts) {
    feed(std::min(cut, stream.size()));
  }
  feed(stream.size());
  return events;
}

inline std::vector<std::string> events_of(std::string_view stream, ParserLimits limits = {}) {
  return events_of(stream, {}, limits);
}

}  // namespace slicebus::http
