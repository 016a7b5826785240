// Issue 6, M7: what a network may do to the master's REST port, F1..F5 of dependencies.md among it. All against the
// real master; meanwhile another client asks GET / and is not kept waiting.
#include <sys/resource.h>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "bystander.hpp"
#include "tests/support/local_cluster.hpp"
#include "tests/support/wishes.hpp"

using namespace slicebus;              // NOLINT: test
using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;

namespace {

using Steady = std::chrono::steady_clock;
using Clients = std::vector<std::unique_ptr<RawClient>>;

/// Heads and bodies have three seconds, so that slow ones are seen to end; 2,000 sockets of ours fit into this process.
/// The sanitizer keeps little of what was freed, or its store would look like a leak.
const LocalCluster& cluster() {
  static const bool raised = [] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8'192);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  }();
  (void)raised;
  return shared_cluster({.slots = 1,
                         .wrapped_in = {"env", "SLICEBUS_REST_HEAD_TIMEOUT=3s", "SLICEBUS_REST_BODY_TIMEOUT=3s",
                                        "SLICEBUS_REST_BYTE_RATE=1000000", "ASAN_OPTIONS=quarantine_size_mb=8"}});
}

std::uint16_t port() { return cluster().rest_port(); }

Clients connected(std::size_t count, int receive_buffer = 0) {
  Clients clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawClient>(port(), receive_buffer));
    BOOST_TEST_REQUIRE(clients.back()->connected(), "connection " << i);
  }
  return clients;
}

/// How the bystander fares when nobody attacks: on a busy machine the test's own share of it decides.
Latencies at_peace() {
  Bystander bystander(port());
  std::this_thread::sleep_for(500ms);
  return bystander.end();
}

/// Runs an attack beside a bystander, who must be served within 100 ms (beyond what a quiet master needs here).
template <class Attack>
void beside_a_bystander(Attack attack) {
  const auto before = at_peace();
  const auto master = cluster().master();
  Bystander bystander(port());
  attack();
  const Latencies told = bystander.end();
  const auto after = at_peace();
  BOOST_TEST_MESSAGE("GET / meanwhile: " << told.text() << "; before: " << before.text()
                                         << "; after: " << after.text());
  const auto limit = 100ms + 3 * std::max(before.at(1), after.at(1));
  BOOST_TEST(told.failed == 0U);
  BOOST_TEST((told.at(0.5) < limit), told.text());
  BOOST_TEST((told.at(0.95) < limit), told.text());
  BOOST_TEST((cluster().master() == master), "the master is another process");
}

const std::string no_job = R"({"name":"one operation is too few","operations":[{"_op":"noop"}]})";

std::string chunked(const std::string& body, std::size_t chunk_max, std::mt19937& chance) {
  std::ostringstream out;
  out << "POST /v1/jobs HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" << std::hex;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t size = std::min<std::size_t>(1 + chance() % chunk_max, body.size() - at);
    out << size << "\r\n" << body.substr(at, size) << "\r\n";
    at += size;
  }
  out << "0\r\n\r\n";
  return out.str();
}

/// User and system time of the master, in ms.
long master_cpu() {
  std::ifstream stat("/proc/" + std::to_string(cluster().master().value()) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) {
    fields >> skipped;
  }
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return (user + system) * 1'000 / ::sysconf(_SC_CLK_TCK);
}

/// Stored jobs of one test case, which is not to be in the lists of the next one.
class StoredJobs {
 public:
  StoredJobs() = default;
  ~StoredJobs() {
    for (const std::string& job : jobs_) {
      cluster().api().request("DELETE", "/v1/jobs/" + job);
    }
  }
  StoredJobs(const StoredJobs&) = delete;
  StoredJobs& operator=(const StoredJobs&) = delete;
  void add(const std::string& answer) { jobs_.push_back(json::parse(answer).at("job_id")); }

 private:
  std::vector<std::string> jobs_;
};

std::string job_of(std::string_view name, std::size_t description_bytes) {
  json job{{"name", name}, {"description", std::string(description_bytes, 'd')}};
  job["operations"] = {{{"_op", "data_generator"}}, {{"_op", "noop"}}};
  return job.dump();
}

