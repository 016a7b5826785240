#include "master/http/bridge.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace slicebus::http {

std::optional<std::uint64_t> HttpBridge::offer(HttpRequest request) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= waiting_max_) {
    return std::nullopt;
  }
  const std::uint64_t id = ++last_id_;
  request.id = id;
  waiting_.insert(id);
  requests_.emplace(id, std::move(request));
  requests_ready_.signal();
  return id;
}

HttpBridge::News HttpBridge::take_news() {
  const std::lock_guard lock(mutex_);
  answers_ready_.clear();
  return {.answers = std::exchange(answers_, {}), .stage = stage_};
}

void HttpBridge::forget(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(id);
}

void HttpBridge::abandon(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (requests_.erase(id) == 1) {
    waiting_.erase(id);
  }
}

std::vector<HttpRequest> HttpBridge::take(std::size_t count) {
  const std::lock_guard lock(mutex_);
  std::vector<HttpRequest> taken;
  for (; taken.size() < count && !requests_.empty(); requests_.erase(requests_.begin())) {
    taken.push_back(std::move(requests_.begin()->second));
  }
  if (requests_.empty()) {
    requests_ready_.clear();
  }
  return taken;
}

void HttpBridge::answer(std::uint64_t id, HttpResponse response) {
  const std::lock_guard lock(mutex_);
  if (waiting_.erase(id) == 1) {
    answers_.push_back({id, std::move(response), revision_.load()});
    answers_ready_.signal();
  }
}

void HttpBridge::advance(Stage stage) {
  const std::lock_guard lock(mutex_);
  stage_ = stage;
  answers_ready_.signal();
}

bool HttpBridge::wait_idle(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd watched{.fd = idle_.fd(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count()));
    if (ready > 0 || (ready == 0 && left.count() <= 0)) {
      return ready > 0;
    }
    if (ready < 0 && errno != EINTR) {
      return false;
    }
  }
}

}  // namespace slicebus::http
