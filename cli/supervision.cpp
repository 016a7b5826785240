#include "cli/supervision.hpp"

#include <algorithm>

namespace slicebus::local {

Actions Supervision::step(const Event& event, TimePoint now) {
  return std::visit([&](const auto& e) { return on(e, now); }, event);
}

std::optional<TimePoint> Supervision::next_deadline() const {
  std::optional<TimePoint> next;
  for (const Child& child : children_) {
    if (child.state == State::waiting || child.state == State::terminating) {
      next = next ? std::min(*next, child.deadline) : child.deadline;
    }
  }
  return next;
}

Action Supervision::start(Role role, TimePoint now) {
  of(role).state = State::starting;
  of(role).started = now;
  return StartChild{role};
}

Actions Supervision::on(const Begin&, TimePoint now) {
  for (Child& child : children_) {
    child.back_off = config_.back_off_min;
  }
  // Master and worker follow when the broker serves: their first connection then succeeds at once.
  return {start(Role::broker, now)};
}

bool Supervision::all_ready() const {
  return std::all_of(children_.begin(), children_.end(),
                     [](const Child& child) { return child.state == State::ready; });
}

Actions Supervision::on(const ChildReady& event, TimePoint now) {
  if (stopping_ || of(event.role).state != State::starting) {
    return {};
  }
  of(event.role).state = State::ready;
  Actions actions;
  if (event.role == Role::broker) {
    for (const Role role : {Role::master, Role::worker}) {
      if (of(role).state == State::absent) {
        actions.push_back(start(role, now));
      }
    }
  }
  if (!was_ready_ && all_ready()) {
    was_ready_ = true;
    actions.emplace_back(AnnounceReady{});
  }
  return actions;
}

Actions Supervision::on(const ChildEnded& event, TimePoint now) {
  Child& child = of(event.role);
  if (stopping_) {
    child.state = State::absent;
    return end_next(now);
  }
  if (!was_ready_ && !event.by_signal) {
    child.state = State::absent;
    stopping_ = refused_ = true;
    Actions actions{ReportRefusal{event.role}};
    for (const Action& action : end_next(now)) {
      actions.push_back(action);
    }
    return actions;
  }
  if (now - child.started >= config_.steady_after) {
    child.back_off = config_.back_off_min;
  }
  child.state = State::waiting;
  child.deadline = now + child.back_off;
  child.back_off = std::min(child.back_off * 2, config_.back_off_max);
  return {};
}

Actions Supervision::on(const StopAsked&, TimePoint now) {
  if (!stopping_) {
    stopping_ = true;
    return end_next(now);
  }
  hurried_ = true;
  Actions actions;
  for (const Role role : roles) {
    if (of(role).state == State::starting || of(role).state == State::ready || of(role).state == State::terminating) {
      of(role).state = State::terminating;
      of(role).deadline = now + config_.patience;
      actions.emplace_back(KillChild{role});
    }
  }
  return actions;
}

Actions Supervision::end_next(TimePoint now) {
  for (const Role role : {Role::worker, Role::master, Role::broker}) {
    Child& child = of(role);
    if (child.state == State::waiting) {
      child.state = State::absent;
    }
    if (child.state == State::terminating) {
      return {};  // its end comes first
    }
    if (child.state == State::starting || child.state == State::ready) {
      child.state = State::terminating;
      child.deadline = now + (role == Role::worker ? config_.worker_patience : config_.patience);
      return {hurried_ ? Action{KillChild{role}} : Action{TerminateChild{role}}};
    }
  }
  if (finished_) {
    return {};
  }
  finished_ = true;
  return {Finish{!refused_}};
}

Actions Supervision::on(const Tick&, TimePoint now) {
  Actions actions;
  for (const Role role : roles) {
    Child& child = of(role);
    if (child.state == State::waiting && child.deadline <= now) {
      actions.push_back(start(role, now));
    } else if (child.state == State::terminating && child.deadline <= now) {
      child.deadline = now + config_.patience;  // a process in an uninterruptible wait may take its time to die
      actions.emplace_back(KillChild{role});
    }
  }
  return actions;
}

}  // namespace slicebus::local