/// Jobs whose list is 50 MB, while it lives: sixty with a long text each.
class LongList {
 public:
  LongList() {
    const std::string job = job_of("long", 840'000);
    for (int i = 0; i < 60; ++i) {
      const auto kept = cluster().post("/v1/jobs?start=false", job);
      BOOST_TEST_REQUIRE(kept.status == 200, kept.body.substr(0, 300));
      jobs_.add(kept.body);
    }
  }

 private:
  StoredJobs jobs_;
};

constexpr std::size_t long_list_bytes = 50'000'000;

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile_traffic)

BOOST_AUTO_TEST_CASE(chunked_uploads_cut_at_every_position_and_at_random) {  // F1
  beside_a_bystander([] {
    std::mt19937 chance(1);
    RawClient client(port());
    const std::string small = chunked(no_job, 20, chance);
    for (std::size_t cut = 1; cut < small.size(); ++cut) {
      BOOST_TEST_REQUIRE(client.send(std::string_view(small).substr(0, cut)));
      std::this_thread::sleep_for(200us);  // a read of its own
      const auto response = client.ask(std::string_view(small).substr(cut));
      BOOST_TEST_REQUIRE(response.status == 400, "cut at " << cut);
      BOOST_TEST_REQUIRE(response.body.find("at least two operations") != std::string::npos, "cut at " << cut);
    }
    const std::string body = job_of("cut", 20'000);
    StoredJobs stored;
    for (int upload = 0; upload < 30; ++upload) {
      std::string request = chunked(body, 3'000, chance);
      request.replace(request.find("/v1/jobs"), 8, "/v1/jobs?start=false");
      for (std::size_t at = 0; at < request.size();) {
        const std::size_t piece = chance() % 4 == 0 ? 1 : 1 + chance() % 4'000;
        BOOST_TEST_REQUIRE(client.send(std::string_view(request).substr(at, piece)));
        at += piece;
      }
      const auto answer = client.read();
      BOOST_TEST_REQUIRE(answer.status == 200, "upload " << upload);
      stored.add(answer.body);
    }
  });
}

BOOST_AUTO_TEST_CASE(fifty_megabytes_of_answers_that_nobody_reads) {  // F2
  const LongList list;
  Clients slow = connected(5, 4'096);
  beside_a_bystander([&] {
    for (const auto& client : slow) {
      client->send(get("/v1/jobs"));
      BOOST_TEST_REQUIRE(client->take(20));  // its answer is there
    }
    const auto until = Steady::now() + 2s;
    for (std::size_t turn = 0; Steady::now() < until; ++turn) {
      slow[turn % slow.size()]->take(1'000);
      std::this_thread::sleep_for(50ms);
    }
  });
  // Who stands still is left, and costs nothing until then.
  const long before = master_cpu();
  std::this_thread::sleep_for(1s);
  BOOST_TEST(master_cpu() - before < 300);
  std::this_thread::sleep_for(3s);
  for (const auto& client : slow) {
    BOOST_TEST(!client->take(long_list_bytes));
  }
  RawClient reader(port());
  const auto whole = reader.ask(get("/v1/jobs"));
  BOOST_TEST(whole.status == 200);
  BOOST_TEST(whole.body.size() > long_list_bytes);
}

BOOST_AUTO_TEST_CASE(answers_for_clients_that_leave_meet_nobody_else) {  // F3: answers come from another thread
  beside_a_bystander([] {
    for (int round = 0; round < 300; ++round) {
      const std::string mine = "/none/" + std::to_string(round);
      {
        RawClient gone(port());
        gone.send(get("/gone"));
        if (round % 2 == 0) {
          gone.reset_on_close();
        }
      }
      RawClient next(port());  // very likely under the same descriptor in the master
      const auto response = next.ask(get(mine));
      BOOST_TEST_REQUIRE(response.status == 405);
      BOOST_TEST_REQUIRE(response.body.find(mine) != std::string::npos, response.body);
    }
  });
}

BOOST_AUTO_TEST_CASE(silent_clients_and_clients_that_speak_tls) {  // F4
  beside_a_bystander([] {
    const Clients silent = connected(100);
    for (int i = 0; i < 50; ++i) {
      RawClient tls(port());
      const auto response = tls.ask(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 12));
      BOOST_TEST_REQUIRE(response.status == 400);
      BOOST_TEST(tls.ended());
    }
  });
}

BOOST_AUTO_TEST_CASE(
    an_answer_that_takes_longer_than_every_other_limit) {  // F5: heads and bodies have three seconds here
  json job{{"name", "slow"}, {"workers", 1}};
  job["operations"] = {{{"_op", "data_generator"}, {"size", 1'000}, {"slice_size", 10}},
                       {{"_op", "delay"}, {"ms", 6'000}},
                       {{"_op", "noop"}}};
  const auto posted = cluster().submit(job);
  BOOST_TEST_REQUIRE(eventually(30s, [&] { return !cluster().slots(posted.ex_id).empty(); }));
  beside_a_bystander([&] {
    std::this_thread::sleep_for(500ms);
    RawClient client(port());
    const auto begin = Steady::now();
    const auto response = client.ask(post("/v1/jobs/" + posted.job_id + "/_stop", ""));
    BOOST_TEST(response.status == 200, response.body);
    BOOST_TEST(json::parse(response.body).at("status") == "stopped");
    BOOST_TEST((Steady::now() - begin > 3'500ms));
  });
}

BOOST_AUTO_TEST_CASE(slow_loris_on_head_and_body) {
  beside_a_bystander([] {
    const std::string head = "POST /v1/jobs HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n";
    Clients heads = connected(300);
    Clients bodies = connected(300);
    for (const auto& client : bodies) {
      client->send(head);
    }
    const auto until = Steady::now() + 3'500ms;
    for (std::size_t at = 0; Steady::now() < until; ++at) {
      for (std::size_t i = 0; i < heads.size(); ++i) {
        heads[i]->send(std::string_view(head).substr(at % 20, 1));
        bodies[i]->send("x");
      }
      std::this_thread::sleep_for(100ms);
    }
    for (Clients* clients : {&heads, &bodies}) {
      for (const auto& client : *clients) {
        const auto response = client->read();
        BOOST_TEST_REQUIRE(response.status == 408);
        BOOST_TEST_REQUIRE(json::parse(response.body).at("error") == 408);
        BOOST_TEST_REQUIRE(client->ended());
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(two_thousand_connections_at_once) {
  beside_a_bystander([] {
    Clients clients = connected(2'000);
    for (const auto& client : clients) {
      BOOST_TEST_REQUIRE(client->send(get("/")));
    }
    for (const auto& client : clients) {
      BOOST_TEST_REQUIRE(client->read().status == 200);
    }
  });
}

BOOST_AUTO_TEST_CASE(two_thousand_requests_in_one_pipeline) {
  beside_a_bystander([] {
    RawClient client(port());
    std::string all;
    for (int i = 0; i < 2'000; ++i) {
      all += i % 2 == 0 ? get("/none/" + std::to_string(i)) : post("/none/" + std::to_string(i), "{}");
    }
    std::jthread sender([&] { client.send(all); });
    for (int i = 0; i < 2'000; ++i) {
      const auto response = client.read();
      BOOST_TEST_REQUIRE(response.status == 405);
      BOOST_TEST_REQUIRE(response.body.find("/none/" + std::to_string(i) + "\"") != std::string::npos, response.body);
    }
  });
}

BOOST_AUTO_TEST_CASE(half_closed_clients) {
  beside_a_bystander([] {
    const std::string request = post("/v1/jobs", no_job);
    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
      RawClient client(port());
      client.send(std::string_view(request).substr(0, cut));
      client.say_no_more();
      if (cut > 0) {
        const auto response = client.read();
        BOOST_TEST_REQUIRE(response.status == 400, "cut at " << cut);
        const bool whole = response.body.find("at least two operations") != std::string::npos;
        BOOST_TEST_REQUIRE(whole == (cut == request.size()), "cut at " << cut << ": " << response.body);
      }
      BOOST_TEST_REQUIRE(client.ended(), "cut at " << cut);
    }
  });
}

BOOST_AUTO_TEST_CASE(clients_that_leave_in_every_phase_of_request_and_answer) {
  const LongList list;
  beside_a_bystander([] {
    const auto leave = [](RawClient& client, bool reset) {
      if (reset) {
        client.reset_on_close();
      }
    };
    const std::string request = post("/v1/jobs", no_job);
    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
      for (const bool reset : {false, true}) {
        RawClient client(port());
        client.send(std::string_view(request).substr(0, cut));
        leave(client, reset);
      }
    }
    for (const std::size_t taken : {1U, 12U, 200U, 1'000U}) {
      for (const bool reset : {false, true}) {
        RawClient client(port());
        client.send(get("/v1/cluster/state"));
        client.take(std::min<std::size_t>(taken, 100));
        leave(client, reset);
      }
    }
  });
  for (const std::size_t taken : {0U, 100U, 100'000U, 5'000'000U}) {
    RawClient client(port(), 4'096);
    client.send(get("/v1/jobs"));
    client.take(taken);
    client.reset_on_close();
  }
  BOOST_TEST(RawClient(port()).ask(get("/")).status == 200);
}

BOOST_AUTO_TEST_CASE(a_client_that_is_refused_reads_why_while_it_still_sends) {
  const std::string piece(100'000, 'x');
  for (const std::string framing :
       {"Content-Length: 64000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3d09000\r\n"}) {
    RawClient client(port());
    BOOST_TEST(client.send("POST /v1/jobs HTTP/1.1\r\nHost: t\r\n" + framing));
    for (int i = 0; i < 640; ++i) {
      BOOST_TEST_REQUIRE(client.send(piece));
    }
    BOOST_TEST(client.read().status == 413);
    BOOST_TEST(client.ended());
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_leave_the_master_alive_and_its_memory_flat) {
  const auto time = std::chrono::seconds(asked_for("SLICEBUS_HOSTILE_SECONDS", 30));
  const unsigned seed = drawn_seed();
  std::mt19937 chance(seed);
  const auto noise = [&](std::size_t size) {
    std::string bytes(size, '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(chance()); });
    return bytes;
  };
  const std::vector<std::string> targets{"/",      "/v1/jobs",     "/v1/jobs/x/_stop",  "/v1/ex?size=3&from=1",
                                         "/v1/ex", "/txt/workers", "/v1/cluster/state", "/v1/jobs/%2e%2e/ex"};
  const auto stream = [&] {
    std::string bytes;
    for (auto requests = 1 + chance() % 3; requests > 0; --requests) {
      const std::string& target = targets[chance() % targets.size()];
      switch (chance() % 4) {
        case 0:
          bytes += get(target);
          break;
        case 1:
          bytes += post(target, no_job);
          break;
        case 2:
          bytes += chunked(no_job, 20, chance);
          break;
        default:
          bytes += noise(1 + chance() % 2'000);
      }
    }
    for (auto flips = chance() % 4; flips > 0; --flips) {
      bytes[chance() % bytes.size()] = static_cast<char>(chance());
    }
    return bytes;
  };
  const auto attack = [&](std::chrono::milliseconds length) {
    Clients clients(16);
    std::size_t streams = 0;
    for (const auto until = Steady::now() + length; Steady::now() < until; ++streams) {
      auto& client = clients[chance() % clients.size()];
      if (!client || chance() % 8 == 0) {
        if (client && chance() % 2 == 0) {
          client->reset_on_close();
        }
        client = std::make_unique<RawClient>(port());
      }
      const std::string bytes = stream();
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t piece = 1 + chance() % 1'000;
        if (!client->send(std::string_view(bytes).substr(at, piece))) {
          client.reset();
          break;
        }
        at += piece;
      }
    }
    return streams;
  };
  StoredJobs stored;  // a list of 600 kB is among what they ask for
  for (int i = 0; i < 30; ++i) {
    stored.add(cluster().post("/v1/jobs?start=false", job_of("listed", 20'000)).body);
  }
  attack(time / 5);  // caches and pools are full now
  const auto memory = [] { return resident_kib(cluster().master().value()).value(); };
  const long before = memory();
  beside_a_bystander([&] { BOOST_TEST_MESSAGE(attack(time * 4 / 5) << " streams of bytes"); });
  std::this_thread::sleep_for(500ms);
  BOOST_TEST_MESSAGE("the master's memory: " << before << " KiB before, " << memory() << " KiB after");
  BOOST_TEST(memory() < before + 16'384, "seed " << seed);
}

BOOST_AUTO_TEST_SUITE_END()
