#pragma once
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "master/http/event_fd.hpp"
#include "master/http/http.hpp"
#include "tests/support/raw_client.hpp"

namespace slicebus::http {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using support::get;
using support::post;
using support::RawClient;

/// A real server on a free port, and a thread that plays the master's loop. It answers /big/N with N bytes, /later/MS
/// after MS milliseconds, /never not at all, /state… with its state, a number that POST /change makes greater by one,
/// as a cacheable answer, everything else at once with "METHOD target\n" and the body.
class ServerFixture {
 public:
  explicit ServerFixture(HttpConfig config = {}) {
    config.port = 0;
    auto started = HttpServer::start(config);
    if (!started) {
      throw std::runtime_error(started.error().text());
    }
    server_ = std::move(*started);
    loop_ = std::thread([this] { run(); });
  }
  ~ServerFixture() { stop_loop(); }
  ServerFixture(const ServerFixture&) = delete;
  ServerFixture& operator=(const ServerFixture&) = delete;

  std::uint16_t port() const { return server_->port(); }
  std::size_t taken() const { return taken_; }
  HttpServer& server() { return *server_; }
  /// After it the server is the caller's alone, as it is the loop's in the master.
  void stop_loop() {
    stop_.signal();
    if (loop_.joinable()) {
      loop_.join();
    }
  }

 private:
  void run() {
    std::vector<std::pair<Steady::time_point, std::uint64_t>> later;
    int state = 0;
    for (;;) {
      std::sort(later.begin(), later.end());
      int wait = -1;
      while (!later.empty()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(later.front().first - Steady::now());
        if (left.count() > 0) {
          wait = static_cast<int>(left.count());
          break;
        }
        server_->answer(later.front().second, {.body = "late"});
        later.erase(later.begin());
      }
      std::vector<pollfd> watched{{server_->fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
      ::poll(watched.data(), watched.size(), wait);
      if (watched[1].revents != 0) {
        return;
      }
      for (HttpRequest& request : server_->take(SIZE_MAX)) {
        ++taken_;
        if (request.target.starts_with("/big/")) {
          server_->answer(request.id, {.content_type = "text/plain",
                                       .body = std::string(std::stoul(request.target.substr(5)), 'x')});
        } else if (request.target.starts_with("/later/")) {
          later.emplace_back(Steady::now() + std::chrono::milliseconds(std::stol(request.target.substr(7))),
                             request.id);
        } else if (request.target.starts_with("/state")) {
          server_->answer(request.id, {.content_type = "text/plain", .body = std::to_string(state), .cacheable = true});
        } else if (request.target == "/change") {
          server_->invalidate();
          ++state;
          server_->answer(request.id, {.content_type = "text/plain", .body = std::to_string(state)});
        } else if (request.target != "/never") {
          server_->answer(request.id, {.content_type = "text/plain",
                                       .body = request.method + ' ' + request.target + '\n' + request.body});
        }
      }
    }
  }

  std::unique_ptr<HttpServer> server_;
  EventFd stop_;
  std::atomic<std::size_t> taken_ = 0;
  std::thread loop_;
};

}  // namespace slicebus::http
