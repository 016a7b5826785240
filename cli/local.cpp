#include "cli/local.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "cli/data_directory.hpp"
#include "cli/ports.hpp"
#include "cli/supervision.hpp"
#include "common/process/child.hpp"
#include "common/process/ready.hpp"
#include "common/process/signals.hpp"

namespace slicebus::local {

namespace {

constexpr std::array<const char*, roles.size()> program_names{"slicebus-broker", "slicebus-master", "slicebus-worker"};

const char* name_of(Role role) { return program_names[static_cast<std::size_t>(role)]; }

void complain(const Error& error) { std::fprintf(stderr, "slicebus local: %s\n", error.text().c_str()); }

/// The shell around Supervision: processes, descriptors and what people read.
class LocalCluster {
 public:
  LocalCluster(const LocalConfig& config, DataDirectory directory, std::uint16_t rest_port, std::uint16_t broker_port)
      : config_(config), directory_(std::move(directory)), rest_port_(rest_port), broker_port_(broker_port) {}

  int run(process::SignalFd& signals) {
    perform(core_.step(Begin{}, monotonic_now()));
    while (!exit_code_) {
      wait(signals);
      while (const std::optional<int> signal = signals.take()) {
        if (*signal != SIGCHLD) {
          perform(core_.step(StopAsked{}, monotonic_now()));
        }
      }
      for (const Role role : roles) {
        read_ready(role);
        look_after(role);
      }
      reap_orphans();
      perform(core_.step(Tick{}, monotonic_now()));
    }
    return *exit_code_;
  }

 private:
  struct Running {
    std::optional<process::Child> child;
    std::optional<process::ReadyPipe> ready;  ///< until it has said its line
    std::uintmax_t log_begin = 0;             ///< size of its log when it was started
  };
  Running& of(Role role) { return running_[static_cast<std::size_t>(role)]; }

  void wait(process::SignalFd& signals) {
    std::vector<pollfd> watched{{signals.fd(), POLLIN, 0}};
    for (const Running& running : running_) {
      if (running.child) {
        watched.push_back({running.child->pidfd(), POLLIN, 0});
      }
      if (running.ready) {
        watched.push_back({running.ready->fd(), POLLIN, 0});
      }
    }
    int timeout = -1;
    if (const auto deadline = core_.next_deadline()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - monotonic_now());
      timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }
    ::poll(watched.data(), watched.size(), timeout);  // EINTR: the loop comes round again
  }

  void read_ready(Role role) {
    Running& running = of(role);
    if (!running.ready) {
      return;
    }
    const process::ReadyPipe::News news = running.ready->read();
    if (news.port || news.closed) {
      running.ready.reset();
    }
    if (news.port) {  // closed without a line means that the process ended: look_after() sees that
      perform(core_.step(ChildReady{role}, monotonic_now()));
    }
  }

  void look_after(Role role) {
    Running& running = of(role);
    if (!running.child) {
      return;
    }
    const std::optional<process::Exit> exit = running.child->reap();
    if (!exit) {
      return;
    }
    running.child.reset();
    running.ready.reset();
    if (!stopping_) {
      std::fprintf(stderr, "slicebus local: %s ended with %s; its log: %s\n", name_of(role), exit->text().c_str(),
                   directory_.log_of(name_of(role)).c_str());
    }
    perform(core_.step(ChildEnded{role, exit->signal != 0}, monotonic_now()));
  }

