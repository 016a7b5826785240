#pragma once
#include <string>
#include <string_view>

#include "master/service/answer.hpp"
#include "master/service/executions.hpp"
#include "master/store/asset_store.hpp"

/// What is done to an uploaded bundle away from the records' thread: it takes as long as unpacking it.
namespace slicebus::service {

/// A bundle that somebody sent. Ticket 0: nobody waits for the answer (autoload).
struct Upload {
  Ticket ticket = 0;
  std::string bytes;
  std::string source{};  ///< of an autoloaded one its path, for the log
};

/// A bundle that was looked at. When it is taken its bytes are kept already; its record is not.
struct CheckedUpload {
  Ticket ticket = 0;
  std::string source{};
  Answer<store::AssetRecord> asset;  ///< without `created`
};

/// Checks a bundle and keeps its bytes. Refusals: R-api-113, a disk that does not take it. Any thread.
CheckedUpload check_upload(const Upload& upload, store::AssetBlobs& blobs);

/// What asset.json says. Refusals: R-api-113.
Answer<store::AssetRecord> parse_asset_json(std::string_view text);

}  // namespace slicebus::service
