#include "common/process/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "common/process/pidfd.hpp"

namespace slicebus::process {
namespace {

// A child that reads nothing for this long is frozen; its parent's loop must not freeze with it.
constexpr std::chrono::milliseconds channel_patience{2'000};
constexpr std::size_t message_bytes_max = 64U << 20U;
// The file of the parent's own settings: a child is told everything by its flags, and the file's keys need not be its
// own.
constexpr std::string_view parents_own = "SLICEBUS_CONFIG=";

/// Away from 0, 1 and 2, which are free when this process was started with its own closed; the child's go there.
void move_above_standard(Descriptor& descriptor) {
  if (descriptor.is_open() && descriptor.get() <= STDERR_FILENO) {
    descriptor = Descriptor(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  }
}

/// All that the child needs after the fork, made before it: between fork and exec nothing may allocate.
struct Launch {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<int> keep_fds;
  const char* program = nullptr;
  int input = -1;
  int output = -1;  ///< -1: inherit
  int trouble = -1;
  pid_t parent = -1;
  bool ignore_interrupt = false;
};

void close_on_exec_from(int first) {
  if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, static_cast<unsigned>(CLOSE_RANGE_CLOEXEC)) == 0) {
    return;
  }
  // Kernels before 5.11, and sandboxes that know no close_range. Our own descriptors are close-on-exec from birth.
  constexpr int searched_max = 4'096;
  for (int fd = first; fd < searched_max; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) {
      fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
  }
}

[[noreturn]] void give_up(int trouble) {
  const int number = errno;
  (void)!write(trouble, &number, sizeof number);
  _exit(127);
}

/// The child's side of the fork: async-signal-safe calls only.
[[noreturn]] void become(const Launch& launch) {
  // With the parent's thread; the parent may have ended before the kernel knew that we care.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    give_up(launch.trouble);
  }
  if (getppid() != launch.parent) {
    _exit(127);
  }
  struct sigaction normal {};
  normal.sa_handler = SIG_DFL;
  sigaction(SIGPIPE, &normal, nullptr);
  struct sigaction interrupt {};
  interrupt.sa_handler = launch.ignore_interrupt ? SIG_IGN : SIG_DFL;
  sigaction(SIGINT, &interrupt, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  if (dup2(launch.input, STDIN_FILENO) < 0) {
    give_up(launch.trouble);
  }
  if (launch.output >= 0 && (dup2(launch.output, STDOUT_FILENO) < 0 || dup2(launch.output, STDERR_FILENO) < 0)) {
    give_up(launch.trouble);
  }
  close_on_exec_from(3);
  for (const int fd : launch.keep_fds) {
    if (fcntl(fd, F_SETFD, 0) != 0) {
      give_up(launch.trouble);
    }
  }
  execve(launch.program, launch.arguments.data(), launch.environment.data());
  give_up(launch.trouble);
}

Error spawn_error(const SpawnOptions& options, const std::string& what, int number) {
  std::string remedy;
  switch (number) {
    case ENOENT:
      remedy = "install the program there, beside the others";
      break;
    case EACCES:
      remedy = "make the file executable for this user";
      break;
    case EAGAIN:
    case ENOMEM:
      remedy = "raise the limits of processes and memory for this user (`ulimit -u`)";
      break;
    case EMFILE:
    case ENFILE:
      remedy = "raise the limit of open files (`ulimit -n`)";
      break;
    default:
      break;
  }
  return {Errc::unavailable, "start " + options.program, what + ": " + std::strerror(number), remedy};
}

}  // namespace

std::string Exit::text() const {
  if (signal != 0) {
    const char* description = sigdescr_np(signal);
    return "signal " + std::to_string(signal) + " (" + (description != nullptr ? description : "unknown") + ")";
  }
  return "exit code " + std::to_string(code);
}

Result<Child> Child::spawn(const SpawnOptions& options) {
  const auto failed = [&](const std::string& what) { return fail(spawn_error(options, what, errno)); };

  std::vector<std::string> words{options.name.empty() ? options.program : options.name};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  Launch launch;
  for (std::string& word : words) {
    launch.arguments.push_back(word.data());
  }
  launch.arguments.push_back(nullptr);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, parents_own.data(), parents_own.size()) != 0) {
      launch.environment.push_back(*variable);
    }
  }
  launch.environment.push_back(nullptr);
  launch.program = options.program.c_str();
  launch.keep_fds = options.keep_fds;
  launch.parent = getpid();
  launch.ignore_interrupt = options.ignore_interrupt;

  Descriptor input;
  Descriptor channel;
  if (options.channel) {
    int pair[2];
    // A socket rather than a pipe: a write to a dead child is an error here and not a SIGPIPE.
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      return failed("no channel");
    }
    channel = Descriptor(pair[0]);
    input = Descriptor(pair[1]);
  } else {
    input = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!input.is_open()) {
      return failed("/dev/null");
    }
  }
  Descriptor output;
  if (!options.output_path.empty()) {
    output = Descriptor(open(options.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!output.is_open()) {
      return fail(Errc::unavailable, "start " + options.program,
                  "cannot write its output to " + options.output_path + ": " + std::strerror(errno),
                  "make the directory, and writable for this user");
    }
  }
  int trouble_ends[2];
  if (pipe2(trouble_ends, O_CLOEXEC) != 0) {
    return failed("no pipe");
  }
  Descriptor trouble_read(trouble_ends[0]);
  Descriptor trouble_write(trouble_ends[1]);
  for (Descriptor* descriptor : {&input, &channel, &output, &trouble_read, &trouble_write}) {
    move_above_standard(*descriptor);
  }
  launch.input = input.get();
  launch.output = output.get();
  launch.trouble = trouble_write.get();

  // No signal may reach the child while it still looks like us.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    become(launch);
  }
  const int fork_errno = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    errno = fork_errno;
    return failed("fork");
  }
  Child child;
  child.pid_ = pid;  // from here on its destructor reaps
  child.channel_ = std::move(channel);
  child.pidfd_ = Descriptor(open_pidfd(pid));
  if (!child.pidfd_.is_open()) {
    return failed("pidfd");
  }
  trouble_write.close();
  int number = 0;
  ssize_t got = 0;
  do {
    got = read(trouble_read.get(), &number, sizeof number);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof number)) {
    errno = number;
    return failed("cannot run it");
  }
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      channel_(std::move(other.channel_)),
      exit_(std::exchange(other.exit_, std::nullopt)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    Child old(std::move(*this));
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    channel_ = std::move(other.channel_);
    exit_ = std::exchange(other.exit_, std::nullopt);
  }
  return *this;
}