  /// Slots and controllers whose parent was killed become our children as they die: we are their subreaper.
  void reap_orphans() {
    for (;;) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
        return;
      }
      const bool ours = std::any_of(running_.begin(), running_.end(), [&](const Running& running) {
        return running.child && running.child->pid() == info.si_pid;
      });
      if (ours) {
        return;  // look_after() takes it in the next round; its pidfd is readable
      }
      ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG);
    }
  }

  void perform(const Actions& actions) {
    for (const Action& action : actions) {
      std::visit([this](const auto& a) { perform(a); }, action);
    }
  }

  void perform(const StartChild& action) {
    Running& running = of(action.role);
    const std::filesystem::path log = directory_.log_of(name_of(action.role));
    std::error_code absent;
    const std::uintmax_t size = std::filesystem::file_size(log, absent);
    running.log_begin = absent ? 0 : size;

    const auto started = spawn(action.role, log.string());
    if (!started) {
      complain(started.error());
      perform(core_.step(ChildEnded{action.role, false}, monotonic_now()));
    }
  }

  Result<void> spawn(Role role, const std::string& log) {
    SB_TRY(ready, process::ReadyPipe::open());
    process::SpawnOptions options;
    options.program = process::sibling_program(name_of(role));
    options.name = name_of(role);
    options.arguments = arguments_of(role);
    options.arguments.insert(options.arguments.end(),
                             {"--log-level", config_.log_level, "--ready-fd", std::to_string(ready.child_fd())});
    options.output_path = log;
    options.keep_fds = {ready.child_fd()};
    options.ignore_interrupt = true;
    SB_TRY(child, process::Child::spawn(options));
    ready.started();
    of(role).ready.emplace(std::move(ready));
    of(role).child.emplace(std::move(child));
    return {};
  }

  std::vector<std::string> arguments_of(Role role) const {
    const std::string broker = "tcp://127.0.0.1:" + std::to_string(broker_port_);
    switch (role) {
      case Role::broker:
        return {"--bind", "127.0.0.1", "--port", std::to_string(broker_port_)};
      case Role::master:
        return {"--data",      directory_.path().string(), "--bind",   "127.0.0.1", "--advertise", "127.0.0.1",
                "--rest-port", std::to_string(rest_port_), "--broker", broker};
      case Role::worker:
        return {"--broker",
                broker,
                "--slots",
                std::to_string(config_.slots),
                "--advertise",
                "127.0.0.1",
                "--assets-directory",
                (directory_.path() / "worker-assets").string()};
    }
    return {};
  }

  void perform(const TerminateChild& action) { signal(action.role, SIGTERM); }
  void perform(const KillChild& action) { signal(action.role, SIGKILL); }
  void signal(Role role, int number) {
    stopping_ = true;
    if (of(role).child) {
      of(role).child->signal(number);
    }
  }

  void perform(const AnnounceReady&) {
    std::printf(
        "Slicebus is up: http://127.0.0.1:%u (%lld slots)\n"
        "  data  %s\n"
        "  stop  Ctrl-C, or kill %d; started again on the same data it goes on\n",
        static_cast<unsigned>(rest_port_), static_cast<long long>(config_.slots), directory_.path().c_str(),
        ::getpid());
    std::fflush(stdout);
    process::tell_ready(static_cast<int>(config_.ready_fd), rest_port_);
  }

  void perform(const ReportRefusal& action) {
    std::ifstream log(directory_.log_of(name_of(action.role)));
    log.seekg(static_cast<std::streamoff>(of(action.role).log_begin));
    const std::string said((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
    constexpr std::size_t shown_max = 2'000;
    if (!said.empty()) {  // else complain() has said why it could not even be run
      std::fprintf(stderr, "slicebus local: %s did not start; it said:\n%s", name_of(action.role),
                   said.substr(said.size() > shown_max ? said.size() - shown_max : 0).c_str());
    }
  }

  void perform(const Finish& action) { exit_code_ = action.clean ? 0 : 1; }

  const LocalConfig& config_;
  DataDirectory directory_;
  std::uint16_t rest_port_;
  std::uint16_t broker_port_;
  Supervision core_{{}};
  std::array<Running, roles.size()> running_{};
  bool stopping_ = false;
  std::optional<int> exit_code_;
};

Result<std::uint16_t> choose_port(std::int64_t wanted, const char* what, const std::string& option) {
  if (wanted == 0) {
    if (const auto port = free_port()) {
      return *port;
    }
    return fail(Errc::exhausted, what, "no free port in 20000..25678", "choose one with " + option + " N");
  }
  if (port_taken(static_cast<std::uint16_t>(wanted))) {
    return fail(Errc::unavailable, what, "port " + std::to_string(wanted) + " is taken by another process",
                "end that one, or choose another with " + option + " N (0 takes a free one)");
  }
  return static_cast<std::uint16_t>(wanted);
}

}  // namespace

int run_local(const LocalConfig& config) {
  process::SignalFd signals{SIGINT, SIGTERM, SIGHUP, SIGCHLD};
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);

  auto directory = DataDirectory::open(config.data);
  if (!directory) {
    complain(directory.error());
    return 1;
  }
  const auto rest_port = choose_port(config.rest_port, "REST API", "--rest-port");
  if (!rest_port) {
    complain(rest_port.error());
    return 1;
  }
  const auto broker_port = choose_port(config.broker_port, "broker", "--broker-port");
  if (!broker_port) {
    complain(broker_port.error());
    return 1;
  }
  return LocalCluster(config, *std::move(directory), *rest_port, *broker_port).run(signals);
}

}  // namespace slicebus::local
