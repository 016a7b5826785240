// The bus's own test: the one unit test with real sockets, all on loopback ports that the system chooses.
#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "common/bus/pipe.hpp"
#include "common/bus/socket.hpp"
#include "common/descriptor.hpp"
#include "common/time.hpp"
#include "common/wire/codec.hpp"

using namespace slicebus;
using namespace slicebus::bus;

namespace {

constexpr auto patience = 10s;

std::string tcp(const Router& router) { return "tcp://127.0.0.1:" + std::to_string(router.port()); }

std::optional<Received> await(Socket& socket) {
  Poll poll;
  poll.watch(socket.native());
  const TimePoint deadline = monotonic_now() + patience;
  auto received = socket.receive();
  while (!received && monotonic_now() < deadline) {
    poll.wait(deadline - monotonic_now());
    received = socket.receive();
  }
  return received;
}

bool await_connection(Dealer& dealer) {
  Poll poll;
  poll.watch(dealer.monitor());
  poll.wait(patience);
  return dealer.reconnected();
}

/// ZeroMQ gives a port back a moment after its socket is closed.
std::unique_ptr<Router> bind_again(Context& context, const std::string& endpoint) {
  for (int tries = 0; tries < 1'000; ++tries) {
    if (auto router = Router::bind(context, endpoint)) {
      return std::make_unique<Router>(std::move(*router));
    }
    Poll().wait(10ms);
  }
  BOOST_FAIL("the port was not given back");
  return nullptr;
}

wire::Message beat_of(const std::string& process) { return wire::MasterBeat{.process = ProcessId{process}}; }

std::string process_in(const Received& received) {
  const auto message = wire::decode(received.header, received.body);
  BOOST_REQUIRE(message.has_value());
  return std::get<wire::MasterBeat>(*message).process.text;
}

/// A foreign ZeroMQ peer, byte by byte: ZMTP 3.0 with the NULL mechanism, as a DEALER that knows nothing of our frames.
class ForeignDealer {
 public:
  explicit ForeignDealer(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    std::string greeting("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16);
    greeting.resize(64, '\0');
    write(greeting);
    frame('\4', std::string("\5READY\13Socket-Type\0\0\0\6DEALER", 28));
    // Messages may follow once the other side is ready too.
    char bytes[256];
    for (std::string said; said.find("Identity") == std::string::npos;) {
      const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
      BOOST_REQUIRE(got > 0);
      said.append(bytes, static_cast<std::size_t>(got));
    }
  }

  void send(const std::vector<std::string>& frames) const {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      frame(i + 1 < frames.size() ? '\1' : '\0', frames[i]);
    }
  }

