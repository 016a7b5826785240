#include "tests/sim/world.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace slicebus::sim {

std::uint64_t Chance::next() {  // splitmix64
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

Duration Chance::time(double low_s, double high_s) { return seconds(between(low_s, high_s)); }
double Chance::exponential(double mean) { return -mean * std::log(1 - unit()); }
Duration seconds(double s) { return Duration{static_cast<Duration::rep>(s * 1e6)}; }

Process::Process(World& world, std::string kind, std::string node)
    : world_(world), kind_(std::move(kind)), node_(std::move(node)), uid_(++world.uids_) {}

void Process::after(Duration delay, std::function<void()> what, bool op) {
  world_.at(delay, this, std::move(what), op);
}

void Process::die(const std::string& cause) {
  if (alive_) {
    alive_ = false;
    world_.log(name() + " dies: " + cause);
    on_death(cause);
  }
}

void Process::freeze(Duration time) {
  if (alive_ && !frozen_at_) {
    frozen_at_ = world_.now;
    world_.log(name() + " frozen");
    world_.at(time, nullptr, [this] { thaw(); });
  }
}

void Process::thaw() {
  if (!alive_ || !frozen_at_) {
    return;
  }
  const Duration gap = world_.now - *frozen_at_;
  frozen_at_.reset();
  world_.log(name() + " thaws");
  on_thaw(gap);
  std::vector<Late> late = std::exchange(late_, {});
  if (world_.chance.happens(0.5)) {
    std::stable_sort(late.begin(), late.end(), [](const Late& a, const Late& b) { return a.op && !b.op; });
  }
  Duration delay{};
  for (Late& each : late) {
    after(delay += 1us, std::move(each.what), each.op);
  }
}

World::World(std::uint64_t seed, bool trace) : chance(seed), trace_(trace) {}

void World::at(Duration delay, Process* who, std::function<void()> what, bool op) {
  events_.push({now + delay, ++order_, who, std::make_shared<std::function<void()>>(std::move(what)), op});
}

bool World::run_one() {
  if (events_.empty()) {
    return false;
  }
  const Event event = events_.top();
  events_.pop();
  now = event.at;
  if (event.who != nullptr) {
    if (!event.who->alive_) {
      return true;
    }
    if (event.who->frozen_at_) {
      event.who->late_.push_back({*event.what, event.op});
      return true;
    }
  }
  (*event.what)();
  return true;
}

std::vector<Process*> World::living(const std::string& kind) const {
  std::vector<Process*> found;
  for (const auto& process : processes_) {
    if (process->alive_ && process->kind_ == kind) {
      found.push_back(process.get());
    }
  }
  return found;
}

std::vector<Process*> World::living() const {
  std::vector<Process*> found;
  for (const auto& process : processes_) {
    if (process->alive_) {
      found.push_back(process.get());
    }
  }
  return found;
}

std::vector<Process*> World::living_on(const std::string& node) const {
  std::vector<Process*> found;
  for (const auto& process : processes_) {
    if (process->alive_ && process->node_ == node) {
      found.push_back(process.get());
    }
  }
  return found;
}

void World::log(const std::string& line) {
  if (trace_) {
    std::printf("%10.4f %s\n", seconds_now(), line.c_str());
  }
}

}  // namespace slicebus::sim
