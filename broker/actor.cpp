#include "broker/actor.hpp"

#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "common/log/log.hpp"
#include "common/wire/codec.hpp"

namespace slicebus::broker {
namespace {

// After so many messages of one turn the deadlines get theirs.
constexpr int messages_per_turn = 1'000;
// What was logged once is remembered in this many texts; then the log may repeat itself.
constexpr std::size_t said_max = 1'000;

/// A ROUTER's names for peers that gave none are binary.
std::string readable(const std::string& peer) {
  std::string out;
  for (const char c : peer.substr(0, 64)) {
    if (c > ' ' && c <= '~') {
      out += c;
    } else {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hex;
    }
  }
  return out;
}

/// These register their sender, so they are the broker's to read; all else it only passes on.
bool is_beat(const std::string& header) {
  static const std::array<std::string, 3> beats{wire::encode(wire::NodeBeat{}).header,
                                                wire::encode(wire::ControllerBeat{}).header,
                                                wire::encode(wire::MasterBeat{}).header};
  return header == beats[0] || header == beats[1] || header == beats[2];
}

bool is_ours(const std::string& header) {
  static const std::string ours = wire::encode(wire::NodeBeat{}).header.substr(0, wire::header_bytes - 1);
  return header.size() == wire::header_bytes && header.starts_with(ours);
}

struct Line {
  log::Level level;
  const char* event;
  const char* subject;
  bool once;  ///< peers repeat what causes it with every beat
};

Line line_of(News::Kind kind) {
  using Kind = News::Kind;
  switch (kind) {
    case Kind::node_joined:
      return {log::Level::info, "node_joined", "node", false};
    case Kind::node_returned:
      return {log::Level::info, "node_returned", "node", false};
    case Kind::node_lost:
      return {log::Level::warn, "node_lost", "node", false};
    case Kind::node_left:
      return {log::Level::info, "node_left", "node", false};
    case Kind::node_forgotten:
      return {log::Level::info, "node_forgotten", "node", false};
    case Kind::agent_refused:
      return {log::Level::warn, "agent_refused", "node", true};
    case Kind::agent_replaced:
      return {log::Level::info, "agent_replaced", "node", false};
    case Kind::controller_registered:
      return {log::Level::info, "controller_registered", "address", false};
    case Kind::master_registered:
      return {log::Level::info, "master_registered", "address", false};
    case Kind::process_superseded:
      return {log::Level::warn, "superseded_process_ignored", "address", true};
    case Kind::protocol_error:
      return {log::Level::warn, "protocol_error_ignored", "peer", true};
    case Kind::nobody_there:
      return {log::Level::debug, "message_dropped", "to", false};
  }
  return {log::Level::warn, "news_without_a_name", "subject", true};
}

}  // namespace

Actor::Actor(Switchboard core, bus::Router router, process::SignalFd& signals)
    : core_(std::move(core)), router_(std::move(router)), signals_(signals) {}

void Actor::run() {
  bus::Poll poll;
  const int signal_key = poll.watch_fd(signals_.fd());
  poll.watch(router_.native());
  while (true) {
    poll.wait(core_.next_deadline() - monotonic_now());
    if (poll.ready(signal_key) && signals_.take()) {
      log::info("broker_stopped", {{"garbage", garbage_count_}});
      return;
    }
    read_inbox();
    step(Tick{}, nullptr);
  }
}

void Actor::read_inbox() {
  for (int read = 0; read < messages_per_turn; ++read) {
    const auto received = router_.receive();
    if (const std::uint64_t malformed = router_.malformed(); malformed != malformed_seen_) {
      garbage_count_ += malformed - std::exchange(malformed_seen_, malformed) - 1;
      garbage(router_.malformed_peer(), "a message of another number of frames");
    }
    if (!received) {
      return;
    }
    take(*received);
  }
}

void Actor::take(const bus::Received& received) {
  const Peer peer{received.peer};
  if (is_ours(received.header) && !is_beat(received.header) && received.to != "broker") {
    step(Passing{peer, received.to}, &received);
    return;
  }
  auto message = wire::decode(received.header, received.body);
  if (!message) {
    garbage(received.peer, message.error().text());
    return;
  }
  step(Arrived{peer, std::move(*message)}, &received);
}

void Actor::garbage(const std::string& peer, const std::string& cause) {
  ++garbage_count_;
  if (is_new("garbage " + peer)) {
    log::warn("garbage_ignored", {{"peer", readable(peer)}, {"cause", cause}, {"count", garbage_count_}});
  }
}

void Actor::step(const Event& event, const bus::Received* current) {
  const auto perform_all = [this](const Actions& actions, const bus::Received* message) {
    for (const Action& action : actions) {
      if (const auto* forward = std::get_if<Forward>(&action)) {
        perform(*forward, message);
      } else if (const auto* send = std::get_if<Send>(&action)) {
        perform(*send);
      } else if (const auto* probe = std::get_if<Probe>(&action)) {
        perform(*probe);
      } else {
        perform(std::get<News>(action));
      }
    }
  };
  perform_all(core_.step(event, monotonic_now()), current);
  while (!due_.empty()) {
    const Event next = std::move(due_.front());
    due_.pop_front();
    perform_all(core_.step(next, monotonic_now()), nullptr);
  }
}

void Actor::perform(const Send& action) {
  sent(action.peer, router_.send(action.peer.text, action.to, action.message));
}

void Actor::perform(const Forward& action, const bus::Received* current) {
  if (current != nullptr) {
    sent(action.peer, router_.forward(action.peer.text, *current));
  }
}

void Actor::perform(const Probe& action) {
  const auto result = router_.probe(action.peer.text, node_address(action.node), wire::BrokerBeat{});
  if (!result && result.error().code == Errc::unavailable) {
    due_.emplace_back(ProbeFailed{action.node});
  } else {
    due_.emplace_back(ProbePassed{action.node});
  }
}

void Actor::perform(const News& news) {
  const Line line = line_of(news.kind);
  const std::string subject = readable(news.subject);
  if (!line.once || is_new(line.event + (" " + subject))) {
    log::event(line.level, line.event, {{line.subject, subject}, {"detail", news.detail}});
  }
}

void Actor::sent(const Peer& peer, const Result<void>& result) {
  if (result) {
    return;
  }
  if (result.error().code == Errc::unavailable) {
    due_.emplace_back(Unreachable{peer});
  } else if (is_new("full " + peer.text)) {
    log::warn("message_dropped", {{"peer", readable(peer.text)}, {"cause", result.error().text()}});
  }
}

bool Actor::is_new(const std::string& text) {
  if (said_.size() >= said_max) {
    said_.clear();
  }
  return said_.insert(text).second;
}

}  // namespace slicebus::broker
