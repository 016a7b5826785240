#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/faults.hpp"
#include "tests/sim/job.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/records.hpp"
#include "tests/sim/world.hpp"

namespace slicebus::service {
class Executions;
}

/// A whole cluster on a virtual clock: the very cores of broker, master, controller, agent and slot; models of the
/// network, the disks, the operations and the people.
namespace slicebus::sim {

class SimAgent;
class SimController;
class SimMaster;
class SimSlot;

/// Rules that a test of the tests breaks, in the world around the cores or in a layer between them.
enum class Mutation {
  none,
  acknowledge_before_commit,  ///< the core hears that a group is durable when it is handed over
  assign_before_commit,       ///< the same of groups that only plan
  no_epoch_in_fences,         ///< a fence is its number
  never_given_out_again,      ///< leases never end, deaths are acknowledged and not heard
  published_before_verdict,   ///< output becomes visible when it is prepared
  report_said_once,           ///< a slot forgets an outcome that it has said
  groups_slice_by_slice,      ///< members of a group are reported one by one, and so accepted
  no_flush,                   ///< SliceFlush is lost, always
  no_epoch_check,             ///< the ledger takes groups of any epoch, and nobody ends the controller before
  every_verdict_is_publish,   ///< a slot makes refused output visible too
  repeats_taken_for_new,      ///< a slot takes every batch for the next one
  no_fence_in_names,          ///< temporary files are named by the slice alone
  nobody_rolls_forward,       ///< SlicePublish is lost, always
  visible_said_too_early,     ///< a slot says that output is visible before it is
  sweep_after_the_end,        ///< temporary files are swept after the final status is told
  slots_not_told_of_the_end   ///< a slot that slept over the end of its execution is drained like any other
};

struct Options {
  std::uint64_t seed = 0;
  Mutation mutation = Mutation::none;
  bool trace = false;
  std::optional<std::set<std::size_t>> faults{};  ///< only these of the seed's, by index
};

class Cluster {
 public:
  explicit Cluster(const Options& options);
  ~Cluster();

  /// Runs until everything is quiet and checks the end. Throws Violation.
  void run();

  // -- the world, as the seed wants it
  Mutation mutation;
  World world;
  Network network;
  WatchedExecutions executions;
  FillingErrors errors;
  std::vector<std::unique_ptr<Job>> jobs;
  std::vector<std::string> nodes;  ///< of workers; the master's is "m", the broker's "b"
  std::uint32_t slots_per_node = 2;
  bool has_orphans =
      false;  ///< controllers may outlive their masters, and nothing but the epoch is between two of them
  TimePoint heal_at{};
  std::vector<Fault> faults;  ///< all of the seed's

  // -- what its processes need
  SimMaster* master = nullptr;
  TimePoint ledgers_full_until{}, output_full_until{};
  std::set<std::uint64_t> excused;  ///< slots that were ended in the middle of something: what they leave is not theirs
  std::uint64_t nonces = 0;
  Job& job_of(const LineageId& lineage);
  std::string new_id() { return "ex" + std::to_string(++ids_); }
  Duration slice_time(const Job& job) { return seconds(world.chance.exponential(job.speed_s) + job.speed_s / 20); }
  /// Slices that the input of a persistent execution has by now.
  std::uint64_t input_there(const Job& job, std::uint64_t length) const;
  void restart_later(std::function<void()> what);
  void freeze_at_the_worst_moment(SimSlot& slot, const Job& job);
  void snipe_controller(SimController& controller);

 private:
  // faults.cpp
  void strike(const Fault& fault);
  void strike_process(const std::string& verb, const std::string& kind, const Fault& fault);
  void strike_network(const Fault& fault);
  void lose_power();
  void rolling_restart();
  void heal();
  // people.cpp
  void tend();
  void tend(Job& job);
  void submit(Job& job);
  void recover(Job& job);
  void order(std::function<void(service::Executions&)> what);
  void pause_when_quiet(Job& job);
  bool is_done(const Job& job) const;
  void status_changed(const ExecutionId& ex_id, const std::string& status);
  void check_end(Job& job);
  void check_sums(const Job& job, std::string& wrong);
  void check_errors(Job& job, std::string& wrong);
  std::string state() const;

  std::map<ExecutionId, Job*> jobs_by_execution_;
  std::uint64_t ids_ = 0;
  bool quiet_ = false;
  double snipes_slots_ = 0, snipes_controllers_ = 0;
  int late_sleeps_left_ = 2;  ///< of slots that have one of the last slices: the execution ends without them
  int crashes_left_ = 4;      ///< of controllers, by their own doing: five in a row are the end of an execution
  bool late_pause_ = false;
};

}  // namespace slicebus::sim
