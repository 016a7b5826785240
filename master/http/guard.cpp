#include "master/http/guard.hpp"

#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "common/log/log.hpp"

namespace slicebus::http {
namespace {

using Pistache::Polling::NotifyOn;
using namespace std::chrono_literals;

/// What one read takes and one event may send: a fast client gets the next turn, not the whole thread.
constexpr std::size_t read_bytes = 64U << 10U;
constexpr std::size_t written_bytes_per_turn = 256U << 10U;
/// Connections beyond the limit that get a 503; those beyond these are closed without a word.
constexpr std::size_t refused_connections_max = 64;

Now now() { return {.time = monotonic_now(), .wall = wall_now()}; }

/// A quarter of the shortest limit, so that none is overrun by more; 5 ms to 250 ms.
std::chrono::milliseconds tick_interval(const HttpConfig& config) {
  const auto shortest = std::min({config.head_timeout, config.body_timeout, config.keep_alive, config.answer_timeout});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, 5ms, 250ms);
}

/// Tells the transport of new peers. Input never comes this way: the transport reads by itself.
class Doorman : public Pistache::Tcp::Handler {
 public:
  std::shared_ptr<Pistache::Tcp::Handler> clone() const override { return std::make_shared<Doorman>(); }
  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    static_cast<GuardTransport*>(transport())->welcome(peer);
  }
  void onInput(const char* /*bytes*/, std::size_t /*count*/,
               const std::shared_ptr<Pistache::Tcp::Peer>& /*peer*/) override {}
};

}  // namespace

GuardTransport::GuardTransport(const HttpConfig& config, HttpBridge& bridge)
    : Transport(std::make_shared<Doorman>()),
      config_(config),
      bridge_(bridge),
      budgets_{.bodies = {.bytes_max = config.bodies_bytes_max}, .answers = {.bytes_max = config.answers_bytes_max}} {}

std::shared_ptr<Pistache::Aio::Handler> GuardTransport::clone() const {
  return std::make_shared<GuardTransport>(config_, bridge_);
}

void GuardTransport::registerPoller(Pistache::Polling::Epoll& poller) {
  Transport::registerPoller(poller);
  timer_ = Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  buffer_.resize(read_bytes);
  for (const Fd fd : {timer_.get(), bridge_.answers_fd()}) {
    poller.addFd(fd, Pistache::Flags<NotifyOn>(NotifyOn::Read), Pistache::Polling::Tag(static_cast<std::uint64_t>(fd)));
  }
}

/// The exception barrier. What Pistache or the standard library throws costs the connection at hand.
template <class Work>
void GuardTransport::guarded(Fd fd, Work work) {
  try {
    work();
  } catch (const std::exception& cause) {
    log::warn("http_connection_dropped", {{"cause", cause.what()}});
    drop(fd);
  } catch (...) {
    log::warn("http_connection_dropped", {{"cause", "something thrown that is no std::exception"}});
    drop(fd);
  }
}

void GuardTransport::onReady(const Pistache::Aio::FdSet& events) {
  ++batch_;
  for (const Event& event : events) {
    guarded(static_cast<Fd>(event.getTag().value()), [&] { handle(event); });
    settle_newcomers();
  }
  if (stage_ != HttpBridge::Stage::serving && lines_.empty()) {
    bridge_.report_idle();
  }
  arm_timer(!lines_.empty());
}

void GuardTransport::handle(const Event& event) {
  const Fd fd = static_cast<Fd>(event.getTag().value());
  if (fd == timer_.get()) {
    tick();
  } else if (fd == bridge_.answers_fd()) {
    deliver_answers();
  } else if (const auto line = lines_.find(fd); line != lines_.end()) {
    // One that began in this batch has no event in it: this is its descriptor's earlier connection, which has ended.
    if (line->second.batch != batch_) {
      handle_line(fd, line->second, event);
    }
  } else if (event.isReadable()) {  // otherwise it is of a connection that ended earlier in this batch
    pass_to_pistache(event);
  }
}

