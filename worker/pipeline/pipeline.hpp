#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/operations/operation.hpp"
#include "common/result.hpp"
#include "common/small_vector.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "worker/pipeline/retry.hpp"

/// Runs one slice at a time through an execution's operations: fetch → process … → prepare. What an operation throws
/// ends here.
namespace slicebus::pipeline {

/// A processor that keeps records across slices (collect, windows). A slice goes in whole; what comes out leaves
/// together, under the name of the last slice that went in. A pipeline has at most one.
class HoldingProcessor {
 public:
  virtual ~HoldingProcessor() = default;
  struct Step {
    bool released = false;        ///< false: all is held. true: `records` is all that was held, with this slice's
    record::RecordBatch records;  ///< may be empty
    std::uint64_t rejected = 0;   ///< of this slice's records
  };
  /// After an error nothing of this slice is held.
  virtual Result<Step> process(const operations::SliceContext& slice, record::RecordBatch batch) = 0;
  /// All that is held; nothing is held afterwards, after an error either.
  virtual Result<record::RecordBatch> flush() = 0;
  /// Forgets all that is held.
  virtual void discard() = 0;
};

/// One operation after the reader: exactly one of the three pointers is set.
struct Step {
  std::string name;  ///< `operations[1] "filter"`, for error texts
  std::unique_ptr<operations::Processor> processor{};
  std::unique_ptr<operations::Sender> sender{};
  std::unique_ptr<HoldingProcessor> holder{};
};

struct Parts {
  LineageId lineage;
  ExecutionId ex_id;
  std::string reader;  ///< `operations[0] "file_reader"`
  std::unique_ptr<operations::Fetcher> fetcher{};
  std::vector<Step> steps{};
  std::uint32_t max_retries = 3;
};

/// Makes the operations of an execution from its record (JSON: `operations`, `apis`, `max_retries`; checked before,
/// defaults filled). Errors: invalid (not such a JSON, an operation that this program does not have), or what a
/// constructor says.
Result<Parts> build(std::string_view execution, const LineageId& lineage, const ExecutionId& ex_id);
/// Only its senders, for the thread that publishes.
Result<std::vector<std::unique_ptr<operations::Sender>>> build_senders(std::string_view execution);

/// What became of a run: an outcome to report, or slices to give back.
struct Ended {
  std::optional<wire::SliceOutcome> outcome{};  ///< of slices that left together and failed, the last bears the failure
  std::vector<wire::SliceCopy> given_back{};
  std::string reason{};  ///< why they are given back
  TimePoint at{};        ///< when it ended
  Duration took{};       ///< from the first attempt to the last, pauses included
};

/// Waits between two attempts. @return false: give the slice back instead of trying again (the slot drains)
using Pause = std::function<bool(const wire::SliceCopy& slice, Duration length)>;

class Pipeline {
 public:
  /// @param seed of the back-off's jitter
  Pipeline(Parts parts, std::uint64_t seed);

  /// Runs the slice, up to 1 + max_retries times. Blocks as long as the operations do.
  Ended run(const wire::AssignedSlice& slice, const Pause& pause);
  /// Lets go of what is held; nothing: nothing was held.
  std::optional<Ended> flush(const Pause& pause);
  /// Forgets what is held, without output.
  void discard();
  /// Slices whose records are inside an operation, oldest first.
  const std::vector<wire::SliceCopy>& held() const { return held_; }

 private:
  using Members = SmallVector<wire::SliceCopy, 1>;
  /// Records on their way through the steps.
  struct Flow {
    record::RecordBatch batch;
    wire::OperationCounts counts{};
    TimePoint lap{};       ///< when the operation before ended
    std::size_t step = 0;  ///< next to run
    bool has_output = false;
  };
  /// A slice, or what left the holder, and how far it has come.
  struct Work {
    const std::string* request = nullptr;
    Members members{};               ///< context_ names the last
    std::optional<Flow> released{};  ///< what left the holder: later attempts go on from there
    bool held = false;
    bool in_sender = false;
  };

  Ended run_attempts(Work& work, TimePoint began, const Pause& pause);
  Ended attempts(Work& work, TimePoint& now, const Pause& pause);
  Result<void> attempt(Work& work, Flow& flow, bool last);
  Result<void> fetch(Work& work, Flow& flow);
  Result<void> hold(Work& work, Flow& flow, Step& step, bool last);
  Result<void> pass(Work& work, Flow& flow, Step& step);
  Members take_held();
  void drop_prepared();

  Parts parts_;
  std::uint64_t seed_;
  operations::SliceContext context_;  ///< of the slice that runs
  std::vector<wire::SliceCopy> held_;
  wire::OperationCounts held_counts_;  ///< sums over held_
};

/// Makes output visible, or removes it, on all senders of an execution.
class Outlet {
 public:
  Outlet(LineageId lineage, std::vector<std::unique_ptr<operations::Sender>> senders);
  /// Errors: of the first sender that could not; those before it are done and may be asked again.
  Result<void> publish(const wire::SliceCopy& copy);
  void drop(const wire::SliceCopy& copy);

 private:
  LineageId lineage_;
  std::vector<std::unique_ptr<operations::Sender>> senders_;
};

}  // namespace slicebus::pipeline
