#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/time.hpp"

/// Ports of the assets: their records, and their bytes. The record is the truth: an asset exists when its row does.
/// Bytes are written before the row and removed after it, so that a row always has its bytes.
namespace slicebus::store {

struct AssetRecord {
  AssetId id;
  std::string name;
  std::string version;             ///< semver
  std::string description;         ///< empty: none
  std::uint32_t node_version = 0;  ///< major number; 0: any
  std::string platform;            ///< empty: any
  std::string arch;                ///< empty: any
  /// Operations and apis that the bundle has, sorted; names only.
  std::vector<std::string> components;
  std::uint64_t size = 0;  ///< of the zip, bytes
  WallTime created{};

  bool operator==(const AssetRecord&) const = default;
};

/// Page, order and filter of a list.
struct AssetQuery {
  std::int64_t from = 0;
  std::int64_t size = 100;
  /// "field:asc|desc", comma list, of `_created name version id description node_version platform arch size`. Errors:
  /// invalid, naming the field.
  std::string sort = "_created:desc";
  std::string name{};     ///< `*` stands for any run of characters (Q-20); empty: all
  std::string version{};  ///< the same
};

/// Blocking; only the records actor's thread calls it.
class AssetStore {
 public:
  virtual ~AssetStore() = default;
  /// Durable on return. Errors: conflict (the id exists), unavailable, exhausted.
  virtual Result<void> insert(const AssetRecord& asset) = 0;
  virtual Result<std::optional<AssetRecord>> get(const AssetId& id) = 0;
  virtual Result<std::vector<AssetRecord>> list(const AssetQuery& query) = 0;
  /// @return whether it was there
  virtual Result<bool> remove(const AssetId& id) = 0;
};

/// Blocking; any thread. Ids name content, so bytes that are there already are the same bytes.
class AssetBlobs {
 public:
  virtual ~AssetBlobs() = default;
  /// All or nothing, durable on return; twice is once. Errors: unavailable, exhausted.
  virtual Result<void> keep(const AssetId& id, std::string_view bytes) = 0;
  virtual bool has(const AssetId& id) const = 0;
  /// At most `limit` bytes from `offset` on; none at and after the end. Errors: not_found, unavailable.
  virtual Result<std::string> read(const AssetId& id, std::uint64_t offset, std::size_t limit) const = 0;
  /// What is not there is no error.
  virtual Result<void> remove(const AssetId& id) = 0;
  /// Ids of all that is kept, in no order.
  virtual Result<std::vector<AssetId>> all() const = 0;
};

/// Whether `text` is what `pattern` stands for; `*` is any run of characters, all else itself. Empty: everything.
bool fits_wildcard(std::string_view pattern, std::string_view text);

}  // namespace slicebus::store
