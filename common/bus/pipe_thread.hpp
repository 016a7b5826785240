#pragma once
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "common/bus/pipe.hpp"

namespace slicebus::bus {

/// A thread for what blocks: it answers the requests that come through its pipe, one after the other. Its owner keeps
/// the bound on how many wait (the core has one commit and one question per slicer in flight).
template <class Request, class Answer>
class PipeThread {
 public:
  /// Runs on the thread only, for one request at a time.
  using Handler = std::function<Answer(Request)>;

  PipeThread(Context& context, Handler handler)
      : PipeThread(Ends(make_pipe<std::optional<Request>, Answer>(context)), std::move(handler)) {}
  /// Waits for the request that is being answered.
  ~PipeThread() {
    pipe_.send(std::nullopt);
    thread_.join();
  }
  PipeThread(const PipeThread&) = delete;
  PipeThread& operator=(const PipeThread&) = delete;

  void send(Request request) { pipe_.send(std::move(request)); }
  std::optional<Answer> receive() { return pipe_.receive(); }
  /// For Poll::watch.
  void* native() { return pipe_.native(); }

 private:
  using Here = Pipe<std::optional<Request>, Answer>;
  using There = Pipe<Answer, std::optional<Request>>;
  using Ends = std::pair<Here, There>;

  PipeThread(Ends ends, Handler handler)
      : pipe_(std::move(ends.first)),
        thread_([there = std::move(ends.second), handler = std::move(handler)]() mutable { serve(there, handler); }) {}

  static void serve(There& there, const Handler& handler) {
    Poll poll;
    poll.watch(there.native());
    for (;;) {
      poll.wait(std::nullopt);
      while (std::optional<std::optional<Request>> request = there.receive()) {
        if (!*request) {
          return;
        }
        there.send(handler(std::move(**request)));
      }
    }
  }

  Here pipe_;
  std::thread thread_;
};

}  // namespace slicebus::bus
