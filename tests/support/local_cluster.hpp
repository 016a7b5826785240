#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/process/child.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/processes.hpp"

/// The real programs, on free ports, in a directory of their own.
namespace slicebus::support {

/// Where the programs under test lie ($SLICEBUS_BIN) and the source tree ($SLICEBUS_SOURCE); ctest sets both.
std::filesystem::path program(const std::string& name);
std::filesystem::path source_tree();

/// A fresh directory under the system's temporary one. Removed at its end unless something failed meanwhile: then its
/// path is printed.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
  int failures_before_;
};

/// True as soon as `condition` is, asked every few milliseconds; false after `patience`.
bool eventually(std::chrono::milliseconds patience, const std::function<bool()>& condition);

/// `slicebus local` in `directory` (its working directory, in which examples/data is unpacked; it stores under
/// directory/data).
class LocalCluster {
 public:
  struct Options {
    int slots = 4;
    std::uint16_t rest_port = 0;               ///< 0: a free one
    std::vector<std::string> wrapped_in = {};  ///< words before the command: "unshare", "-m", …; they must exec it
  };
  /// Started and ready, or the test ends here.
  explicit LocalCluster(const std::filesystem::path& directory) : LocalCluster(directory, Options{}) {}
  LocalCluster(const std::filesystem::path& directory, Options options);
  ~LocalCluster();  ///< SIGKILL, if it still runs

  // ---- its life ----
  void start();
  /// SIGTERM. @return its exit code (128 + signal), nothing when it does not end within `patience`
  std::optional<int> stop(std::chrono::milliseconds patience = std::chrono::seconds(40));
  pid_t pid() const { return child_ ? child_->pid() : -1; }
  std::uint16_t rest_port() const { return client_.port(); }
  const std::filesystem::path& directory() const { return directory_; }

  // ---- its processes ----
  std::vector<ProcessInfo> family() const { return family_of(pid()); }
  /// By what their command line begins with: "slicebus-broker", "slicebus-master --", "slicebus-worker --".
  std::optional<pid_t> process(const std::string& begins) const;
  std::optional<pid_t> broker() const { return process("slicebus-broker"); }
  std::optional<pid_t> master() const { return process("slicebus-master --"); }
  std::optional<pid_t> agent() const { return process("slicebus-worker --"); }
  /// As /cluster/state lists them for this execution.
  std::optional<pid_t> controller(const std::string& ex_id) const;
  std::vector<pid_t> slots(const std::string& ex_id) const;

  // ---- its API ----
  const HttpClient& api() const { return client_; }
  /// An answer, whatever it is; while the API is away (a master that was killed) it is asked again, up to a minute.
  HttpAnswer get(const std::string& target) const;
  HttpAnswer post(const std::string& target, const std::string& body = {}) const;
  struct Posted {
    std::string job_id, ex_id;
  };
  Posted submit(const nlohmann::json& job) const;
  nlohmann::json execution(const std::string& ex_id) const { return get("/v1/ex/" + ex_id).json(); }
  std::string status(const std::string& ex_id) const { return execution(ex_id).value("_status", ""); }
  /// Slices answered, as /controller tells; nothing while there is no controller with numbers.
  std::optional<long> processed(const std::string& ex_id) const;
  /// The final status, or the last one seen when it is not terminal within `patience`.
  std::string wait_for_end(const std::string& ex_id,
                           std::chrono::milliseconds patience = std::chrono::minutes(3)) const;
  /// It has that status within a minute. What it has instead is told.
  bool becomes(const std::string& ex_id, const std::string& status) const;
  /// So many slices are answered within a minute.
  bool has_processed(const std::string& ex_id, long count = 1) const;
  /// POST …/_recover of that execution, which must be taken. @return the new one's id
  std::string recover(const std::string& ex_id, const std::string& query = {}) const;
  /// `slicebus ledger check` finds nothing.
  void require_sound_ledger(const std::string& lineage) const;
  /// What people need to see when a test fails: the last lines of each log.
  std::string logs() const;

 private:
  std::filesystem::path directory_;
  Options options_;
  std::optional<process::Child> child_;
  HttpClient client_{0};
};

/// One cluster for all cases of a program, which each leave it idle: started by the first call, with its options.
LocalCluster& shared_cluster(const LocalCluster::Options& options = {});

// ---- output
// --------------------------------------------------------------------------------------------------------------

/// Visible files of a lineage under `path`, sorted: <lineage>.<slicer>-<order>.<ext>.
std::vector<std::filesystem::path> output_files(const std::filesystem::path& path, const std::string& lineage);
/// Their lines, in that order.
std::vector<std::string> output_records(const std::filesystem::path& path, const std::string& lineage);
/// Names under `path` that begin with a dot: what a dead attempt left.
std::vector<std::string> hidden_files(const std::filesystem::path& path);

/// Lost and doubled, as counts: how the lines stand to `expected` distinct ones.
struct Tally {
  std::size_t records = 0, distinct = 0;
  bool operator==(const Tally&) const = default;
};
Tally tally(const std::vector<std::string>& lines);

}  // namespace slicebus::support
