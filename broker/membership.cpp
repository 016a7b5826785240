#include "broker/membership.hpp"

#include <algorithm>

namespace slicebus::broker {
namespace {

constexpr std::size_t nodes_max = 10'000;
constexpr std::size_t former_max = 16;
// How long the successor of a killed agent waits at most for the broken connection to be seen; it is a matter of
// milliseconds.
constexpr auto claim_patience = 200ms;
constexpr auto claim_retry = 20ms;

std::chrono::milliseconds ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

Refuse refusal(const Peer& peer, const NodeId& node, std::string why) { return {peer, {node, std::move(why)}}; }

}  // namespace

MembershipActions Membership::step(const NodeSpoke& spoke, TimePoint now) {
  MembershipActions out;
  const auto at = nodes_.find(spoke.beat.node);
  if (at == nodes_.end()) {
    if (spoke.beat.leaving) {
      return out;
    }
    if (nodes_.size() >= nodes_max) {
      out.emplace_back(refusal(
          spoke.peer, spoke.beat.node,
          "the broker knows " + std::to_string(nodes_max) + " nodes already, its limit; start another cluster"));
      return out;
    }
    nodes_[spoke.beat.node] = Node{spoke.beat, spoke.peer, now, Presence::connected, true, {}, {}};
    out.emplace_back(NodeJoined{spoke.beat.node, spoke.beat.agent, false});
    out.emplace_back(Heard{spoke.beat.node, spoke.beat.agent, spoke.peer});
    out.emplace_back(NodeChanged{spoke.beat.node});
    return out;
  }
  Node& node = at->second;
  const bool present = node.beat.agent == spoke.beat.agent;
  if (present && spoke.beat.leaving) {
    sign_off(node, now, out);
  } else if (present) {
    hear(node, spoke, now, out);
  } else if (spoke.beat.leaving) {
    return out;  // a claimant, or an agent long replaced, goes away
  } else {
    claim(node, spoke, now, out);
  }
  return out;
}

void Membership::hear(Node& node, const NodeSpoke& spoke, TimePoint now, MembershipActions& out) {
  const bool back = node.presence != Presence::connected;
  const bool news = back || node.beat != spoke.beat;
  node.beat = spoke.beat;
  node.peer = spoke.peer;
  node.last_heard = now;
  node.presence = Presence::connected;
  node.reachable = true;
  if (back) {
    out.emplace_back(NodeJoined{spoke.beat.node, spoke.beat.agent, true});
  }
  out.emplace_back(Heard{spoke.beat.node, spoke.beat.agent, spoke.peer});
  if (news) {
    out.emplace_back(NodeChanged{spoke.beat.node});
  }
}

void Membership::sign_off(Node& node, TimePoint now, MembershipActions& out) {
  if (node.presence != Presence::signed_off) {
    // Kept until forget_after, so that its successor is announced to the controllers as one.
    node.presence = Presence::signed_off;
    node.last_heard = now;
    out.emplace_back(NodeRemoved{node.beat.node, true});
  }
}

void Membership::claim(Node& node, const NodeSpoke& spoke, TimePoint now, MembershipActions& out) {
  if (std::find(node.former.begin(), node.former.end(), spoke.beat.agent) != node.former.end()) {
    out.emplace_back(
        refusal(spoke.peer, spoke.beat.node,
                "node \"" + spoke.beat.node.text +
                    "\": another agent took this node_id over while this one was silent, and its slots were given up; "
                    "restart this slicebus-worker, and give each worker machine a --node-id of its own"));
    return;
  }
  const bool silent = now - node.last_heard > config_.silence_limit;
  if (node.presence != Presence::connected || !node.reachable || silent || node.peer == spoke.peer) {
    replace_agent(node, spoke, now, out);
    return;
  }
  const bool waits_already = node.claimant && node.claimant->beat.agent == spoke.beat.agent;
  node.claimant = Claimant{spoke.peer, spoke.beat, waits_already ? node.claimant->since : now, now + claim_retry};
  out.emplace_back(ProbeAgent{spoke.beat.node, node.peer});
}

void Membership::replace_agent(Node& node, const NodeSpoke& spoke, TimePoint now, MembershipActions& out) {
  node.former.push_back(node.beat.agent);
  if (node.former.size() > former_max) {
    node.former.erase(node.former.begin());
  }
  node.beat = spoke.beat;
  node.peer = spoke.peer;
  node.last_heard = now;
  node.presence = Presence::connected;
  node.reachable = true;
  node.claimant.reset();
  out.emplace_back(NodeJoined{spoke.beat.node, spoke.beat.agent, true});
  out.emplace_back(Heard{spoke.beat.node, spoke.beat.agent, spoke.peer});
  out.emplace_back(AgentChanged{{spoke.beat.node, spoke.beat.agent, node.former}});
  out.emplace_back(NodeChanged{spoke.beat.node});
}

MembershipActions Membership::step(const ProbeFailed& probe, TimePoint now) {
  MembershipActions out;
  const auto at = nodes_.find(probe.node);
  if (at != nodes_.end()) {
    at->second.reachable = false;
    if (at->second.claimant) {
      const Claimant claimant = *at->second.claimant;
      replace_agent(at->second, {claimant.peer, claimant.beat}, now, out);
    }
  }
  return out;
}

MembershipActions Membership::step(const ProbePassed& probe, TimePoint now) {
  MembershipActions out;
  const auto at = nodes_.find(probe.node);
  if (at == nodes_.end() || !at->second.claimant || now - at->second.claimant->since < claim_patience) {
    return out;
  }
  const Node& node = at->second;
  out.emplace_back(refusal(node.claimant->peer, probe.node,
                           "node \"" + probe.node.text + "\": the agent with pid " + std::to_string(node.beat.pid) +
                               " on host \"" + node.beat.hostname +
                               "\" has this node_id and is alive; give each worker machine a --node-id of its own"));
  at->second.claimant.reset();
  return out;
}

MembershipActions Membership::tick(TimePoint now) {
  MembershipActions out;
  const bool grace_over = now - started_at_ >= config_.silence_limit;
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    Node& node = at->second;
    const Duration silence = now - node.last_heard;
    if (silence > config_.forget_after && grace_over) {
      if (node.presence != Presence::signed_off) {
        out.emplace_back(NodeRemoved{at->first, false});
      }
      at = nodes_.erase(at);
      continue;
    }
    if (node.presence == Presence::connected && silence > config_.silence_limit && grace_over) {
      node.presence = Presence::disconnected;
      out.emplace_back(NodeLost{at->first, ms(silence)});
      out.emplace_back(NodeChanged{at->first});
    }
    if (node.claimant && node.claimant->next_probe <= now) {
      node.claimant->next_probe = now + claim_retry;
      out.emplace_back(ProbeAgent{at->first, node.peer});
    }
    ++at;
  }
  return out;
}

