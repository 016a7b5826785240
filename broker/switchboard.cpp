#include "broker/switchboard.hpp"

#include <algorithm>

namespace slicebus::broker {
namespace {

using Kind = News::Kind;

// A loop that stood still for longer than a beat of others judges nobody by that time.
constexpr auto stall_limit = 1s;
// Often enough for a stall to be told from a quiet cluster.
constexpr auto tick_interval = 500ms;
constexpr std::size_t name_bytes_max = 255;

/// A name that can be part of an address and of a log line. "*" stands for every controller.
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= name_bytes_max && text != "*" &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
}

template <class... Handlers>
struct Match : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Match(Handlers...) -> Match<Handlers...>;

}  // namespace

Switchboard::Switchboard(MembershipConfig config, ProcessId broker, TimePoint now)
    : config_(config), broker_(broker), members_(config, now), cluster_(std::move(broker)), last_step_(now) {}

Actions Switchboard::step(const Event& event, TimePoint now) {
  if (const Duration gap = now - last_step_; gap > stall_limit) {
    members_.excuse(gap);
    routing_.excuse(gap);
  }
  last_step_ = now;
  Actions out;
  std::visit([&](const auto& some) { on(some, now, out); }, event);
  return out;
}

TimePoint Switchboard::next_deadline() const {
  TimePoint next = last_step_ + tick_interval;
  if (const auto claim = members_.next_claim()) {
    next = std::min(next, *claim);
  }
  if (!routing_.peers_of(master_address).empty()) {
    next = std::min(next, cluster_.next_update());
  }
  return next;
}

void Switchboard::on(const Arrived& event, TimePoint now, Actions& out) {
  std::visit(Match{[&](const wire::NodeBeat& some) { beat(event.peer, some, now, out); },
                   [&](const wire::ControllerBeat& some) { beat(event.peer, some, now, out); },
                   [&](const wire::MasterBeat& some) { beat(event.peer, some, now, out); },
                   [&](const auto&) {
                     out.emplace_back(
                         News{Kind::protocol_error, event.peer.text,
                              "said " + std::string(wire::message_name(event.message)) + " to the broker itself"});
                   }},
             event.message);
}

void Switchboard::beat(const Peer& peer, const wire::NodeBeat& beat, TimePoint now, Actions& out) {
  if (!is_name(beat.node.text) || !is_name(beat.agent.text)) {
    out.emplace_back(
        News{Kind::protocol_error, peer.text, "a node_id or process id that is empty, too long or has blanks"});
    return;
  }
  perform(members_.step(NodeSpoke{peer, beat}, now), now, out);
}

void Switchboard::beat(const Peer& peer, const wire::ControllerBeat& beat, TimePoint now, Actions& out) {
  if (!is_name(beat.ex_id.text) || !is_name(beat.process.text)) {
    out.emplace_back(
        News{Kind::protocol_error, peer.text, "an ex_id or process id that is empty, too long or has blanks"});
    return;
  }
  const std::string address = controller_address(beat.ex_id);
  const Claim claim = routing_.claim(address, beat.process, peer, now, beat.epoch);
  if (claim == Claim::refused) {
    out.emplace_back(News{Kind::process_superseded, address, "process " + beat.process.text});
    return;
  }
  answer(peer, address, out);
  for (const Peer& master : routing_.peers_of(master_address)) {
    out.emplace_back(Forward{master});
  }
  if (claim == Claim::fresh) {
    out.emplace_back(News{Kind::controller_registered, address, "epoch " + std::to_string(beat.epoch)});
    for (wire::AgentRestarted& agent : members_.agents()) {
      out.emplace_back(Send{peer, address, std::move(agent)});
    }
  }
}

void Switchboard::beat(const Peer& peer, const wire::MasterBeat& beat, TimePoint now, Actions& out) {
  const std::string address(master_address);
  if (!is_name(beat.process.text)) {
    out.emplace_back(News{Kind::protocol_error, peer.text, "a process id that is empty, too long or has blanks"});
    return;
  }
  const Claim claim = routing_.claim(address, beat.process, peer, now);
  if (claim == Claim::refused) {
    out.emplace_back(News{Kind::process_superseded, address, "process " + beat.process.text});
    return;
  }
  if (claim == Claim::fresh) {
    out.emplace_back(News{Kind::master_registered, address, "process " + beat.process.text});
  }
  answer(peer, address, out);
  if (claim == Claim::fresh || beat.resync) {
    cluster_.restart();
    tell_master(now, out);
  }
}

