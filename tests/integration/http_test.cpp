#include <fcntl.h>

#include <random>

#include "http_server_fixture.hpp"

using namespace slicebus;
using namespace slicebus::http;

namespace {

std::string random_body(std::mt19937& chance, std::size_t size) {
  std::string body(size, '\0');
  std::generate(body.begin(), body.end(), [&] { return static_cast<char>(chance()); });
  return body;
}

std::string chunked(const std::string& body, std::mt19937& chance) {
  std::ostringstream out;
  out << "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t size = std::min<std::size_t>(1 + chance() % 5'000, body.size() - at);
    out << std::hex << size << "\r\n" << body.substr(at, size) << "\r\n";
    at += size;
  }
  out << "0\r\n\r\n";
  return out.str();
}

std::vector<int> open_sockets() {
  std::vector<int> sockets;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the directory's own descriptor
    if (std::filesystem::read_symlink(entry.path(), gone).string().starts_with("socket:")) {
      sockets.push_back(std::stoi(entry.path().filename()));
    }
  }
  return sockets;
}

std::chrono::milliseconds cpu_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return std::chrono::milliseconds(spent.tv_sec * 1'000 + spent.tv_nsec / 1'000'000);
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_connection_serves_many_requests) {
  ServerFixture server;
  RawClient client(server.port());
  for (int i = 0; i < 300; ++i) {
    const auto response = client.ask(post("/jobs?n=" + std::to_string(i), "body"));
    BOOST_TEST_REQUIRE(response.status == 200);
    BOOST_TEST_REQUIRE(response.body == "POST /jobs?n=" + std::to_string(i) + "\nbody");
  }
  BOOST_TEST(server.taken() == 300U);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  ServerFixture server;
  RawClient client(server.port());
  std::string all = get("/later/50");
  for (int i = 0; i < 3'000; ++i) {
    all += get("/" + std::to_string(i));
  }
  std::thread sender([&] { client.send(all); });
  BOOST_TEST(client.read().body == "late");
  for (int i = 0; i < 3'000; ++i) {
    BOOST_TEST_REQUIRE(client.read().body == "GET /" + std::to_string(i) + "\n");
  }
  sender.join();
}

BOOST_AUTO_TEST_CASE(a_cacheable_answer_is_given_again_without_the_loop_until_something_changes) {
  ServerFixture server;
  RawClient client(server.port());
  const auto first = client.ask(get("/state"));
  BOOST_TEST(first.body == "0");
  BOOST_TEST(server.taken() == 1U);
  const auto again = RawClient(server.port()).ask(get("/state"));
  BOOST_TEST(again.status == 200);
  BOOST_TEST(again.body == "0");
  client.send("HEAD /state HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  const auto head = client.read(true);
  BOOST_TEST(head.head.find("Content-Length: 1\r\n") != std::string::npos);
  BOOST_TEST(head.head.find("Connection: close\r\n") != std::string::npos);
  BOOST_TEST(client.ended());
  BOOST_TEST(server.taken() == 1U);
  RawClient other(server.port());
  BOOST_TEST(other.ask(post("/change", "")).body == "1");
  BOOST_TEST(other.ask(get("/state")).body == "1");
  BOOST_TEST(other.ask(get("/state?again")).body == "1");
  BOOST_TEST(server.taken() == 4U);
}

BOOST_AUTO_TEST_CASE(what_may_be_answered_otherwise_goes_to_the_loop) {
  ServerFixture server;
  RawClient client(server.port());
  BOOST_TEST(client.ask(get("/state")).body == "0");
  BOOST_TEST(client.ask(post("/state", "")).body == "0");
  BOOST_TEST(client.ask("GET /state HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx").body == "0");
  BOOST_TEST(client.ask(get("/plain")).body == "GET /plain\n");
  BOOST_TEST(client.ask(get("/plain")).body == "GET /plain\n");
  BOOST_TEST(server.taken() == 5U);
}

BOOST_AUTO_TEST_CASE(pipelined_reads_and_changes_are_answered_in_order_from_cache_and_loop) {
  ServerFixture server;
  RawClient client(server.port());
  constexpr int changes = 300;
  std::string all;
  for (int i = 0; i < changes; ++i) {
    for (int again = 0; again < 10; ++again) {
      all += get("/state");
    }
    all += post("/change", "");
  }
  std::thread sender([&] { client.send(all); });
  for (int i = 0; i < changes; ++i) {
    for (int again = 0; again < 10; ++again) {
      BOOST_TEST_REQUIRE(client.read().body == std::to_string(i));
    }
    BOOST_TEST_REQUIRE(client.read().body == std::to_string(i + 1));
  }
  sender.join();
  BOOST_TEST(server.taken() == 2U * changes);
}

BOOST_AUTO_TEST_CASE(nobody_reads_an_older_state_than_anybody_was_told_before) {
  ServerFixture server;
  std::atomic<int> told = 0;  // the newest state of which an answer has arrived anywhere
  std::atomic<int> stale = 0;
  std::atomic<bool> done = false;
  const auto learn = [&](int state) {
    for (int known = told; known < state && !told.compare_exchange_weak(known, state);) {
    }
  };
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&] {
      RawClient client(server.port());
      while (!done) {
        const int before = told;
        const int state = std::stoi(client.ask(get("/state")).body);
        stale += state < before ? 1 : 0;
        learn(state);
      }
    });
  }
  RawClient client(server.port());
  for (int i = 0; i < 2'000; ++i) {
    learn(std::stoi(client.ask(post("/change", "")).body));
  }
  done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  BOOST_TEST(stale == 0);
  BOOST_TEST(told == 2'000);
}

