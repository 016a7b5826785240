// A ledger of many slices: what it weighs, how long it takes to open and to check, and what memory that needs. See
// README.md. Fails when a limit of M5 (issue 7) is broken.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "master/store/sqlite/ledger_check.hpp"
#include "master/store/sqlite/slice_ledger.hpp"

using namespace slicebus;         // NOLINT: program
using namespace slicebus::store;  // NOLINT: program

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t group_slices = 1'000;
constexpr std::uint64_t spread = 7;  ///< slices end out of order over so many groups
constexpr double open_s_max = 1.0;
constexpr std::uint64_t file_bytes_max = 1'000'000'000;
const ExecutionId ex_id{"00000000-0000-4000-8000-000000000001"};

double since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "bench-ledger-scale: %s\n", result.error().text().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) {
    return *std::move(result);
  }
}

/// Resident now, kB.
long resident_kb() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  statm >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1'024);
}

/// What a child used at most, kB, and how it took; it must end well.
template <class Run>
std::pair<double, long> in_a_process_of_its_own(Run run) {
  const auto began = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    run();
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
    std::fprintf(stderr, "bench-ledger-scale: a child failed\n");
    std::exit(1);
  }
  return {since(began), usage.ru_maxrss};
}

/// Plans and completes `slices`, as a controller does: planned in groups, done out of order some groups later, with
/// output that is published a group after; every `error_every`th fails.
void write(const std::string& path, std::uint64_t slices, std::uint64_t error_every) {
  auto ledger = must(SqliteSliceLedger::open_file(path));
  const std::uint64_t epoch = must(ledger->open(ex_id, Cleanup::none)).epoch;
  Tally tally{.started_ms = 1, .counts = {{}, {}}};
  std::vector<SlicePosition> visible;
  const std::uint64_t groups = (slices + group_slices - 1) / group_slices;
  const auto began = Clock::now();
  const auto add_done = [&](LedgerBatch& group, std::uint64_t order) {
    if (order == 0 || order > slices) {
      return;
    }
    ++tally.processed;
    if (error_every != 0 && order % error_every == 0) {
      ++tally.failed;
      group.errors.push_back(
          {{0, order}, "operations[1] \"filter\": the field \"price\" is no number (attempt 4 of 4)", 3});
      return;
    }
    group.completed.push_back({{{0, order}}, {epoch, order}, true});
  };
  for (std::uint64_t at = 0; at < groups + spread + 1; ++at) {
    LedgerBatch group{.epoch = epoch};
    if (at < groups) {
      const std::uint64_t last = std::min(slices, (at + 1) * group_slices);
      for (std::uint64_t order = at * group_slices + 1; order <= last; ++order) {
        group.planned.push_back({{0, order},
                                 "{\"path\":\"/srv/in/part-000017.ldjson\",\"offset\":" +
                                     std::to_string(order * 100'000) + ",\"length\":100000}"});
      }
      group.slicers.push_back({0, last, "{\"next\":" + std::to_string(last) + "}", last == slices});
    }
    group.published = std::move(visible);
    // Of each of the last `spread` groups one slice in `spread`.
    for (std::uint64_t back = 1; back <= spread; ++back) {
      if (at >= back && at - back < groups) {
        for (std::uint64_t order = (at - back) * group_slices + 1; order <= (at - back + 1) * group_slices; ++order) {
          if (order % spread == back - 1) {
            add_done(group, order);
          }
        }
      }
    }
    visible.clear();
    for (const Completion& completion : group.completed) {
      visible.push_back(completion.slices.back());
    }
    group.tally = tally;
    must(ledger->apply(group));
    const std::uint64_t planned = std::min(slices, (at + 1) * group_slices);
    if (at + 1 == 10 || (at + 1 < groups && (at + 1) % (groups / 4 + 1) == 0)) {
      std::printf("| after %llu slices | %ld kB resident | %.0f s |\n", static_cast<unsigned long long>(planned),
                  resident_kb(), since(began));
      std::fflush(stdout);
    }
  }
  LedgerBatch end{.epoch = epoch, .published = std::move(visible)};
  end.tally = tally;
  end.final_state = FinalState{tally.failed > 0 ? "failed" : "completed", ""};
  must(ledger->apply(end));
  std::printf("| written | %ld kB resident | %.0f s, %.0f slices/s |\n", resident_kb(), since(began),
              static_cast<double>(slices) / since(began));
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t slices = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000'000;
  const std::uint64_t error_every = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const std::string directory = (std::filesystem::temp_directory_path() / "slicebus-ledger-XXXXXX").string();
  std::string made = directory;
  if (mkdtemp(made.data()) == nullptr) {
    std::perror("bench-ledger-scale: a temporary directory");
    return 1;
  }
  const std::string path = made + "/ledger.db";
  std::printf("| %llu slices, %llu of them in error | | |\n|---|---|---|\n", static_cast<unsigned long long>(slices),
              static_cast<unsigned long long>(error_every == 0 ? 0 : slices / error_every));
  std::fflush(stdout);
  in_a_process_of_its_own([&] {
    write(path, slices, error_every);
    std::fflush(stdout);
  });
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(made)) {
    bytes += entry.file_size();
  }
  const auto [idle_s, idle_kb] = in_a_process_of_its_own([] {});
  const auto [open_s, open_kb] = in_a_process_of_its_own([&] {
    auto ledger = must(SqliteSliceLedger::open_file(path));
    const OpenedLedger opened = must(ledger->open(ex_id, Cleanup::none));
    must(ledger->unfinished({}, 1'000));
    if (opened.tally.processed != slices || opened.unfinished != 0) {
      _exit(1);
    }
  });
  const auto [check_s, check_kb] = in_a_process_of_its_own([&] {
    const LedgerReport report = must(check_ledger(path));
    if (!report.is_sound() || report.counts.planned != slices) {
      _exit(1);
    }
  });
  std::printf("| file | %llu bytes | |\n", static_cast<unsigned long long>(bytes));
  std::printf("| opened | %ld kB at most, %ld kB without | %.3f s |\n", open_kb, idle_kb, open_s);
  std::printf("| checked | %ld kB at most | %.3f s |\n", check_kb, check_s);
  static_cast<void>(idle_s);
  std::filesystem::remove_all(made);
  if (bytes >= file_bytes_max || open_s >= open_s_max) {
    std::printf("FAILED: the limits are %llu bytes and %.1f s\n", static_cast<unsigned long long>(file_bytes_max),
                open_s_max);
    return 1;
  }
  return 0;
}
