#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/wire/messages.hpp"
#include "tests/sim/output_directory.hpp"
#include "tests/sim/watched_ledger.hpp"
#include "tests/sim/world.hpp"

/// A whole cluster on a virtual clock: the real cores of controller and slot, small models of master, broker, agents,
/// network, ledger disk and output directory. See protocol-model for the same in Python, with models of the cores.
namespace slicebus::sim {

class Agent;
class Master;
class SimController;
class SimSlot;

/// Rules that a test of the tests turns off, in the world around the cores or in a layer between them.
enum class Mutation {
  none,
  no_epoch_check,             ///< the ledger takes groups of any epoch, and nobody ends the controller before
  acknowledge_before_commit,  ///< the core hears that a group is durable when it is handed over
  every_verdict_is_publish,   ///< a slot makes refused output visible too
  no_flush,                   ///< SliceFlush is lost, always
  never_given_out_again,      ///< leases never end, deaths are acknowledged and not heard
  repeats_taken_for_new,      ///< a slot takes every batch for the next one
  no_fence_in_names,          ///< temporary files are named by the slice alone
  nobody_rolls_forward,       ///< SlicePublish is lost, always
  published_before_verdict,   ///< output becomes visible when it is prepared
  visible_said_too_early,     ///< a slot says that output is visible before it is
  sweep_after_the_end,        ///< temporary files are swept after the final status is told
  slots_not_told_of_the_end   ///< a slot that slept over the end of its execution is drained like any other
};

/// One TCP connection of a slot to a controller; what is in its pipes dies with a reset.
struct Connection {
  SimSlot* slot;
  SimController* controller;
  std::string identity;
  bool dead = false;
  TimePoint last_up{}, last_down{};
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, Mutation mutation = Mutation::none, bool trace = false);
  ~Cluster();

  /// Runs until everything is quiet and checks the end. Throws Violation.
  void run();
  std::size_t slices() const { return ledger.entries().size(); }

  // -- the job and its world, as the seed wants them
  Mutation mutation;
  World world;
  WatchedLedger ledger;
  OutputDirectory output;
  std::set<SlicePosition> poison, bad;
  std::size_t hold = 1;  ///< slices that leave the operation together
  double speed_s = 0.3;  ///< mean time of a slice
  std::vector<std::string> nodes;
  std::uint32_t want_slots = 2;
  bool late_notice = false;   ///< a slot may learn late that its connection is another one
  bool keeps_unsent = false;  ///< what could not be sent goes out on the next connection
  bool locked = true;         ///< one controller of a lineage at a time; else the epoch alone must do
  double slow_s = 0;          ///< now and then a message takes so much longer
  double loses = 0;           ///< a pipe is full: so many messages are lost though the connection stays
  std::size_t ready_max = 6;

  // -- what is there
  ExecutionId current{"ex1"};
  std::map<ExecutionId, std::string> records;                                 ///< execution to status
  std::map<std::pair<ExecutionId, SlicePosition>, wire::FailedSlice> errors;  ///< in the master's records
  std::uint64_t errors_recorded = 0;                                          ///< the journal up to there
  std::map<ExecutionId, SimController*> listening;
  std::map<std::string, Agent*> agents;
  std::map<std::string, std::vector<ProcessId>> former;  ///< agents that the broker knew before
  std::map<std::string, TimePoint> registered;
  Master* master = nullptr;
  SimController* lock_holder = nullptr;
  bool broker_up = true;
  TimePoint broker_since{};
  std::map<std::string, TimePoint> cut_until;  ///< nodes behind a partition
  TimePoint disk_full_until{}, output_full_until{};
  bool want_pause = false;
  bool pause_seen = false;
  std::set<wire::SliceCopy> begun;                     ///< every fence runs once
  std::map<wire::SliceCopy, std::vector<Piece>> made;  ///< what each attempt made, by its name
  std::map<wire::SliceCopy, std::uint64_t> prepared_by;
  std::set<std::uint64_t> excused;  ///< slots that were ended in the middle of something: what they leave is not theirs
  std::map<ExecutionId, wire::ControllerBeat> last_beats;
  std::uint64_t nonces = 0;
  std::vector<std::unique_ptr<Connection>> connections;

  Duration delay();
  Duration slice_time() { return seconds(world.chance.exponential(speed_s) + 0.001); }
  bool is_cut(const std::string& node) const;
  bool is_terminal(const ExecutionId& ex) const;
  void send(Connection& connection, bool up, wire::Message message);
  void reset(Connection& connection);
  /// By way of the broker; lost without it, or behind a partition of that node ("" is the master's machine).
  void relay(const std::string& node, Process* to, std::function<void()> what);
  void agent_registers(Agent& agent);
  void agents_known_to(SimController& controller);
  void freeze_at_the_worst_moment(SimSlot& slot);
  TimePoint heal_at{};

 private:
  struct Fault {
    TimePoint at;
    std::string kind;
    std::uint64_t pick;
    Duration time;
  };
  std::vector<Fault> plan(Chance& chance);
  void strike(const std::string& kind, std::uint64_t pick, Duration time);
  void recover(Duration patience);
  void heal();
  void pause_when_quiet();
  void check_end();
  bool finished() const;
  std::string state() const;

  bool quiet_ = false;
  bool late_pause_ = false;
  bool snipes_ = false;
  double end_s_ = 10;
  int generation_ = 1;
  int pauses_ = 0;  ///< the last one ends by its own timer only
};

/// Records that each slice has.
inline std::uint64_t records_of(SlicePosition slice) { return slice.slicer_order % 7 + 1; }
/// Records that one attempt rejects: differs between attempts, so that sums tell whose counts were taken.
inline std::uint64_t rejected_by(const Piece& piece) { return piece.nonce % 2; }

}  // namespace slicebus::sim