 private:
  void frame(char flags, const std::string& body) const {
    std::string bytes(1, flags);
    bytes += static_cast<char>(body.size());
    write(bytes + body);
  }
  void write(const std::string& bytes) const {
    BOOST_REQUIRE(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                  static_cast<ssize_t>(bytes.size()));
  }
  Descriptor socket_;
};

struct Counted {
  explicit Counted(int* count) : count_(count) { ++*count_; }
  Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (count_ != nullptr) {
      --*count_;
    }
  }
  int* count_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(bus_sockets)

BOOST_AUTO_TEST_CASE(a_message_arrives_with_its_sender_and_its_answer_comes_back) {
  Context context;
  Router router = Router::bind(context, "tcp://127.0.0.1:0").value();
  Dealer dealer = Dealer::connect(context, tcp(router), "d1").value();
  BOOST_REQUIRE(dealer.send(beat_of("p1")).has_value());
  const auto received = await(router);
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(received->peer == "d1");
  BOOST_TEST(received->to.empty());
  BOOST_TEST(process_in(*received) == "p1");
  BOOST_REQUIRE(router.send("d1", beat_of("p2")).has_value());
  BOOST_TEST(process_in(await(dealer).value()) == "p2");
}

BOOST_AUTO_TEST_CASE(a_control_message_is_forwarded_as_it_came) {
  Context context;
  Router router = Router::bind(context, "tcp://127.0.0.1:0").value();
  Dealer sender = Dealer::connect(context, tcp(router), "s").value();
  Dealer target = Dealer::connect(context, tcp(router), "t").value();
  BOOST_REQUIRE(target.send(beat_of("hello")).has_value());
  BOOST_REQUIRE(await(router).has_value());
  BOOST_REQUIRE(sender.send("node/t", beat_of("p1")).has_value());
  const auto passing = await(router);
  BOOST_REQUIRE(passing.has_value());
  BOOST_TEST(passing->to == "node/t");
  BOOST_REQUIRE(router.forward("t", *passing).has_value());
  const auto arrived = await(target);
  BOOST_REQUIRE(arrived.has_value());
  BOOST_TEST(arrived->to == "node/t");
  BOOST_TEST(process_in(*arrived) == "p1");
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_not_there_is_unavailable) {
  Context context;
  Router router = Router::bind(context, "tcp://127.0.0.1:0").value();
  const auto sent = router.send(std::string("no\1body"), beat_of("p1"));
  BOOST_REQUIRE(!sent.has_value());
  BOOST_TEST((sent.error().code == Errc::unavailable));
  BOOST_TEST(sent.error().text() == "send to \"no?body\": no such peer is connected");
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_is_exhausted_not_silently_dropped) {
  Context context;
  Router router = Router::bind(context, "inproc://full").value();
  Dealer dealer = Dealer::connect(context, "inproc://full", "slow").value();
  BOOST_REQUIRE(dealer.send(beat_of("hello")).has_value());
  BOOST_REQUIRE(await(router).has_value());
  std::uint64_t accepted = 0;
  Result<void> last;
  while ((last = router.send("slow", beat_of("p"))).has_value() && accepted < 1'000'000) {
    ++accepted;
  }
  BOOST_REQUIRE(!last.has_value());
  BOOST_TEST((last.error().code == Errc::exhausted));
  std::uint64_t arrived = 0;
  while (dealer.receive()) {
    ++arrived;
  }
  BOOST_TEST(arrived == accepted);
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_named_with_the_remedy) {
  Context context;
  Router router = Router::bind(context, "tcp://127.0.0.1:0").value();
  const auto second = Router::bind(context, tcp(router));
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == Errc::unavailable));
  BOOST_TEST(second.error().text().find("port " + std::to_string(router.port()) + " is taken") != std::string::npos);
  BOOST_TEST(!second.error().remedy.empty());
}

BOOST_AUTO_TEST_CASE(an_address_of_another_machine_or_none_at_all_is_an_error) {
  Context context;
  BOOST_TEST((Router::bind(context, "tcp://192.0.2.1:0").error().code == Errc::unavailable));
  BOOST_TEST((Router::bind(context, "nonsense").error().code == Errc::invalid));
  BOOST_TEST((Dealer::connect(context, "nonsense").error().code == Errc::invalid));
}

BOOST_AUTO_TEST_CASE(each_connection_is_told_once_the_first_included) {
  Context context;
  auto router = std::make_unique<Router>(Router::bind(context, "tcp://127.0.0.1:0").value());
  const std::string endpoint = tcp(*router);
  Dealer dealer = Dealer::connect(context, endpoint, "d1").value();
  BOOST_TEST(await_connection(dealer));
  BOOST_TEST(!dealer.reconnected());
  router.reset();
  router = bind_again(context, endpoint);
  BOOST_TEST(await_connection(dealer));
  BOOST_TEST(!dealer.reconnected());
}

