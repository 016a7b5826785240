#include "master/http/connection.hpp"

#include <utility>

#include "common/assert.hpp"

namespace slicebus::http {
namespace {

/// How long a client that was told the end may go on sending: without a byte, and in all.
constexpr Duration linger_gap_max = 5s;
constexpr Duration linger_max = 30s;
/// The same while the server goes away: enough for an answer to cross the network.
constexpr Duration linger_max_at_shut_down = 500ms;
/// Up to here head and body go out in one piece.
constexpr std::size_t joined_body_bytes_max = 16U << 10U;

/// With more than half of the budget of answers taken, nobody may stand still for longer.
constexpr Duration answer_gap_max_when_scarce = 2s;

std::string ms(std::chrono::milliseconds limit) { return std::to_string(limit.count()) + " ms"; }

/// Makes `charged`, one connection's part of the budget, `bytes`.
void charge(ByteBudget& budget, std::size_t& charged, std::size_t bytes) {
  budget.bytes = budget.bytes - charged + bytes;
  charged = bytes;
}

}  // namespace

Connection::Connection(const HttpConfig& config, Budgets& budgets, Now now)
    : config_(config),
      budgets_(budgets),
      parser_({.head_bytes_max = config.head_bytes_max, .body_bytes_max = config.body_bytes_max}),
      began_(now.time),
      since_(now.time) {}

Connection::~Connection() {
  charge(budgets_.bodies, body_charged_, 0);
  charge(budgets_.answers, answer_charged_, 0);
}

bool Connection::wants_input() const { return !input_ended_ && (state_ == State::reading || state_ == State::closing); }

void Connection::receive(std::string_view bytes, Now now) {
  if (state_ == State::closing) {
    // While the answer is on its way out only its progress counts, or a client that never reads could send for ever.
    since_ = half_closed_ ? now.time : since_;
    return;
  }
  SB_ASSERT(state_ == State::reading, "receive() without wants_input(); the bytes belong to the kernel until then");
  parse(bytes, now);
}

void Connection::parse(std::string_view bytes, Now now) {
  while (state_ == State::reading && !bytes.empty()) {
    const auto before = parser_.phase();
    auto event = parser_.feed(bytes);
    if (parser_.phase() != before) {
      began_ = since_ = now.time;
    } else if (parser_.phase() == RequestParser::Phase::body) {
      since_ = now.time;
    }
    if (event) {
      take(std::move(*event), now);
    } else {
      charge(budgets_.bodies, body_charged_, parser_.body_bytes());
    }
  }
  if (state_ == State::reading && budgets_.bodies.bytes > budgets_.bodies.bytes_max) {
    refuse({503, "the bodies of all requests together exceed " + std::to_string(budgets_.bodies.bytes_max) +
                     " bytes; try again later"},
           now);
  }
  if (state_ == State::requested) {
    pending_.assign(bytes);
  }
}

void Connection::take(ParserEvent event, Now now) {
  if (std::holds_alternative<ContinueWanted>(event)) {
    out_ += continue_response();
  } else if (auto* request = std::get_if<ReceivedRequest>(&event)) {
    charge(budgets_.bodies, body_charged_, request->body.size());
    head_only_ = request->method == "HEAD";
    persistent_ = request->persistent;
    request_ = std::move(*request);
    state_ = State::requested;
    since_ = now.time;
  } else {
    refuse(std::get<Refusal>(event), now);
  }
}

void Connection::end_of_input(Now now) {
  input_ended_ = true;
  if (state_ == State::closing) {
    state_ = half_closed_ ? State::finished : State::closing;
  } else if (parser_.phase() == RequestParser::Phase::idle) {
    state_ = State::finished;
  } else {
    refuse({400, "the connection's input ended inside of a request"}, now);
  }
}

std::optional<ReceivedRequest> Connection::take_request() {
  if (state_ != State::requested) {
    return std::nullopt;
  }
  state_ = State::waiting;
  return std::exchange(request_, {});
}

void Connection::answer(HttpResponse response, Now now) {
  if (state_ == State::waiting) {
    write(std::move(response), persistent_ && !shutting_down_, now);
  }
}

void Connection::refuse(const Refusal& refusal, Now now) {
  switch (state_) {
    case State::reading:
      head_only_ = parser_.method() == "HEAD";
      break;
    case State::requested:
    case State::waiting:
      break;
    case State::answering:
    case State::closing:
    case State::finished:
      return;
  }
  write(standard_error(refusal.status, refusal.message), false, now);
}

void Connection::write(HttpResponse response, bool persistent, Now now) {
  const ByteBudget& answers = budgets_.answers;
  if (!head_only_ && response.body.size() > joined_body_bytes_max &&
      response.body.size() + answers.bytes > answers.bytes_max) {
    response = standard_error(503, "answers that their clients have not read yet exceed " +
                                       std::to_string(answers.bytes_max) + " bytes; try again later");
  }
  const ResponseForm form{.head_only = head_only_, .persistent = persistent};
  out_ += response_head(response, form, now.wall);
  if (has_body(response.status, form)) {
    if (response.body.size() <= joined_body_bytes_max) {
      out_ += response.body;
    } else {
      body_ = std::move(response.body);
      charge(budgets_.answers, answer_charged_, body_.size());
    }
  }
  charge(budgets_.bodies, body_charged_, 0);
  request_ = {};
  state_ = persistent ? State::answering : State::closing;
  began_ = since_ = now.time;
}

std::string_view Connection::unsent() const {
  return sent_ < out_.size() ? std::string_view(out_).substr(sent_)
                             : std::string_view(body_).substr(sent_ - out_.size());
}

void Connection::sent(std::size_t count, Now now) {
  sent_ += count;
  since_ = state_ == State::reading ? since_ : now.time;
  if (sent_ == out_.size() + body_.size()) {
    out_ = {};
    body_ = {};
    sent_ = 0;
    charge(budgets_.answers, answer_charged_, 0);
    flushed(now);
  }
}

void Connection::flushed(Now now) {
  if (state_ == State::closing) {
    half_close_due_ = true;
    half_closed_ = true;
    linger_until_ = now.time + (shutting_down_ ? linger_max_at_shut_down : linger_max);
    state_ = input_ended_ ? State::finished : State::closing;
  } else if (state_ == State::answering) {
    state_ = State::reading;
    began_ = now.time;
    parse(std::exchange(pending_, {}), now);
  }
}

bool Connection::take_half_close() { return std::exchange(half_close_due_, false); }

void Connection::shut_down(Now now) {
  shutting_down_ = true;
  if (state_ == State::reading && parser_.phase() == RequestParser::Phase::idle) {
    state_ = State::finished;
  } else if (state_ == State::answering) {
    state_ = State::closing;
  } else if (state_ == State::closing && half_closed_) {
    linger_until_ = std::min(linger_until_, now.time + linger_max_at_shut_down);
  }
  refuse({503, "the server is shutting down; try again later"}, now);
}

void Connection::tick(Now now) {
  const Duration waited = now.time - since_;
  switch (state_) {
    case State::reading:
      tick_reading(now);
      return;
    case State::requested:
    case State::waiting:
      if (waited >= config_.answer_timeout) {
        write(standard_error(503, "no answer within " + ms(config_.answer_timeout) + "; it may still be carried out"),
              persistent_ && !shutting_down_, now);
      }
      return;
    case State::answering:
      state_ = too_slow(sent_, now) ? State::finished : state_;
      return;
    case State::closing:
      tick_closing(now);
      return;
    case State::finished:
      return;
  }
}

void Connection::tick_reading(Now now) {
  const Duration waited = now.time - since_;
  switch (parser_.phase()) {
    case RequestParser::Phase::idle:
      state_ = waited >= config_.keep_alive ? State::finished : state_;
      return;
    case RequestParser::Phase::head:
      if (waited >= config_.head_timeout) {
        refuse({408, "the request's head was not complete after " + ms(config_.head_timeout)}, now);
      }
      return;
    case RequestParser::Phase::body:
      if (waited >= config_.body_timeout) {
        refuse({408, "nothing of the request's body came for " + ms(config_.body_timeout)}, now);
      } else if (too_slow(parser_.body_bytes(), now)) {
        refuse(
            {408, "the request's body comes slower than " + std::to_string(config_.byte_rate_min) + " bytes a second"},
            now);
      }
      return;
    case RequestParser::Phase::refused:
      return;
  }
}

void Connection::tick_closing(Now now) {
  const Duration waited = now.time - since_;
  const bool over = half_closed_ ? waited >= linger_gap_max || now.time >= linger_until_ : too_slow(sent_, now);
  state_ = over ? State::finished : state_;
}

/// Whether a body or an answer of which `bytes` have gone over has stood still for too long, or moves so slowly that
/// only its limit of time can end it: a byte now and then would hold the connection, and its memory, for days.
bool Connection::too_slow(std::size_t bytes, Now now) const {
  const bool scarce = state_ != State::reading && budgets_.answers.bytes > budgets_.answers.bytes_max / 2;
  const Duration gap_max =
      scarce ? std::min<Duration>(config_.body_timeout, answer_gap_max_when_scarce) : Duration(config_.body_timeout);
  return now.time - since_ >= gap_max ||
         now.time - began_ >= config_.body_timeout + std::chrono::seconds(bytes / config_.byte_rate_min);
}

}  // namespace slicebus::http
