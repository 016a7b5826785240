#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/routing.hpp"
#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::broker {

struct MembershipConfig {
  /// Silence after which a node counts as lost. 1 s..10 min. Below two beats one dropped packet loses a node.
  std::chrono::milliseconds silence_limit{9'000};
  /// Silence after which a lost node is removed altogether. silence_limit..7 d.
  std::chrono::milliseconds forget_after{300'000};
};

/// An agent spoke.
struct NodeSpoke {
  Peer peer;
  wire::NodeBeat beat;
};
/// Answers of the shell to Probe: nothing could be, or something was, sent to the agent that has the name.
struct ProbeFailed {
  NodeId node;
};
struct ProbePassed {
  NodeId node;
};

/// The agent has the name and was heard.
struct Heard {
  NodeId node;
  ProcessId agent;
  Peer peer;
  bool operator==(const Heard&) const = default;
};
/// Tell this peer that it cannot have the name.
struct Refuse {
  Peer peer;
  wire::NodeRefused message;
  bool operator==(const Refuse&) const = default;
};
/// Try to send to the agent that has the name: another wants it.
struct ProbeAgent {
  NodeId node;
  Peer peer;
  bool operator==(const ProbeAgent&) const = default;
};
/// All controllers must know: the slots of the former agents are dead.
struct AgentChanged {
  wire::AgentRestarted message;
  bool operator==(const AgentChanged&) const = default;
};
/// What the master is told of the node is no longer true: see entry().
struct NodeChanged {
  NodeId node;
  bool operator==(const NodeChanged&) const = default;
};
struct NodeJoined {
  NodeId node;
  ProcessId agent;
  bool again = false;  ///< it was known, and disconnected or under another agent
  bool operator==(const NodeJoined&) const = default;
};
struct NodeLost {
  NodeId node;
  std::chrono::milliseconds silence{0};
  bool operator==(const NodeLost&) const = default;
};
/// It signed off, or was silent for forget_after.
struct NodeRemoved {
  NodeId node;
  bool signed_off = false;
  bool operator==(const NodeRemoved&) const = default;
};

using MembershipAction =
    std::variant<Heard, Refuse, ProbeAgent, AgentChanged, NodeChanged, NodeJoined, NodeLost, NodeRemoved>;
using MembershipActions = std::vector<MembershipAction>;

/// Who is alive: beats of agents in, lost nodes out. A core; everyone it knows is in memory only, and after a restart
/// of the broker all register again: nobody is lost whom this broker has not heard, and nobody before a whole
/// silence_limit after its start.
///
/// A node_id belongs to one agent. Another agent that wants it gets it if the present one is silent, signed off or
/// unreachable (it was killed, and this is its successor); else it is refused. An agent that lost its name never gets
/// it back: controllers were told that its slots are dead.
class Membership {
 public:
  Membership(MembershipConfig config, TimePoint now) : config_(config), started_at_(now) {}

  MembershipActions step(const NodeSpoke& spoke, TimePoint now);
  MembershipActions step(const ProbeFailed& probe, TimePoint now);
  MembershipActions step(const ProbePassed& probe, TimePoint now);
  /// Time passed; the inbox was read.
  MembershipActions tick(TimePoint now);
  /// A connection is gone. Its node is not lost for that, but another agent may have the name.
  void unreachable(const Peer& peer);
  /// The broker's loop stood still for `gap`: nobody was silent for that.
  void excuse(Duration gap);

  /// When tick() has something to do because of a claim; nothing: no claim waits.
  std::optional<TimePoint> next_claim() const;
  /// What the master should know of the node; nothing if it was removed.
  std::optional<wire::NodeEntry> entry(const NodeId& node, TimePoint now) const;
  /// Every node that is not removed.
  std::vector<wire::NodeEntry> entries(TimePoint now) const;
  /// One per node that did not sign off, for a controller that just came.
  std::vector<wire::AgentRestarted> agents() const;

 private:
  enum class Presence : std::uint8_t { connected, disconnected, signed_off };
  /// Another agent wants the name. It waits a moment, for the death of the present one to be seen by ZeroMQ.
  struct Claimant {
    Peer peer;
    wire::NodeBeat beat;
    TimePoint since;
    TimePoint next_probe;
  };
  struct Node {
    wire::NodeBeat beat;
    Peer peer;
    TimePoint last_heard;
    Presence presence = Presence::connected;
    bool reachable = true;
    std::vector<ProcessId> former;
    std::optional<Claimant> claimant;
  };

  void hear(Node& node, const NodeSpoke& spoke, TimePoint now, MembershipActions& out);
  void sign_off(Node& node, TimePoint now, MembershipActions& out);
  void claim(Node& node, const NodeSpoke& spoke, TimePoint now, MembershipActions& out);
  void replace_agent(Node& node, const NodeSpoke& spoke, TimePoint now, MembershipActions& out);
  static wire::NodeEntry entry_of(const Node& node, TimePoint now);

  MembershipConfig config_;
  TimePoint started_at_;
  std::map<NodeId, Node> nodes_;
};

}  // namespace slicebus::broker