void GuardTransport::pass_to_pistache(const Event& event) {
  std::vector<Pistache::Polling::Event> events(1, Pistache::Polling::Event(event.getTag()));
  events.front().flags = Pistache::Flags<NotifyOn>(NotifyOn::Read);
  Transport::onReady(Pistache::Aio::FdSet(std::move(events)));
}

void GuardTransport::welcome(const std::shared_ptr<Pistache::Tcp::Peer>& peer) {
  newcomers_.push_back(peer->fd());
  const bool full = lines_.size() - refused_ >= config_.connections_max;
  if (full && refused_ >= refused_connections_max) {
    return;
  }
  Line& line = lines_.try_emplace(peer->fd(), config_, budgets_, now()).first->second;
  line.batch = batch_;
  line.refused = full;
  refused_ += full ? 1 : 0;
}

/// After Pistache has put new peers into its epoll set, edge-triggered: make them level-triggered, so that a line can
/// be left unread while its request is answered, or unsent while its client is slow, and nothing is forgotten.
void GuardTransport::settle_newcomers() {
  for (const Fd fd : std::exchange(newcomers_, {})) {
    guarded(fd, [&] {
      const auto line = lines_.find(fd);
      if (line == lines_.end()) {
        drop(fd);
        return;
      }
      const Now at = now();
      if (stage_ != HttpBridge::Stage::serving) {
        line->second.connection.shut_down(at);
      } else if (line->second.refused) {
        line->second.connection.refuse({503, std::to_string(config_.connections_max) +
                                                 " connections are open, which is the limit; try again later"},
                                       at);
      }
      pump(fd, line->second, at);
    });
  }
}

void GuardTransport::handle_line(Fd fd, Line& line, const Event& event) {
  if (event.isHangup() || (!event.isReadable() && !event.isWritable())) {
    drop(fd);  // a reset, an error, or both sides have said their last
    return;
  }
  const Now at = now();
  if (event.isReadable() && line.connection.wants_input()) {
    const ssize_t count = ::recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count > 0) {
      line.connection.receive({buffer_.data(), static_cast<std::size_t>(count)}, at);
    } else if (count == 0) {
      line.connection.end_of_input(at);
    } else if (errno != EAGAIN && errno != EINTR) {
      drop(fd);
      return;
    }
  }
  pump(fd, line, at);
}

/// Moves a line as far as it goes without waiting, and tells epoll what to wait for. `line` may be gone afterwards.
void GuardTransport::pump(Fd fd, Line& line, Now at) {
  std::size_t turn = written_bytes_per_turn;
  for (hand_over(fd, line, at); turn > 0 && !line.connection.unsent().empty(); hand_over(fd, line, at)) {
    const std::string_view piece = line.connection.unsent().substr(0, turn);
    const ssize_t count = ::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) {
      break;
    }
    if (count < 0 && errno != EINTR) {
      drop(fd);
      return;
    }
    const auto taken = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    turn -= taken;
    line.connection.sent(taken, at);
  }
  if (line.connection.take_half_close()) {
    ::shutdown(fd, SHUT_WR);
  }
  if (line.connection.finished()) {
    drop(fd);
    return;
  }
  Interest interest = line.connection.wants_input() ? Interest::Read : Interest::None;
  if (!line.connection.unsent().empty()) {
    interest = interest | Interest::Write;
  }
  if (interest != line.interest) {
    reactor()->modifyFd(key(), fd, interest, Pistache::Polling::Mode::Level);
    line.interest = interest;
  }
}

/// Answers a complete request from the cache, or gives it to the loop.
void GuardTransport::hand_over(Fd fd, Line& line, Now at) {
  auto received = line.connection.take_request();
  if (!received) {
    return;
  }
  const bool reads = (received->method == "GET" || received->method == "HEAD") && received->body.empty();
  if (const HttpResponse* known = reads ? cache_.find(received->target, bridge_.revision()) : nullptr) {
    if (log::enabled(log::Level::debug)) {
      log::debug(
          "request_answered",
          {{"method", received->method}, {"target", received->target}, {"status", known->status}, {"from", "cache"}});
    }
    line.connection.answer(*known, at);
    return;
  }
  line.cached_as = reads ? received->target : std::string();
  const auto id = bridge_.offer({.method = std::move(received->method),
                                 .target = std::move(received->target),
                                 .content_type = std::move(received->content_type),
                                 .body = std::move(received->body)});
  if (!id) {
    const std::string limit = std::to_string(config_.waiting_requests_max);
    line.connection.answer(
        standard_error(503, limit + " requests wait for their answer, which is the limit; try again later"), at);
    return;
  }
  line.request = *id;
  waiting_[*id] = fd;
}

