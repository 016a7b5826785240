#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"

/// The core of a slot: one slice at a time, a prefetch of the next ones, reports kept until acknowledged, output
/// published after the verdict. Lives on the slot's I/O thread; the operations run on another one and answer by events.
/// Slices of microseconds are handed to the operations some at a time, so that the threads do not wait for each other
/// after each; those that have not begun can be had back at once. design.md §4.
namespace slicebus::slot {

struct SlotConfig {
  Duration beat = 1s;
  Duration window_target = 100ms;  ///< the window holds about that much work …
  std::uint32_t window_min = 2;    ///< … but at least one running and one prefetched slice
  std::uint32_t window_max = 4'096;
  std::size_t prefetch_bytes_max =
      16U << 20U;                  ///< of requests; what comes beyond that, or beyond window_max, goes back
  Duration publish_retry = 500ms;  ///< first back-off after a publish that failed
};

struct SlotSetup {
  ExecutionId ex_id;
  LineageId lineage;
  NodeId node;
  ProcessId agent;
  ProcessId process;
  std::uint32_t pid = 0;
};

// ---- events ---------------------------------------------------------------------------------------------------------

/// The connection to the controller was made or made again.
struct Connected {};
/// The controller moved: the binding names another endpoint. Connected follows.
struct Moved {};
struct ControllerSaid {
  wire::Message message;
};
/// What became of a slice. `completed`: its output is prepared.
struct SliceEnded {
  wire::SliceOutcome outcome;
  Duration took{};
};
/// From the operations' thread, in the order in which they ended.
struct SlicesEnded {
  std::vector<SliceEnded> slices;
};
/// The slice could not be written out for want of space: no failed attempt, it goes back.
struct SliceGivenBack {
  wire::SliceCopy copy;
  std::string reason;
};
/// An attempt failed and the next one waits: what is prefetched goes back meanwhile.
struct SliceBackedOff {
  wire::SliceCopy copy;
};
/// Answers RevokeHanded: the last `count` of the slices that were handed have not begun and never will.
struct NotBegun {
  std::size_t count = 0;
};
/// Answers FlushOperations when nothing was held (else SlicesEnded comes).
struct NothingHeld {};
struct OutputPublished {
  std::vector<wire::SliceCopy> copies;
};
struct PublishFailed {
  std::vector<wire::SliceCopy> copies;
  std::string reason;
};
/// The agent says: finish what runs, give the rest back, exit.
struct Drain {};
/// The agent says: the execution has ended, and all output of it that was accepted is visible. Nobody listens any more.
struct Over {};
struct SlotTick {};

using SlotEvent = std::variant<Connected, Moved, ControllerSaid, SlicesEnded, SliceGivenBack, SliceBackedOff, NotBegun,
                               NothingHeld, OutputPublished, PublishFailed, Drain, Over, SlotTick>;

// ---- actions --------------------------------------------------------------------------------------------------------

struct SendToController {
  wire::Message message;
};
/// First welcome: build the operations from the execution's JSON. A failure to build fails each slice with its text.
struct BuildPipeline {
  std::string execution;
};
/// To be run in order, after those that were handed before.
struct RunSlices {
  std::vector<wire::AssignedSlice> slices;
  std::string log_level{};  ///< this process logs so from this slice on; empty: as before
};
/// Have those back that have not begun, however long the one that runs takes. NotBegun follows before anything else.
struct RevokeHanded {};
/// Let go of what operations hold.
struct FlushOperations {};
/// Forget what operations hold of these slices (all that is held), without output.
struct DiscardHeld {};
struct PublishOutput {
  std::vector<wire::SliceCopy> copies;
};
struct DropOutput {
  std::vector<wire::SliceCopy> copies;
};
/// The welcome was for another execution: close and connect again.
struct Reconnect {};
struct ExitSlot {
  int code = 0;
  std::string why;
};

using SlotAction = std::variant<SendToController, BuildPipeline, RunSlices, RevokeHanded, FlushOperations, DiscardHeld,
                                PublishOutput, DropOutput, Reconnect, ExitSlot>;
using SlotActions = std::vector<SlotAction>;
// Else a vector that grows copies what it has, batches of slices among them.
static_assert(std::is_nothrow_move_constructible_v<SlotAction>);

class Slot {
 public:
  Slot(SlotConfig config, SlotSetup setup);
  ~Slot();
  Slot(Slot&&) noexcept;

  SlotActions step(SlotEvent event, TimePoint now);
  std::optional<TimePoint> next_deadline() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slicebus::slot
