#pragma once
#include <filesystem>

/// Clients of other languages that the cluster must serve, as their users install them: pinned by a lock file of ours,
/// installed beside the programs under test, once for each lock file. The package registry is asked then and never
/// again.
namespace slicebus::support {

/// @param folder  below the source tree: package.json and package-lock.json
/// @return where its node_modules lies. The test ends here when npm fails.
std::filesystem::path installed_by_npm(const std::filesystem::path& folder);

/// @param folder  below the source tree: requirements.txt, every package with its version, those that others need too
/// @return where its programs lie, in an environment of their own. The test ends here when pip fails.
std::filesystem::path installed_by_pip(const std::filesystem::path& folder);

}  // namespace slicebus::support
