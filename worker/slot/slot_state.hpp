#pragma once
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/node_pool.hpp"
#include "common/slice_order_hash.hpp"
#include "worker/slot/holdings.hpp"
#include "worker/slot/slot.hpp"
#include "worker/slot/window.hpp"

namespace slicebus::slot {

/// Everything a slot knows. slot.cpp holds the conversation, finished.cpp what happens to a slice after it ran.
struct Slot::State {
  struct CopyHash {
    std::size_t operator()(const wire::SliceCopy& copy) const noexcept {
      return SliceOrderHash{}(copy.slice);  // of a slice there are a few copies at most
    }
  };
  /// Reported and not acknowledged.
  struct Report {
    wire::SliceOutcome outcome;
    std::optional<TimePoint> said_at;  ///< nothing: not yet, it stands in `unsaid`
  };
  /// Accepted and not visible yet.
  struct Publishing {
    bool asked = true;  ///< the shell is at it
    TimePoint retry_at{};
    Duration back_off{};
    std::string trouble{};
  };

  State(SlotConfig with, SlotSetup who);

  // slot.cpp: the conversation
  void on(const Connected&, TimePoint now);
  void on(const Moved&, TimePoint now);
  void on(ControllerSaid& said, TimePoint now);
  void on(const Drain&, TimePoint now);
  void on(const Over&, TimePoint now);
  void on(const SlotTick&, TimePoint now);
  void hear(const wire::SlotWelcome& welcome, TimePoint now);
  void hear(wire::SliceAssign& assign);
  void hear(const wire::SliceAck& ack, TimePoint now);
  void hear(const wire::SlotBeatAck& answer, TimePoint now);
  void say_hello(TimePoint now);
  void say_beat(TimePoint now);
  void say_report(const std::vector<wire::SliceCopy>& copies, TimePoint now);
  void say_overdue_reports(TimePoint now);
  bool is_time_to_report(TimePoint now) const;
  bool has_nothing() const;
  void give_back(const std::vector<wire::SliceCopy>& copies, bool recall_answered = false,
                 const std::string& reason = {});
  void give_back_unbegun(bool recall_answered);
  void take_back(const std::vector<wire::SliceCopy>& named);
  std::size_t handed_max() const;
  bool is_next(std::uint64_t number);
  std::uint32_t asked_window() const;
  void after_step(TimePoint now);

  // finished.cpp: what became of slices, and of their output
  void on(SlicesEnded& event, TimePoint now);
  void ended(SliceEnded& slice);
  void on(const SliceGivenBack& event, TimePoint now);
  void on(const SliceBackedOff& event, TimePoint now);
  void on(const NotBegun& event, TimePoint now);
  void on(const NothingHeld&, TimePoint now);
  void on(const OutputPublished& event, TimePoint now);
  void on(const PublishFailed& event, TimePoint now);
  void held(const wire::SliceOutcome& outcome);
  void failed(wire::SliceOutcome& outcome);
  void completed(wire::SliceOutcome& outcome);
  void report(wire::SliceOutcome outcome);
  void publish(const std::vector<wire::SliceCopy>& copies);
  std::vector<wire::SliceCopy> discard_held();

  template <class Message>
  void say(Message message) {
    out.emplace_back(SendToController{wire::Message{std::move(message)}});
  }

  SlotConfig config;
  SlotSetup setup;
  Window window;
  SlotActions out{};  ///< of the step in progress

  bool connected = false;
  bool welcomed = false;  ///< the controller has answered the latest hello
  bool built = false;
  bool draining = false;
  bool over = false;  ///< what ends from now on is nobody's
  bool exited = false;
  std::uint64_t hellos = 0;
  std::uint64_t epoch = 0;
  std::uint64_t last_batch = 0;
  std::uint32_t announced = 0;  ///< window as the controller heard it last
  Duration beat{};              ///< of one that has something: at least five in a lease
  TimePoint beat_at{};          ///< counts while connected
  TimePoint said_beat_at{};
  TimePoint answered_at{};
  std::optional<TimePoint> reconnect_at{};  ///< another execution answers there: then it is tried again

  /// What waits for NotBegun.
  struct GivingBack {
    std::vector<wire::SliceCopy> prefetched{};
    bool recall_answered = false;
  };

  Holdings holdings{};
  std::optional<GivingBack> giving_back{};
  bool holds_records = false;  ///< the operations have held a slice: none is handed before the one that runs has ended
  bool flushing = false;       ///< the operations were asked to let go and have not answered
  bool flush_wanted = false;
  std::string log_level{};  ///< of the latest assignment that said one
  bool wiped = false;       ///< what the operations held was discarded while a slice ran: its records went with it
  std::vector<wire::SliceOutcome> unsaid_held{};  ///< became held between a hello and its welcome
  NodePool report_nodes{};
  std::pmr::unordered_map<wire::SliceCopy, Report, CopyHash> reports{&report_nodes};
  std::vector<wire::SliceCopy> unsaid{};  ///< of the reports, in the order in which they came
  TimePoint reported_at{};                ///< when the latest of them were said
  std::map<wire::SliceCopy, Publishing> unpublished{};
};

}  // namespace slicebus::slot
