#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "master/http/http.hpp"

namespace slicebus::http {

/// Answers that may be given again: those of one revision of the loop's state, by request target. The revision only
/// grows, and a newer one empties the cache. Bounded; what does not fit any more takes the place of all others, so that
/// what was asked once cannot keep out what is asked now.
class AnswerCache {
 public:
  struct Limits {
    std::size_t answers_max = 4'096;
    std::size_t bytes_max = 4U << 20U;         ///< of targets and bodies
    std::size_t answer_bytes_max = 1U << 20U;  ///< one answer, with its target; larger ones are not kept
  };

  AnswerCache() : AnswerCache(Limits()) {}
  explicit AnswerCache(Limits limits) : limits_(limits) {}

  /// The answer to this target when nothing has changed since it was made. Valid until another method is called.
  const HttpResponse* find(std::string_view target, std::uint64_t revision);
  /// @param revision  of the state from which the answer was made; an older one than find() was told is not kept
  void keep(std::string target, const HttpResponse& answer, std::uint64_t revision);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void clear();

  Limits limits_;
  std::uint64_t revision_ = 0;
  std::unordered_map<std::string, HttpResponse, Hash, std::equal_to<>> answers_;
  std::size_t bytes_ = 0;
};

}  // namespace slicebus::http
