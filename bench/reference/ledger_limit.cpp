// The limit of W1 that durability sets: the ledger alone takes the groups that a controller would commit, each with
// the next slices planned and those of the group before completed, and gives nothing to anybody.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/measured_process.hpp"
#include "master/store/sqlite/slice_ledger.hpp"

using namespace slicebus;

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench-ledger-limit FILE SLICES SLICES_IN_A_GROUP\n");
    return 2;
  }
  const auto slices = std::strtoull(argv[2], nullptr, 10);
  const auto group_size = std::strtoull(argv[3], nullptr, 10);
  auto ledger = store::SqliteSliceLedger::open_file(argv[1]);
  if (!ledger) {
    std::fprintf(stderr, "bench-ledger-limit: %s\n", ledger.error().text().c_str());
    return 1;
  }
  const auto opened = (*ledger)->open(ExecutionId{"bench"}, store::Cleanup::none);
  if (!opened) {
    std::fprintf(stderr, "bench-ledger-limit: %s\n", opened.error().text().c_str());
    return 1;
  }
  store::Tally tally{.started_ms = 1, .counts = wire::OperationCounts(2)};
  std::uint64_t planned = 0;
  std::uint64_t completed = 0;
  const auto began = std::chrono::steady_clock::now();
  while (completed < slices) {
    store::LedgerBatch group{.epoch = opened->epoch};
    for (const std::uint64_t end = planned; completed < end; ++completed) {
      group.completed.push_back({{{0, completed + 1}}, {opened->epoch, completed + 1}, false});
    }
    for (const std::uint64_t end = std::min<std::uint64_t>(slices, planned + group_size); planned < end; ++planned) {
      group.planned.push_back({{0, planned + 1}, R"({"from":)" + std::to_string(planned) + R"(,"count":1})"});
    }
    group.slicers = {{0, planned, std::to_string(planned), planned == slices}};
    tally.processed = completed;
    group.tally = tally;
    if (const auto applied = (*ledger)->apply(group); !applied) {
      std::fprintf(stderr, "bench-ledger-limit: %s\n", applied.error().text().c_str());
      return 1;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("{\"slices\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.3f}\n", slices, took.count(),
              bench::cpu_seconds(RUSAGE_SELF));
  return 0;
}
