#include "master/service/assets.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/bundle/asset_id.hpp"
#include "common/version.hpp"
#include "master/service/component_names.hpp"
#include "master/service/semver.hpp"

namespace slicebus::service {
namespace {

/// More versions of one name than anybody keeps.
constexpr std::int64_t versions_max = 100'000;

Document document_of(const store::AssetRecord& asset) {
  Json json{
      {"_created", iso8601(asset.created)}, {"name", asset.name}, {"version", asset.version}, {"id", asset.id.text}};
  if (!asset.description.empty()) {
    json["description"] = asset.description;
  }
  if (asset.node_version != 0) {
    json["node_version"] = asset.node_version;
  }
  if (!asset.platform.empty()) {
    json["platform"] = asset.platform;
  }
  if (!asset.arch.empty()) {
    json["arch"] = asset.arch;
  }
  return Document(std::move(json));
}

/// What keeps an asset from running here, or "" (R-op-83).
std::string mismatch(const store::AssetRecord& asset) {
  static const std::uint64_t major = parse_version(node_version).value_or(Version{}).numbers[0];
  if (asset.node_version > major) {
    return "node_version";
  }
  if (!asset.platform.empty() && asset.platform != machine_platform) {
    return "platform";
  }
  return !asset.arch.empty() && asset.arch != machine_arch ? "arch" : "";
}

tl::unexpected<Refusal> not_found(const std::string& reference) {
  return refuse(RefusalKind::not_found, "No assets found for \"" + reference + "\"");
}

}  // namespace

Result<void> Assets::load() {
  SB_TRY(newest, store_.list({.size = 1}));
  for (const store::AssetRecord& asset : newest) {
    stamps_.saw(asset.created);
  }
  SB_TRY(kept, blobs_.all());
  for (const AssetId& id : kept) {
    SB_TRY(record, store_.get(id));
    if (!record) {
      SB_TRY_VOID(blobs_.remove(id));
    }
  }
  return {};
}

// ---- uploads

Answer<void> Assets::submit(std::string bytes, Ticket ticket) {
  if (waiting_.size() >= uploads_waiting_max) {
    return refuse(RefusalKind::overloaded, std::to_string(waiting_.size()) +
                                               " asset bundles wait to be checked (limit " +
                                               std::to_string(uploads_waiting_max) + "); send it again in a moment");
  }
  waiting_.push_back(ticket);
  uploads_.push_back({ticket, std::move(bytes)});
  return {};
}

void Assets::autoload(std::string bytes, std::string source) {
  uploads_.push_back({0, std::move(bytes), std::move(source)});
}

void Assets::on(CheckedUpload checked) {
  Answer<UploadSettled> done = settle(checked);
  if (!checked.source.empty()) {
    autoloaded_.emplace_back(checked.source, !done ? done.error().message : done->created ? "stored" : "stored before");
  }
  // Nobody may wait any more: the master is shutting down.
  if (std::erase(waiting_, checked.ticket) > 0) {
    settled_.push_back(done ? std::move(*done)
                            : UploadSettled{checked.ticket, tl::make_unexpected(std::move(done).error()), false});
  }
}

Answer<UploadSettled> Assets::settle(CheckedUpload& checked) {
  if (!checked.asset) {
    return tl::make_unexpected(checked.asset.error());
  }
  store::AssetRecord& asset = *checked.asset;
  UploadSettled done{checked.ticket, Document(Json{{"asset_id", asset.id.text}}), false};
  const auto known = store_.get(asset.id);
  if (!known) {
    return refuse(known.error());
  }
  if (*known) {
    return done;
  }
  const auto same = store_.list({.size = versions_max, .name = asset.name, .version = asset.version});
  if (!same) {
    return refuse(same.error());
  }
  for (const store::AssetRecord& other : *same) {
    if (other.node_version == asset.node_version && other.platform == asset.platform && other.arch == asset.arch) {
      drop_unless_recorded(asset.id);
      return refuse(RefusalKind::conflict, "Asset name:\"" + asset.name + "\" AND version:\"" + asset.version +
                                               "\" already exists, please increment the version and send again");
    }
  }
  // It may have been deleted by its id since it was checked, with the bytes of both.
  if (!blobs_.has(asset.id)) {
    return refuse(RefusalKind::conflict, "asset " + asset.id.text + " was deleted meanwhile; send it again");
  }
  asset.created = stamps_.next();
  if (const auto inserted = store_.insert(asset); !inserted) {
    drop_unless_recorded(asset.id);
    return refuse(inserted.error());
  }
  done.created = true;
  return done;
}

/// A failure to remove leaves bytes without a record; load() removes them at the next start.
void Assets::drop_unless_recorded(const AssetId& id) {
  if (const auto record = store_.get(id); record && !*record) {
    static_cast<void>(blobs_.remove(id));
  }
}

void Assets::give_up_waiting() {
  for (const Ticket ticket : std::exchange(waiting_, {})) {
    settled_.push_back(
        {ticket, refuse(RefusalKind::overloaded, "the master is shutting down; send it again when it is back"), false});
  }
}

// ---- reading and removing

Answer<std::vector<Document>> Assets::list(const store::AssetQuery& query) const {
  const auto records = store_.list(query);
  if (!records) {
    return refuse(records.error());
  }
  std::vector<Document> documents;
  for (const store::AssetRecord& asset : *records) {
    documents.push_back(document_of(asset));
  }
  return documents;
}

Answer<Document> Assets::remove(const AssetId& id) {
  const auto removed = store_.remove(id);
  if (!removed) {
    return refuse(removed.error());
  }
  if (!*removed) {
    return refuse(RefusalKind::not_found, "Unable to find asset " + id.text);
  }
  drop_unless_recorded(id);
  return Document(Json{{"asset_id", id.text}});
}

Answer<store::AssetRecord> Assets::resolve(const std::string& reference) const {
  if (bundle::is_asset_id(reference)) {
    const auto record = store_.get(AssetId{reference});
    if (!record) {
      return refuse(record.error());
    }
    const std::optional<store::AssetRecord>& found = *record;
    return found ? Answer<store::AssetRecord>(*found) : not_found(reference);
  }
  const AssetReference wanted = parse_asset(reference);
  const bool latest = wanted.version.empty() || wanted.version == "latest";
  const auto range = VersionRange::parse(latest ? "*" : wanted.version);
  if (!range) {
    return refuse(RefusalKind::invalid, "Version \"" + wanted.version + "\" is not a valid semver range");
  }
  // A name holds no star (parse_asset_json), so one in a reference names nothing.
  if (wanted.name.empty() || wanted.name.find('*') != std::string::npos) {
    return not_found(reference);
  }
  const auto versions = store_.list({.size = versions_max, .name = wanted.name});
  if (!versions) {
    return refuse(versions.error());
  }
  const store::AssetRecord* best = nullptr;
  std::string misfit;
  for (const store::AssetRecord& asset : *versions) {
    const auto version = parse_version(asset.version);
    if (!version || !range->contains(*version)) {
      continue;
    }
    if (const std::string what = mismatch(asset); !what.empty()) {
      misfit = misfit.empty() ? what : misfit;
    } else if (best == nullptr || version > parse_version(best->version)) {
      best = &asset;
    }
  }
  if (best != nullptr) {
    return *best;
  }
  return misfit.empty() ? not_found(reference)
                        : refuse(RefusalKind::not_found,
                                 "No asset found for \"" + reference + "\" due to a potential " + misfit + " mismatch");
}

wire::AssetChunk Assets::chunk(const wire::AssetWanted& wanted) const {
  wire::AssetChunk chunk{.node = wanted.node, .asset = wanted.asset, .offset = wanted.offset};
  const auto record = store_.get(wanted.asset);
  if (!record) {
    chunk.problem = record.error().text();
    return chunk;
  }
  const std::optional<store::AssetRecord>& found = *record;
  if (!found) {
    chunk.problem =
        "no asset " + wanted.asset.text + " is stored any more; upload it again, or start the job anew with another";
    return chunk;
  }
  auto bytes = blobs_.read(wanted.asset, wanted.offset, wire::chunk_bytes_max);
  if (!bytes) {
    chunk.problem = bytes.error().text();
    return chunk;
  }
  chunk.size = found->size;
  chunk.bytes = std::move(*bytes);
  return chunk;
}

}  // namespace slicebus::service
