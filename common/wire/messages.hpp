#pragma once
#include <cstdint>
#include <msgpack.hpp>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/wire/small_vector.hpp"

/// Every message that crosses a process. Each says who sends it, what answers it, and what a repeat or a loss does.
/// Messages are msgpack arrays: fields are only ever appended; a shorter array comes from an older peer (missing fields
/// keep their defaults), a longer one from a newer peer (its tail is ignored). docs/protocol.md has the grammar and the
/// state tables.
namespace slicebus::wire {

/// Goes into each frame header. A peer that speaks another major protocol is refused with a log line.
inline constexpr std::uint8_t protocol_version = 1;

/// The largest request text of one slice.
inline constexpr std::size_t request_bytes_max = 1U << 20U;
/// The most slices in one batch of any message.
inline constexpr std::size_t batch_slices_max = 1'024;
/// The most bytes of a bundle in one AssetChunk: small beside a beat, so that a bundle delays no control message.
inline constexpr std::size_t chunk_bytes_max = 256U << 10U;

// ---------------------------------------------------------------------------------------------------------------------
// Slices: controller (ROUTER) and slot (DEALER). design.md §4 has the conversation, tests/sim runs it.
// ---------------------------------------------------------------------------------------------------------------------

/// One giving-out of a slice: what a slot holds, reports, publishes and drops.
struct SliceCopy {
  SlicePosition slice;
  Fence fence;

  auto operator<=>(const SliceCopy&) const = default;
  MSGPACK_DEFINE(slice, fence)
};

/// Records of one operation in one slice: what came in, went out, and was rejected.
struct OperationCount {
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::uint64_t records_rejected = 0;
  std::uint64_t time_us = 0;

  bool operator==(const OperationCount&) const = default;
  MSGPACK_DEFINE(records_in, records_out, records_rejected, time_us)
};

/// Of a slice or of an execution, reader first. Those of a job of a few operations need no allocation, which is what a
/// slice costs most where its operations do next to nothing.
using OperationCounts = SmallVector<OperationCount, 3>;

enum class OutcomeKind : std::uint8_t {
  completed,  ///< ran to its end; output, if any, is prepared under `copy`
  failed,     ///< every attempt failed; `error` says why
  held        ///< ran, but an operation still holds records of it; counts follow with the outcome that releases it
};

/// What became of a slice. Slices that leave an operation together form one outcome named by the last of them.
struct SliceOutcome {
  OutcomeKind kind = OutcomeKind::completed;
  SliceCopy copy;                    ///< names the outcome and its output
  std::vector<SliceCopy> members{};  ///< completed with others: all of them, `copy` the last; empty: it alone
  OperationCounts counts{};          ///< per operation, reader first; empty unless completed
  std::uint32_t retries = 0;         ///< attempts beyond the first
  bool has_output = false;           ///< a sender with publish() prepared something: PUBLISHED will follow
  std::string error;                 ///< failed: full text, at most 64 KiB

  /// All slices that leave with it, `copy` the last.
  std::span<const SliceCopy> leaving() const { return members.empty() ? std::span(&copy, 1) : std::span(members); }
  bool operator==(const SliceOutcome&) const = default;
  MSGPACK_DEFINE(kind, copy, members, counts, retries, has_output, error)
};

/// slot → controller, first on every (re)connection. Answer: SlotWelcome bearing its number. Repeated: the newest wins.
/// Lost: the slot says it again (a new number) when a beat goes by without a welcome.
struct SlotHello {
  std::uint64_t number = 0;  ///< counts this process's hellos, from 1
  ExecutionId ex_id;
  ProcessId process;  ///< names the slot; the ZeroMQ identity is only an address
  NodeId node;
  ProcessId agent;  ///< the agent that started it; slots of an earlier agent are dead
  std::uint32_t pid = 0;
  std::uint32_t window =
      1;  ///< slices it will hold at once: running, prefetched, and reported but not acknowledged; 0 while draining
  bool draining = false;
  std::vector<SliceCopy> running;  ///< at most one
  std::vector<SliceCopy> prefetched;
  std::vector<SliceCopy> held;         ///< ran, records still inside an operation, or leaving it just now
  std::vector<SliceOutcome> reports;   ///< reported and not acknowledged
  std::vector<SliceCopy> unpublished;  ///< acknowledged with `publish`, not yet visible

