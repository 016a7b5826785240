// The process room's own test: its children are /bin/sh.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "common/process/channel.hpp"
#include "common/process/child.hpp"
#include "common/process/ready.hpp"
#include "common/process/signals.hpp"

using namespace slicebus;
using namespace slicebus::process;

namespace {

constexpr int patience_ms = 20'000;

bool readable(int fd, int timeout_ms = patience_ms) {
  pollfd item{fd, POLLIN, 0};
  return poll(&item, 1, timeout_ms) == 1;
}

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.program = "/bin/sh";
  options.name = "slicebus-test";
  options.arguments = {"-c", script};
  return options;
}

Exit end_of(Child& child) {
  BOOST_REQUIRE(readable(child.pidfd()));
  const auto end = child.reap();
  BOOST_REQUIRE(end.has_value());
  return *end;
}

/// A file that is gone with the test.
struct Scratch {
  std::string path = (std::filesystem::temp_directory_path() / ("process_test." + std::to_string(getpid()))).string();
  ~Scratch() { std::filesystem::remove(path); }
  std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
};

std::string run_and_read(SpawnOptions options) {
  const Scratch out;
  options.output_path = out.path;
  Child child = Child::spawn(options).value();
  end_of(child);
  return out.text();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(an_exit_code_and_a_signal_are_told_apart_and_named) {
  Child exits = Child::spawn(shell("exit 3")).value();
  BOOST_TEST(end_of(exits).text() == "exit code 3");
  BOOST_TEST(exits.reap()->code == 3);  // and again
  Child crashes = Child::spawn(shell("kill -SEGV $$")).value();
  BOOST_TEST(end_of(crashes).text() == "signal 11 (Segmentation fault)");
}

BOOST_AUTO_TEST_CASE(a_running_child_has_no_end_and_takes_signals) {
  Child child = Child::spawn(shell("exec sleep 1000")).value();
  BOOST_TEST(!child.reap().has_value());
  child.signal(SIGTERM);
  BOOST_TEST(end_of(child).signal == SIGTERM);
  child.signal(SIGTERM);  // of a process that is gone: nothing happens
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_an_error_with_its_path) {
  SpawnOptions options;
  options.program = "/nowhere/slicebus-master";
  const auto child = Child::spawn(options);
  BOOST_REQUIRE(!child.has_value());
  BOOST_TEST((child.error().code == Errc::unavailable));
  BOOST_TEST(
      child.error().text() ==
      "start /nowhere/slicebus-master: cannot run it: No such file or directory; install the program there, beside the "
      "others");
}

BOOST_AUTO_TEST_CASE(the_destructor_ends_the_child) {
  pid_t pid = -1;
  {
    Child child = Child::spawn(shell("exec sleep 1000")).value();
    pid = child.pid();
    Child moved(std::move(child));
    BOOST_TEST(moved.pid() == pid);
    BOOST_TEST(start_time_of(pid).has_value());
  }
  BOOST_TEST(!start_time_of(pid).has_value());
}

BOOST_AUTO_TEST_CASE(a_child_of_a_killed_parent_dies_too) {
  // The middle process is a fork of this test: it starts a child, tells its pid, and is killed.
  int told[2];
  BOOST_REQUIRE(pipe(told) == 0);
  const pid_t middle = fork();
  if (middle == 0) {
    auto grandchild = Child::spawn(shell("exec sleep 1000"));
    const pid_t pid = grandchild ? grandchild->pid() : -1;
    (void)!write(told[1], &pid, sizeof pid);
    pause();
    _exit(1);
  }
  pid_t grandchild = -1;
  BOOST_REQUIRE(read(told[0], &grandchild, sizeof grandchild) == static_cast<ssize_t>(sizeof grandchild));
  const auto born = start_time_of(grandchild);
  BOOST_REQUIRE(born.has_value());
  kill(middle, SIGKILL);
  waitpid(middle, nullptr, 0);
  bool gone = false;
  for (int tries = 0; tries < patience_ms && !gone; ++tries) {
    std::ifstream file("/proc/" + std::to_string(grandchild) + "/stat");
    std::string pid, name, state;
    gone = !(file >> pid >> name >> state) || state == "Z" || start_time_of(grandchild) != born;
    poll(nullptr, 0, gone ? 0 : 1);
  }
  BOOST_TEST(gone);
  close(told[0]);
  close(told[1]);
}

BOOST_AUTO_TEST_CASE(a_child_has_no_descriptors_but_its_own_and_those_kept) {
  int kept[2];
  int closed[2];
  BOOST_REQUIRE(pipe(kept) == 0);  // not close-on-exec, as a careless library would leave them
  BOOST_REQUIRE(pipe(closed) == 0);
  SpawnOptions options = shell("for fd in " + std::to_string(kept[1]) + " " + std::to_string(closed[1]) +
                               "; do test -e /proc/$$/fd/$fd && echo $fd; done");
  options.keep_fds = {kept[1]};
  BOOST_TEST(run_and_read(options) == std::to_string(kept[1]) + "\n");
  for (const int fd : {kept[0], kept[1], closed[0], closed[1]}) {
    close(fd);
  }
}

BOOST_AUTO_TEST_CASE(a_child_starts_with_no_signal_blocked_and_ignores_interrupts_only_if_asked) {
  const SignalFd signals({SIGTERM, SIGINT});
  const std::string script = "grep -E '^Sig(Blk|Ign)' /proc/$$/status | tr -d '\\t\\n'";
  BOOST_TEST(run_and_read(shell(script)) == "SigBlk:0000000000000000SigIgn:0000000000000000");
  SpawnOptions deaf = shell(script);
  deaf.ignore_interrupt = true;
  BOOST_TEST(run_and_read(deaf) == "SigBlk:0000000000000000SigIgn:0000000000000002");
}

BOOST_AUTO_TEST_CASE(the_settings_file_of_the_parent_is_not_the_childs) {
  setenv("SLICEBUS_CONFIG", "/etc/parent.yaml", 1);
  setenv("SLICEBUS_OTHER", "kept", 1);
  BOOST_TEST(run_and_read(shell("echo \"$SLICEBUS_CONFIG,$SLICEBUS_OTHER\"")) == ",kept\n");
  unsetenv("SLICEBUS_CONFIG");
  unsetenv("SLICEBUS_OTHER");
}

BOOST_AUTO_TEST_CASE(a_message_reaches_the_childs_standard_input) {
  const Scratch out;
  SpawnOptions options = shell("head -c 9 | tail -c 5");
  options.channel = true;
  options.output_path = out.path;
  Child child = Child::spawn(options).value();
  BOOST_REQUIRE(child.send("hello").has_value());
  end_of(child);
  BOOST_TEST(out.text() == "hello");
}

BOOST_AUTO_TEST_CASE(a_message_to_a_dead_child_is_an_error_and_no_signal) {
  SpawnOptions options = shell("exit 0");
  options.channel = true;
  Child child = Child::spawn(options).value();
  BOOST_REQUIRE(readable(child.pidfd()));
  const auto sent = child.send("too late");
  BOOST_REQUIRE(!sent.has_value());
  BOOST_TEST((sent.error().code == Errc::unavailable));
  BOOST_TEST(!child.send("and later").has_value());
}

BOOST_AUTO_TEST_CASE(a_child_that_never_reads_costs_its_parent_a_bounded_wait) {
  SpawnOptions options = shell("exec sleep 1000");
  options.channel = true;
  Child child = Child::spawn(options).value();
  const auto sent = child.send(std::string(8U << 20U, 'x'));
  BOOST_REQUIRE(!sent.has_value());
  BOOST_TEST(sent.error().what == "it has read nothing for 2000 ms");
}

BOOST_AUTO_TEST_CASE(a_channel_gives_whole_messages_then_the_end) {
  int ends[2];
  BOOST_REQUIRE(pipe(ends) == 0);
  Channel channel(ends[0]);
  BOOST_TEST(!channel.read().message.has_value());
  const std::string two("\3\0\0\0abc\0\0\0\0\2\0", 13);
  BOOST_REQUIRE(write(ends[1], two.data(), two.size()) == 13);
  BOOST_TEST(channel.read().message.value() == "abc");
  BOOST_TEST(channel.read().message.value().empty());
  const auto half = channel.read();
  BOOST_TEST(!half.message.has_value());
  BOOST_TEST(!half.closed);
  const std::string rest("\0\0de", 4);
  BOOST_REQUIRE(write(ends[1], rest.data(), rest.size()) == 4);
  close(ends[1]);
  const auto last = channel.read();
  BOOST_TEST(last.message.value() == "de");
  BOOST_TEST(!last.closed);
  BOOST_TEST(channel.read().closed);
  close(ends[0]);
}

BOOST_AUTO_TEST_CASE(a_channel_refuses_a_length_that_no_parent_sends) {
  int ends[2];
  BOOST_REQUIRE(pipe(ends) == 0);
  Channel channel(ends[0]);
  BOOST_REQUIRE(write(ends[1], "\xFF\xFF\xFF\xFFxx", 6) == 6);
  const auto read = channel.read();
  BOOST_TEST(!read.message.has_value());
  BOOST_TEST(read.closed);
  close(ends[0]);
  close(ends[1]);
}

BOOST_AUTO_TEST_CASE(a_signal_is_read_where_the_loop_waits) {
  SignalFd signals({SIGUSR1});
  BOOST_TEST(!signals.take().has_value());
  kill(getpid(), SIGUSR1);
  BOOST_TEST(readable(signals.fd()));
  BOOST_TEST(signals.take().value() == SIGUSR1);
  BOOST_TEST(!signals.take().has_value());
}

BOOST_AUTO_TEST_CASE(a_signal_that_was_ignored_at_the_start_stays_ignored) {
  std::signal(SIGUSR2, SIG_IGN);
  SignalFd signals({SIGUSR2});
  kill(getpid(), SIGUSR2);
  BOOST_TEST(!readable(signals.fd(), 0));
  std::signal(SIGUSR2, SIG_DFL);
}

BOOST_AUTO_TEST_CASE(a_process_that_ends_while_it_is_looked_at_is_nobody_and_never_an_exception) {
  // Each of these is gone and reaped within a millisecond: some are between the opening and the reading of their stat.
  Child many = Child::spawn(shell("i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i+1)); done")).value();
  const std::string first = std::to_string(many.pid());
  std::size_t seen = 0;
  while (!many.reap().has_value()) {
    std::ifstream children("/proc/" + first + "/task/" + first + "/children");
    pid_t child = 0;
    while (children >> child && start_time_of(child).has_value()) {
      ++seen;
      while (start_time_of(child).has_value()) {
      }
    }
  }
  BOOST_TEST(seen > 0U, "nobody was met alive");
}

BOOST_AUTO_TEST_CASE(a_stranger_is_ended_only_if_it_is_the_one_meant) {
  Child child = Child::spawn(shell("exec sleep 1000")).value();
  const auto born = start_time_of(child.pid());
  BOOST_REQUIRE(born.has_value());
  BOOST_TEST(end_stranger(child.pid(), *born + 1).has_value());
  BOOST_TEST(!child.reap().has_value());
  BOOST_TEST(end_stranger(child.pid(), *born).has_value());
  BOOST_TEST(end_of(child).signal == SIGKILL);
  BOOST_TEST(end_stranger(child.pid(), *born).has_value());  // long gone
  BOOST_TEST(end_stranger(0, 0).has_value());
}

BOOST_AUTO_TEST_CASE(the_ready_line_carries_the_port) {
  ReadyPipe ready = ReadyPipe::open().value();
  BOOST_TEST(!ready.read().port.has_value());
  SpawnOptions options = shell("echo 'port 5680' >&" + std::to_string(ready.child_fd()) + "; exec sleep 1000");
  options.keep_fds = {ready.child_fd()};
  Child child = Child::spawn(options).value();
  ready.started();
  BOOST_TEST(ready.await(patience_ms).value() == 5680);
}

BOOST_AUTO_TEST_CASE(a_child_that_ends_before_it_serves_is_unavailable) {
  ReadyPipe ready = ReadyPipe::open().value();
  SpawnOptions options = shell("exit 1");
  options.keep_fds = {ready.child_fd()};
  Child child = Child::spawn(options).value();
  ready.started();
  BOOST_TEST((ready.await(patience_ms).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(telling_readiness_writes_one_line_and_closes) {
  ReadyPipe ready = ReadyPipe::open().value();
  tell_ready(dup(ready.child_fd()), 80);
  ready.started();
  const auto news = ready.read();
  BOOST_TEST(news.port.value() == 80);
  BOOST_TEST(news.closed);
  tell_ready(-1, 80);  // nobody asked
}

BOOST_AUTO_TEST_CASE(a_sibling_lies_beside_this_program) {
  BOOST_TEST(std::filesystem::path(sibling_program("x")).parent_path() ==
             std::filesystem::read_symlink("/proc/self/exe").parent_path());
}

BOOST_AUTO_TEST_SUITE_END()
