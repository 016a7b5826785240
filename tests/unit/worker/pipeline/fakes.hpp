#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/pipeline/pipeline.hpp"

/// Operations that do what a test tells them, and a journal of what happened.
namespace slicebus::pipeline::fakes {

using Journal = std::vector<std::string>;

inline record::RecordBatch batch_of(std::size_t records) {
  record::RecordBatch batch;
  for (std::size_t i = 0; i < records; ++i) {
    batch.add("{\"n\":" + std::to_string(i) + "}");
  }
  return batch;
}

struct FakeFetcher : operations::Fetcher {
  using Call = std::function<Result<record::RecordBatch>()>;
  FakeFetcher(Journal& to, Call does) : journal(to), call(std::move(does)) {}
  Result<record::RecordBatch> fetch(const operations::SliceContext&, std::string_view request) override {
    journal.push_back("fetch " + std::string(request));
    return call();
  }
  Journal& journal;
  Call call;
};

struct FakeProcessor : operations::Processor {
  using Call = std::function<Result<operations::Processed>(record::RecordBatch)>;
  explicit FakeProcessor(Call does) : call(std::move(does)) {}
  Result<operations::Processed> process(const operations::SliceContext&, record::RecordBatch batch) override {
    return call(std::move(batch));
  }
  Call call;
};

/// Writes its calls into the journal; `fails` may answer each prepare with an error.
struct FakeSender : operations::Sender {
  using Fails = std::function<Result<void>()>;
  FakeSender(std::string called, Journal& to, Fails when)
      : name(std::move(called)), journal(to), fails(std::move(when)) {}
  Result<Prepared> prepare(const operations::SliceContext& slice, record::RecordBatch batch) override {
    journal.push_back(name + " prepare " + std::to_string(slice.slice.slicer_order) + " with " +
                      std::to_string(batch.size()));
    SB_TRY_VOID(fails());
    const bool any = !batch.empty();
    return Prepared{std::move(batch), 0, any};
  }
  Result<void> publish(const LineageId&, SlicePosition slice, Fence) override {
    journal.push_back(name + " publish " + std::to_string(slice.slicer_order));
    return fails();
  }
  void drop(const LineageId&, SlicePosition slice, Fence) override {
    journal.push_back(name + " drop " + std::to_string(slice.slicer_order));
  }
  void sweep(const LineageId&, std::uint64_t) override {}
  std::string name;
  Journal& journal;
  Fails fails;
};

/// Holds until `every` slices are in.
struct FakeHolder : HoldingProcessor {
  explicit FakeHolder(std::size_t slices) : every(slices) {}
  Result<Step> process(const operations::SliceContext&, record::RecordBatch batch) override {
    records += batch.size();
    ++slices_in;
    return slices_in < every ? Step{} : Step{true, take(), 0};
  }
  Result<record::RecordBatch> flush() override { return take(); }
  void discard() override { take(); }
  record::RecordBatch take() {
    slices_in = 0;
    return batch_of(std::exchange(records, 0));
  }
  std::size_t every;
  std::size_t slices_in = 0;
  std::size_t records = 0;
};

inline FakeSender::Fails never() {
  return [] { return Result<void>{}; };
}
/// The first `times` calls fail.
inline FakeSender::Fails first(int times, Errc code) {
  return [times, code]() mutable {
    return times-- > 0 ? Result<void>(fail(code, "/out", "No space left on device")) : Result<void>{};
  };
}

inline Step processor(std::string name, FakeProcessor::Call call) {
  return {.name = std::move(name), .processor = std::make_unique<FakeProcessor>(std::move(call))};
}
inline Step sender(std::string name, Journal& journal, FakeSender::Fails fails = never()) {
  Step step{.name = name};
  step.sender = std::make_unique<FakeSender>(std::move(name), journal, std::move(fails));
  return step;
}
inline Step holder(std::size_t every) {
  Step step{.name = "holder"};
  step.holder = std::make_unique<FakeHolder>(every);
  return step;
}

template <class... Steps>
Parts parts_of(std::unique_ptr<operations::Fetcher> fetcher, std::uint32_t max_retries, Steps... steps) {
  Parts parts{
      .lineage = LineageId{"lineage"}, .ex_id = ExecutionId{"ex"}, .reader = "reader", .fetcher = std::move(fetcher)};
  (parts.steps.push_back(std::move(steps)), ...);
  parts.max_retries = max_retries;
  return parts;
}

inline std::unique_ptr<operations::Fetcher> fetches(Journal& journal, std::size_t records) {
  return std::make_unique<FakeFetcher>(journal, [records] { return batch_of(records); });
}

inline wire::AssignedSlice slice(std::uint64_t order) {
  return {{0, order}, {1, order}, "request " + std::to_string(order)};
}
inline wire::SliceCopy copy_of(std::uint64_t order) { return {{0, order}, {1, order}}; }

/// Takes no pause: it keeps the pauses that were asked for.
struct Pauses {
  std::vector<Duration> asked;
  bool goes_on = true;
  Pause taker() {
    return [this](const wire::SliceCopy&, Duration pause) {
      asked.push_back(pause);
      return goes_on;
    };
  }
};

}  // namespace slicebus::pipeline::fakes
