#include "tests/sim/network.hpp"

#include <algorithm>
#include <utility>

namespace slicebus::sim {

namespace {

constexpr std::size_t unsent_max = 100;

std::pair<std::string, std::string> pair_of(const std::string& node, const std::string& other) {
  return node < other ? std::pair{node, other} : std::pair{other, node};
}

}  // namespace

void Network::cut(const std::string& node, const std::string& other, TimePoint until) {
  TimePoint& present = cuts_[pair_of(node, other)];
  present = std::max(present, until);
}

TimePoint Network::cut_until(const std::string& node, const std::string& other) const {
  const auto found = cuts_.find(pair_of(node, other));
  return found == cuts_.end() ? TimePoint{} : found->second;
}

bool Network::is_cut(const std::string& node, const std::string& other) const {
  return cut_until(node, other) > world_.now;
}

void Network::heal() {
  cuts_.clear();
  faults.loses = faults.doubles = 0;
}

Duration Network::delay() {
  const double r = world_.chance.unit();
  return seconds(r < 0.9 ? r * 0.003 : world_.chance.between(0, 0.02 + (r > 0.97 ? faults.slow_s * 10 : 0)));
}

std::vector<Connection*> Network::living() const {
  std::vector<Connection*> found;
  for (const auto& connection : connections_) {
    if (!connection->dead) {
      found.push_back(connection.get());
    }
  }
  return found;
}

void Network::carry(Connection& connection, bool up, Letter letter) {
  if (connection.dead || world_.chance.happens(faults.loses)) {
    return;
  }
  Process& to = up ? connection.router->owner() : connection.dealer->owner();
  const auto carry_until = [&](TimePoint when) {
    world_.at(when - world_.now, &to, [this, &connection, up, letter] {
      if (!connection.dead) {
        arrive(connection, up, letter, connection.peer);
      } else if (up && faults.ghosts > 0 && world_.chance.happens(faults.ghosts)) {
        arrive(connection, up, letter, "ghost-" + std::to_string(++ghost_names_));
      }
    });
  };
  const TimePoint cut = cut_until(connection.dealer->owner().node(), connection.router->owner().node());
  TimePoint& last = up ? connection.last_up : connection.last_down;
  last = std::max(std::max(world_.now, cut) + delay(), last);
  carry_until(last);
  if (faults.doubles > 0 && world_.chance.happens(faults.doubles)) {
    // No pipe of ZeroMQ does that, let alone out of order.
    carry_until(last + (world_.chance.happens(0.5) ? Duration{} : world_.chance.time(0, 1.5)));
  }
}

void Network::arrive(Connection& connection, bool up, const Letter& letter, const std::string& peer) {
  if (world_.traces()) {
    world_.log((up ? connection.dealer->owner().name() + " -> " + connection.router->owner().name()
                   : connection.router->owner().name() + " -> " + connection.dealer->owner().name()) +
               (letter.to.empty() ? "" : " [" + letter.to + "]") + " " + describe(*letter.message));
  }
  if (up) {
    connection.router->heard_(peer, letter);
  } else if (connection.dealer->connection_ == &connection) {
    connection.dealer->heard_(letter);
  }
}

void Network::reset(Connection& connection) {
  if (!connection.dead) {
    connection.dead = true;
    if (connection.dealer->connection_ == &connection) {
      connection.dealer->lost();
    }
  }
}

// -- ROUTER -----------------------------------------------------------------------------------------------------------

bool Router::listen(const std::string& endpoint) {
  Router*& there = network_.listening_[endpoint];
  if (there != nullptr && there != this && there->owner_.alive()) {
    return false;
  }
  there = this;
  return true;
}

bool Router::send(const std::string& peer, Letter letter) {
  const auto route = routes_.find(peer);
  if (route != routes_.end() && !route->second->dead) {
    network_.carry(*route->second, false, std::move(letter));
    return true;
  }
  // A connection that is gone is noticed by sending, though not always at once.
  return !network_.world_.chance.happens(0.7);
}

void Router::close() {
  for (auto& [peer, connection] : routes_) {
    // Else what it had sent still arrives.
    const bool at_once = network_.world_.chance.happens(0.5);
    if (connection->dead) {
      continue;
    }
    connection->dead = at_once;
    if (connection->dealer->connection_ == connection) {
      connection->dealer->lost();
    }
  }
}

// -- DEALER -----------------------------------------------------------------------------------------------------------

void Dealer::connect(const std::string& endpoint) {
  if (connection_ != nullptr) {
    connection_->dead = true;
    connection_ = nullptr;
  }
  endpoint_ = endpoint;
  unsent_.clear();
  lost();
}

void Dealer::lost() {
  if (owner_.alive()) {
    const std::uint64_t mine = ++attempt_;
    owner_.after(network_.world_.chance.time(0, 0.1), [this, mine] { try_to_connect(mine); });
  }
}

void Dealer::try_to_connect(std::uint64_t attempt) {
  if (attempt != attempt_) {
    return;
  }
  const auto found = network_.listening_.find(endpoint_);
  if (found == network_.listening_.end() || !found->second->owner_.alive() ||
      network_.is_cut(owner_.node(), found->second->owner_.node())) {
    owner_.after(network_.world_.chance.time(0.05, 0.3), [this, attempt] { try_to_connect(attempt); });
    return;
  }
  Router& router = *found->second;
  network_.connections_.push_back(std::make_unique<Connection>(Connection{this, &router, identity_}));
  connection_ = network_.connections_.back().get();
  Connection*& route = router.routes_[identity_];
  if (route != nullptr) {
    route->dead = true;  // handed over
  }
  route = connection_;
  for (Letter& letter : std::exchange(unsent_, {})) {
    network_.carry(*connection_, true, std::move(letter));
  }
  const bool late = network_.faults.late_notice && network_.world_.chance.happens(0.5);
  owner_.after(late ? network_.world_.chance.time(0, 0.4) : Duration{}, [this, mine = connection_] {
    if (connection_ == mine) {
      connected_();
    }
  });
}

void Dealer::send(const std::string& to, wire::Message message) {
  Letter letter{to, std::make_shared<const wire::Message>(std::move(message))};
  if (connection_ != nullptr && !connection_->dead) {
    network_.carry(*connection_, true, std::move(letter));
  } else if (network_.faults.keeps_unsent && unsent_.size() < unsent_max) {
    unsent_.push_back(std::move(letter));
  }
}

void Dealer::close() {
  if (connection_ == nullptr || connection_->dead) {
    return;
  }
  World& world = network_.world_;
  if (world.chance.happens(0.5)) {
    connection_->dead = true;
  } else {  // what it had sent still arrives, and its end is seen after that
    world.at(world.chance.time(0.01, 3), nullptr, [connection = connection_] { connection->dead = true; });
  }
}

}  // namespace slicebus::sim
