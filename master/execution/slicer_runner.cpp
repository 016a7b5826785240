#include "master/execution/slicer_runner.hpp"

namespace slicebus::execution {
namespace {

struct Answering {
  Slicers& slicers;

  SlicerAnswer operator()(const PlaceSlicers& request) const {
    slicers.place(request.states);
    return SlicersPlaced{};
  }
  SlicerAnswer operator()(const AskSlicer& request) const {
    Result<operations::SlicerStep> step = slicers.next(request.slicer_id, request.max);
    return step ? SlicerAnswer(Sliced{request.slicer_id, *std::move(step)})
                : SlicerAnswer(SlicerFailed{request.slicer_id, std::move(step).error()});
  }
  SlicerAnswer operator()(const SweepOutput& request) const {
    slicers.sweep(request.last_epoch);
    return Swept{};
  }
};

}  // namespace

SlicerAnswer answer(Slicers& slicers, const SlicerRequest& request) { return std::visit(Answering{slicers}, request); }

}  // namespace slicebus::execution
