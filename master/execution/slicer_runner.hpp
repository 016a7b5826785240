#pragma once
#include <variant>
#include <vector>

#include "common/bus/pipe_thread.hpp"
#include "master/execution/controller.hpp"
#include "master/execution/slicers.hpp"

namespace slicebus::execution {

/// Where the ledger's cursors are; once, before the first question.
struct PlaceSlicers {
  std::vector<store::SlicerState> states;
};
struct SlicersPlaced {};
struct Swept {};

using SlicerRequest = std::variant<PlaceSlicers, AskSlicer, SweepOutput>;
using SlicerAnswer = std::variant<SlicersPlaced, Sliced, SlicerFailed, Swept>;

/// The slicers' thread: a reader may take its time over a slow directory, and the controller's loop goes on meanwhile.
using SlicerRunner = bus::PipeThread<SlicerRequest, SlicerAnswer>;

/// What that thread does with each request.
SlicerAnswer answer(Slicers& slicers, const SlicerRequest& request);

}  // namespace slicebus::execution
