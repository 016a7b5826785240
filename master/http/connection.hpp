#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/time.hpp"
#include "master/http/http.hpp"
#include "master/http/request_parser.hpp"
#include "master/http/response_writer.hpp"

namespace slicebus::http {

/// Bytes held at once over all connections: what a limit per connection cannot bound.
struct ByteBudget {
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
};

struct Budgets {
  ByteBudget bodies;   ///< of requests, until they are answered
  ByteBudget answers;  ///< large ones, until the kernel has them
};

/// Both clocks, read together: limits by the one, the Date header by the other.
struct Now {
  TimePoint time;
  WallTime wall;
};

/// One connection's conversation: a core, told bytes, answers and times, and asked what to send. One request at a time:
/// the next one of a pipeline is read only when the answer before it has left, so a client that never reads holds one
/// answer. Every end after an answer is a lingering one (RFC 9112 §9.6): half-close, and read on for a while; at a
/// plain close with unread input the kernel sends a reset, which takes the answer away from the client.
class Connection {
 public:
  /// Borrows both; they outlive it.
  Connection(const HttpConfig& config, Budgets& budgets, Now now);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Bytes arrived. Only while wants_input().
  void receive(std::string_view bytes, Now now);
  /// The client has sent its last byte; it may still read. Only while wants_input().
  void end_of_input(Now now);
  /// A complete request, once each; answer it with answer(), any time later.
  std::optional<ReceivedRequest> take_request();
  /// The answer to the request taken. Ignored when none is awaited any more.
  void answer(HttpResponse response, Now now);
  /// Answers what is being read or awaited with a standard error, and ends the connection.
  void refuse(const Refusal& refusal, Now now);
  /// The server goes away: an idle connection ends at once, others after their answer, which is 503 if none is there
  /// yet.
  void shut_down(Now now);
  /// Time passed: 408, 503 or the end, by the limits of HttpConfig.
  void tick(Now now);

  /// The next bytes to send; empty: none. Valid until another method is called.
  std::string_view unsent() const;
  /// The first `count` bytes of unsent() are with the kernel.
  void sent(std::size_t count, Now now);

  bool wants_input() const;
  bool waiting() const { return state_ == State::waiting; }  ///< a request was taken and is not answered
  /// True once: all is sent; tell the client that no more will come (SHUT_WR) and read on.
  bool take_half_close();
  bool finished() const { return state_ == State::finished; }  ///< close it

 private:
  enum class State : std::uint8_t {
    reading,    ///< a request, or waiting for its first byte
    requested,  ///< a request is complete and not taken
    waiting,    ///< it was taken
    answering,  ///< an answer is on its way out; the next request may follow
    closing,    ///< the last answer is on its way out, then the half-close; input is thrown away
    finished
  };

  void parse(std::string_view bytes, Now now);
  void take(ParserEvent event, Now now);
  void write(HttpResponse response, bool persistent, Now now);
  void flushed(Now now);
  void tick_reading(Now now);
  void tick_closing(Now now);
  bool too_slow(std::size_t bytes, Now now) const;

  const HttpConfig& config_;
  Budgets& budgets_;
  RequestParser parser_;
  State state_ = State::reading;
  TimePoint began_;  ///< start of the state, or of the parser's phase
  TimePoint since_;  ///< the same, or the last progress in it
  ReceivedRequest request_;
  bool head_only_ = false;      ///< of the request being answered
  bool persistent_ = true;      ///< of the request being answered
  bool shutting_down_ = false;  ///< no further request
  bool input_ended_ = false;
  bool half_closed_ = false;
  bool half_close_due_ = false;
  TimePoint linger_until_;
  std::string pending_;             ///< bytes read behind the request in hand; at most what one receive() brought
  std::string out_;                 ///< heads, and small bodies with them
  std::string body_;                ///< a large body, as it was given
  std::size_t sent_ = 0;            ///< of out_ and body_ together
  std::size_t body_charged_ = 0;    ///< to budgets_.bodies
  std::size_t answer_charged_ = 0;  ///< to budgets_.answers
};

}  // namespace slicebus::http
