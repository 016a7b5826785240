#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/wire/messages.hpp"
#include "tests/sim/output_directory.hpp"
#include "tests/sim/watched_ledger.hpp"

namespace slicebus::sim {

class SimController;

/// A job and its lineage: what it is like, its ledger and its output, and what is known of all that was made for it.
struct Job {
  Job(std::vector<std::uint64_t> lengths, bool epoch_check, bool fence_in_names)
      : ledger(std::move(lengths), epoch_check), output(fence_in_names) {}

  // -- what it is like
  JobId id;
  std::set<SlicePosition> poison, bad;
  std::size_t hold = 1;  ///< slices that leave the operation together
  double speed_s = 0.3;  ///< mean time of a slice
  bool persistent = false;
  std::uint32_t workers = 2;
  std::size_t ready_max = 6;

  // -- what lasts
  WatchedLedger ledger;
  OutputDirectory output;
  SimController* lock_holder = nullptr;

  // -- what its people want
  LineageId lineage;
  ExecutionId current;
  std::string cleanup{};  ///< of the current execution
  int generation = 0;
  bool wants_pause = false;
  bool pause_ordered = false;
  bool wants_stop = false;
  std::optional<TimePoint> ended_at{};  ///< that of the current execution was seen
  Duration patience{};                  ///< until it is recovered
  bool finished = false;

  // -- what was seen
  std::set<wire::SliceCopy> begun;                     ///< every fence runs once
  std::map<wire::SliceCopy, std::string> given;        ///< and is given to one slot
  std::map<wire::SliceCopy, std::vector<Piece>> made;  ///< what each attempt made, by its name
  std::map<wire::SliceCopy, std::uint64_t> prepared_by;
  std::map<ExecutionId, wire::ControllerBeat> last_beats;
};

/// Records that each slice has.
inline std::uint64_t records_of(SlicePosition slice) { return slice.slicer_order % 7 + 1; }
/// Records that one attempt rejects: differs between attempts, so that sums tell whose counts were taken.
inline std::uint64_t rejected_by(const Piece& piece) { return piece.nonce % 2; }

}  // namespace slicebus::sim
