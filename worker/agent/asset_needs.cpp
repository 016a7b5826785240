#include "worker/agent/asset_needs.hpp"

#include <algorithm>
#include <utility>

namespace slicebus::agent {
namespace {

/// Above the largest body that the API takes by default; a master that says more is not believed.
constexpr std::uint64_t bundle_bytes_max = 256U << 20U;
constexpr Duration first_pause = std::chrono::seconds(1);
constexpr Duration longest_pause = std::chrono::seconds(30);

}  // namespace

void AssetNeeds::want(std::set<AssetId> assets) {
  std::erase_if(needs_, [&](const auto& need) {
    return need.second.state != State::unpacking && !assets.contains(need.first);
  });
  for (const AssetId& asset : assets) {
    needs_.try_emplace(asset);
  }
}

void AssetNeeds::looked(const AssetId& asset, bool there) {
  if (const auto need = needs_.find(asset); need != needs_.end() && need->second.state == State::looking) {
    need->second.state = there ? State::there : State::missing;
  }
}

void AssetNeeds::hear(const wire::AssetChunk& chunk, TimePoint now) {
  const auto found = needs_.find(chunk.asset);
  if (found == needs_.end() || found->second.state != State::fetching) {
    return;
  }
  Need& need = found->second;
  if (!chunk.problem.empty()) {
    fail(need, chunk.problem, now);
    return;
  }
  if (chunk.offset != need.bytes.size()) {
    return;  // an answer to a question that was asked again
  }
  if (chunk.size == 0 || chunk.size > bundle_bytes_max || (need.size != 0 && need.size != chunk.size) ||
      chunk.bytes.empty() || chunk.bytes.size() > chunk.size - need.bytes.size()) {
    fail(need,
         "the master sent a piece that does not fit (" + std::to_string(chunk.bytes.size()) + " bytes at " +
             std::to_string(chunk.offset) + " of " + std::to_string(chunk.size) + ")",
         now);
    return;
  }
  need.size = chunk.size;
  need.bytes += chunk.bytes;
  need.chunk_due = true;
}

void AssetNeeds::unpacked(const AssetId& asset, const std::string& problem, TimePoint now) {
  const auto need = needs_.find(asset);
  if (need == needs_.end()) {
    return;
  }
  if (problem.empty()) {
    need->second = {.state = State::there};
  } else {
    fail(need->second, problem, now);
  }
}

void AssetNeeds::fail(Need& need, std::string problem, TimePoint now) {
  const Duration pause = std::clamp(need.pause * 2, first_pause, longest_pause);
  need = {.state = State::failed, .again_at = now + pause, .pause = pause, .problem = std::move(problem)};
}

std::optional<AssetStep> AssetNeeds::next(TimePoint now) {
  bool busy = std::any_of(needs_.begin(), needs_.end(), [](const auto& need) {
    return need.second.state == State::fetching || need.second.state == State::unpacking;
  });
  for (auto& [asset, need] : needs_) {
    switch (need.state) {
      case State::failed:
        if (now < need.again_at) {
          continue;
        }
        [[fallthrough]];
      case State::unknown:
        need.state = State::looking;
        return LookForAsset{asset};
      case State::missing:
        if (busy) {
          continue;
        }
        need.state = State::fetching;
        need.bytes.clear();
        need.size = 0;
        need.chunk_due = true;
        [[fallthrough]];
      case State::fetching:
        if (need.size != 0 && need.bytes.size() == need.size) {
          need.state = State::unpacking;
          return UnpackAsset{asset, std::exchange(need.bytes, {})};
        }
        busy = true;
        if (!need.chunk_due && now < need.asked_at + beat_) {
          continue;
        }
        need.chunk_due = false;
        need.asked_at = now;
        return AskForAsset{asset, need.bytes.size()};
      case State::looking:
      case State::unpacking:
      case State::there:
        continue;
    }
  }
  return std::nullopt;
}

std::optional<TimePoint> AssetNeeds::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint at) { next = std::min(next.value_or(at), at); };
  for (const auto& [asset, need] : needs_) {
    if (need.state == State::failed) {
      consider(need.again_at);
    } else if (need.state == State::fetching) {
      consider(need.asked_at + beat_);
    }
  }
  return next;
}

bool AssetNeeds::has_all(const std::vector<AssetId>& assets) const {
  return std::all_of(assets.begin(), assets.end(), [&](const AssetId& asset) {
    const auto need = needs_.find(asset);
    return need != needs_.end() && need->second.state == State::there;
  });
}

std::string AssetNeeds::trouble() const {
  for (const auto& [asset, need] : needs_) {
    if (!need.problem.empty()) {
      return "asset " + asset.text + " cannot be had: " + need.problem;
    }
  }
  return {};
}

}  // namespace slicebus::agent
