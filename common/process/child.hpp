#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/descriptor.hpp"
#include "common/result.hpp"

/// Starting, watching and ending child processes. A child dies with the *thread* that forked it (PDEATHSIG): call
/// spawn() on the main thread only.
namespace slicebus::process {

/// How a child ended.
struct Exit {
  int code = 0;    ///< exit code; meaningful when signal == 0
  int signal = 0;  ///< 0: it exited
  /// "exit code 3", "signal 11 (Segmentation fault)"
  std::string text() const;
};

struct SpawnOptions {
  std::string program;                 ///< path of the executable
  std::string name;                    ///< argv[0], as `ps` shows it: "slicebus-master"
  std::vector<std::string> arguments;  ///< argv[1…]
  bool channel = false;                ///< give the child a Channel as its standard input (else /dev/null)
  std::string output_path;             ///< append stdout and stderr there; empty: inherit
  std::vector<int> keep_fds;           ///< stay open in the child under the same numbers (all others are closed)
  bool ignore_interrupt = false;       ///< SIGINT is ignored in the child (a terminal sends it to the whole group)
};

/// A running child. Move-only; the destructor sends SIGKILL and reaps.
class Child {
 public:
  /// Errors: unavailable (no such program, no more processes), with the remedy.
  static Result<Child> spawn(const SpawnOptions& options);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }         ///< readable when it has ended; for Poll::watch_fd
  int channel_fd() const { return channel_.get(); }  ///< -1 without a channel
  /// One message to the child's standard input (Channel::receive there). Errors: unavailable (it is gone).
  Result<void> send(const std::string& bytes);
  void signal(int number);
  /// Nothing while it runs; its end once it has ended (and again afterwards).
  std::optional<Exit> reap();

 private:
  Child() = default;
  pid_t pid_ = -1;
  Descriptor pidfd_;
  Descriptor channel_;
  std::optional<Exit> exit_;
};

/// Ends the process `pid` that we did not start, if it is still the one that started at `start_time` (clock ticks after
/// boot, as in /proc/<pid>/stat field 22), and waits until it is gone.
Result<void> end_stranger(pid_t pid, unsigned long long start_time);
/// /proc/<pid>/stat field 22, or nothing when there is no such process.
std::optional<unsigned long long> start_time_of(pid_t pid);

/// The program beside this one: directory of /proc/self/exe + name.
std::string sibling_program(const std::string& name);

}  // namespace slicebus::process
