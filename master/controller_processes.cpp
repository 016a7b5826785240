#include "master/controller_processes.hpp"

#include <algorithm>
#include <csignal>

#include "common/log/log.hpp"
#include "common/wire/codec.hpp"

namespace slicebus {
namespace {

constexpr Duration spare_delay = 300ms;
constexpr Duration spare_back_off_max = 30s;

}  // namespace

ControllerProcesses::ControllerProcesses(bus::Poll& poll, std::string program, std::vector<std::string> arguments)
    : poll_(poll), program_(std::move(program)), arguments_(std::move(arguments)) {}

Result<ControllerProcesses::Watched> ControllerProcesses::spawn() {
  SB_TRY(child, process::Child::spawn({.program = program_,
                                       .name = "slicebus-master",
                                       .arguments = arguments_,
                                       .channel = true,
                                       .ignore_interrupt = true}));
  const int key = poll_.watch_fd(child.pidfd());
  return Watched{std::move(child), key};
}

Result<std::uint32_t> ControllerProcesses::start(const wire::ControllerBinding& binding, TimePoint now) {
  const std::string message = wire::pack_whole(binding);
  if (spare_) {
    Watched spare = std::move(*spare_);
    spare_.reset();
    spare_due_ = now + spare_delay;
    if (!spare.child.reap() && spare.child.send(message)) {
      const auto pid = static_cast<std::uint32_t>(spare.child.pid());
      running_.insert_or_assign(binding.ex_id, std::move(spare));
      return pid;
    }
    poll_.unwatch(spare.key);  // it died while it waited; a fresh one serves
  }
  SB_TRY(fresh, spawn());
  if (auto sent = fresh.child.send(message); !sent) {
    poll_.unwatch(fresh.key);
    return fail(sent.error());
  }
  const auto pid = static_cast<std::uint32_t>(fresh.child.pid());
  running_.insert_or_assign(binding.ex_id, std::move(fresh));
  return pid;
}

void ControllerProcesses::kill(const ExecutionId& ex_id) {
  if (const auto found = running_.find(ex_id); found != running_.end()) {
    found->second.child.signal(SIGKILL);
  }
}

void ControllerProcesses::terminate() {
  terminating_ = true;
  for (auto& [ex_id, watched] : running_) {
    watched.child.signal(SIGTERM);
  }
  if (spare_) {
    spare_->child.signal(SIGTERM);
  }
}

void ControllerProcesses::kill_all() {
  for (auto& [ex_id, watched] : running_) {
    watched.child.signal(SIGKILL);
  }
  if (spare_) {
    spare_->child.signal(SIGKILL);
  }
}

std::vector<ControllerProcesses::Ended> ControllerProcesses::reap(TimePoint now) {
  std::vector<Ended> ended;
  for (auto it = running_.begin(); it != running_.end();) {
    const std::optional<process::Exit> exit = poll_.ready(it->second.key) ? it->second.child.reap() : std::nullopt;
    if (!exit) {
      ++it;
      continue;
    }
    ended.push_back({it->first, static_cast<std::uint32_t>(it->second.child.pid()), *exit});
    poll_.unwatch(it->second.key);
    it = running_.erase(it);
  }
  if (spare_ && poll_.ready(spare_->key)) {
    if (const auto exit = spare_->child.reap()) {
      if (!terminating_) {
        log::warn("spare_controller_died", {{"how", exit->text()}});
      }
      poll_.unwatch(spare_->key);
      spare_.reset();
      spare_due_ = now + std::min(spare_back_off_max, spare_delay * (1U << std::min(spares_failed_++, 10U)));
    }
  }
  return ended;
}

void ControllerProcesses::keep_spare(TimePoint now) {
  if (terminating_ || spare_ || now < spare_due_) {
    return;
  }
  auto spawned = spawn();
  if (!spawned) {
    log::warn("spare_controller_not_started", {{"cause", spawned.error().text()}});
    spare_due_ = now + std::min(spare_back_off_max, spare_delay * (1U << std::min(spares_failed_++, 10U)));
    return;
  }
  spares_failed_ = 0;
  spare_ = std::move(*spawned);
}

}  // namespace slicebus
