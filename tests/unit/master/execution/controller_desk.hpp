#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/execution/controller.hpp"

namespace slicebus::execution {

inline TimePoint at(Duration since_start) { return TimePoint{} + since_start; }

/// A controller on a desk: the test is its ledger, its slicer, its slots and its master. Everything it does is kept
/// until taken.
class ControllerDesk {
 public:
  explicit ControllerDesk(ControllerSetup setup = plain(), ControllerConfig config = {})
      : controller(config, std::move(setup)) {}

  static ControllerSetup plain() {
    return {.ex_id = {"ex1"}, .job_id = {"job1"}, .lineage = {"ex1"}, .process = {"c1"}, .execution = "{}"};
  }

  void step(const ControllerEvent& event) {
    std::optional<std::uint64_t> read_after;
    for (ControllerAction& action : controller.step(event, now)) {
      if (const auto* read = std::get_if<ReadErrors>(&action)) {
        read_after = read->after;
      } else {
        done.push_back(std::move(action));
      }
    }
    if (read_after && reads_errors) {
      step(page_after(*read_after));
    }
  }
  /// What the ledger answers: at most two errors at once.
  ErrorsRead page_after(std::uint64_t after) const {
    ErrorsRead answer{.after = after};
    for (const wire::FailedSlice& error : journal) {
      if (error.number > after && answer.page.size() < 2) {
        answer.page.push_back(error);
      }
    }
    return answer;
  }
  void wait(Duration time) {
    const TimePoint until = now + time;
    while (true) {
      const auto next = controller.next_deadline();
      if (!next || *next > until) {
        break;
      }
      now = std::max(now, *next);
      step(Tick{});
    }
    now = until;
  }

  void open(store::OpenedLedger ledger = {.epoch = 1}, std::vector<store::PlannedSlice> unfinished = {}) {
    ledger.unfinished = unfinished.size();
    step(LedgerOpened{std::move(ledger), std::move(unfinished), WallTime{1'000'000ms}});
  }
  /// Answers the slicer's question with slices 1..count, and that these are all.
  void slice(std::size_t count, bool finished = true) {
    operations::SlicerStep answer{.cursor = std::to_string(count), .done = finished};
    for (std::size_t i = 1; i <= count; ++i) {
      answer.requests.push_back("{\"i\":" + std::to_string(i) + "}");
    }
    step(Sliced{0, std::move(answer)});
  }
  /// Opened, with this slot connected and slices 1..count, all there are, planned and given to it.
  void serve(const std::string& name, std::size_t count) {
    open();
    commit();
    hello(name);
    slice(count);
    commit();
  }
  void hello(const std::string& name, std::uint32_t window = 2, wire::SlotHello hello = {}) {
    hello.number = ++hellos;
    if (hello.ex_id.empty()) {
      hello.ex_id = {"ex1"};
    }
    hello.process = {name};
    hello.node = {"n1"};
    hello.agent = {"a1"};
    hello.window = window;
    said(name, hello);
  }
  void said(const std::string& name, wire::Message message) { step(SlotSaid{"peer-" + name, std::move(message)}); }
  void completed(const std::string& name, const wire::SliceCopy& copy, bool has_output = true) {
    said(name, wire::SliceReport{{name}, {outcome(copy, has_output)}});
  }
  static wire::SliceOutcome outcome(const wire::SliceCopy& copy, bool has_output = true) {
    return {.copy = copy, .members = {copy}, .counts = {{0, 10, 0, 1}, {10, 7, 0, 1}}, .has_output = has_output};
  }
  static wire::SliceOutcome failure(const wire::SliceCopy& copy) {
    return {.kind = wire::OutcomeKind::failed, .copy = copy, .error = "it broke"};
  }

  /// Groups not yet answered.
  std::vector<CommitGroup> groups() { return take<CommitGroup>(); }
  /// Makes every group durable, until none is left.
  std::vector<store::LedgerBatch> commit() {
    std::vector<store::LedgerBatch> batches;
    for (std::vector<CommitGroup> open = groups(); !open.empty(); open = groups()) {
      for (CommitGroup& group : open) {
        batches.push_back(*group.batch);
        step(GroupCommitted{group.group});
      }
    }
    return batches;
  }
  /// Messages of one kind to that slot, oldest first, removed.
  template <class Message>
  std::vector<Message> to_slot(const std::string& name) {
    std::vector<Message> found;
    std::erase_if(done, [&](const ControllerAction& action) {
      const auto* send = std::get_if<SendToSlot>(&action);
      const auto* message =
          send != nullptr && send->peer == "peer-" + name ? std::get_if<Message>(&send->message) : nullptr;
      if (message != nullptr) {
        found.push_back(*message);
      }
      return message != nullptr;
    });
    return found;
  }
  template <class Message>
  std::vector<Message> to_control(const std::string& address) {
    std::vector<Message> found;
    std::erase_if(done, [&](const ControllerAction& action) {
      const auto* send = std::get_if<SendControl>(&action);
      const auto* message = send != nullptr && send->to == address ? std::get_if<Message>(&send->message) : nullptr;
      if (message != nullptr) {
        found.push_back(*message);
      }
      return message != nullptr;
    });
    return found;
  }
  /// The copies that were assigned to that slot since the last question.
  std::vector<wire::SliceCopy> assigned(const std::string& name) {
    std::vector<wire::SliceCopy> copies;
    for (const wire::SliceAssign& batch : to_slot<wire::SliceAssign>(name)) {
      for (const wire::AssignedSlice& slice : batch.slices) {
        copies.push_back({slice.slice, slice.fence});
      }
    }
    return copies;
  }
  std::vector<wire::Acknowledgement> acknowledged(const std::string& name) {
    std::vector<wire::Acknowledgement> all;
    for (const wire::SliceAck& ack : to_slot<wire::SliceAck>(name)) {
      all.insert(all.end(), ack.acknowledgements.begin(), ack.acknowledgements.end());
    }
    return all;
  }
  /// What the master heard last.
  wire::ControllerBeat beat() {
    for (const wire::ControllerBeat& each : to_control<wire::ControllerBeat>("master")) {
      last_beat = each;
    }
    return last_beat;
  }
  template <class Action>
  std::vector<Action> take() {
    std::vector<Action> found;
    std::erase_if(done, [&](const ControllerAction& action) {
      const auto* one = std::get_if<Action>(&action);
      if (one != nullptr) {
        found.push_back(*one);
      }
      return one != nullptr;
    });
    return found;
  }

  Controller controller;
  TimePoint now = at(1h);
  ControllerActions done;
  std::vector<wire::FailedSlice> journal;  ///< what its ledger has of errors
  bool reads_errors = true;                ///< false: the ledger does not answer ReadErrors
  std::uint64_t hellos = 0;
  wire::ControllerBeat last_beat;
};

}  // namespace slicebus::execution
