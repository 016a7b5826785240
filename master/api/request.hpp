#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/service/answer.hpp"

/// A request's target and query, decoded (R-api-2, 3, 7).
namespace slicebus::api {

/// The query, in order, percent-decoded.
class Query {
 public:
  Query() = default;
  explicit Query(std::vector<std::pair<std::string, std::string>> pairs) : pairs_(std::move(pairs)) {}

  /// The value, or nothing when the key is absent. Refusal: the key was given twice.
  service::Answer<std::optional<std::string>> text(std::string_view key) const;
  /// A number, rounded down; absent or empty: `fallback`. Refusal: R-api-12.
  service::Answer<std::int64_t> integer(std::string_view key, std::int64_t fallback) const;
  /// true, 1, yes, false, 0, no; absent or empty: `fallback`. Refusal: anything else.
  service::Answer<bool> boolean(std::string_view key, bool fallback) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

struct Target {
  std::vector<std::string> path;  ///< decoded segments, without the leading "v1" and without one trailing slash
  bool v1 = false;                ///< it had the leading "v1"
  Query query;
};

/// Reads "/v1/jobs/<id>?from=1". Refusal: broken percent-encoding.
service::Answer<Target> parse_target(std::string_view target);

/// "%41+b" → "A b"; `plus` says whether '+' means a space. Nothing: broken.
std::optional<std::string> percent_decode(std::string_view text, bool plus);

/// Letters of ASCII made small; the rest as it is.
std::string lower(std::string_view text);

}  // namespace slicebus::api
