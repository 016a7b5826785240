#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::agent {

/// Is this bundle unpacked on this machine? Answered by AssetNeeds::looked().
struct LookForAsset {
  AssetId asset;
};
/// To the master. Answered by AssetNeeds::hear().
struct AskForAsset {
  AssetId asset;
  std::uint64_t offset = 0;
};
/// Check the bytes against the id and unpack them. Answered by AssetNeeds::unpacked().
struct UnpackAsset {
  AssetId asset;
  std::string bytes;
};
using AssetStep = std::variant<LookForAsset, AskForAsset, UnpackAsset>;

/// How a node comes to the bundles that its executions name: look, fetch in chunks, check and unpack, one bundle at a
/// time (R-ex-79). Part of the agent's core.
class AssetNeeds {
 public:
  /// @param beat  after that long without an answer a chunk is asked for again
  explicit AssetNeeds(Duration beat) : beat_(beat) {}

  /// All that is needed now. What is needed no more is forgotten: next time it is looked for again.
  void want(std::set<AssetId> assets);
  void looked(const AssetId& asset, bool there);
  void hear(const wire::AssetChunk& chunk, TimePoint now);
  /// @param problem  why it is not there, or empty
  void unpacked(const AssetId& asset, const std::string& problem, TimePoint now);

  /// What to do next; called until there is nothing.
  std::optional<AssetStep> next(TimePoint now);
  /// When next() may have something that it had not.
  std::optional<TimePoint> next_deadline() const;

  bool has_all(const std::vector<AssetId>& assets) const;
  /// Why a needed one is not there, or empty.
  std::string trouble() const;

 private:
  enum class State : std::uint8_t { unknown, looking, missing, fetching, unpacking, there, failed };
  struct Need {
    State state = State::unknown;
    std::string bytes{};
    std::uint64_t size = 0;  ///< as the master said; 0: not heard yet
    bool chunk_due = false;  ///< the last chunk was heard, the next one is not asked for
    TimePoint asked_at{};
    TimePoint again_at{};
    Duration pause{};
    std::string problem{};
  };
  void fail(Need& need, std::string problem, TimePoint now);

  Duration beat_;
  std::map<AssetId, Need> needs_;
};

}  // namespace slicebus::agent
