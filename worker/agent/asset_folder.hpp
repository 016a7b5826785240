#pragma once
#include <filesystem>
#include <string>

#include "common/bus/pipe_thread.hpp"
#include "common/ids.hpp"
#include "worker/agent/asset_needs.hpp"

namespace slicebus::agent {

struct AssetUnpacked {
  AssetId asset;
  std::string problem;  ///< empty: it is there
};

/// Where this machine has its bundles: `<directory>/<id>/`, each whole or not there at all. Several agents may share a
/// directory. Unpacking has a thread of its own: it may take a second, and beats must not wait for it.
class AssetFolder {
 public:
  /// Sweeps what an earlier agent of this node left half, when the directory is there. It is made with the first asset.
  AssetFolder(bus::Context& context, std::filesystem::path directory, const NodeId& node);

  bool has(const AssetId& asset) const;
  /// One at a time; answered by receive().
  void unpack(UnpackAsset asset) { thread_.send(std::move(asset)); }
  std::optional<AssetUnpacked> receive() { return thread_.receive(); }
  /// For Poll::watch.
  void* native() { return thread_.native(); }

 private:
  std::filesystem::path directory_;
  bus::PipeThread<UnpackAsset, AssetUnpacked> thread_;
};

}  // namespace slicebus::agent
