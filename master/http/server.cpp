#include <pistache/listener.h>

#include <csignal>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>

#include "master/http/bridge.hpp"
#include "master/http/descriptors.hpp"
#include "master/http/guard.hpp"
#include "master/http/http.hpp"

namespace slicebus::http {
namespace {

using Pistache::Tcp::Listener;
using Pistache::Tcp::Options;

constexpr int backlog = 1'024;
/// How long the thread may take to close what is left; it never waits for anybody.
constexpr std::chrono::milliseconds stop_limit{2'000};

std::string address_text(const HttpConfig& config) {
  return (config.bind.find(':') == std::string::npos ? config.bind : "[" + config.bind + "]") + ":" +
         std::to_string(config.port);
}

/// All signals belong to the loop's thread; threads started meanwhile take none.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

class PistacheServer : public HttpServer {
 public:
  explicit PistacheServer(const HttpConfig& config) : config_(config), bridge_(config.waiting_requests_max) {}
  ~PistacheServer() override { drain(std::chrono::milliseconds(0)); }

  Result<void> open();

  std::uint16_t port() const override { return port_; }
  int fd() const override { return bridge_.requests_fd(); }
  std::vector<HttpRequest> take(std::size_t count) override { return bridge_.take(count); }
  void answer(std::uint64_t id, HttpResponse response) override { bridge_.answer(id, std::move(response)); }
  void invalidate() override { bridge_.invalidate(); }
  void drain(std::chrono::milliseconds limit) override;

 private:
  HttpConfig config_;
  HttpBridge bridge_;
  std::unique_ptr<Listener> listener_;  // below the bridge: its thread uses it to the end
  std::uint16_t port_ = 0;
  int listening_ = -1;
};

Result<void> PistacheServer::open() {
  const std::string where = "REST listener " + address_text(config_);
  if (!bridge_.is_open()) {
    return fail(Errc::exhausted, where, "cannot open descriptors", "raise the limit of open files (ulimit -n)");
  }
  config_.connections_max = make_room_for(config_.connections_max);
  try {
    const std::string host = config_.bind.find(':') == std::string::npos ? config_.bind : "[" + config_.bind + "]";
    listener_ = std::make_unique<Listener>(Pistache::Address(host, Pistache::Port(config_.port)));
    listener_->init(1, Pistache::Flags<Options>(Options::ReuseAddr) | Options::NoDelay | Options::CloseOnExec, "http",
                    backlog);
    listener_->setTransportFactory([this] { return std::make_shared<GuardTransport>(config_, bridge_); });
    listener_->bind();
    port_ = listener_->getPort();
    listening_ = listening_socket(port_);
    const SignalsBlocked blocked;
    listener_->runThreaded();
  } catch (const std::exception& cause) {
    listener_.reset();
    const bool taken = std::string_view(cause.what()) == std::strerror(EADDRINUSE);
    return fail(Errc::unavailable, where, taken ? "the port is taken" : "cannot listen: " + std::string(cause.what()),
                taken ? "stop what listens there (ss -ltnp), or choose another --rest-port; 0 takes a free one"
                      : "--bind takes an address of this machine, 0.0.0.0 for all of them; check it and --rest-port");
  }
  return {};
}

void PistacheServer::drain(std::chrono::milliseconds limit) {
  if (!listener_) {
    return;
  }
  silence(listening_);
  bridge_.advance(HttpBridge::Stage::draining);
  if (!bridge_.wait_idle(limit)) {
    bridge_.advance(HttpBridge::Stage::stopping);
    bridge_.wait_idle(stop_limit);
  }
  listener_->shutdown();
  listener_.reset();  // joins Pistache's threads
  // What the acceptor handed over when the reactor had ended lies in a queue that closes nothing.
  close_connections(port_);
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpConfig& config) {
  auto server = std::make_unique<PistacheServer>(config);
  SB_TRY_VOID(server->open());
  return server;
}

}  // namespace slicebus::http
