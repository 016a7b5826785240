#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "master/http/event_fd.hpp"
#include "master/http/http.hpp"

namespace slicebus::http {

/// Where Pistache's thread and our loop meet, and the only class with a mutex (style.md §5). Requests go one way,
/// answers the other, both named by an id that is never reused, so neither side ever touches what the other owns.
class HttpBridge {
 public:
  struct Answer {
    std::uint64_t id = 0;
    HttpResponse response;
    std::uint64_t revision = 0;  ///< at which it was given
  };
  /// How far the server is on its way out; each stage follows the one before it.
  enum class Stage : std::uint8_t {
    serving,
    draining,  ///< connections end when they have their answer
    stopping   ///< connections end now
  };

  struct News {
    std::vector<Answer> answers;  ///< given since the last take_news(), oldest first
    Stage stage = Stage::serving;
  };

  /// @param waiting_max  requests taken in and not answered
  explicit HttpBridge(std::size_t waiting_max) : waiting_max_(waiting_max) {}
  bool is_open() const { return requests_ready_.is_open() && answers_ready_.is_open() && idle_.is_open(); }

  // Pistache's thread.
  /// Leaves a request for the loop and names it. Nothing: waiting_max requests are unanswered, and this one was not
  /// taken.
  std::optional<std::uint64_t> offer(HttpRequest request);
  /// Together, under one lock: an answer given before a change of stage is never seen after it.
  News take_news();
  /// Nobody waits for this answer any more: its place is free again, and the answer will be dropped.
  void forget(std::uint64_t id);
  /// The client has gone. A request that was not taken yet is thrown away; one that was keeps its place until it is
  /// answered, so that work for clients that leave at once is bounded, too.
  void abandon(std::uint64_t id);
  /// Draining or stopping, and the last connection has gone.
  void report_idle() { idle_.signal(); }
  /// Counts the calls of invalidate().
  std::uint64_t revision() const { return revision_.load(); }
  /// Readable when take_news() has something new.
  int answers_fd() const { return answers_ready_.fd(); }

  // The loop's thread.
  /// The oldest ones, at most `count`. The others stay where abandon() reaches them.
  std::vector<HttpRequest> take(std::size_t count);
  void answer(std::uint64_t id, HttpResponse response);
  /// Before the state changes from which cacheable answers are made.
  void invalidate() { ++revision_; }
  void advance(Stage stage);
  /// Waits for report_idle(). False: it did not come within `limit`.
  bool wait_idle(std::chrono::milliseconds limit);
  /// Readable when take() has something.
  int requests_fd() const { return requests_ready_.fd(); }

 private:
  const std::size_t waiting_max_;
  EventFd requests_ready_;
  EventFd answers_ready_;
  EventFd idle_;
  /// Written by the loop alone. Who has an answer, by the mutex or by any other way, finds the revision at least as new
  /// as the state that it tells of.
  std::atomic<std::uint64_t> revision_ = 0;
  std::mutex mutex_;  // guards what follows
  std::uint64_t last_id_ = 0;
  std::unordered_set<std::uint64_t> waiting_;
  std::map<std::uint64_t, HttpRequest> requests_;  ///< not taken, by id: oldest first
  std::vector<Answer> answers_;
  Stage stage_ = Stage::serving;
};

}  // namespace slicebus::http
