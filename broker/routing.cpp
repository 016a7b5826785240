#include "broker/routing.hpp"

#include <algorithm>

namespace slicebus::broker {
namespace {

constexpr std::size_t former_max = 16;
// Ten times the nodes and executions that the design plans for; a peer that invents addresses fills no more than this.
constexpr std::size_t addresses_max = 20'000;

}  // namespace

Claim Routing::claim(const std::string& address, const ProcessId& process, const Peer& peer, TimePoint now,
                     std::uint64_t rank) {
  const auto at = entries_.find(address);
  if (at == entries_.end()) {
    if (entries_.size() >= addresses_max) {
      return Claim::refused;
    }
    entries_.emplace(address, Entry{process, peer, rank, now, {}});
    return Claim::fresh;
  }
  Entry& entry = at->second;
  if (entry.process == process) {
    entry.peer = peer;
    entry.rank = std::max(entry.rank, rank);
    entry.claimed_at = now;
    return Claim::kept;
  }
  if ((rank != 0 && rank < entry.rank) ||
      std::find(entry.former.begin(), entry.former.end(), process) != entry.former.end()) {
    return Claim::refused;
  }
  entry.former.push_back(std::move(entry.process));
  if (entry.former.size() > former_max) {
    entry.former.erase(entry.former.begin());
  }
  entry.process = process;
  entry.peer = peer;
  entry.rank = rank;
  entry.claimed_at = now;
  return Claim::fresh;
}

std::vector<Peer> Routing::peers_of(std::string_view to) const {
  std::vector<Peer> out;
  if (to == every_controller) {
    const std::string_view prefix = every_controller.substr(0, every_controller.size() - 1);
    for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix); ++at) {
      out.push_back(at->second.peer);
    }
  } else if (const auto at = entries_.find(to); at != entries_.end()) {
    out.push_back(at->second.peer);
  }
  return out;
}

void Routing::forget(const Peer& peer) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.peer == peer; });
}

void Routing::forget_address(const std::string& address) { entries_.erase(address); }

void Routing::forget_silent_since(TimePoint before) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.claimed_at < before; });
}

void Routing::excuse(Duration gap) {
  for (auto& [address, entry] : entries_) {
    entry.claimed_at += gap;
  }
}

}  // namespace slicebus::broker
