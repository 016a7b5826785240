#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "master/service/asset_upload.hpp"
#include "master/service/document.hpp"
#include "master/service/executions.hpp"
#include "master/service/sources.hpp"
#include "master/store/asset_store.hpp"

namespace slicebus::service {

/// An upload's answer, and whether it made something new (201) or found it (200).
struct UploadSettled {
  Ticket ticket = 0;
  Answer<Document> answer;
  bool created = false;
};

/// The bundles: kept, listed, deleted, and found by the names that jobs give them. Lives on the records actor's thread;
/// only check_upload() runs elsewhere.
class Assets {
 public:
  /// Bundles that may wait to be checked; each is held in memory meanwhile.
  static constexpr std::size_t uploads_waiting_max = 16;

  Assets(store::AssetStore& store, store::AssetBlobs& blobs, Stamps& stamps)
      : store_(store), blobs_(blobs), stamps_(stamps) {}

  /// Stamps of earlier masters, and bytes that they kept without a record are removed. Once, before anything else.
  Result<void> load();

  /// POST /assets: the answer comes later, as UploadSettled under `ticket`. Refusal: too many wait.
  Answer<void> submit(std::string bytes, Ticket ticket);
  /// A bundle of the autoload directory; nobody waits for it.
  void autoload(std::string bytes, std::string source);
  /// What is to be given to check_upload(), in order.
  std::vector<Upload> uploads() { return std::exchange(uploads_, {}); }
  void on(CheckedUpload checked);
  std::vector<UploadSettled> settled() { return std::exchange(settled_, {}); }
  /// What became of autoloaded bundles, as lines for the log: source and outcome.
  std::vector<std::pair<std::string, std::string>> autoloaded() { return std::exchange(autoloaded_, {}); }
  /// Answers all that wait: the master is shutting down.
  void give_up_waiting();

  /// GET /assets… (R-api-114); refusal: an unknown sort field.
  Answer<std::vector<Document>> list(const store::AssetQuery& query) const;
  /// DELETE /assets/<id> (R-api-115): {"asset_id"}.
  Answer<Document> remove(const AssetId& id);

  /// What a job's `assets` names: an id, `name`, `name:latest`, `name:<version or range>` (R-op-83): the newest that
  /// fits this machine's platform. Refusals: R-op-83's texts.
  Answer<store::AssetRecord> resolve(const std::string& reference) const;

  /// A piece of a bundle for an agent.
  wire::AssetChunk chunk(const wire::AssetWanted& wanted) const;

 private:
  Answer<UploadSettled> settle(CheckedUpload& checked);
  void drop_unless_recorded(const AssetId& id);

  store::AssetStore& store_;
  store::AssetBlobs& blobs_;
  Stamps& stamps_;
  std::vector<Upload> uploads_;
  std::vector<Ticket> waiting_;
  std::vector<UploadSettled> settled_;
  std::vector<std::pair<std::string, std::string>> autoloaded_;
};

}  // namespace slicebus::service