BOOST_AUTO_TEST_CASE(chunked_uploads_may_be_cut_anywhere) {  // dependencies.md, F1
  ServerFixture server;
  std::mt19937 chance(1);
  for (int connection = 0; connection < 20; ++connection) {
    RawClient client(server.port());
    for (int upload = 0; upload < 20; ++upload) {
      const std::string body = random_body(chance, chance() % 20'000);
      const std::string request = chunked(body, chance);
      for (std::size_t at = 0; at < request.size();) {
        const std::size_t piece = chance() % 4 == 0 ? 1 : 1 + chance() % 4'000;
        BOOST_TEST_REQUIRE(client.send(std::string_view(request).substr(at, piece)));
        at += piece;
      }
      const auto response = client.read();
      BOOST_TEST_REQUIRE(response.status == 200);
      BOOST_TEST_REQUIRE((response.body == "POST /echo\n" + body));
    }
  }
}

BOOST_AUTO_TEST_CASE(bodies_of_twelve_megabytes_arrive_whole) {
  ServerFixture server;
  std::mt19937 chance(2);
  const std::string body = random_body(chance, 12'000'000);
  for (const std::string& request : {post("/echo", body), chunked(body, chance)}) {
    RawClient client(server.port());
    std::thread sender([&] { client.send(request); });
    const auto response = client.read();
    sender.join();
    BOOST_TEST(response.status == 200);
    BOOST_TEST((response.body == "POST /echo\n" + body));
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_expects_100_continue_gets_it_before_it_sends_the_body) {
  ServerFixture server;
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  BOOST_TEST(client.read().status == 100);
  BOOST_TEST(client.ask("ok").body == "POST /a\nok");
}

BOOST_AUTO_TEST_CASE(clients_that_do_not_read_disturb_nobody) {  // dependencies.md, F2
  ServerFixture server;
  constexpr std::size_t size = 50'000'000;
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 5; ++i) {
    slow.push_back(std::make_unique<RawClient>(server.port(), 4'096));
    slow.back()->send(get("/big/" + std::to_string(size)));
  }
  RawClient quick(server.port());
  BOOST_TEST(quick.ask(get("/first")).status == 200);
  auto longest = 0ms;
  for (int i = 0; i < 200; ++i) {
    const auto begin = Steady::now();
    BOOST_TEST_REQUIRE(quick.ask(get("/quick")).status == 200);
    longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin));
  }
  BOOST_TEST(longest.count() < 1'000);
  // Nobody spins while nothing moves.
  const auto cpu = cpu_time();
  std::this_thread::sleep_for(500ms);
  BOOST_TEST((cpu_time() - cpu).count() < 200);
  const auto response = slow.front()->read();
  BOOST_TEST(response.body.size() == size);
  BOOST_TEST((response.body == std::string(size, 'x')));
}

BOOST_AUTO_TEST_CASE(a_client_that_keeps_sending_reads_its_413_in_full) {
  ServerFixture server({.body_bytes_max = 1'000'000});
  const std::string piece(100'000, 'x');
  for (const std::string framing :
       {"Content-Length: 40000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2625a00\r\n"}) {
    RawClient client(server.port());
    BOOST_TEST(client.send("POST /a HTTP/1.1\r\nHost: t\r\n" + framing));
    for (int i = 0; i < 400; ++i) {
      BOOST_TEST_REQUIRE(client.send(piece));  // all of it, before it reads
    }
    const auto response = client.read();
    BOOST_TEST(response.status == 413);
    BOOST_TEST(nlohmann::json::parse(response.body).at("error") == 413);
    BOOST_TEST(client.ended());
  }
  BOOST_TEST(server.taken() == 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_for_a_client_that_has_gone_reaches_nobody_else) {
  ServerFixture server;
  for (int i = 0; i < 20; ++i) {
    auto gone = std::make_unique<RawClient>(server.port());
    gone->send(get("/later/30"));
    while (server.taken() < static_cast<std::size_t>(2 * i + 1)) {
      std::this_thread::sleep_for(1ms);
    }
    if (i % 2 == 0) {
      gone->reset_on_close();
    }
    gone.reset();
    RawClient next(server.port());  // very likely under the same descriptor at the server
    BOOST_TEST(next.ask(get("/later/60")).body == "late");
    BOOST_TEST_REQUIRE(server.taken() == static_cast<std::size_t>(2 * i + 2));
  }
}

BOOST_AUTO_TEST_CASE(an_answer_may_take_longer_than_any_other_limit) {  // dependencies.md, F5
  ServerFixture server({.head_timeout = 100ms, .body_timeout = 100ms, .keep_alive = 100ms});
  RawClient client(server.port());
  const auto begin = Steady::now();
  BOOST_TEST(client.ask(get("/later/1500")).body == "late");
  BOOST_TEST((Steady::now() - begin >= 1'500ms));
}

BOOST_AUTO_TEST_CASE(an_answer_that_never_comes_is_503) {
  ServerFixture server({.answer_timeout = 200ms});
  RawClient client(server.port());
  const auto response = client.ask(get("/never"));
  BOOST_TEST(response.status == 503);
  BOOST_TEST(nlohmann::json::parse(response.body).at("error") == 503);
  BOOST_TEST(client.ask(get("/next")).status == 200);
}

BOOST_AUTO_TEST_CASE(slow_heads_and_bodies_are_408_and_idle_connections_end_silently) {
  ServerFixture server({.head_timeout = 200ms, .body_timeout = 200ms, .keep_alive = 400ms});
  for (const std::string begun : {"GET / HTT", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab"}) {
    RawClient client(server.port());
    const auto response = client.ask(begun);
    BOOST_TEST(response.status == 408);
    BOOST_TEST(client.ended());
  }
  RawClient idle(server.port());
  BOOST_TEST(idle.ended());
  RawClient kept(server.port());
  BOOST_TEST(kept.ask(get("/")).status == 200);
  BOOST_TEST(kept.ended());
}

BOOST_AUTO_TEST_CASE(a_thousand_idle_connections_cost_little) {
  ServerFixture server;
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 1'000; ++i) {
    idle.push_back(std::make_unique<RawClient>(server.port()));
    BOOST_TEST_REQUIRE(idle.back()->connected());
  }
  RawClient client(server.port());
  BOOST_TEST(client.ask(get("/")).status == 200);
  const auto cpu = cpu_time();
  std::this_thread::sleep_for(500ms);
  BOOST_TEST((cpu_time() - cpu).count() < 200);
  for (const auto& connection : idle) {
    BOOST_TEST_REQUIRE(connection->ask(get("/")).status == 200);
  }
}

BOOST_AUTO_TEST_CASE(connections_beyond_the_limit_are_told_so) {
  ServerFixture server({.connections_max = 10});
  std::vector<std::unique_ptr<RawClient>> open;
  for (int i = 0; i < 10; ++i) {
    open.push_back(std::make_unique<RawClient>(server.port()));
    BOOST_TEST_REQUIRE(open.back()->ask(get("/")).status == 200);
  }
  RawClient refused(server.port());
  BOOST_TEST(refused.read().status == 503);
  BOOST_TEST(refused.ended());
  std::vector<std::unique_ptr<RawClient>> many;
  for (int i = 0; i < 300; ++i) {
    many.push_back(std::make_unique<RawClient>(server.port()));
  }
  BOOST_TEST(open.front()->ask(get("/")).status == 200);
  many.clear();
  open.pop_back();
  for (int i = 0; i < 100 && RawClient(server.port()).ask(get("/")).status != 200; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  BOOST_TEST(RawClient(server.port()).ask(get("/")).status == 200);
}

BOOST_AUTO_TEST_CASE(requests_beyond_the_limit_are_told_so) {
  ServerFixture server({.waiting_requests_max = 3});
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(std::make_unique<RawClient>(server.port()));
    waiting.back()->send(get("/later/300"));
  }
  while (server.taken() < 3) {
    std::this_thread::sleep_for(1ms);
  }
  RawClient client(server.port());
  BOOST_TEST(client.ask(get("/")).status == 503);
  for (const auto& connection : waiting) {
    BOOST_TEST(connection->read().body == "late");
  }
  BOOST_TEST(client.ask(get("/")).status == 200);
}

BOOST_AUTO_TEST_CASE(noise_and_broken_requests_leave_the_server_unharmed) {
  ServerFixture server;
  std::mt19937 chance(3);
  const std::string good = chunked(random_body(chance, 2'000), chance);
  for (int i = 0; i < 300; ++i) {
    RawClient client(server.port());
    std::string bytes = i % 3 == 0 ? random_body(chance, chance() % 3'000) : good;
    for (auto flips = chance() % 4; i % 3 == 1 && flips > 0; --flips) {
      bytes[chance() % bytes.size()] = static_cast<char>(chance());
    }
    client.send(std::string_view(bytes).substr(0, chance() % (bytes.size() + 1)));
    if (i % 2 == 0) {
      client.reset_on_close();
    }
  }
  RawClient client(server.port());
  BOOST_TEST(client.ask(get("/")).status == 200);
}

BOOST_AUTO_TEST_CASE(old_and_half_closed_clients_get_their_answer_and_the_end) {
  ServerFixture server;
  RawClient old(server.port());
  const auto response = old.ask("GET /old HTTP/1.0\r\n\r\n");
  BOOST_TEST(response.body == "GET /old\n");
  BOOST_TEST(response.head.find("Connection: close") != std::string::npos);
  BOOST_TEST(old.ended());

  RawClient half(server.port());
  half.send(get("/later/50"));
  half.say_no_more();
  BOOST_TEST(half.read().body == "late");
  BOOST_TEST(half.ended());

  RawClient closing(server.port());
  BOOST_TEST(closing.ask("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").status == 200);
  BOOST_TEST(closing.ended());

  RawClient head(server.port());
  head.send("HEAD /x HTTP/1.1\r\nHost: t\r\n\r\n");
  BOOST_TEST(head.read(true).head.find("Content-Length: 8\r\n") != std::string::npos);
  BOOST_TEST(head.ask(get("/next")).body == "GET /next\n");
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_named_with_the_remedy) {
  ServerFixture server;
  const auto second = HttpServer::start({.port = server.port()});
  BOOST_TEST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == Errc::unavailable));
  BOOST_TEST(second.error().text().find(":" + std::to_string(server.port()) + ": the port is taken") !=
             std::string::npos);
  BOOST_TEST(!second.error().remedy.empty());
  BOOST_TEST(RawClient(server.port()).ask(get("/")).status == 200);

  const auto elsewhere = HttpServer::start({.bind = "192.0.2.1", .port = 0});
  BOOST_TEST_REQUIRE(!elsewhere.has_value());
  BOOST_TEST(elsewhere.error().text().find("192.0.2.1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_socket_of_the_server_is_inherited_by_programs_it_starts) {
  ServerFixture server;
  RawClient client(server.port());
  BOOST_TEST(client.ask(get("/")).status == 200);
  for (const int fd : open_sockets()) {
    BOOST_TEST((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

BOOST_AUTO_TEST_CASE(a_drain_lets_answers_out_refuses_what_is_unanswered_and_closes_the_port) {
  ServerFixture server;
  constexpr std::size_t size = 20'000'000;
  RawClient idle(server.port());
  RawClient answered(server.port(), 4'096);
  RawClient unanswered(server.port());
  answered.send(get("/big/" + std::to_string(size)));
  unanswered.send(get("/never"));
  while (server.taken() < 2) {
    std::this_thread::sleep_for(1ms);
  }
  server.stop_loop();
  std::string big;
  std::thread reader([&] { big = answered.read().body; });
  const auto begin = Steady::now();
  server.server().drain(15s);
  BOOST_TEST((Steady::now() - begin < 14s));
  reader.join();
  BOOST_TEST(big.size() == size);
  BOOST_TEST(unanswered.read().status == 503);
  BOOST_TEST(idle.ended());
  BOOST_TEST(!RawClient(server.port()).connected());
}

BOOST_AUTO_TEST_CASE(a_drain_ends_at_its_limit_whatever_clients_do) {
  ServerFixture server;
  RawClient stuck(server.port(), 4'096);
  stuck.send(get("/big/50000000"));
  while (server.taken() < 1) {
    std::this_thread::sleep_for(1ms);
  }
  server.stop_loop();
  const auto begin = Steady::now();
  server.server().drain(300ms);
  BOOST_TEST((Steady::now() - begin < 2s));
  server.server().drain(300ms);  // again: nothing to do
}

BOOST_AUTO_TEST_CASE(servers_start_and_stop_under_traffic_without_a_trace) {
  const auto before = open_sockets().size();
  for (int i = 0; i < 20; ++i) {
    ServerFixture server;
    std::atomic<bool> stop = false;
    std::thread traffic([&, port = server.port()] {
      while (!stop) {
        RawClient(port).ask(get("/"));
      }
    });
    RawClient idle(server.port());
    std::this_thread::sleep_for(5ms);
    server.stop_loop();
    server.server().drain(100ms);
    stop = true;
    traffic.join();
  }
  BOOST_TEST(open_sockets().size() == before);
}