BOOST_AUTO_TEST_CASE(a_restarted_peer_takes_over_its_identity) {
  Context context;
  Router router = Router::bind(context, "tcp://127.0.0.1:0").value();
  Dealer first = Dealer::connect(context, tcp(router), "same").value();
  BOOST_REQUIRE(first.send(beat_of("first")).has_value());
  BOOST_TEST(process_in(await(router).value()) == "first");
  Dealer second = Dealer::connect(context, tcp(router), "same").value();
  BOOST_REQUIRE(second.send(beat_of("second")).has_value());
  BOOST_TEST(process_in(await(router).value()) == "second");
  BOOST_REQUIRE(router.send("same", beat_of("answer")).has_value());
  BOOST_TEST(process_in(await(second).value()) == "answer");
}

BOOST_AUTO_TEST_CASE(messages_of_another_number_of_frames_are_dropped_and_counted) {
  Context context;
  Router router = Router::bind(context, "tcp://127.0.0.1:0").value();
  const ForeignDealer foreign(router.port());
  foreign.send({"one frame"});
  foreign.send({"1", "2", "3", "4"});
  foreign.send({"1", "2", "3", "4", "5", "6", "7"});
  foreign.send({"head", "to", "body"});
  const auto received = await(router);
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(received->header == "head");
  BOOST_TEST(received->to == "to");
  BOOST_TEST(received->body == "body");
  BOOST_TEST(router.malformed() == 3U);
  BOOST_TEST(router.malformed_peer() == received->peer);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_at_its_deadline_and_not_before) {
  Poll poll;
  const TimePoint start = monotonic_now();
  poll.wait(1'500us);
  BOOST_TEST((monotonic_now() - start >= 1'500us));
}

BOOST_AUTO_TEST_CASE(only_what_is_readable_is_ready_and_an_unwatched_key_never_is) {
  Poll poll;
  const int quiet = eventfd(0, EFD_CLOEXEC);
  const int loud = eventfd(1, EFD_CLOEXEC);
  const int quiet_key = poll.watch_fd(quiet);
  const int loud_key = poll.watch_fd(loud);
  poll.wait(std::nullopt);
  BOOST_TEST(!poll.ready(quiet_key));
  BOOST_TEST(poll.ready(loud_key));
  poll.unwatch(quiet_key);
  BOOST_TEST(poll.ready(loud_key));
  poll.unwatch(loud_key);
  poll.wait(0us);
  BOOST_TEST(!poll.ready(loud_key));
  BOOST_TEST((poll.watch_fd(quiet) != quiet_key));
  close(quiet);
  close(loud);
}

BOOST_AUTO_TEST_CASE(a_pipe_carries_move_only_values_between_threads_both_ways) {
  Context context;
  auto [here, there] = make_pipe<std::unique_ptr<int>, std::string>(context);
  std::thread other([pipe = std::move(there)]() mutable {
    Poll poll;
    poll.watch(pipe.native());
    for (int answered = 0; answered < 1'000;) {
      poll.wait(patience);
      while (auto number = pipe.receive()) {
        pipe.send(std::to_string(**number));
        ++answered;
      }
    }
  });
  for (int i = 0; i < 1'000; ++i) {
    here.send(std::make_unique<int>(i));
  }
  Poll poll;
  poll.watch(here.native());
  int next = 0;
  bool in_order = true;
  while (next < 1'000) {
    poll.wait(patience);
    while (auto text = here.receive()) {
      in_order = in_order && *text == std::to_string(next++);
    }
  }
  other.join();
  BOOST_TEST(in_order);
}

BOOST_AUTO_TEST_CASE(what_nobody_reads_from_a_pipe_is_deleted) {
  int alive = 0;
  {
    Context context;
    using Left = Pipe<Counted, int>;
    auto [here, there] = make_pipe<Counted, int>(context);
    std::optional<Pipe<int, Counted>> reader(std::move(there));
    here.send(Counted(&alive));
    here.send(Counted(&alive));
    here.send(Counted(&alive));
    BOOST_TEST(alive == 3);
    BOOST_TEST(reader->receive().has_value());
    BOOST_TEST(alive == 2);
    reader.reset();
    here.send(Counted(&alive));
    Left moved(std::move(here));
  }
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_SUITE_END()
