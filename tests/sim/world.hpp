#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/time.hpp"

/// A virtual clock and the processes that live by it. One seed decides everything that happens.
namespace slicebus::sim {

/// An invariant is broken; the text says which and where.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Chance that a seed decides: the same numbers on every machine (the standard distributions promise that for none).
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 0x2545F4914F6CDD1DULL) {}
  std::uint64_t next();
  /// 0 <= x < 1
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  bool happens(double probability) { return unit() < probability; }
  /// low..high, both included
  std::uint64_t whole(std::uint64_t low, std::uint64_t high) { return low + next() % (high - low + 1); }
  double between(double low, double high) { return low + (high - low) * unit(); }
  Duration time(double low_s, double high_s);
  double exponential(double mean);
  template <class Value>
  Value one_of(std::initializer_list<Value> values) {
    return values.begin()[next() % values.size()];
  }

 private:
  std::uint64_t state_;
};

Duration seconds(double s);

class World;

/// A process of the cluster. It can be killed, frozen (SIGSTOP) and thawed at any moment; what falls due while it is
/// frozen happens after that.
class Process {
 public:
  Process(World& world, std::string kind, std::string node);
  virtual ~Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// @param op  happens on the operations' thread: after a thaw either thread may be the first
  void after(Duration delay, std::function<void()> what, bool op = false);
  void die(const std::string& cause);
  void freeze(Duration time);
  void thaw();

  bool alive() const { return alive_; }
  bool frozen() const { return frozen_at_.has_value(); }
  std::uint64_t uid() const { return uid_; }
  const std::string& kind() const { return kind_; }
  const std::string& node() const { return node_; }
  ProcessId id() const { return {name()}; }
  std::string name() const { return kind_ + "#" + std::to_string(uid_); }

 protected:
  virtual void on_death(const std::string& cause) = 0;
  virtual void on_thaw(Duration) {}

  World& world_;

 private:
  friend class World;
  struct Late {
    std::function<void()> what;
    bool op;
  };
  std::string kind_, node_;
  std::uint64_t uid_;
  bool alive_ = true;
  std::optional<TimePoint> frozen_at_;
  std::vector<Late> late_;
};

class World {
 public:
  World(std::uint64_t seed, bool trace);

  void at(Duration delay, Process* who, std::function<void()> what, bool op = false);
  /// Runs the next thing. @return false when nothing is left
  bool run_one();

  template <class Kind, class... Arguments>
  Kind& make(Arguments&&... arguments) {
    auto process = std::make_unique<Kind>(std::forward<Arguments>(arguments)...);
    Kind& made = *process;
    processes_.push_back(std::move(process));
    return made;
  }
  std::vector<Process*> living(const std::string& kind) const;
  std::vector<Process*> living() const;
  std::vector<Process*> living_on(const std::string& node) const;

  void log(const std::string& line);
  bool traces() const { return trace_; }
  double seconds_now() const { return std::chrono::duration<double>(now - start).count(); }
  /// The clock that people set: it jumps, `now` does not.
  WallTime wall() const {
    return WallTime{1'700'000'000s} + std::chrono::duration_cast<std::chrono::milliseconds>(now - start + wall_ahead);
  }

  static constexpr TimePoint start{1h};
  TimePoint now = start;
  Duration wall_ahead{};
  Chance chance;

 private:
  friend class Process;
  struct Event {
    TimePoint at;
    std::uint64_t order;
    Process* who;
    std::shared_ptr<std::function<void()>> what;
    bool op;
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
  std::uint64_t uids_ = 0;
  bool trace_;
  std::vector<std::unique_ptr<Process>> processes_;  ///< the dead ones too: others still speak of them
};

}  // namespace slicebus::sim
