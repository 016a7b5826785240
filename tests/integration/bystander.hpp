#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/raw_client.hpp"

namespace slicebus::support {

/// How long the answers of a series took.
struct Latencies {
  std::vector<std::chrono::microseconds> sorted;
  std::size_t failed = 0;       ///< requests without a 200
  std::string first_failure{};  ///< what the first of them got

  std::chrono::microseconds at(double share) const {
    return sorted.empty() ? std::chrono::hours(1)
                          : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  }
  std::string text() const {
    const auto ms = [](std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1'000; };
    std::ostringstream out;
    out << sorted.size() << " answers, median " << ms(at(0.5)) << " ms, p95 " << ms(at(0.95)) << " ms, worst "
        << ms(at(1)) << " ms, " << failed << " failed" << first_failure;
    return out.str();
  }
};

/// Another client, who asks `GET /` all the time, every second time over a new connection, until it is asked how that
/// went.
class Bystander {
 public:
  explicit Bystander(std::uint16_t port) : thread_([this, port] { run(port); }) {}
  ~Bystander() { end(); }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  Latencies end() {
    stop_ = true;
    if (thread_.joinable()) {
      thread_.join();
      std::sort(told_.sorted.begin(), told_.sorted.end());
    }
    return told_;
  }

 private:
  void run(std::uint16_t port) {
    RawClient kept(port);
    for (std::size_t turn = 0; !stop_; ++turn) {
      const auto begin = std::chrono::steady_clock::now();
      const RawClient::Response answer = turn % 2 == 0 ? kept.ask(get("/")) : RawClient(port).ask(get("/"));
      told_.sorted.push_back(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin));
      if (answer.status != 200 && ++told_.failed == 1) {
        told_.first_failure = ", the first in turn " + std::to_string(turn) + " with " + std::to_string(answer.status) +
                              " " + answer.body;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::atomic<bool> stop_ = false;
  Latencies told_;
  std::thread thread_;
};

}  // namespace slicebus::support
