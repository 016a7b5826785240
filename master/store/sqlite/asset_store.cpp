#include "master/store/sqlite/asset_store.hpp"

#include <algorithm>
#include <array>

#include "master/store/list_order.hpp"
#include "master/store/sqlite/database.hpp"

namespace slicebus::store {
namespace {

using sqlite::Database;
using sqlite::Statement;

// What is absent is NULL: it sorts last, whichever the direction.
constexpr sqlite::Schema assets_schema{.what = "assets file", .version = 1, .create = R"(
CREATE TABLE asset (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, version TEXT NOT NULL,
  description TEXT, node_version INTEGER, platform TEXT, arch TEXT, components TEXT NOT NULL, size INTEGER NOT NULL,
  created INTEGER NOT NULL);
CREATE INDEX asset_by_name ON asset (name, version);
)"};

constexpr const char* columns =
    "SELECT id, name, version, description, node_version, platform, arch, components, size, created FROM asset ";

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> fields{{{"_created", "created"},
                                                                               {"name", "name"},
                                                                               {"version", "version"},
                                                                               {"id", "id"},
                                                                               {"description", "description"},
                                                                               {"node_version", "node_version"},
                                                                               {"platform", "platform"},
                                                                               {"arch", "arch"},
                                                                               {"size", "size"}}};

/// A component's name has no line break: it was a step of a path, and those are kept one a line.
std::string lines(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += name + "\n";
  }
  return text;
}

std::vector<std::string> names_of(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

AssetRecord record_of(const Statement& row) {
  const auto text = [&](int column) { return std::string(row.bytes(column)); };
  return {.id = AssetId{text(0)},
          .name = text(1),
          .version = text(2),
          .description = text(3),
          .node_version = static_cast<std::uint32_t>(row.integer(4)),
          .platform = text(5),
          .arch = text(6),
          .components = names_of(row.bytes(7)),
          .size = row.natural(8),
          .created = WallTime{std::chrono::milliseconds{row.integer(9)}}};
}

/// SQLite's GLOB, with all of its signs but the star taken for themselves.
std::string glob_of(std::string_view pattern) {
  std::string glob;
  for (const char c : pattern.empty() ? std::string_view("*") : pattern) {
    glob += c == '?' || c == '[' ? std::string("[") + c + "]" : std::string(1, c);
  }
  return glob;
}

class OpenAssets final : public SqliteAssetStore {
 public:
  explicit OpenAssets(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Result<void> prepare() {
    SB_TRY(add, database_->prepare("INSERT OR IGNORE INTO asset (id, name, version, description, node_version, "
                                   "platform, arch, components, size, created) VALUES (?1, ?2, ?3, nullif(?4, ''), "
                                   "nullif(?5, 0), nullif(?6, ''), nullif(?7, ''), ?8, ?9, ?10)"));
    SB_TRY(by_id, database_->prepare(std::string(columns) + "WHERE id = ?1"));
    SB_TRY(drop, database_->prepare("DELETE FROM asset WHERE id = ?1"));
    add_ = std::move(add);
    by_id_ = std::move(by_id);
    drop_ = std::move(drop);
    return {};
  }

  Result<void> insert(const AssetRecord& asset) override {
    const std::string components = lines(asset.components);
    SB_TRY_VOID(add_.bind_text(1, asset.id.text)
                    .bind_text(2, asset.name)
                    .bind_text(3, asset.version)
                    .bind_text(4, asset.description)
                    .bind(5, asset.node_version)
                    .bind_text(6, asset.platform)
                    .bind_text(7, asset.arch)
                    .bind_text(8, components)
                    .bind(9, asset.size)
                    .bind(10, std::int64_t{asset.created.time_since_epoch().count()})
                    .run());
    return database_->changes() == 1 ? Result<void>{}
                                     : fail(Errc::conflict, "asset " + asset.id.text, "is in the store already");
  }

  Result<std::optional<AssetRecord>> get(const AssetId& id) override {
    SB_TRY(found, by_id_.bind_text(1, id.text).step());
    std::optional<AssetRecord> record;
    if (found) {
      record = record_of(by_id_);
      by_id_.reset();
    }
    return record;
  }

  Result<std::vector<AssetRecord>> list(const AssetQuery& query) override {
    SB_TRY(keys, parse_sort(query.sort, asset_fields()));
    std::string sql = std::string(columns) + "WHERE name GLOB ?1 AND version GLOB ?2 ORDER BY ";
    for (const SortKey& key : keys) {
      const auto field =
          std::find_if(fields.begin(), fields.end(), [&](const auto& known) { return known.first == key.field.name; });
      if (field == fields.end()) {
        return fail(Errc::invalid, "sort", "assets are not sorted by \"" + std::string(key.field.name) + "\"");
      }
      sql += std::string(field->second) + (key.descending ? " DESC" : " ASC") + " NULLS LAST, ";
    }
    SB_TRY(statement, database_->prepare(sql + "number LIMIT ?3 OFFSET ?4"));
    const std::string name = glob_of(query.name);
    const std::string version = glob_of(query.version);
    statement.bind_text(1, name).bind_text(2, version);
    statement.bind(3, std::max<std::int64_t>(query.size, 0)).bind(4, std::max<std::int64_t>(query.from, 0));
    std::vector<AssetRecord> found;
    for (;;) {
      SB_TRY(more, statement.step());
      if (!more) {
        return found;
      }
      found.push_back(record_of(statement));
    }
  }

  Result<bool> remove(const AssetId& id) override {
    SB_TRY_VOID(drop_.bind_text(1, id.text).run());
    return database_->changes() == 1;
  }

 private:
  std::unique_ptr<Database> database_;  ///< stands first: the statements end before it
  Statement add_, by_id_, drop_;
};

}  // namespace

Result<std::unique_ptr<SqliteAssetStore>> SqliteAssetStore::open(const std::string& path) {
  SB_TRY(database, Database::open(path, assets_schema));
  auto store = std::make_unique<OpenAssets>(std::move(database));
  SB_TRY_VOID(store->prepare());
  return std::unique_ptr<SqliteAssetStore>(std::move(store));
}

}  // namespace slicebus::store
