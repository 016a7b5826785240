#pragma once
#include <csignal>
#include <ostream>
#include <string>
#include <vector>

#include "worker/agent/agent.hpp"

/// An agent core with children that obey: every StartSpare is answered at once.
namespace slicebus::agent::testing {

inline const ExecutionId ex_a{"ex-a"};
inline const ExecutionId ex_b{"ex-b"};

inline TimePoint at(Duration since_start) { return TimePoint{} + 1h + since_start; }

inline wire::WantedSlots share(const ExecutionId& ex_id, std::uint32_t slots, std::string endpoint = "tcp://c:1") {
  return {.ex_id = ex_id,
          .job_id = JobId{"job"},
          .lineage = LineageId{"lineage"},
          .endpoint = std::move(endpoint),
          .slots = slots};
}

struct Machine {
  explicit Machine(std::uint32_t slots)
      : agent({.node = NodeId{"n1"},
               .agent = ProcessId{"agent-1"},
               .hostname = "host",
               .pid = 7,
               .version = "0",
               .slots_total = slots}) {}

  /// One step, and the steps that its own StartSpare actions lead to.
  AgentActions step(const AgentEvent& event, Duration time) {
    AgentActions all = agent.step(event, at(time));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (const auto* start = std::get_if<StartSpare>(&all[i])) {
        started.push_back(start->key);
        const std::uint64_t key = start->key;
        AgentEvent answer =
            SpareStarted{key, static_cast<std::uint32_t>(1'000 + key), ProcessId{"p" + std::to_string(key)}};
        if (!spares_start) {
          answer = SpareNotStarted{key, "start slicebus-worker: no such file"};
        }
        const AgentActions more = agent.step(answer, at(time));
        all.insert(all.end(), more.begin(), more.end());
      }
    }
    return all;
  }
  AgentActions want(std::vector<wire::WantedSlots> executions, Duration time) {
    return step(BrokerSaid{wire::SlotsWanted{NodeId{"n1"}, ++number, std::move(executions)}}, time);
  }
  AgentActions tick(Duration time) { return step(AgentTick{}, time); }
  AgentActions ends(std::uint64_t key, int signal, int code, Duration time) {
    ChildEnded ended{.key = key, .signal = signal, .code = code};
    ended.how = signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(code);
    return step(ended, time);
  }

  Agent agent;
  std::uint64_t number = 0;
  std::vector<std::uint64_t> started;
  bool spares_start = true;
};

template <class Action>
std::vector<Action> only(const AgentActions& actions) {
  std::vector<Action> found;
  for (const AgentAction& action : actions) {
    if (const auto* some = std::get_if<Action>(&action)) {
      found.push_back(*some);
    }
  }
  return found;
}

inline std::vector<std::uint64_t> bound_keys(const AgentActions& actions) {
  std::vector<std::uint64_t> keys;
  for (const TellSlot& tell : only<TellSlot>(actions)) {
    if (!tell.binding.drain) {
      keys.push_back(tell.key);
    }
  }
  return keys;
}

inline std::vector<std::uint64_t> drained_keys(const AgentActions& actions) {
  std::vector<std::uint64_t> keys;
  for (const TellSlot& tell : only<TellSlot>(actions)) {
    if (tell.binding.drain) {
      keys.push_back(tell.key);
    }
  }
  return keys;
}

/// The last beat among the actions.
inline wire::NodeBeat beat_of(const AgentActions& actions) {
  const auto sent = only<SendToBroker>(actions);
  return sent.empty() ? wire::NodeBeat{} : std::get<wire::NodeBeat>(sent.back().message);
}

inline bool reported(const AgentActions& actions, const std::string& event) {
  for (const Report& report : only<Report>(actions)) {
    if (report.event == event) {
      return true;
    }
  }
  return false;
}

}  // namespace slicebus::agent::testing
