#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"

/// What the two actors of the master process tell each other: the records actor (REST, records, every `_status`) and
/// the control actor (nodes, controllers, slots). Values only; the pipe between them moves them from thread to thread.
namespace slicebus::scheduler {

/// What the users want of a living execution. `version` grows with every change of it and comes back as
/// ControllerSaid::obeyed.
struct Desire {
  std::uint64_t version = 0;
  bool paused = false;
  bool stopping = false;
  Duration stop_timeout = 7s;  ///< of a stop: how long its running slices may take from then on

  bool operator==(const Desire&) const = default;
};

// ---- records → control ----------------------------------------------------------------------------------------------

/// An execution that is not terminal; its record is durable. Told once per execution and life of the master, oldest
/// first.
struct ExecutionWanted {
  ExecutionId ex_id;
  JobId job_id;
  LineageId lineage;
  bool started = false;       ///< it has left `pending` before: its ledger may hold work
  bool kept = false;          ///< an earlier master left it; it may have started and found no room to write that down
  std::uint32_t workers = 1;  ///< slots wanted, >= 1
  std::string host;           ///< where its controller was last; empty: never anywhere
  std::uint16_t port = 0;
  std::string cleanup;  ///< as wire::ControllerBinding
  bool recovery = false;
  bool continues = true;
  std::string execution;        ///< its record, JSON
  std::vector<AssetId> assets;  ///< bundles that a node needs before its slots start; in the order of the job
  Desire desire;
  std::string log_level;  ///< as LogLevelChanged
};
struct DesireChanged {
  ExecutionId ex_id;
  Desire desire;
};
struct WorkersChanged {
  ExecutionId ex_id;
  std::uint32_t workers = 1;
  std::uint64_t version = 0;  ///< grows with every change of it; comes back as WorkersReached::version
};
/// How its slots and its controller shall log: "trace" … "fatal"; empty: as the job says.
struct LogLevelChanged {
  ExecutionId ex_id;
  std::string level;
};
/// Answers wire::SlicesFailed: the journal of errors of its lineage is in the records up to `number`.
struct ErrorsRecorded {
  ExecutionId ex_id;
  std::uint64_t number = 0;
};
/// Its terminal status is durable: the controller may go, the slots are free.
struct ExecutionEnded {
  ExecutionId ex_id;
  bool settled = false;  ///< as ControllerBeat says; false: the master ended it
};
/// Every execution of earlier masters has been told. Before it no node is told what to run.
struct RecordsLoaded {};
/// A piece of a bundle, for the agent that asked.
struct AssetRead {
  wire::AssetChunk chunk;
};
/// Answers CloseRecords: answers are out, records are closed, the thread ends.
struct RecordsClosed {};

using ToControl = std::variant<ExecutionWanted, DesireChanged, WorkersChanged, LogLevelChanged, ErrorsRecorded,
                               ExecutionEnded, RecordsLoaded, AssetRead, RecordsClosed>;

// ---- control → records ----------------------------------------------------------------------------------------------

/// A slot is reserved and a controller is being started.
struct ExecutionPlaced {
  ExecutionId ex_id;
};
/// Its controller listens there now.
struct ControllerOpened {
  ExecutionId ex_id;
  std::string host;
  std::uint16_t port = 0;
};
/// Statistics and the proposed status.
struct ControllerSaid {
  wire::ControllerBeat beat;
  std::uint64_t obeyed = 0;  ///< Desire::version that the controller had seen when it said so
};
/// The controller is not connected any more: statistics are stale, nothing can be paused.
struct ControllerGone {
  ExecutionId ex_id;
};
/// No more slot processes of it run on connected nodes than are wanted since that WorkersChanged.
struct WorkersReached {
  ExecutionId ex_id;
  std::uint64_t version = 0;
};
/// A stop found that it had never begun.
struct ExecutionNeverRan {
  ExecutionId ex_id;
};
/// Nothing will make it go on (its controller died five times of its own doing without progress).
struct ExecutionBroke {
  ExecutionId ex_id;
  std::string reason;
};
/// What it waits for, for people; empty: it does not wait.
struct WaitingChanged {
  ExecutionId ex_id;
  std::string text;
};
/// Nodes as they are now; those that are not named are as before.
struct ClusterChanged {
  std::vector<wire::NodeEntry> nodes;
  std::vector<NodeId> removed;
};
/// A controller process of this master.
struct ControllerProcess {
  ExecutionId ex_id;
  JobId job_id;
  std::uint32_t pid = 0;

  bool operator==(const ControllerProcess&) const = default;
};
/// All of them, oldest execution first.
struct ControllersChanged {
  std::vector<ControllerProcess> controllers;
};
/// Whether the broker is heard. Told at each change; until the first one it is not.
struct BrokerHeard {
  bool heard = false;
};
/// An agent asks for a piece of a bundle. Answer: AssetRead.
struct AssetAsked {
  wire::AssetWanted wanted;
};
/// The process is ending: take no more requests, answer those that wait. Facts are still recorded.
struct StopServing {};
/// After the last fact: close the records and answer RecordsClosed.
struct CloseRecords {};

using ToRecords = std::variant<ExecutionPlaced, ControllerOpened, ControllerSaid, wire::SlicesFailed, ControllerGone,
                               WorkersReached, ExecutionNeverRan, ExecutionBroke, WaitingChanged, ClusterChanged,
                               ControllersChanged, BrokerHeard, AssetAsked, StopServing, CloseRecords>;

}  // namespace slicebus::scheduler
