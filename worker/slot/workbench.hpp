#pragma once
#include <memory>
#include <string>
#include <thread>
#include <variant>

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

using ToOperations = std::variant<BuildPipeline, RunSlice, FlushOperations, DiscardHeld, Hurry, Close>;
using FromOperations = SlotEvent;  ///< SliceEnded, SliceGivenBack, SliceBackedOff, NothingHeld
using ToPublisher = std::variant<BuildPipeline, PublishOutput, DropOutput, Close>;
using FromPublisher = SlotEvent;  ///< OutputPublished, PublishFailed

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

 private:
  OperationsActor(std::pair<bus::Pipe<ToOperations, FromOperations>, bus::Pipe<FromOperations, ToOperations>> ends,
                  LineageId lineage, ExecutionId ex_id, int niceness, PageWriter& page);
  bus::Pipe<ToOperations, FromOperations> pipe_;
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
