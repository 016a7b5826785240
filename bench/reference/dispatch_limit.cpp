// The limit of W1 and W6 that messages set: a ROUTER gives slices to DEALERs in batches and counts the reports, in the
// very messages of the conversation, and remembers nothing. One process gives, the others answer.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "bench/measured_process.hpp"
#include "common/bus/socket.hpp"
#include "common/wire/codec.hpp"

namespace {

using namespace slicebus;

constexpr std::size_t batches_in_flight = 2;

/// What was in a connection that broke is lost, for nobody remembers it: it is waited for only so long.
class Patience {
 public:
  explicit Patience(std::chrono::seconds limit) : limit_(limit) {}
  void heard() { last_ = std::chrono::steady_clock::now(); }
  std::chrono::steady_clock::time_point last() const { return last_; }
  bool over() const { return left().count() <= 0; }
  std::chrono::microseconds left() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(last_ + limit_ - std::chrono::steady_clock::now());
  }

 private:
  std::chrono::seconds limit_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};
constexpr std::chrono::seconds giver_waits{10}, slots_wait{30};
const wire::OperationCounts counts(2, wire::OperationCount{1, 1, 0, 2});

/// As many slots as were asked for, each with a socket of its own; each ends when it is given an empty batch, all when
/// nobody has said anything for too long.
void answer(const std::string& endpoint, int first, int count) {
  bus::Context context;
  std::vector<std::pair<std::string, bus::Dealer>> slots;
  bus::Poll poll;
  for (int slot = first; slot < first + count; ++slot) {
    const std::string name = "slot-" + std::to_string(slot);
    slots.emplace_back(name, *bus::Dealer::connect(context, endpoint, name));
    poll.watch(slots.back().second.native());
    static_cast<void>(slots.back().second.send(wire::SliceReport{.process = {name}}));
  }
  Patience patience(slots_wait);
  for (int ended = 0; ended < count && !patience.over();) {
    bool heard = false;
    for (auto& [name, dealer] : slots) {
      while (const auto received = dealer.receive()) {
        heard = true;
        const auto message = *wire::decode(received->header, received->body);
        const auto& batch = std::get<wire::SliceAssign>(message);
        if (batch.slices.empty()) {
          ++ended;
          continue;
        }
        wire::SliceReport report{.process = {name}};
        report.outcomes.reserve(batch.slices.size());
        for (const wire::AssignedSlice& slice : batch.slices) {
          const wire::SliceCopy copy{slice.slice, slice.fence};
          report.outcomes.push_back({.copy = copy, .counts = counts});
        }
        static_cast<void>(dealer.send(report));
      }
    }
    if (heard) {
      patience.heard();
    } else {
      poll.wait(patience.left());
    }
  }
}

struct Given {
  std::uint64_t slices = 0;
  double seconds = 0;
  std::size_t connected = 0;
  long kb_connected = 0;  ///< resident memory, from before the first peer to when all have said something
  long kb_grown = 0;      ///< and to the last slice
};

Given give(bus::Router& router, std::uint64_t slices, std::size_t batch_size, int slots) {
  const long kb_before = bench::resident_kb();
  bus::Poll poll;
  poll.watch(router.native());
  std::vector<std::string> peers;
  Patience patience(giver_waits);
  while (peers.size() < static_cast<std::size_t>(slots) && !patience.over()) {
    if (const auto received = router.receive()) {
      peers.push_back(received->peer);
      patience.heard();
    } else {
      poll.wait(patience.left());
    }
  }
  const long kb_connected = bench::resident_kb() - kb_before;
  std::uint64_t given = 0;
  std::uint64_t number = 0;
  const auto give_batch = [&](const std::string& peer) {
    wire::SliceAssign batch{1, ++number, {}};
    batch.slices.reserve(batch_size);
    for (; given < slices && batch.slices.size() < batch_size; ++given) {
      batch.slices.push_back(
          {{0, given + 1}, {1, given + 1}, R"({"from":)" + std::to_string(given) + R"(,"count":1})"});
    }
    if (!batch.slices.empty()) {
      static_cast<void>(router.send(peer, batch));
    }
  };
  const auto began = std::chrono::steady_clock::now();
  for (const std::string& peer : peers) {
    for (std::size_t i = 0; i < batches_in_flight; ++i) {
      give_batch(peer);
    }
  }
  std::uint64_t done = 0;
  for (patience.heard(); done < slices && !patience.over();) {
    bool heard = false;
    while (const auto received = router.receive()) {
      const auto message = *wire::decode(received->header, received->body);
      done += std::get<wire::SliceReport>(message).outcomes.size();
      give_batch(received->peer);
      heard = true;
    }
    if (heard) {
      patience.heard();
    } else {
      poll.wait(patience.left());
    }
  }
  const std::chrono::duration<double> took = patience.last() - began;
  const Given given_out{done, took.count(), peers.size(), kb_connected, bench::resident_kb() - kb_before};
  for (const std::string& peer : peers) {
    static_cast<void>(router.send(peer, wire::SliceAssign{1, ++number, {}}));
  }
  return given_out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bench-dispatch-limit SLICES SLICES_IN_A_BATCH SLOTS SLOTS_IN_A_PROCESS\n");
    return 2;
  }
  const auto slices = std::strtoull(argv[1], nullptr, 10);
  const auto batch_size = std::strtoul(argv[2], nullptr, 10);
  const int slots = std::atoi(argv[3]);
  const int together = std::max(1, std::atoi(argv[4]));
  bench::raise_descriptor_limit();
  // A process begins before ZeroMQ's threads do, and is told the port when there is one.
  std::vector<int> tell;
  for (int first = 0; first < slots; first += together) {
    int ends[2];
    if (pipe(ends) != 0) {
      std::perror("bench-dispatch-limit: pipe");
      return 1;
    }
    if (fork() == 0) {
      std::uint16_t port = 0;
      if (read(ends[0], &port, sizeof port) == sizeof port) {
        answer("tcp://127.0.0.1:" + std::to_string(port), first, std::min(together, slots - first));
      }
      std::_Exit(0);
    }
    tell.push_back(ends[1]);
  }
  Given given;
  {
    bus::Context context;
    auto router = *bus::Router::bind(context, "tcp://127.0.0.1:*");
    const std::uint16_t port = router.port();
    for (const int end : tell) {
      if (write(end, &port, sizeof port) != sizeof port) {
        std::perror("bench-dispatch-limit: write");
        return 1;
      }
    }
    given = give(router, slices, batch_size, slots);
  }
  while (wait(nullptr) > 0) {
  }
  std::printf(
      "{\"slices\": %llu, \"seconds\": %.6f, \"connected\": %zu, \"cpu_seconds\": %.3f, \"kb_connected\": %ld, "
      "\"kb_grown\": %ld}\n",
      static_cast<unsigned long long>(given.slices), given.seconds, given.connected,
      bench::cpu_seconds(RUSAGE_SELF) + bench::cpu_seconds(RUSAGE_CHILDREN), given.kb_connected, given.kb_grown);
  return 0;
}
