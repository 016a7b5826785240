#include "master/store/memory/asset_store.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "master/store/list_order.hpp"

namespace slicebus::store {
namespace {

/// Negative, zero or positive, as the order of a before b. What is absent (no text, version 0) comes last.
using Compare = int (*)(const AssetRecord& a, const AssetRecord& b, bool descending);

template <auto Field>
int compare(const AssetRecord& a, const AssetRecord& b, bool descending) {
  const auto& left = a.*Field;
  const auto& right = b.*Field;
  const std::remove_cvref_t<decltype(left)> absent{};
  if (left == absent || right == absent) {
    return static_cast<int>(left == absent) - static_cast<int>(right == absent);
  }
  const int order = left < right ? -1 : static_cast<int>(right < left);
  return descending ? -order : order;
}

constexpr std::array<std::pair<std::string_view, Compare>, 9> fields{{
    {"_created", compare<&AssetRecord::created>},
    {"name", compare<&AssetRecord::name>},
    {"version", compare<&AssetRecord::version>},
    {"id", compare<&AssetRecord::id>},
    {"description", compare<&AssetRecord::description>},
    {"node_version", compare<&AssetRecord::node_version>},
    {"platform", compare<&AssetRecord::platform>},
    {"arch", compare<&AssetRecord::arch>},
    {"size", compare<&AssetRecord::size>},
}};

}  // namespace

Result<void> MemoryAssetStore::insert(const AssetRecord& asset) {
  if (std::any_of(assets_.begin(), assets_.end(), [&](const AssetRecord& known) { return known.id == asset.id; })) {
    return fail(Errc::conflict, "asset " + asset.id.text, "is in the store already");
  }
  assets_.push_back(asset);
  return {};
}

Result<std::optional<AssetRecord>> MemoryAssetStore::get(const AssetId& id) {
  const auto known =
      std::find_if(assets_.begin(), assets_.end(), [&](const AssetRecord& asset) { return asset.id == id; });
  return known == assets_.end() ? std::optional<AssetRecord>() : *known;
}

Result<std::vector<AssetRecord>> MemoryAssetStore::list(const AssetQuery& query) {
  SB_TRY(keys, parse_sort(query.sort, asset_fields()));
  std::vector<std::pair<Compare, bool>> order;
  for (const SortKey& key : keys) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const auto& known) { return known.first == key.field.name; });
    if (field == fields.end()) {
      return fail(Errc::invalid, "sort", "assets are not sorted by \"" + std::string(key.field.name) + "\"");
    }
    order.emplace_back(field->second, key.descending);
  }
  std::vector<AssetRecord> found;
  std::copy_if(assets_.begin(), assets_.end(), std::back_inserter(found), [&](const AssetRecord& asset) {
    return fits_wildcard(query.name, asset.name) && fits_wildcard(query.version, asset.version);
  });
  std::stable_sort(found.begin(), found.end(), [&](const AssetRecord& a, const AssetRecord& b) {
    for (const auto& [comparing, descending] : order) {
      if (const int difference = comparing(a, b, descending); difference != 0) {
        return difference < 0;
      }
    }
    return false;
  });
  const auto from = std::min(static_cast<std::size_t>(std::max<std::int64_t>(query.from, 0)), found.size());
  const auto size = std::min(static_cast<std::size_t>(std::max<std::int64_t>(query.size, 0)), found.size() - from);
  return std::vector<AssetRecord>(found.begin() + static_cast<std::ptrdiff_t>(from),
                                  found.begin() + static_cast<std::ptrdiff_t>(from + size));
}

Result<bool> MemoryAssetStore::remove(const AssetId& id) {
  return std::erase_if(assets_, [&](const AssetRecord& asset) { return asset.id == id; }) > 0;
}

Result<void> MemoryAssetBlobs::keep(const AssetId& id, std::string_view bytes) {
  blobs_.emplace(id, bytes);
  return {};
}

bool MemoryAssetBlobs::has(const AssetId& id) const { return blobs_.contains(id); }

Result<std::string> MemoryAssetBlobs::read(const AssetId& id, std::uint64_t offset, std::size_t limit) const {
  const auto known = blobs_.find(id);
  if (known == blobs_.end()) {
    return fail(Errc::not_found, "asset " + id.text, "its bytes are not kept");
  }
  return known->second.substr(std::min<std::uint64_t>(offset, known->second.size()), limit);
}

Result<void> MemoryAssetBlobs::remove(const AssetId& id) {
  blobs_.erase(id);
  return {};
}

Result<std::vector<AssetId>> MemoryAssetBlobs::all() const {
  std::vector<AssetId> ids;
  ids.reserve(blobs_.size());
  for (const auto& [id, bytes] : blobs_) {
    ids.push_back(id);
  }
  return ids;
}

}  // namespace slicebus::store