Child::~Child() {
  if (pid_ > 0 && !exit_) {
    kill(pid_, SIGKILL);  // not reaped yet: the pid is still its own
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
}

Result<void> Child::send(const std::string& bytes) {
  const std::string where = "channel to process " + std::to_string(pid_);
  if (!channel_.is_open()) {
    return fail(Errc::unavailable, where, "is closed");
  }
  if (bytes.size() > message_bytes_max) {
    return fail(Errc::invalid, where,
                std::to_string(bytes.size()) + " bytes (limit " + std::to_string(message_bytes_max) + " bytes)");
  }
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::string framed(sizeof length, '\0');
  std::memcpy(framed.data(), &length, sizeof length);  // same machine, same byte order
  framed += bytes;
  const auto deadline = std::chrono::steady_clock::now() + channel_patience;
  std::size_t done = 0;
  while (done < framed.size()) {
    const ssize_t wrote =
        ::send(channel_.get(), framed.data() + done, framed.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
      continue;
    }
    if (errno == EINTR) {
      continue;
    }
    const int number = errno;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (number == EAGAIN && left.count() > 0) {
      pollfd writable{channel_.get(), POLLOUT, 0};
      poll(&writable, 1, static_cast<int>(left.count()));
      continue;
    }
    // Half a message must not be followed by another: the child sees the end, and ends.
    channel_.close();
    return fail(Errc::unavailable, where,
                number == EAGAIN ? "it has read nothing for " + std::to_string(channel_patience.count()) + " ms"
                                 : std::string("it is gone: ") + std::strerror(number));
  }
  return {};
}

void Child::signal(int number) {
  if (pid_ > 0 && !exit_) {
    signal_pidfd(pidfd_.get(), number);
  }
}

std::optional<Exit> Child::reap() {
  if (pid_ > 0 && !exit_) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
    }
  }
  return exit_;
}

}  // namespace slicebus::process
