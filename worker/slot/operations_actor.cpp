#include <sys/resource.h>
#include <unistd.h>

#include <deque>

#include "common/log/log.hpp"
#include "worker/pipeline/pipeline.hpp"
#include "worker/slot/workbench.hpp"

namespace slicebus::slot {

namespace {

/// Answers are told together while slices take less than this.
constexpr Duration told_together = 500us;
constexpr std::size_t told_together_max = 256;

/// What the operations' thread runs: its end of the pipe, the pipeline, the page.
class Bench {
 public:
  Bench(bus::Pipe<FromOperations, ToOperations> pipe, LineageId lineage, ExecutionId ex_id, PageWriter& page,
        Turns& turns)
      : pipe_(std::move(pipe)), lineage_(std::move(lineage)), ex_id_(std::move(ex_id)), page_(page), turns_(turns) {
    poll_.watch(pipe_.native());
  }

  void work() {
    while (true) {
      if (inbox_.empty()) {
        read();
      }
      if (inbox_.empty()) {
        tell();
        poll_.wait(std::nullopt);
        continue;
      }
      ToOperations next = std::move(inbox_.front());
      inbox_.pop_front();
      if (std::holds_alternative<Close>(next)) {
        return;
      }
      std::visit([this](auto& order) { carry_out(order); }, next);
    }
  }

 private:
  void carry_out(BuildPipeline& order) {
    auto parts = pipeline::build(order.execution, lineage_, ex_id_);
    if (!parts) {
      unbuilt_ = parts.error().text();
      log::error("pipeline_not_built", {{"ex", ex_id_.text}, {"cause", unbuilt_}});
      return;
    }
    pipeline_.emplace(std::move(*parts), std::hash<std::string>{}(new_uuid()));
  }

  void carry_out(HandedSlices& order) {
    std::uint64_t turn = order.turn;
    for (const wire::AssignedSlice& slice : order.slices) {
      if (!turns_.begin(turn++)) {
        return;  // none that was handed with it begins
      }
      run(slice);
    }
  }

  void run(const wire::AssignedSlice& slice) {
    const wire::SliceCopy copy{slice.slice, slice.fence};
    if (!pipeline_) {
      wire::SliceOutcome failed;
      failed.kind = wire::OutcomeKind::failed;
      failed.copy = copy;
      failed.error = unbuilt_;
      tell_ended(SliceEnded{std::move(failed), Duration{0}});
      return;
    }
    if (now_ - told_at_ >= told_together || ended_.slices.size() >= told_together_max) {
      tell();
      told_at_ = now_;
    }
    page_.running(copy);
    pipeline::Ended ended = pipeline_->run(slice, pause());
    page_.idle();
    answer(std::move(ended));
  }

  void carry_out(FlushOperations& /*order*/) {
    if (!pipeline_ || pipeline_->held().empty()) {
      tell_soon(NothingHeld{});
      return;
    }
    page_.running(pipeline_->held().back());
    auto ended = pipeline_->flush(pause());
    page_.idle();
    if (ended) {
      answer(std::move(*ended));
    }
  }

  void carry_out(DiscardHeld& /*order*/) {
    if (pipeline_) {
      pipeline_->discard();
    }
  }

  void carry_out(Hurry& /*order*/) { hurry_ = true; }
  void carry_out(Close& /*order*/) {}  // ended work()

  void answer(pipeline::Ended ended) {
    now_ = ended.at;
    if (ended.outcome) {
      tell_ended(SliceEnded{std::move(*ended.outcome), ended.took});
    }
    for (const wire::SliceCopy& copy : ended.given_back) {
      tell_soon(SliceGivenBack{copy, ended.reason});
    }
  }

  void tell_ended(SliceEnded slice) { ended_.slices.push_back(std::move(slice)); }
  void tell_soon(SlotEvent event) {
    tell_ended_first();
    answers_.push_back(std::move(event));
  }
  void tell_ended_first() {
    if (!ended_.slices.empty()) {
      answers_.emplace_back(std::exchange(ended_, {}));
    }
  }
  void tell() {
    tell_ended_first();
    if (!answers_.empty()) {
      pipe_.send(std::exchange(answers_, {}));
    }
  }

  pipeline::Pause pause() {
    return [this](const wire::SliceCopy& copy, Duration pause) { return rest(copy, pause); };
  }

  bool rest(const wire::SliceCopy& copy, Duration pause) {
    const TimePoint end = monotonic_now() + pause;
    read();
    if (!hurry_) {
      tell_soon(SliceBackedOff{copy});
    }
    tell();
    for (TimePoint now = monotonic_now(); now < end && !hurry_; now = monotonic_now()) {
      poll_.wait(end - now);
      read();
    }
    return !hurry_;
  }

  /// Orders that end a pause work at once; the rest waits its turn.
  void read() {
    while (auto order = pipe_.receive()) {
      hurry_ = hurry_ || std::holds_alternative<Hurry>(*order) || std::holds_alternative<Close>(*order);
      inbox_.push_back(std::move(*order));
    }
  }

  bus::Pipe<FromOperations, ToOperations> pipe_;
  LineageId lineage_;
  ExecutionId ex_id_;
  PageWriter& page_;
  Turns& turns_;
  bus::Poll poll_;
  FromOperations answers_;
  SlicesEnded ended_;  ///< after the answers
  TimePoint told_at_{};
  TimePoint now_{};  ///< when the last slice ended: of those that follow each other at once, when the next one begins
  std::deque<ToOperations> inbox_;  ///< bounded by the slot's window
  std::optional<pipeline::Pipeline> pipeline_;
  std::string unbuilt_ = "the slot was given a slice before its execution";
  bool hurry_ = false;
};

}  // namespace

OperationsActor::OperationsActor(bus::Context& context, LineageId lineage, ExecutionId ex_id, int niceness,
                                 PageWriter& page)
    : OperationsActor(bus::make_pipe<ToOperations, FromOperations>(context), std::move(lineage), std::move(ex_id),
                      niceness, page) {}

OperationsActor::OperationsActor(
    std::pair<bus::Pipe<ToOperations, FromOperations>, bus::Pipe<FromOperations, ToOperations>> ends, LineageId lineage,
    ExecutionId ex_id, int niceness, PageWriter& page)
    : pipe_(std::move(ends.first)),
      thread_([end = std::move(ends.second), lineage = std::move(lineage), ex_id = std::move(ex_id), niceness, &page,
               &turns = turns_]() mutable {
        // Linux keeps it for each thread. Where it is refused, operations run as everybody does.
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
        Bench(std::move(end), std::move(lineage), std::move(ex_id), page, turns).work();
      }) {}

OperationsActor::~OperationsActor() {
  pipe_.send(Close{});
  thread_.join();
}

void OperationsActor::hand(std::vector<wire::AssignedSlice> slices) {
  const std::uint64_t first = handed_ + 1;
  handed_ += slices.size();
  pipe_.send(HandedSlices{first, std::move(slices)});
}

std::size_t OperationsActor::revoke() { return static_cast<std::size_t>(handed_ - turns_.revoke(handed_)); }

}  // namespace slicebus::slot
