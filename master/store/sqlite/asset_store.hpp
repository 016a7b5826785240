#pragma once
#include <memory>
#include <string>

#include "master/store/asset_store.hpp"

namespace slicebus::store {

/// Asset records in an SQLite file of their own, beside the bundles that they tell of (master/store/files). Belongs to
/// one thread.
class SqliteAssetStore : public AssetStore {
 public:
  /// Opens or makes the file. Errors: unavailable, exhausted, internal (damaged); each names the file and the remedy.
  static Result<std::unique_ptr<SqliteAssetStore>> open(const std::string& path);
};

}  // namespace slicebus::store
