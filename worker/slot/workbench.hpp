#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "common/bus/pipe.hpp"
#include "worker/slot/page.hpp"
#include "worker/slot/slot.hpp"

/// The two threads of a slot that may block: one runs the operations, one publishes. Each is an actor behind a pipe;
/// the slot's I/O thread holds the other end.
namespace slicebus::slot {

/// Ends the pause between two attempts, now and from now on: the slot drains.
struct Hurry {};
/// The thread ends when it has read this.
struct Close {};
/// Slices to run, with the turn (Turns) of the first one; each of the others has the next.
struct HandedSlices {
  std::uint64_t turn = 0;
  std::vector<wire::AssignedSlice> slices;
};

using ToOperations = std::variant<BuildPipeline, HandedSlices, FlushOperations, DiscardHeld, Hurry, Close>;
/// SlicesEnded, SliceGivenBack, SliceBackedOff, NothingHeld, some at a time.
using FromOperations = std::vector<SlotEvent>;
using ToPublisher = std::variant<BuildPipeline, PublishOutput, DropOutput, Close>;
using FromPublisher = SlotEvent;  ///< OutputPublished, PublishFailed

/// Which of the slices that were handed to the operations' thread have begun. It is no message, for a recall cannot
/// wait until the thread, which may compute for an hour, reads one. Turns count from 1.
class Turns {
 public:
  /// The operations' thread: may the slice of this turn begin? Each is asked for once, in order.
  bool begin(std::uint64_t turn) {
    std::uint64_t before = turn - 1;
    return begun_.compare_exchange_strong(before, turn);
  }
  /// The I/O thread: no slice that was handed so far begins any more. @return the last turn that has begun
  std::uint64_t revoke(std::uint64_t handed) { return begun_.exchange(handed); }

 private:
  std::atomic<std::uint64_t> begun_{0};
};

/// Runs slices one at a time, in the order in which they come.
class OperationsActor {
 public:
  /// Starts the thread.
  /// @param niceness  of the thread, 0..19: whoever decides and whoever beats comes before whoever computes
  /// @param page      outlives the actor; written by its thread only
  OperationsActor(bus::Context& context, LineageId lineage, ExecutionId ex_id, int niceness, PageWriter& page);
  /// Waits for the end of what runs.
  ~OperationsActor();

  bus::Pipe<ToOperations, FromOperations>& pipe() { return pipe_; }
  void hand(std::vector<wire::AssignedSlice> slices);
  /// @return how many of the last slices that were handed have not begun, and do not any more
  std::size_t revoke();

 private:
  OperationsActor(std::pair<bus::Pipe<ToOperations, FromOperations>, bus::Pipe<FromOperations, ToOperations>> ends,
                  LineageId lineage, ExecutionId ex_id, int niceness, PageWriter& page);
  bus::Pipe<ToOperations, FromOperations> pipe_;
  std::uint64_t handed_ = 0;
  Turns turns_;
  std::thread thread_;
};

/// Publishes and drops prepared output, in the order in which it is told to.
class PublisherActor {
 public:
  PublisherActor(bus::Context& context, LineageId lineage);
  /// Waits until all that it was told is done.
  ~PublisherActor();

  bus::Pipe<ToPublisher, FromPublisher>& pipe() { return pipe_; }

 private:
  PublisherActor(std::pair<bus::Pipe<ToPublisher, FromPublisher>, bus::Pipe<FromPublisher, ToPublisher>> ends,
                 LineageId lineage);
  bus::Pipe<ToPublisher, FromPublisher> pipe_;
  std::thread thread_;
};

}  // namespace slicebus::slot
