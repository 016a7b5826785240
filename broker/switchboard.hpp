#pragma once
#include <string>
#include <variant>
#include <vector>

#include "broker/cluster_state.hpp"
#include "broker/membership.hpp"
#include "broker/routing.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::broker {

/// A beat (NodeBeat, ControllerBeat, MasterBeat), decoded: it registers its sender. Any other message here is a
/// protocol error.
struct Arrived {
  Peer peer;
  wire::Message message;
};
/// Anything else: it goes where its address says.
struct Passing {
  Peer peer;
  std::string to;
};
/// A send said that there is no such peer any more.
struct Unreachable {
  Peer peer;
};
/// The inbox is empty for now, or a deadline was reached.
struct Tick {};

using Event = std::variant<Arrived, Passing, Unreachable, ProbeFailed, ProbePassed, Tick>;

struct Send {
  Peer peer;
  std::string to;
  wire::Message message;
  bool operator==(const Send&) const = default;
};
/// Send the message of this event on, as it came.
struct Forward {
  Peer peer;
  bool operator==(const Forward&) const = default;
};
/// Send a BrokerBeat there, and answer ProbePassed or ProbeFailed.
struct Probe {
  NodeId node;
  Peer peer;
  bool operator==(const Probe&) const = default;
};
/// Something that people should be able to read in the log.
struct News {
  enum class Kind : std::uint8_t {
    node_joined,
    node_returned,
    node_lost,
    node_left,
    node_forgotten,
    agent_refused,
    agent_replaced,
    controller_registered,
    master_registered,
    process_superseded,  ///< a process that has been replaced still says its beats
    protocol_error,      ///< what a peer said cannot be
    nobody_there         ///< nobody has registered that address
  };
  Kind kind = Kind::protocol_error;
  std::string subject;  ///< node_id, address or peer
  std::string detail;
  bool operator==(const News&) const = default;
};

using Action = std::variant<Send, Forward, Probe, News>;
using Actions = std::vector<Action>;

/// The broker's whole behaviour: membership, cluster state and routing behind one step(). A core.
class Switchboard {
 public:
  Switchboard(MembershipConfig config, ProcessId broker, TimePoint now);
  Actions step(const Event& event, TimePoint now);
  /// When the next Tick is due.
  TimePoint next_deadline() const;

 private:
  void on(const Arrived& event, TimePoint now, Actions& out);
  void on(const Passing& event, TimePoint now, Actions& out);
  void on(const Unreachable& event, TimePoint now, Actions& out);
  void on(const ProbeFailed& event, TimePoint now, Actions& out);
  void on(const ProbePassed& event, TimePoint now, Actions& out);
  void on(const Tick& event, TimePoint now, Actions& out);
  void beat(const Peer& peer, const wire::NodeBeat& beat, TimePoint now, Actions& out);
  void beat(const Peer& peer, const wire::ControllerBeat& beat, TimePoint now, Actions& out);
  void beat(const Peer& peer, const wire::MasterBeat& beat, TimePoint now, Actions& out);
  void perform(const MembershipActions& actions, TimePoint now, Actions& out);
  void answer(const Peer& peer, std::string to, Actions& out) const;
  /// Tells the master what it does not know yet.
  void tell_master(TimePoint now, Actions& out);

  MembershipConfig config_;
  ProcessId broker_;
  Membership members_;
  ClusterState cluster_;
  Routing routing_;
  TimePoint last_step_;
};

}  // namespace slicebus::broker