  bool operator==(const SlotHello&) const = default;
  MSGPACK_DEFINE(number, ex_id, process, node, agent, pid, window, draining, running, prefetched, held, reports,
                 unpublished)
};

/// controller → slot, answers SlotHello. Until the welcome of its latest hello a slot ignores everything else. Another
/// ex_id than its own: the slot closes the connection and asks its agent's latest binding for the address again.
struct SlotWelcome {
  std::uint64_t hello = 0;  ///< SlotHello::number
  ExecutionId ex_id;
  std::uint64_t epoch = 0;
  std::uint64_t batch = 0;         ///< numbered batches (assign, recall, flush) go on from here
  std::vector<SliceCopy> drop;     ///< of running, prefetched and held: no longer the slot's; it answers SliceReturned
  std::uint32_t lease_ms = 5'000;  ///< a slice is given out again after that long without a beat
  std::string
      execution;  ///< the execution's configuration, JSON; empty when the slot has said hello to this epoch before

  bool operator==(const SlotWelcome&) const = default;
  MSGPACK_DEFINE(hello, ex_id, epoch, batch, drop, lease_ms, execution)
};

/// A slice with all that is needed to run it. `request` is JSON text of the reader's slicer, opaque to everyone
/// between.
struct AssignedSlice {
  SlicePosition slice;
  Fence fence;
  std::string request;

  bool operator==(const AssignedSlice&) const = default;
  MSGPACK_DEFINE(slice, fence, request)
};

/// controller → slot. Run these slices in order. Repeated (same number): ignored. Lost: the slot's next beat shows the
/// gap, and the batch is sent again under its number without what is no longer the slot's. A slice of which the slot
/// still has an older copy: the older one is dropped first (all its held ones, if it was held).
struct SliceAssign {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  ///< counts batches since the welcome; one sequence with SliceRecall and SliceFlush
  std::vector<AssignedSlice> slices;  ///< 0..batch_slices_max
  std::string log_level{};            ///< the slot logs so from the next slice it begins on; empty: as it does

  bool operator==(const SliceAssign&) const = default;
  MSGPACK_DEFINE(epoch, number, slices, log_level)
};

/// slot → controller. Completed and failed outcomes are kept until acknowledged and sent again with each beat; held
/// ones are said again by SlotHello.
struct SliceReport {
  ProcessId process;
  std::vector<SliceOutcome> outcomes;  ///< 1..batch_slices_max

  bool operator==(const SliceReport&) const = default;
  MSGPACK_DEFINE(process, outcomes)
};

enum class Verdict : std::uint8_t {
  publish,  ///< this fence is the accepted one: make the output visible, then say SlicePublished
  drop,     ///< another fence was accepted, or the slice is no longer the slot's: remove the prepared output
  recorded  ///< the failure is in the ledger
};

struct Acknowledgement {
  SliceCopy copy;
  Verdict verdict = Verdict::drop;

  bool operator==(const Acknowledgement&) const = default;
  MSGPACK_DEFINE(copy, verdict)
};

/// controller → slot, after the commit (or the refusal) of reported outcomes. Lost: the report comes again with a beat
/// and is answered again, with the same verdict.
struct SliceAck {
  std::vector<Acknowledgement> acknowledgements;

  bool operator==(const SliceAck&) const = default;
  MSGPACK_DEFINE(acknowledgements)
};

/// slot → controller: this accepted output is visible. Lost: the controller sends SlicePublish until it hears.
struct SlicePublished {
  ProcessId process;
  std::vector<SliceCopy> copies;

  bool operator==(const SlicePublished&) const = default;
  MSGPACK_DEFINE(process, copies)
};

/// controller → slot: make this accepted output visible, whoever prepared it. Repeated until answered by
/// SlicePublished; a source that is missing means done.
struct SlicePublish {
  std::vector<SliceCopy> copies;

  bool operator==(const SlicePublish&) const = default;
  MSGPACK_DEFINE(copies)
};

/// controller → slot (pause, stop, or another slot is idle): give back what you have not begun. Answer:
/// SliceReturned, possibly empty. Numbered with the assignments, sent again when a beat shows the gap; a beat that
/// confirms its number answers it, too.
struct SliceRecall {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  bool operator==(const SliceRecall&) const = default;
  MSGPACK_DEFINE(epoch, number)
};

/// slot → controller: these are not mine any more; costs no redelivery. Lost: the beat shows that the slot does not
/// have them, and their lease ends.
struct SliceReturned {
  ProcessId process;
  std::vector<SliceCopy> slices;
  std::uint32_t window = 1;  ///< 0: draining
  bool recall_answered = false;
  std::string reason;  ///< why a begun slice came back ("No space left on device under …"); empty: it was not begun

