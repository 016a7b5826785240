#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/local_cluster.hpp"

/// Disks that fill up or turn read-only under a cluster.
namespace slicebus::support {

/// A small file system at `at`, in a mount namespace of the cluster's own: it goes when the cluster goes. Needs root,
/// or user namespaces; where neither is allowed the test ends here and says so.
class OwnFileSystem {
 public:
  OwnFileSystem(std::filesystem::path at, std::uint64_t bytes);
  /// For LocalCluster::Options::wrapped_in.
  std::vector<std::string> words() const;
  /// The same place as seen from out here.
  std::filesystem::path inside(const LocalCluster& cluster) const;

  /// Nothing more fits: a file beside all others takes what is free, while others write.
  void fill(const LocalCluster& cluster) const;
  void make_room(const LocalCluster& cluster) const;
  /// "ro" or "rw". The kernel refuses the first while someone has a file open for writing: false then.
  bool remount(const LocalCluster& cluster, const std::string& option) const;

 private:
  std::string mount_command() const;
  std::filesystem::path filler(const LocalCluster& cluster) const { return inside(cluster) / "filler"; }
  std::filesystem::path at_;
  std::uint64_t bytes_;
};

}  // namespace slicebus::support
