#pragma once
#include <optional>
#include <string>

#include "common/bus/socket.hpp"
#include "common/time.hpp"
#include "common/wire/messages.hpp"
#include "master/execution/actor.hpp"
#include "master/execution/controller.hpp"
#include "master/execution/ledger_actor.hpp"
#include "master/execution/slicers.hpp"

namespace slicebus::execution {

/// What a controller needs before its core can begin: a port for slots, the slicers, the open ledger. What is missing
/// for now (a port, space on a disk) is tried again with a back-off and told in beats; what will stay wrong (a damaged
/// ledger, a record that nobody can read) is proposed as the end of the execution until the master has recorded it.
class ControllerStart {
 public:
  ControllerStart(bus::Context& context, const ControllerShellConfig& config, const wire::ControllerBinding& binding,
                  ProcessId process, LedgerActor& ledger)
      : context_(context), config_(config), binding_(binding), process_(std::move(process)), ledger_(ledger) {}

  void begin(TimePoint now);
  /// The answer to the OpenLedger that it sent.
  void ledger_not_opened(const Error& error, TimePoint now);
  void tick(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  /// What the master should hear now, once.
  std::optional<wire::ControllerBeat> take_beat();
  /// It can never start.
  bool unusable() const { return unusable_; }

  // There once the ledger is open.
  bus::Router& slots() { return *slots_; }
  Slicers& slicers() { return *slicers_; }
  ControllerSetup setup() const;

 private:
  void attempt(TimePoint now);
  Result<void> find_port();
  Result<void> find_slicers();
  void fail_for_now(const Error& error, TimePoint now);
  void fail_for_good(const Error& error, TimePoint now);
  wire::ControllerBeat beat() const;

  bus::Context& context_;
  const ControllerShellConfig& config_;
  const wire::ControllerBinding& binding_;
  ProcessId process_;
  LedgerActor& ledger_;
  std::optional<bus::Router> slots_;
  std::optional<Slicers> slicers_;
  std::optional<TimePoint> attempt_at_;
  std::optional<TimePoint> beat_at_;
  Duration back_off_ = 200ms;
  std::optional<Error> trouble_;
  bool unusable_ = false;
  bool beat_due_ = false;
};

}  // namespace slicebus::execution
