#include "worker/pipeline/pipeline.hpp"

#include <algorithm>
#include <functional>

#include "common/assert.hpp"
#include "worker/pipeline/barrier.hpp"

namespace slicebus::pipeline {

namespace {

constexpr std::size_t error_bytes_max = 64U << 10U;  // wire::SliceOutcome::error

/// Counts the time since `lap` for an operation; what follows is the next one's.
void take_time(wire::OperationCount& count, TimePoint& lap) {
  const TimePoint now = monotonic_now();
  count.time_us += static_cast<std::uint64_t>(std::max<Duration::rep>(0, (now - lap).count()));
  lap = now;
}

record::RecordBatch copy_of(const record::RecordBatch& batch) {
  record::RecordBatch copy;
  for (const record::Record& record : batch.records()) {
    copy.add(std::string(record.bytes()));
  }
  return copy;
}

void add(wire::OperationCounts& sums, const wire::OperationCounts& counts) {
  sums.resize(std::max(sums.size(), counts.size()));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sums[i].records_in += counts[i].records_in;
    sums[i].records_out += counts[i].records_out;
    sums[i].records_rejected += counts[i].records_rejected;
    sums[i].time_us += counts[i].time_us;
  }
}

wire::SliceOutcome failure(const wire::SliceCopy& copy, const std::string& error, std::uint32_t retries) {
  wire::SliceOutcome outcome;
  outcome.kind = wire::OutcomeKind::failed;
  outcome.copy = copy;
  outcome.retries = retries;
  outcome.error = error.substr(0, error_bytes_max);
  return outcome;
}

std::uint64_t seed_of(std::uint64_t seed, const wire::SliceCopy& copy) {
  return seed ^ std::hash<SlicePosition>{}(copy.slice) ^ (copy.fence.number << 20U) ^ copy.fence.epoch;
}

}  // namespace

Pipeline::Pipeline(Parts parts, std::uint64_t seed)
    : parts_(std::move(parts)), seed_(seed), context_{parts_.lineage, parts_.ex_id, {}, {}} {
  SB_ASSERT(parts_.fetcher != nullptr, "a pipeline begins with a fetcher");
  SB_ASSERT(std::count_if(parts_.steps.begin(), parts_.steps.end(),
                          [](const Step& step) { return step.holder != nullptr; }) <= 1,
            "a pipeline has at most one operation that holds records across slices");
}

Ended Pipeline::run(const wire::AssignedSlice& slice, const Pause& pause) {
  Work work{.request = &slice.request};
  work.members.push_back({slice.slice, slice.fence});
  return run_attempts(work, monotonic_now(), pause);
}

std::optional<Ended> Pipeline::flush(const Pause& pause) {
  if (held_.empty()) {
    return std::nullopt;
  }
  const auto holder =
      std::find_if(parts_.steps.begin(), parts_.steps.end(), [](const Step& step) { return step.holder != nullptr; });
  SB_ASSERT(holder != parts_.steps.end(), "slices are held, and no operation holds");
  Work work;
  work.members = take_held();
  Flow flow;
  flow.counts = std::exchange(held_counts_, {});
  flow.counts.resize(parts_.steps.size() + 1);
  flow.step = static_cast<std::size_t>(holder - parts_.steps.begin()) + 1;
  const TimePoint began = monotonic_now();
  auto records = guarded(holder->name, [&] { return holder->holder->flush(); });
  if (!records) {
    const TimePoint now = monotonic_now();
    return Ended{.outcome = failure(work.members.back(), records.error().text(), 0), .at = now, .took = now - began};
  }
  flow.batch = std::move(*records);
  flow.counts[flow.step].records_out += flow.batch.size();
  work.released = std::move(flow);
  return run_attempts(work, began, pause);
}

void Pipeline::discard() {
  for (Step& step : parts_.steps) {
    if (step.holder) {
      static_cast<void>(guarded(step.name, [&] {
        step.holder->discard();
        return Result<void>{};
      }));
    }
  }
  held_.clear();
  held_counts_.clear();
}

Ended Pipeline::run_attempts(Work& work, TimePoint began, const Pause& pause) {
  const wire::SliceCopy copy = work.members.back();
  context_.slice = copy.slice;
  context_.fence = copy.fence;
  TimePoint now = began;
  Ended ended = attempts(work, now, pause);
  ended.at = now;
  ended.took = now - began;
  return ended;
}

Ended Pipeline::attempts(Work& work, TimePoint& now, const Pause& pause) {
  const wire::SliceCopy copy = work.members.back();
  BackOff back_off(seed_of(seed_, copy));
  for (std::uint32_t tried = 0;; ++tried) {
    Flow flow{.lap = now};
    Result<void> ran = attempt(work, flow, tried >= parts_.max_retries);
    now = flow.lap;
    Ended ended;
    if (ran) {
      wire::SliceOutcome outcome;
      outcome.kind = work.held ? wire::OutcomeKind::held : wire::OutcomeKind::completed;
      outcome.copy = copy;
      if (work.members.size() > 1) {
        outcome.members.assign(work.members.begin(), work.members.end());
      }
      outcome.retries = tried;
      if (!work.held) {
        outcome.counts = std::move(flow.counts);
        outcome.has_output = flow.has_output;
      }
      ended.outcome = std::move(outcome);
      return ended;
    }
    drop_prepared();
    const std::string attempt_of =
        tried == 0 && parts_.max_retries == 0
            ? std::string()
            : " (attempt " + std::to_string(tried + 1) + " of " + std::to_string(parts_.max_retries + 1) + ")";
    const Retry retry = decide(ran.error().code, work.in_sender);
    if (retry == Retry::give_back) {
      ended.given_back.assign(work.members.begin(), work.members.end());
      ended.reason = ran.error().text();
      return ended;
    }
    if (retry == Retry::stop || tried >= parts_.max_retries) {
      ended.outcome = failure(copy, ran.error().text() + attempt_of, tried);
      return ended;
    }
    const bool goes_on = pause(copy, back_off.next());
    now = monotonic_now();
    if (!goes_on) {
      ended.given_back.assign(work.members.begin(), work.members.end());
      ended.reason = "the slot drains before the next attempt; " + ran.error().text() + attempt_of;
      return ended;
    }
  }
}

