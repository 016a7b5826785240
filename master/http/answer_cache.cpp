#include "master/http/answer_cache.hpp"

#include <utility>

namespace slicebus::http {

const HttpResponse* AnswerCache::find(std::string_view target, std::uint64_t revision) {
  if (revision != revision_) {
    clear();
    revision_ = revision;
    return nullptr;
  }
  const auto found = answers_.find(target);
  return found == answers_.end() ? nullptr : &found->second;
}

void AnswerCache::keep(std::string target, const HttpResponse& answer, std::uint64_t revision) {
  const std::size_t bytes = target.size() + answer.body.size();
  if (revision < revision_ || bytes > limits_.answer_bytes_max) {
    return;
  }
  if (revision > revision_ || answers_.size() >= limits_.answers_max || bytes_ + bytes > limits_.bytes_max) {
    clear();
    revision_ = revision;
  }
  if (answers_.try_emplace(std::move(target), answer).second) {
    bytes_ += bytes;
  }
}

void AnswerCache::clear() {
  answers_.clear();
  bytes_ = 0;
}

}  // namespace slicebus::http
