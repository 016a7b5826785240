#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/jobs.hpp"
#include "tests/support/local_cluster.hpp"

namespace slicebus::support {

/// An execution that writes made-up records into files while bad things happen, as its user sees it.
class Exporting {
 public:
  /// Posts the job, which must have an output.
  /// @param seen_at  where this process sees the output; empty: where the job says
  Exporting(const LocalCluster& cluster, MadeUp made_up, std::filesystem::path seen_at = {});

  const std::string& ex_id() const { return posted_.ex_id; }
  const LocalCluster::Posted& posted() const { return posted_; }
  const std::filesystem::path& output() const { return output_; }
  std::size_t files() const { return output_files(output_, posted_.ex_id).size(); }

  /// Waits until `more` files beyond those of now are visible: the cluster works (again). Else the test ends here.
  void require_progress(const std::string& after, std::size_t more = 10) const;
  /// Waits for its end: it is completed, each record is in the output once, the record of the execution counts the
  /// same, and nothing temporary is left.
  void require_each_record_once(std::chrono::milliseconds patience = std::chrono::minutes(5)) const;

 private:
  const LocalCluster& cluster_;
  MadeUp made_up_;
  LocalCluster::Posted posted_;
  std::filesystem::path output_;
};

/// The process must be there, and is not afterwards.
void kill_9(const std::string& what, std::optional<pid_t> victim);

}  // namespace slicebus::support