  bool operator==(const SliceReturned&) const = default;
  MSGPACK_DEFINE(process, slices, window, recall_answered, reason)
};

/// controller → slot: let go of what your operations hold. Answer: the outcomes. Repeated until answered.
struct SliceFlush {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  bool operator==(const SliceFlush&) const = default;
  MSGPACK_DEFINE(epoch, number)
};

/// slot → controller, every beat interval, from the slot's I/O thread (an operation may compute for an hour). Renews
/// the leases of all that it lists. Answer: SlotBeatAck.
struct SlotBeat {
  ProcessId process;
  std::uint64_t epoch = 0;
  std::uint64_t last_batch = 0;     ///< highest batch number received without a gap
  std::vector<SliceCopy> holds;     ///< running, prefetched, held
  std::vector<SliceCopy> finished;  ///< prepared, or reported and not acknowledged: only an acknowledgement decides
  std::uint64_t sent_at_us = 0;     ///< the slot's clock, echoed
  std::uint32_t window = 1;         ///< may change with every beat; 0 while draining
  std::string waiting;              ///< why output cannot be published ("No space left on device …"), or empty
  std::uint32_t held = 0;           ///< the last so many of `holds` are held: a report of that may have been lost

  bool operator==(const SlotBeat&) const = default;
  MSGPACK_DEFINE(process, epoch, last_batch, holds, finished, sent_at_us, window, waiting, held)
};

/// controller → slot, answers SlotBeat: which of `holds` are no longer the slot's. It drops them and answers
/// SliceReturned.
struct SlotBeatAck {
  std::uint64_t sent_at_us = 0;
  std::vector<SliceCopy> drop;

  bool operator==(const SlotBeatAck&) const = default;
  MSGPACK_DEFINE(sent_at_us, drop)
};

// ---------------------------------------------------------------------------------------------------------------------
// Control: everyone is a DEALER of the broker, which routes by address and keeps membership. All of it is desired or
// present state, repeated every beat: a lost control message costs at most one beat.
// ---------------------------------------------------------------------------------------------------------------------

/// A slot process as its agent sees it.
struct SlotState {
  std::uint32_t worker_id = 0;  ///< unique on its node while the agent lives
  std::uint32_t pid = 0;
  ExecutionId ex_id;
  JobId job_id;
  ProcessId process;
  bool draining = false;
  std::vector<AssetId> assets{};  ///< that its execution names

  bool operator==(const SlotState&) const = default;
  MSGPACK_DEFINE(worker_id, pid, ex_id, job_id, process, draining, assets)
};

/// agent → broker, every beat and on every change; the first one registers. Answer: NodeRefused, or nothing. The broker
/// passes it on to the master inside ClusterUpdate. `leaving`: the agent signs off, its slots are gone.
struct NodeBeat {
  NodeId node;
  ProcessId agent;
  std::string hostname;  ///< `advertise` address
  std::uint32_t pid = 0;
  std::string version;
  std::uint32_t slots_total = 0;
  std::vector<SlotState> slots;  ///< bound ones
  bool leaving = false;
  std::string trouble;  ///< why slots cannot start ("slot for ex … exits with code 127: …"), or empty
  std::vector<ExecutionId>
      deaths;  ///< executions with deaths that are not acknowledged yet: SlotsWanted must list them

  bool operator==(const NodeBeat&) const = default;
  MSGPACK_DEFINE(node, agent, hostname, pid, version, slots_total, slots, leaving, trouble, deaths)
};

/// broker → agent: a live agent has that node_id already. The agent logs it with the remedy and tries again every few
/// seconds.
struct NodeRefused {
  NodeId node;
  std::string reason;

