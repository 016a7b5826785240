#pragma once
#include <map>
#include <vector>

#include "master/store/asset_store.hpp"

/// Assets that last as long as their objects, for tests. MemoryAssetBlobs belongs to one thread.
namespace slicebus::store {

class MemoryAssetStore final : public AssetStore {
 public:
  Result<void> insert(const AssetRecord& asset) override;
  Result<std::optional<AssetRecord>> get(const AssetId& id) override;
  Result<std::vector<AssetRecord>> list(const AssetQuery& query) override;
  Result<bool> remove(const AssetId& id) override;

 private:
  std::vector<AssetRecord> assets_;  ///< in order of insertion
};

class MemoryAssetBlobs final : public AssetBlobs {
 public:
  Result<void> keep(const AssetId& id, std::string_view bytes) override;
  bool has(const AssetId& id) const override;
  Result<std::string> read(const AssetId& id, std::uint64_t offset, std::size_t limit) const override;
  Result<void> remove(const AssetId& id) override;
  Result<std::vector<AssetId>> all() const override;

 private:
  std::map<AssetId, std::string> blobs_;
};

}  // namespace slicebus::store
