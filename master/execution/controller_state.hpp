#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/small_vector.hpp"
#include "master/execution/accounting.hpp"
#include "master/execution/controller.hpp"
#include "master/execution/error_feed.hpp"
#include "master/execution/publishing.hpp"
#include "master/execution/slice_queue.hpp"
#include "master/execution/slot_table.hpp"

namespace slicebus::execution {

/// Everything a controller knows. controller.cpp is ledger, slicers and the end; conversation.cpp what slots say;
/// assignment.cpp what they are told; supervision.cpp the master's orders, deaths, silence and time.
struct Controller::State {
  struct Slicer {
    store::SlicerState position;  ///< what the next group says, or an earlier one said
    std::size_t asked = 0;        ///< requests that the question in flight may bring; 0: none in flight
    TimePoint ask_at{};           ///< it had nothing at the time
    bool dry = false;             ///< it had nothing when it was asked last
  };
  /// A slot's death that is acknowledged once its group is durable.
  struct ChargedDeath {
    std::uint64_t group = 0;
    NodeId node;
    ProcessId process;
  };
  /// Slices that end together; mostly it is one.
  using Members = SmallVector<Slice*, 4>;
  /// Why a slice comes back.
  enum class Return : std::uint8_t {
    given_back,  ///< by the slot, not begun; or it was never there: costs nothing
    lost         ///< silence or death: counts against max_redeliveries, with back-off
  };

  State(ControllerConfig with, ControllerSetup what);

  // controller.cpp: the ledger, the slicers, the end
  void on(LedgerOpened& event, TimePoint now);
  void on(const GroupCommitted& event, TimePoint now);
  void on(const GroupFailed& event, TimePoint now);
  void on(const ErrorsRead& event, TimePoint now);
  void on(const ErrorsNotRead& event, TimePoint now);
  void on(Sliced& event, TimePoint now);
  void on(const SlicerFailed& event, TimePoint now);
  void on(const Terminate&, TimePoint now);
  void after_step(TimePoint now);
  std::size_t line_wanted() const;
  void ask_slicers(TimePoint now);
  void submit_group();
  void end_if_done();
  void propose(std::string status, std::string reason);
  void end_with(store::FinalState state, TimePoint now);
  void fail_execution(std::string reason, TimePoint now);
  void exit(int code, std::string why);
  bool exhausted() const;
  bool dry() const;
  bool ending() const { return stopping || !failure.empty(); }
  std::int64_t wall_ms(TimePoint now) const;

  // conversation.cpp: what slots say
  void on(const SlotSaid& event, TimePoint now);
  void on(const PeerGone& event, TimePoint now);
  void hear_hello(const std::string& peer, const wire::SlotHello& hello, TimePoint now);
  void hear(SlotView& slot, const wire::SlotBeat& beat, TimePoint now);
  void hear(SlotView& slot, const wire::SliceReport& report, TimePoint now);
  void hear(SlotView& slot, const wire::SliceReturned& returned, TimePoint now);
  void hear(const wire::SlicePublished& published);
  void hear_held(SlotView& slot, const wire::SliceCopy& copy, TimePoint now);
  void confirm(SlotView& slot, std::uint64_t number);
  void hear_outcome(SlotView& slot, const wire::SliceOutcome& outcome, TimePoint now);
  void take_outcome(SlotView& slot, const wire::SliceOutcome& outcome, std::span<const wire::SliceCopy> copies,
                    const Members& members);
  bool claim(SlotView& slot, const wire::SliceCopy& copy, bool is_held, TimePoint now);
  Slice* owned(const SlotView& slot, const wire::SliceCopy& copy);
  void answer(SlotView& slot, const wire::SliceCopy& copy, wire::Verdict verdict);