void GuardTransport::deliver_answers() {
  HttpBridge::News news = bridge_.take_news();
  for (auto& answer : news.answers) {
    const auto place = waiting_.find(answer.id);
    if (place == waiting_.end()) {
      continue;  // the client has gone
    }
    const Fd fd = place->second;
    waiting_.erase(place);
    guarded(fd, [&] {
      Line& line = lines_.at(fd);
      const Now at = now();
      line.request = 0;
      if (answer.response.cacheable && !line.cached_as.empty()) {
        cache_.keep(std::move(line.cached_as), answer.response, answer.revision);
      }
      line.connection.answer(std::move(answer.response), at);
      pump(fd, line, at);
    });
  }
  enter(news.stage);  // after the answers: what is answered goes out
}

void GuardTransport::enter(HttpBridge::Stage stage) {
  if (stage == stage_) {
    return;
  }
  stage_ = stage;
  for_each_line([&](Fd fd, Line& line, Now at) {
    if (stage == HttpBridge::Stage::stopping) {
      drop(fd);
      return;
    }
    line.connection.shut_down(at);
    settle(fd, line, at);
  });
}

void GuardTransport::tick() {
  std::uint64_t ticks = 0;
  [[maybe_unused]] const auto read = ::read(timer_.get(), &ticks, sizeof ticks);
  for_each_line([&](Fd fd, Line& line, Now at) {
    line.connection.tick(at);
    settle(fd, line, at);
  });
}

/// After a change that did not come from the client or the loop: a request that was answered by the guard itself is
/// forgotten.
void GuardTransport::settle(Fd fd, Line& line, Now at) {
  if (line.request != 0 && !line.connection.waiting()) {
    bridge_.forget(line.request);
    waiting_.erase(line.request);
    line.request = 0;
  }
  if (line.connection.finished() || !line.connection.unsent().empty()) {
    pump(fd, line, at);
  }
}

template <class Work>
void GuardTransport::for_each_line(Work work) {
  std::vector<Fd> all;  // a line may end, and leave the map, in its turn
  all.reserve(lines_.size());
  for (const auto& [fd, line] : lines_) {
    all.push_back(fd);
  }
  const Now at = now();
  for (const Fd fd : all) {
    guarded(fd, [&] { work(fd, lines_.at(fd), at); });
  }
}

/// Ticks only while there are connections: an idle server sleeps.
void GuardTransport::arm_timer(bool wanted) {
  if (wanted == timer_armed_) {
    return;
  }
  const auto interval = std::chrono::nanoseconds(wanted ? tick_interval(config_) : 0ms);
  const timespec spec{.tv_sec = interval / 1s, .tv_nsec = (interval % 1s).count()};
  const itimerspec periodic{.it_interval = spec, .it_value = spec};
  ::timerfd_settime(timer_.get(), 0, &periodic, nullptr);
  timer_armed_ = wanted;
}

void GuardTransport::drop(Fd fd) {
  if (const auto line = lines_.find(fd); line != lines_.end()) {
    if (line->second.request != 0) {
      bridge_.abandon(line->second.request);
      waiting_.erase(line->second.request);
    }
    refused_ -= line->second.refused ? 1 : 0;
    lines_.erase(line);
  }
  const auto entry = peers.find(fd);
  if (entry == peers.end()) {
    return;
  }
  const auto peer = entry->second;
  try {
    removePeer(peer);
  } catch (const std::exception& cause) {
    log::warn("http_connection_not_removed", {{"cause", cause.what()}});
    ::close(fd);  // removePeer() throws after it has forgotten the peer and before it closes
  }
}

}  // namespace slicebus::http
