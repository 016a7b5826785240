#include "common/process/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "common/assert.hpp"

namespace slicebus::process {

SignalFd::SignalFd(std::initializer_list<int> signals) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : signals) {
    // A blocked signal reaches a signalfd even if it is ignored; who started us to ignore it meant it
    // (ignore_interrupt).
    struct sigaction present {};
    sigaction(number, nullptr, &present);
    if (present.sa_handler != SIG_IGN) {
      sigaddset(&wanted, number);
    }
  }
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  fd_ = Descriptor(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  SB_ASSERT(fd_.is_open(), "a process has at least one free descriptor when it starts");
}

std::optional<int> SignalFd::take() {
  signalfd_siginfo info{};
  return read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)
             ? std::optional<int>(static_cast<int>(info.ssi_signo))
             : std::nullopt;
}

}  // namespace slicebus::process