  // assignment.cpp: what slots are told
  bool has_room() const;
  void assign(TimePoint now);
  void steal(TimePoint now);
  void flush_if_all_held(TimePoint now);
  void recall(SlotView& slot, TimePoint now);
  void recall_all(TimePoint now);
  void send_batch(SlotView& slot, SentBatch::Kind kind, std::vector<wire::SliceCopy> copies, TimePoint now);
  void send_again(SlotView& slot, TimePoint now);
  void send_what_waits(TimePoint now);
  void send(const SlotView& slot, wire::Message message);
  void touch(SlotView& slot);
  void detach(Slice& slice);
  void hold_on(SlotView& slot, Slice& slice, SliceState state, TimePoint now);
  void give_again(Slice& slice, Return why, TimePoint now);
  void give_all_again(SlotView& slot, Return why, TimePoint now);
  void fail_slice(Slice& slice, std::string error);

  // supervision.cpp: orders, deaths, silence, time
  void on(const ControlSaid& event, TimePoint now);
  void on(const Tick&, TimePoint now);
  void on(const StoodStill& event, TimePoint now);
  void obey(const wire::ControllerOrder& order, TimePoint now);
  void use_log_level(const std::string& level);
  void hear_death(const wire::SlotDied& death, TimePoint now);
  void acknowledge_death(const NodeId& node, const ProcessId& process);
  void slot_is_dead(const ProcessId& process, TimePoint now);
  void watch_slots(TimePoint now);
  void ask_to_publish(TimePoint now);
  void ask_ledger(TimePoint now);
  void tell_master(TimePoint now, bool is_beat);
  void tell_errors();
  const std::string& waiting_for(TimePoint now) const;
  std::optional<TimePoint> next_deadline() const;

  ControllerConfig config;
  ControllerSetup setup;
  ControllerActions out{};           ///< of the step in progress
  std::vector<SlotIndex> touched{};  ///< slots that the step in progress has something for

  bool opened = false;
  bool terminating = false;
  bool exited = false;
  std::uint64_t epoch = 0;
  std::uint64_t fence_number = 0;
  std::uint64_t stamp = 0;
  TimePoint opened_at{};
  std::int64_t opened_wall_ms = 0;
  TimePoint hold_until{};  ///< a restarted controller gives slots this long to say what they have

  SliceQueue queue{};
  SlotTable slots;
  Accounting accounting{};
  Publishing publishing{};
  std::vector<ChargedDeath> charged{};
  ErrorFeed errors{};
  std::map<std::uint32_t, Slicer> slicers{};
  std::size_t request_bytes_seen = 0;  ///< the largest request so far
  std::uint64_t chosen_left = 0;       ///< of the slices that a recovery began with

  // orders
  std::optional<wire::ControllerOrder> early_order{};  ///< came before the ledger was open
  std::uint64_t order_seen = 0;
  std::string log_level{};  ///< empty: nobody said any
  bool pause_wanted = false;
  bool paused = false;  ///< and every recall was answered
  bool stopping = false;

  // the end
  std::string failure{};   ///< why the execution ends `failed` with slices undone
  bool proposing = false;  ///< the final status is on its way to the ledger: nothing is accepted any more
  std::optional<store::FinalState> final_state{};
  bool settled = false;  ///< and the ledger has it
  TimePoint ended_at{};

  // trouble and time
  std::size_t ended_of_group = 0;  ///< slices that a group ends, on average over the last dozen
  TimePoint committed_at{};        ///< when the ledger took this epoch's word last
  std::string commit_trouble{};
  Duration commit_back_off{};
  std::optional<TimePoint> commit_again_at{};
  std::string output_trouble{};  ///< a slot could not write a slice out; nothing is given out until `assign_at`
  Duration output_back_off{};
  TimePoint assign_at{};
  TimePoint steal_at{};
  TimePoint flush_at{};
  TimePoint watch_at{};
  TimePoint beat_at{};
  TimePoint slots_seen_at{};      ///< when a slot was connected last
  std::string publish_trouble{};  ///< why a slot cannot make output visible
  std::size_t busy_slots = 0;     ///< that have an assigned slice
  std::size_t assigned = 0;       ///< slices at slots, held ones not counted

  std::uint32_t joined = 0;
  std::uint32_t reconnected = 0;
  std::uint32_t disconnected = 0;
  wire::ControllerBeat told{};  ///< what the master heard last
};

}  // namespace slicebus::execution