  bool operator==(const NodeRefused&) const = default;
  MSGPACK_DEFINE(node, reason)
};

/// controller → broker → master, every beat and on every change of what it says; the first one registers.
struct ControllerBeat {
  ExecutionId ex_id;
  ProcessId process;
  std::uint32_t pid = 0;
  std::uint64_t epoch = 0;  ///< 0: its ledger is not open yet (`waiting`) or cannot be opened (`final_status`)
  std::string host;         ///< what slots connect to
  std::uint16_t port = 0;
  std::uint64_t order_seen = 0;  ///< ControllerOrder::number that `paused` and the rest answer
  bool slicing = false;          ///< open, and giving out slices (or about to): `running` or `recovering`
  bool recovering = false;       ///< a recovery's chosen slices are not all done yet
  bool paused = false;           ///< nothing new is given out and every recall is answered
  bool failing = false;          ///< a slice is in error
  std::string
      final_status;  ///< proposed: "completed", "failed", "stopped"; committed to the ledger; empty while it runs
  std::string failure_reason;
  std::string waiting;  ///< what it waits for ("no slot …", "No space left on device …"), or empty
  std::uint32_t slots_connected = 0;
  std::uint32_t slots_active = 0;  ///< running a slice
  std::uint64_t slices_planned = 0;
  std::uint64_t slices_processed = 0;  ///< answered, failed included (R-ex-121)
  std::uint64_t slices_failed = 0;
  std::uint64_t slices_queued = 0;  ///< planned, not given out
  std::uint32_t workers_joined = 0;
  std::uint32_t workers_reconnected = 0;
  std::uint32_t workers_disconnected = 0;
  std::uint32_t slicers = 0;
  std::uint64_t subslice_by_key = 0;
  std::int64_t started_ms = 0;           ///< wall clock; 0: not yet
  std::int64_t queuing_complete_ms = 0;  ///< wall clock; 0: not yet
  OperationCounts counts{};              ///< sums over completed slices, per operation
  /// `final_status` is in the ledger, and so all accepted output is visible; false where the ledger could not take it.
  bool settled = false;

  bool operator==(const ControllerBeat&) const = default;
  MSGPACK_DEFINE(ex_id, process, pid, epoch, host, port, order_seen, slicing, recovering, paused, failing, final_status,
                 failure_reason, waiting, slots_connected, slots_active, slices_planned, slices_processed,
                 slices_failed, slices_queued, workers_joined, workers_reconnected, workers_disconnected, slicers,
                 subslice_by_key, started_ms, queuing_complete_ms, counts, settled)
};

/// master → broker → controller: the whole desired state, every beat and on every change. Answer: ControllerBeat with
/// order_seen.
struct ControllerOrder {
  ExecutionId ex_id;
  std::uint64_t number = 0;  ///< grows with every change; starts above any number of an earlier master (wall clock, µs)
  bool paused = false;
  bool stopping = false;
  bool final_recorded = false;        ///< the master has recorded the proposed final status: end now
  std::uint64_t errors_recorded = 0;  ///< the lineage's journal of errors is in the records up to this number
  std::string log_level{};            ///< "trace" … "fatal" as the user ordered; empty: as the job says

  bool operator==(const ControllerOrder&) const = default;
  MSGPACK_DEFINE(ex_id, number, paused, stopping, final_recorded, errors_recorded, log_level)
};

/// A slice that failed in an execution, as the lineage's journal of errors has it.
struct FailedSlice {
  std::uint64_t number = 0;  ///< of its last change in the journal; grows with every change, with holes
  SlicePosition slice;
  ExecutionId ex_id{};  ///< the execution in which it failed
  std::string request{};
  std::string error{};  ///< at most 64 KiB
  std::uint32_t retries = 0;
  ExecutionId recovered_by{};  ///< the execution that completed the slice since; empty: none

  bool operator==(const FailedSlice&) const = default;
  MSGPACK_DEFINE(number, slice, ex_id, request, error, retries, recovered_by)
};

/// The most entries in one SlicesFailed, and about the most bytes of their texts (one entry is always sent).
inline constexpr std::size_t failed_slices_max = 256;
inline constexpr std::size_t failed_slices_bytes_max = 4U << 20U;

/// controller → broker → master: what the journal of errors says beyond what the master has recorded. Answer:
/// ControllerOrder with `errors_recorded`; repeated every beat until then. The end is proposed once nothing is left to
/// tell. Repeated, or out of an earlier controller: the master skips what it has recorded and ignores a page that does
/// not follow on it.
struct SlicesFailed {
  ExecutionId ex_id;
  LineageId lineage{};
  std::uint64_t after = 0;            ///< the slices follow this number of the journal without a gap
  std::vector<FailedSlice> slices{};  ///< 1..failed_slices_max, by number

