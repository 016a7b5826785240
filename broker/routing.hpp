#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"

namespace slicebus::broker {

/// The ROUTER's name of a connection. An address only: a process is named by its ProcessId.
using Peer = Id<struct PeerTag>;

inline constexpr std::string_view master_address = "master";
inline constexpr std::string_view every_controller = "ex/*";
inline std::string node_address(const NodeId& node) { return "node/" + node.text; }
inline std::string controller_address(const ExecutionId& execution) { return "ex/" + execution.text; }

enum class Claim : std::uint8_t {
  fresh,   ///< a process that did not have the address until now has it
  kept,    ///< the process that has it has spoken again, perhaps over another connection
  refused  ///< a newer process has it, or there are too many addresses
};

/// Address → the peer that answers to it. The latest process to register wins, and one that lost its address does not
/// get it back while the winner is there: two that say their beats in turn would else take it from each other for ever.
/// A core.
class Routing {
 public:
  /// @param rank  decides before lateness: a process of a lower rank than the present one is refused (a controller's
  /// epoch). 0: it has none yet, and lateness decides (a controller that cannot open its ledger must still be heard)
  Claim claim(const std::string& address, const ProcessId& process, const Peer& peer, TimePoint now,
              std::uint64_t rank = 0);
  /// Who should get what is sent `to` this address: nobody, one, or for "ex/*" every controller. In order of address.
  std::vector<Peer> peers_of(std::string_view to) const;
  /// The connection is gone. Its process may claim its addresses again.
  void forget(const Peer& peer);
  void forget_address(const std::string& address);
  /// Forgets what has not claimed since `before`.
  void forget_silent_since(TimePoint before);
  /// The broker's loop stood still for `gap`: nobody was silent for that.
  void excuse(Duration gap);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    ProcessId process;
    Peer peer;
    std::uint64_t rank = 0;
    TimePoint claimed_at;
    std::vector<ProcessId> former;  ///< oldest first, at most former_max
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace slicebus::broker
