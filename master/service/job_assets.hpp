#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "master/service/answer.hpp"
#include "master/service/component_names.hpp"
#include "master/store/asset_store.hpp"

namespace slicebus::service {

/// Finds the asset that an entry of `assets` names (Assets::resolve). Empty: there are none.
using AssetResolver = std::function<Answer<store::AssetRecord>(const std::string& reference)>;

/// The assets that a job names. Their operations are written for Teraslice's JavaScript, which Slicebus does not run;
/// what it does is to say so, and to bring their files to every node (R-ex-79).
class JobAssets {
 public:
  /// Looks up each text of `assets`; ids take the place of names, built-in bundles keep theirs (R-ex-35). What is no
  /// text is left to the fields' check. Refusal: R-api-69.
  Answer<void> resolve(Json& assets, const AssetResolver& resolver);

  /// Names of built-in bundles that ask for a version, as posted.
  const std::vector<std::string>& built_in_versions() const { return built_in_versions_; }

  /// Where a component stands in a job.
  struct Place {
    std::string part;   ///< "operation" or "api"
    std::string field;  ///< "_op" or "_name"
    std::string kind;   ///< "reader", "processor" or "api"
  };
  /// Why a component cannot be had, or nothing when its name is for the catalog to judge (R-op-80…82).
  /// @param posted    its whole name
  /// @param built_in  the catalog has it
  std::optional<Refusal> refusal(const std::string& posted, const ComponentName& name, bool built_in,
                                 const Place& place) const;
  /// "words:1.0.0", when an asset of the job has a component of this name, too; else "".
  std::string also_in(const std::string& name) const;

 private:
  std::vector<const store::AssetRecord*> having(const std::string& name) const;
  std::vector<store::AssetRecord> assets_;  ///< in the order of the job
  std::vector<std::string> built_in_versions_;
};

}  // namespace slicebus::service
