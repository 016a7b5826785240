// What W8 measures REST against: Pistache with as many threads as the master gives it, and a handler that answers each
// request with the same bytes.
#include <pistache/endpoint.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string answer;  // set before the first request

class Same : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(Same)

  void onRequest(const Pistache::Http::Request& /*request*/, Pistache::Http::ResponseWriter response) override {
    response.send(Pistache::Http::Code::Ok, answer, MIME(Application, Json));
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::ifstream file(argc == 2 ? argv[1] : "");
  if (!file) {
    std::fprintf(stderr, "usage: bench-bare-pistache FILE_TO_ANSWER; prints its port, ends by SIGTERM\n");
    return 2;
  }
  answer.assign(std::istreambuf_iterator<char>(file), {});
  // Before Pistache's threads start, so that it is this one's.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  Pistache::Http::Endpoint endpoint(Pistache::Address("127.0.0.1", Pistache::Port(0)));
  endpoint.init(Pistache::Http::Endpoint::options()
                    .threads(1)
                    .flags(Pistache::Tcp::Options::ReuseAddr | Pistache::Tcp::Options::NoDelay)
                    .maxResponseSize(answer.size() + 4'096));
  endpoint.setHandler(Pistache::Http::make_handler<Same>());
  endpoint.serveThreaded();
  std::printf("%u\n", static_cast<unsigned>(static_cast<std::uint16_t>(endpoint.getPort())));
  std::fflush(stdout);
  int which = 0;
  sigwait(&ends, &which);
  endpoint.shutdown();
  return 0;
}
