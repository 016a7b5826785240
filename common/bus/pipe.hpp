#pragma once
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/bus/socket.hpp"

/// Actors of one process talk through pipes: values are moved from thread to thread, nothing is shared (an actor is a pipe you
/// talk to: czmq's zactor).
namespace slicebus::bus {

/// One end of an inproc PAIR that carries pointers. Use Pipe below.
class PointerPipe {
 public:
  PointerPipe(Context& context, const std::string& name, bool binds);
  ~PointerPipe();
  PointerPipe(PointerPipe&&) noexcept;
  PointerPipe& operator=(PointerPipe&&) noexcept;
  /// Never blocks; the queue is unbounded here, so users keep their own bound (one commit in flight, …).
  void send(void* pointer);
  void* receive();  ///< nullptr: nothing there
  void* native();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One end of a two-way pipe: sends `Out`, receives `In`. Move-only values are fine. What is unread when an end is destroyed is
/// deleted with it.
template <class Out, class In>
class Pipe {
 public:
  explicit Pipe(PointerPipe pipe) : pipe_(std::move(pipe)) {}
  Pipe(Pipe&&) noexcept = default;
  Pipe& operator=(Pipe&&) noexcept = default;
  ~Pipe() {
    while (receive_quietly()) {
    }
  }
  void send(Out value) { pipe_.send(new Out(std::move(value))); }  // NOLINT: ownership crosses the thread
  std::optional<In> receive() {
    std::unique_ptr<In> value(static_cast<In*>(pipe_.receive()));
    return value ? std::optional<In>(std::move(*value)) : std::nullopt;
  }
  void* native() { return pipe_.native(); }

 private:
  bool receive_quietly() { return pipe_valid() && receive().has_value(); }
  bool pipe_valid() { return pipe_.native() != nullptr; }
  PointerPipe pipe_;
};

/// The two ends of a new pipe: first for this thread, second for the other actor's.
template <class Out, class In>
std::pair<Pipe<Out, In>, Pipe<In, Out>> make_pipe(Context& context) {
  std::string name = "inproc://" + new_uuid();
  PointerPipe here(context, name, true);
  PointerPipe there(context, name, false);
  return {Pipe<Out, In>(std::move(here)), Pipe<In, Out>(std::move(there))};
}

}  // namespace slicebus::bus