  bool operator==(const SlicesFailed&) const = default;
  MSGPACK_DEFINE(ex_id, lineage, after, slices)
};

/// One execution's share of a node.
struct WantedSlots {
  ExecutionId ex_id;
  JobId job_id;
  LineageId lineage;
  std::string endpoint;  ///< "tcp://host:port" of its controller; changes when the controller had to take another port
  std::uint32_t slots = 0;  ///< 0: drain what runs, but keep reporting deaths
  /// What a slot that drains gets for the slice it runs before it is killed, counted from when it was told to; it may
  /// change while it drains. Below 0: the agent's own shutdown_timeout.
  std::int64_t drain_grace_ms = -1;
  std::vector<AssetId> assets{};  ///< must be unpacked on the node before a slot starts; in the order of the job

  bool operator==(const WantedSlots&) const = default;
  MSGPACK_DEFINE(ex_id, job_id, lineage, endpoint, slots, drain_grace_ms, assets)
};

/// master → broker → agent: every slot the node should run, every beat and on every change. An execution that is not
/// listed is over: its slots are drained, deaths of its slots need no telling any more. One that is in `settled`
/// besides ended by its controller's word: all output that was accepted is visible, so what a slot has still prepared
/// is nobody's. Without that word prepared output may be accepted and must stay for a recovery to publish.
struct SlotsWanted {
  NodeId node;
  std::uint64_t number = 0;  ///< as ControllerOrder::number; an older one that comes late is ignored
  std::vector<WantedSlots> executions;
  std::vector<ExecutionId> settled{};  ///< of those whose slots the node still has

  bool operator==(const SlotsWanted&) const = default;
  MSGPACK_DEFINE(node, number, executions, settled)
};

enum class DeathCause : std::uint8_t {
  own,     ///< fatal signal, exit code, out of memory in its cgroup: charged to the slice it ran
  outside  ///< SIGKILL, agent or node gone, or an orderly end
};

/// agent → broker → controller: this slot process is gone for good. Repeated every beat until SlotDeathAck, or until
/// SlotsWanted no longer lists the execution. Charged once per process.
struct SlotDied {
  ExecutionId ex_id;
  NodeId node;
  ProcessId process;
  DeathCause cause = DeathCause::outside;
  std::string how;                 ///< "signal 11 (Segmentation fault)", "exit code 3"
  std::vector<SliceCopy> running;  ///< what its shared page said it ran: none or one

  bool operator==(const SlotDied&) const = default;
  MSGPACK_DEFINE(ex_id, node, process, cause, how, running)
};

/// controller → broker → agent: answers SlotDied.
struct SlotDeathAck {
  NodeId node;
  ExecutionId ex_id;
  ProcessId process;

  bool operator==(const SlotDeathAck&) const = default;
  MSGPACK_DEFINE(node, ex_id, process)
};

/// broker → every controller, when an agent registers anew and when a controller registers (one per node): all slots of
/// `former` agents of that node are dead. Lost: leases end.
struct AgentRestarted {
  NodeId node;
  ProcessId agent;                ///< the one that lives
  std::vector<ProcessId> former;  ///< those of that node that the broker knew before; at most 16, newest last

  bool operator==(const AgentRestarted&) const = default;
  MSGPACK_DEFINE(node, agent, former)
};

/// A node in ClusterUpdate.
struct NodeEntry {
  NodeBeat beat;
  bool connected = true;            ///< false: silent for longer than the limit, or signed off
  std::uint64_t silent_for_ms = 0;  ///< at the time of sending

  bool operator==(const NodeEntry&) const = default;
  MSGPACK_DEFINE(beat, connected, silent_for_ms)
};

/// broker → master: nodes that changed since the last one (`snapshot`: all there are; sent when the master registers
/// and whenever it asks by MasterBeat{resync}). A gap in `sequence`: the master asks for a snapshot.
struct ClusterUpdate {
  ProcessId broker;  ///< a new one: the broker was restarted; nobody is lost for that
  std::uint64_t sequence = 0;
  bool snapshot = false;
  std::vector<NodeEntry> nodes;
  std::vector<NodeId> removed;

  bool operator==(const ClusterUpdate&) const = default;
  MSGPACK_DEFINE(broker, sequence, snapshot, nodes, removed)
};

/// master → broker, every beat; the first one registers. Answer to `resync`: a snapshot.
struct MasterBeat {
  ProcessId process;
  bool resync = false;

