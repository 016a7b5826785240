#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/wire/messages.hpp"
#include "tests/sim/world.hpp"

/// ZeroMQ as the processes meet it: ROUTERs that listen, DEALERs that connect and connect again, pipes that keep their
/// order and lose what is in them when they break. Two machines may be cut off from each other for a time.
namespace slicebus::sim {

/// What travels: where it goes beyond the next hop (empty between slot and controller), and what it says.
struct Letter {
  std::string to;
  std::shared_ptr<const wire::Message> message;
};

class Dealer;
class Router;

/// One TCP connection. What is in its pipes dies with it, or some of it still arrives.
struct Connection {
  Dealer* dealer;
  Router* router;
  std::string peer;  ///< the ROUTER's name for it
  bool dead = false;
  TimePoint last_up{}, last_down{};
};

/// What the network does to messages, by seed; all of it ends with heal().
struct NetworkFaults {
  double loses = 0;           ///< a pipe is full: so many messages are lost though the connection stays
  double doubles = 0;         ///< so many arrive twice
  double slow_s = 0;          ///< now and then a message takes so much longer
  double ghosts = 0;          ///< of a connection that broke, so many messages still arrive, under another name
  bool late_notice = false;   ///< a DEALER may learn late that its connection is another one
  bool keeps_unsent = false;  ///< what could not be sent goes out on the next connection
};

class Network {
 public:
  explicit Network(World& world) : world_(world) {}

  NetworkFaults faults{};
  void cut(const std::string& node, const std::string& other, TimePoint until);
  bool is_cut(const std::string& node, const std::string& other) const;
  /// The connection breaks; its DEALER notices soon.
  void reset(Connection& connection);
  std::vector<Connection*> living() const;
  void heal();

 private:
  friend class Dealer;
  friend class Router;
  TimePoint cut_until(const std::string& node, const std::string& other) const;
  Duration delay();
  void carry(Connection& connection, bool up, Letter letter);
  void arrive(Connection& connection, bool up, const Letter& letter, const std::string& peer);

  World& world_;
  std::map<std::pair<std::string, std::string>, TimePoint> cuts_;
  std::map<std::string, Router*> listening_;  ///< by endpoint
  std::vector<std::unique_ptr<Connection>> connections_;
  std::uint64_t ghost_names_ = 0;
};

/// The ROUTER of a process, from listen() until the process ends.
class Router {
 public:
  using Heard = std::function<void(const std::string& peer, const Letter&)>;
  Router(Network& network, Process& owner, Heard heard) : network_(network), owner_(owner), heard_(std::move(heard)) {}

  /// @return false: another living process listens there
  bool listen(const std::string& endpoint);
  /// @return false: nobody has that name (EHOSTUNREACH)
  bool send(const std::string& peer, Letter letter);
  /// The owner is dead, and its connections with it.
  void close();
  Process& owner() { return owner_; }

 private:
  friend class Dealer;
  friend class Network;
  Network& network_;
  Process& owner_;
  Heard heard_;
  std::map<std::string, Connection*> routes_;
};

class Dealer {
 public:
  using Heard = std::function<void(const Letter&)>;
  Dealer(Network& network, Process& owner, std::string identity, std::function<void()> connected, Heard heard)
      : network_(network),
        owner_(owner),
        identity_(std::move(identity)),
        connected_(std::move(connected)),
        heard_(std::move(heard)) {}

  /// Closes the present connection, if any.
  void connect(const std::string& endpoint);
  void send(const std::string& to, wire::Message message);
  /// The owner is dead.
  void close();
  Process& owner() { return owner_; }

 private:
  friend class Network;
  friend class Router;
  void lost();
  void try_to_connect(std::uint64_t attempt);

  Network& network_;
  Process& owner_;
  std::string identity_;
  std::function<void()> connected_;
  Heard heard_;
  std::string endpoint_;
  Connection* connection_ = nullptr;
  std::uint64_t attempt_ = 0;
  std::deque<Letter> unsent_;
};

/// A message in one line of a trace: what matters of it.
std::string describe(const wire::Message& message);
std::string text(const wire::SliceCopy& copy);

}  // namespace slicebus::sim