void Membership::unreachable(const Peer& peer) {
  for (auto& [id, node] : nodes_) {
    if (node.peer == peer) {
      node.reachable = false;
    }
  }
}

void Membership::excuse(Duration gap) {
  started_at_ += gap;
  for (auto& [id, node] : nodes_) {
    node.last_heard += gap;
  }
}

std::optional<TimePoint> Membership::next_claim() const {
  std::optional<TimePoint> next;
  for (const auto& [id, node] : nodes_) {
    if (node.claimant) {
      next = next ? std::min(*next, node.claimant->next_probe) : node.claimant->next_probe;
    }
  }
  return next;
}

wire::NodeEntry Membership::entry_of(const Node& node, TimePoint now) {
  const auto silence = std::max(ms(now - node.last_heard), 0ms);
  return {node.beat, node.presence == Presence::connected, static_cast<std::uint64_t>(silence.count())};
}

std::optional<wire::NodeEntry> Membership::entry(const NodeId& node, TimePoint now) const {
  const auto at = nodes_.find(node);
  return at == nodes_.end() || at->second.presence == Presence::signed_off ? std::nullopt
                                                                           : std::optional(entry_of(at->second, now));
}

std::vector<wire::NodeEntry> Membership::entries(TimePoint now) const {
  std::vector<wire::NodeEntry> out;
  for (const auto& [id, node] : nodes_) {
    if (node.presence != Presence::signed_off) {
      out.push_back(entry_of(node, now));
    }
  }
  return out;
}

std::vector<wire::AgentRestarted> Membership::agents() const {
  std::vector<wire::AgentRestarted> out;
  for (const auto& [id, node] : nodes_) {
    if (node.presence != Presence::signed_off) {
      out.push_back({id, node.beat.agent, node.former});
    }
  }
  return out;
}

}  // namespace slicebus::broker
