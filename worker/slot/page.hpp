#pragma once
#include <optional>
#include <utility>

#include "common/descriptor.hpp"
#include "common/result.hpp"
#include "common/wire/messages.hpp"

/// The page of memory in which a slot tells its agent the slice that it runs, so that a death can be charged to that
/// slice alone. The only memory that two processes share (style.md §5); the threads of a slot share a word more, Turns
/// (workbench.hpp). The agent reads the page when the process is dead.
namespace slicebus::slot {

struct RunningPage;

/// The slot's end. Written by the operations' thread only.
class PageWriter {
 public:
  /// Maps the page behind `fd`, which stays the caller's. Errors: invalid (no such descriptor, or not a page).
  static Result<PageWriter> open(int fd);
  PageWriter(PageWriter&& other) noexcept;
  PageWriter& operator=(PageWriter&& other) noexcept;
  ~PageWriter();

  void running(const wire::SliceCopy& copy);
  void idle();

 private:
  explicit PageWriter(RunningPage* page) : page_(page) {}
  RunningPage* page_;
};

/// The agent's end: makes the page, and hands `fd()` to the slot.
class PageReader {
 public:
  /// Errors: unavailable (no memory or no descriptors left).
  static Result<PageReader> create();
  PageReader(PageReader&& other) noexcept;
  PageReader& operator=(PageReader&& other) noexcept;
  ~PageReader();

  int fd() const { return fd_.get(); }
  /// The slice that runs. Nothing: none, or the page was just being written (then no operation was at work).
  std::optional<wire::SliceCopy> running() const;

 private:
  PageReader(Descriptor fd, RunningPage* page) : fd_(std::move(fd)), page_(page) {}
  Descriptor fd_;
  RunningPage* page_;
};

}  // namespace slicebus::slot