Result<void> Pipeline::attempt(Work& work, Flow& flow, bool last) {
  work.in_sender = false;
  if (work.released) {
    flow.counts = work.released->counts;
    flow.step = work.released->step;
    flow.batch = last ? std::move(work.released->batch) : copy_of(work.released->batch);
  } else {
    SB_TRY_VOID(fetch(work, flow));
  }
  while (flow.step < parts_.steps.size()) {
    Step& step = parts_.steps[flow.step++];
    flow.counts[flow.step].records_in += flow.batch.size();
    SB_TRY_VOID(step.holder ? hold(work, flow, step, last) : pass(work, flow, step));
    if (work.held) {
      return {};
    }
    flow.counts[flow.step].records_out += flow.batch.size();
  }
  return {};
}

Result<void> Pipeline::fetch(Work& work, Flow& flow) {
  flow.counts.resize(parts_.steps.size() + 1);
  auto fetched = guarded(parts_.reader, [&] { return parts_.fetcher->fetch(context_, *work.request); });
  take_time(flow.counts[0], flow.lap);
  if (!fetched) {
    return fail(std::move(fetched).error());
  }
  flow.batch = std::move(*fetched);
  flow.counts[0].records_rejected = parts_.fetcher->rejected();
  flow.counts[0].records_in = flow.batch.size() + flow.counts[0].records_rejected;
  flow.counts[0].records_out = flow.batch.size();
  return {};
}

Result<void> Pipeline::pass(Work& work, Flow& flow, Step& step) {
  wire::OperationCount& count = flow.counts[flow.step];
  if (step.sender) {
    auto prepared = guarded(step.name, [&] { return step.sender->prepare(context_, std::move(flow.batch)); });
    take_time(count, flow.lap);
    if (!prepared) {
      work.in_sender = true;
      return fail(std::move(prepared).error());
    }
    flow.batch = std::move(prepared->records);
    flow.has_output = flow.has_output || prepared->has_output;
    count.records_rejected += prepared->rejected;
    return {};
  }
  auto processed = guarded(step.name, [&] { return step.processor->process(context_, std::move(flow.batch)); });
  take_time(count, flow.lap);
  if (!processed) {
    return fail(std::move(processed).error());
  }
  flow.batch = std::move(processed->records);
  count.records_rejected += processed->rejected;
  return {};
}

Result<void> Pipeline::hold(Work& work, Flow& flow, Step& step, bool last) {
  wire::OperationCount& count = flow.counts[flow.step];
  auto kept = guarded(step.name, [&] { return step.holder->process(context_, std::move(flow.batch)); });
  take_time(count, flow.lap);
  if (!kept) {
    return fail(std::move(kept).error());
  }
  count.records_rejected += kept->rejected;
  work.held = !kept->released;
  flow.batch = std::move(kept->records);
  if (work.held) {
    held_.push_back(work.members.back());
    add(held_counts_, flow.counts);
    return {};
  }
  // All that was held leaves with this slice, under its name.
  held_.push_back(work.members.back());
  work.members = take_held();
  add(flow.counts, std::exchange(held_counts_, {}));
  if (!last) {
    Flow released;
    released.batch = copy_of(flow.batch);
    released.counts = flow.counts;
    released.counts[flow.step].records_out += flow.batch.size();
    released.step = flow.step;
    work.released = std::move(released);
  }
  return {};
}

Pipeline::Members Pipeline::take_held() {
  const std::vector<wire::SliceCopy> held = std::exchange(held_, {});
  return {held.begin(), held.end()};
}

void Pipeline::drop_prepared() {
  for (Step& step : parts_.steps) {
    if (step.sender) {
      static_cast<void>(guarded(step.name, [&] {
        step.sender->drop(context_.lineage, context_.slice, context_.fence);
        return Result<void>{};
      }));
    }
  }
}

Outlet::Outlet(LineageId lineage, std::vector<std::unique_ptr<operations::Sender>> senders)
    : lineage_(std::move(lineage)), senders_(std::move(senders)) {}

Result<void> Outlet::publish(const wire::SliceCopy& copy) {
  for (const auto& sender : senders_) {
    SB_TRY_VOID(guarded("publish", [&] { return sender->publish(lineage_, copy.slice, copy.fence); }));
  }
  return {};
}

void Outlet::drop(const wire::SliceCopy& copy) {
  for (const auto& sender : senders_) {
    static_cast<void>(guarded("drop", [&] {
      sender->drop(lineage_, copy.slice, copy.fence);
      return Result<void>{};
    }));
  }
}

}  // namespace slicebus::pipeline
