#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/bus/socket.hpp"
#include "common/ids.hpp"

/// Actors of one process talk through pipes: values are moved from thread to thread, nothing is shared (an actor is a
/// pipe you talk to: czmq's zactor).
namespace slicebus::bus {

/// One end of an inproc PAIR that carries pointers. Use Pipe below.
class PointerPipe {
 public:
  using Destroy = void (*)(void*);
  PointerPipe(Context& context, const std::string& name, bool binds);
  ~PointerPipe();
  PointerPipe(PointerPipe&&) noexcept;
  PointerPipe& operator=(PointerPipe&&) noexcept;
  /// Takes the pointer; whatever nobody receives is given to `destroy`. Never blocks; the queue is unbounded here, so
  /// users keep their own bound (one commit in flight, …).
  void send(void* pointer, Destroy destroy);
  void* receive();  ///< gives the pointer; nullptr: nothing there
  void* native();   ///< nullptr after a move

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One end of a two-way pipe: sends `Out`, receives `In`. Move-only values are fine. What is unread when an end is
/// destroyed, or sent after the other end was, is deleted.
template <class Out, class In>
class Pipe {
 public:
  explicit Pipe(PointerPipe pipe) : pipe_(std::move(pipe)) {}
  void send(Out value) {
    pipe_.send(new Out(std::move(value)),
               [](void* unread) { delete static_cast<Out*>(unread); });  // NOLINT: crosses threads
  }
  std::optional<In> receive() {
    std::unique_ptr<In> value(static_cast<In*>(pipe_.receive()));
    return value ? std::optional<In>(std::move(*value)) : std::nullopt;
  }
  /// For Poll::watch.
  void* native() { return pipe_.native(); }

 private:
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
