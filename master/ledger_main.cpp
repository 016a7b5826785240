#include "master/ledger_main.hpp"

#include <cstdio>
#include <string_view>

#include "master/store/sqlite/ledger_check.hpp"

namespace slicebus {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

constexpr const char* usage =
    "slicebus ledger check FILE         whether every planned slice is there once, and all counts agree\n"
    "slicebus ledger backup FILE COPY   a copy as of one moment, in a new file\n"
    "\n"
    "FILE is <data>/ledgers/<lineage>.db; its controller may be at work. `check` ends with 1 when it finds a "
    "problem.\n";

int failed(const Error& error) {
  std::fprintf(stderr, "slicebus ledger: %s\n", error.text().c_str());
  return exit_failed;
}

unsigned long long number(std::uint64_t value) { return value; }

int check(const char* path) {
  const auto report = store::check_ledger(path);
  if (!report) {
    return failed(report.error());
  }
  std::printf("ledger %s: lineage %s, %llu executions, epoch %llu\n", path,
              report->first_ex_id.empty() ? "without a name" : report->first_ex_id.c_str(), number(report->executions),
              number(report->epoch));
  std::printf("planned %llu, completed %llu, in error %llu, unfinished %llu; accepted output not yet visible: %llu\n",
              number(report->counts.planned), number(report->counts.completed), number(report->counts.in_error),
              number(report->unfinished), number(report->counts.unpublished));
  for (const std::string& problem : report->problems) {
    std::printf("problem: %s\n", problem.c_str());
  }
  if (report->problems_left_out > 0) {
    std::printf("and %llu more\n", number(report->problems_left_out));
  }
  std::puts(report->is_sound() ? "sound" : "not sound: restore it from a backup, or run what is missing as a new job");
  return report->is_sound() ? 0 : exit_failed;
}

int back_up(const char* path, const char* copy) {
  if (const auto written = store::back_up_ledger(path, copy); !written) {
    return failed(written.error());
  }
  std::printf("%s is a copy of %s\n", copy, path);
  return 0;
}

}  // namespace

int ledger_main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "check" && argc == 3) {
    return check(argv[2]);
  }
  if (command == "backup" && argc == 4) {
    return back_up(argv[2], argv[3]);
  }
  const bool asked = command == "--help" || command == "help";
  std::fputs(usage, asked ? stdout : stderr);
  return asked ? 0 : exit_usage;
}

}  // namespace slicebus