  bool operator==(const MasterBeat&) const = default;
  MSGPACK_DEFINE(process, resync)
};

/// broker → master and controllers and agents, answers each beat, so that they can tell a silent broker from a quiet
/// one.
struct BrokerBeat {
  ProcessId broker;

  bool operator==(const BrokerBeat&) const = default;
  MSGPACK_DEFINE(broker)
};

/// agent → broker → master: a bundle that slots of this node need, from `offset` on. Answer: AssetChunk. Lost: asked
/// again with the next beat.
struct AssetWanted {
  NodeId node;
  AssetId asset;
  std::uint64_t offset = 0;

  bool operator==(const AssetWanted&) const = default;
  MSGPACK_DEFINE(node, asset, offset)
};

/// master → broker → agent, answers AssetWanted. One that does not begin where the agent's copy ends is ignored; the
/// whole is checked against its id before anything is unpacked.
struct AssetChunk {
  NodeId node;
  AssetId asset;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  ///< of the whole bundle
  std::string bytes;       ///< at most chunk_bytes_max; empty when there is a problem
  std::string problem;     ///< why there are none ("no asset … is stored"), or empty

  bool operator==(const AssetChunk&) const = default;
  MSGPACK_DEFINE(node, asset, offset, size, bytes, problem)
};

// ---------------------------------------------------------------------------------------------------------------------
// Bindings: parent → child over the child's standard input (common/process/channel.hpp).
// ---------------------------------------------------------------------------------------------------------------------

/// agent → its slot: serve this execution. Sent once to a spare, and again when anything in it changes. The
/// slot's standard input closing means that the agent is gone: the slot exits.
struct SlotBinding {
  ExecutionId ex_id;
  LineageId lineage;
  NodeId node;
  ProcessId agent;
  ProcessId process;
  std::uint32_t worker_id = 0;
  std::string endpoint;
  bool drain = false;  ///< finish what runs, return the rest, exit
  bool over = false;   ///< the execution is settled: drop all output that has no verdict yet, wait for nobody, exit

  bool operator==(const SlotBinding&) const = default;
  MSGPACK_DEFINE(ex_id, lineage, node, agent, process, worker_id, endpoint, drain, over)
};

/// master → its spare controller: run this execution. Sent once.
struct ControllerBinding {
  ExecutionId ex_id;
  JobId job_id;
  LineageId lineage;
  std::string ledger_path;
  std::string cleanup;     ///< "", "all", "errors", "pending" (recovered_slice_type)
  bool recovery = false;   ///< the execution recovers another of its lineage
  bool continues = true;   ///< after the chosen slices it goes on slicing (no cleanup type, or autorecover)
  std::uint16_t port = 0;  ///< try this one first; 0: any of the range
  std::string execution;   ///< the execution record, JSON: operations, apis, lifecycle, slicers, max_retries, …
  bool paused =
      false;  ///< the desired state at the start, as by a ControllerOrder with number 0: a restarted controller of a
  bool stopping = false;  ///< paused or stopping execution gives out nothing before its first order comes

  bool operator==(const ControllerBinding&) const = default;
  MSGPACK_DEFINE(ex_id, job_id, lineage, ledger_path, cleanup, recovery, continues, port, execution, paused, stopping)
};

// ---------------------------------------------------------------------------------------------------------------------

/// Everything that may travel in an envelope. The index of an alternative is its type number on the wire: append only.
using Message =
    std::variant<SlotHello, SlotWelcome, SliceAssign, SliceReport, SliceAck, SlicePublished, SlicePublish, SliceRecall,
                 SliceReturned, SliceFlush, SlotBeat, SlotBeatAck, NodeBeat, NodeRefused, ControllerBeat,
                 ControllerOrder, SlotsWanted, SlotDied, SlotDeathAck, AgentRestarted, ClusterUpdate, MasterBeat,
                 BrokerBeat, SlotBinding, ControllerBinding, AssetWanted, AssetChunk, SlicesFailed>;
// Else a vector of messages that grows copies them, with all their slices.
static_assert(std::is_nothrow_move_constructible_v<Message>);

/// "SliceAssign", for logs and transcripts. Every alternative has a name; a test keeps the list and the variant equal.
std::string_view message_name(const Message& message);

}  // namespace slicebus::wire

MSGPACK_ADD_ENUM(slicebus::wire::OutcomeKind)
MSGPACK_ADD_ENUM(slicebus::wire::Verdict)
MSGPACK_ADD_ENUM(slicebus::wire::DeathCause)