void Switchboard::on(const Passing& event, TimePoint, Actions& out) {
  const std::vector<Peer> peers = routing_.peers_of(event.to);
  for (const Peer& peer : peers) {
    out.emplace_back(Forward{peer});
  }
  if (peers.empty() && event.to != every_controller) {
    out.emplace_back(News{Kind::nobody_there, event.to, "its sender repeats it"});
  }
}

void Switchboard::on(const Unreachable& event, TimePoint, Actions&) {
  routing_.forget(event.peer);
  members_.unreachable(event.peer);
}

void Switchboard::on(const ProbeFailed& event, TimePoint now, Actions& out) {
  perform(members_.step(event, now), now, out);
}
void Switchboard::on(const ProbePassed& event, TimePoint now, Actions& out) {
  perform(members_.step(event, now), now, out);
}

void Switchboard::on(const Tick&, TimePoint now, Actions& out) {
  routing_.forget_silent_since(now - config_.forget_after);
  perform(members_.tick(now), now, out);
  tell_master(now, out);
}

void Switchboard::perform(const MembershipActions& actions, TimePoint now, Actions& out) {
  const auto perform_one = Match{
      [&](const Heard& heard) {
        // Membership has decided whose the name is; here it only moves.
        const std::string address = node_address(heard.node);
        if (routing_.claim(address, heard.agent, heard.peer, now) == Claim::refused) {
          out.emplace_back(News{Kind::process_superseded, address, "process " + heard.agent.text});
        }
        answer(heard.peer, address, out);
      },
      [&](const Refuse& refuse) {
        out.emplace_back(News{Kind::agent_refused, refuse.message.node.text, refuse.message.reason});
        out.emplace_back(Send{refuse.peer, node_address(refuse.message.node), refuse.message});
      },
      [&](const ProbeAgent& probe) {
        out.emplace_back(Probe{probe.node, probe.peer});
      },
      [&](const AgentChanged& changed) {
        out.emplace_back(News{Kind::agent_replaced, changed.message.node.text, "agent " + changed.message.agent.text});
        for (const Peer& controller : routing_.peers_of(every_controller)) {
          out.emplace_back(Send{controller, std::string(every_controller), changed.message});
        }
      },
      [&](const NodeChanged& changed) { cluster_.changed(changed.node); },
      [&](const NodeJoined& joined) {
        out.emplace_back(News{joined.again ? Kind::node_returned : Kind::node_joined, joined.node.text,
                              "agent " + joined.agent.text});
      },
      [&](const NodeLost& lost) {
        out.emplace_back(News{Kind::node_lost, lost.node.text,
                              "silent for " + std::to_string(lost.silence.count()) + " ms (limit " +
                                  std::to_string(config_.silence_limit.count()) +
                                  " ms); check the host and its network"});
      },
      [&](const NodeRemoved& gone) {
        cluster_.removed(gone.node);
        routing_.forget_address(node_address(gone.node));
        out.emplace_back(gone.signed_off
                             ? News{Kind::node_left, gone.node.text, "signed off"}
                             : News{Kind::node_forgotten, gone.node.text,
                                    "silent for over " + std::to_string(config_.forget_after.count() / 1'000) + " s"});
      }};
  for (const MembershipAction& action : actions) {
    std::visit(perform_one, action);
  }
}

void Switchboard::answer(const Peer& peer, std::string to, Actions& out) const {
  out.emplace_back(Send{peer, std::move(to), wire::BrokerBeat{broker_}});
}

void Switchboard::tell_master(TimePoint now, Actions& out) {
  const std::vector<Peer> masters = routing_.peers_of(master_address);
  if (masters.empty()) {
    return;  // one that registers gets it all
  }
  if (auto update = cluster_.take(members_, now)) {
    out.emplace_back(Send{masters.front(), std::string(master_address), std::move(*update)});
  }
}

}  // namespace slicebus::broker
