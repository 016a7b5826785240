#pragma once
#include <memory>
#include <string>

#include "master/store/asset_store.hpp"

namespace slicebus::store {

/// Bundles as files `<directory>/<id>.zip`. Written under a name with a dot, made durable, then renamed: whatever ends
/// the process, a file that is there is whole. Any number of threads.
class FileAssetBlobs final : public AssetBlobs {
 public:
  /// Makes the directory, and sweeps what an earlier process left half. Errors: unavailable, exhausted.
  static Result<std::unique_ptr<FileAssetBlobs>> open(const std::string& directory);

  Result<void> keep(const AssetId& id, std::string_view bytes) override;
  bool has(const AssetId& id) const override;
  Result<std::string> read(const AssetId& id, std::uint64_t offset, std::size_t limit) const override;
  Result<void> remove(const AssetId& id) override;
  Result<std::vector<AssetId>> all() const override;

 private:
  explicit FileAssetBlobs(std::string directory) : directory_(std::move(directory)) {}
  std::string path_of(const AssetId& id) const { return directory_ + "/" + id.text + ".zip"; }
  std::string directory_;
};

}  // namespace slicebus::store
