#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/time.hpp"

/// `slicebus local` keeps three processes alive. The core: when to start, start again, end and give up.
namespace slicebus::local {

/// In the order of starting. They are ended the other way round but for the worker, which goes first: its slots finish
/// what they run while the controllers can still take their reports.
enum class Role : std::uint8_t { broker, master, worker };
inline constexpr std::array<Role, 3> roles{Role::broker, Role::master, Role::worker};

struct SupervisionConfig {
  Duration back_off_min = 100ms;  ///< pause before a child that died is started again; doubles with each death in a row
  Duration back_off_max = 10s;
  Duration steady_after = 10s;     ///< a child that ran that long has its back-off reset
  Duration worker_patience = 12s;  ///< from SIGTERM to SIGKILL; above the worker's shutdown_timeout
  Duration patience = 10s;         ///< the same for master and broker
};

// ---- events ---------------------------------------------------------------------------------------------------------

struct Begin {};
/// The child serves: it has written its line to its ready descriptor.
struct ChildReady {
  Role role;
};
struct ChildEnded {
  Role role;
  bool by_signal = false;  ///< false: it exited by itself
};
/// SIGINT or SIGTERM. The second one ends everything at once.
struct StopAsked {};
struct Tick {};
using Event = std::variant<Begin, ChildReady, ChildEnded, StopAsked, Tick>;

// ---- actions --------------------------------------------------------------------------------------------------------

struct StartChild {
  Role role;
  bool operator==(const StartChild&) const = default;
};
struct TerminateChild {  ///< SIGTERM
  Role role;
  bool operator==(const TerminateChild&) const = default;
};
struct KillChild {  ///< SIGKILL
  Role role;
  bool operator==(const KillChild&) const = default;
};
/// All three serve, for the first time.
struct AnnounceReady {
  bool operator==(const AnnounceReady&) const = default;
};
/// A child refused to start before the cluster was ever ready (port taken, directory in use): it has said why, starting
/// it again would not help. The others are being ended.
struct ReportRefusal {
  Role role;
  bool operator==(const ReportRefusal&) const = default;
};
/// Nothing runs any more.
struct Finish {
  bool clean = true;  ///< false after a refusal
  bool operator==(const Finish&) const = default;
};
using Action = std::variant<StartChild, TerminateChild, KillChild, AnnounceReady, ReportRefusal, Finish>;
using Actions = std::vector<Action>;

/// A core: same state + same event = same actions.
class Supervision {
 public:
  explicit Supervision(SupervisionConfig config) : config_(config) {}
  Actions step(const Event& event, TimePoint now);
  /// When Tick is due; nothing: not before something happens.
  std::optional<TimePoint> next_deadline() const;

 private:
  enum class State : std::uint8_t { absent, starting, ready, waiting, terminating };
  struct Child {
    State state = State::absent;
    TimePoint started{};
    TimePoint deadline{};  ///< waiting: start again; terminating: SIGKILL
    Duration back_off{};   ///< the next pause
  };
  Actions on(const Begin&, TimePoint now);
  Actions on(const ChildReady& event, TimePoint now);
  Actions on(const ChildEnded& event, TimePoint now);
  Actions on(const StopAsked&, TimePoint now);
  Actions on(const Tick&, TimePoint now);
  Action start(Role role, TimePoint now);
  /// Ends the next child in order, or says that all are gone.
  Actions end_next(TimePoint now);
  Child& of(Role role) { return children_[static_cast<std::size_t>(role)]; }
  bool all_ready() const;

  SupervisionConfig config_;
  std::array<Child, roles.size()> children_{};
  bool was_ready_ = false;
  bool stopping_ = false;
  bool hurried_ = false;
  bool refused_ = false;
  bool finished_ = false;
};

}  // namespace slicebus::local
