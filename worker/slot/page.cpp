#include "worker/slot/page.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace slicebus::slot {

/// `version` is odd while the rest changes (a seqlock). Fresh pages are all zero: idle.
struct RunningPage {
  std::atomic<std::uint32_t> version;
  std::atomic<std::uint32_t> state;  ///< 1: the rest names the slice that runs
  std::atomic<std::uint64_t> slicer_id;
  std::atomic<std::uint64_t> order;
  std::atomic<std::uint64_t> epoch;
  std::atomic<std::uint64_t> number;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free,
              "a lock inside the page would live in one process only");

namespace {

Result<RunningPage*> map(int fd, int protection) {
  void* memory = mmap(nullptr, sizeof(RunningPage), protection, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    return fail(Errc::invalid, "page " + std::to_string(fd), std::strerror(errno),
                "slots are started by slicebus-worker, not by hand");
  }
  return static_cast<RunningPage*>(memory);
}

void unmap(RunningPage* page) {
  if (page != nullptr) {
    munmap(page, sizeof(RunningPage));
  }
}

/// Each store releases the one before it, so that who reads a part of the new has to see that the version is odd. On
/// x86 that costs nothing; a full barrier for each was a twentieth of a slice of nothing.
template <class Write>
void change(RunningPage& page, const Write& write) {
  const std::uint32_t version = page.version.load(std::memory_order_relaxed);
  page.version.store(version + 1, std::memory_order_relaxed);
  write();
  page.version.store(version + 2, std::memory_order_release);
}

}  // namespace

Result<PageWriter> PageWriter::open(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || status.st_size < static_cast<off_t>(sizeof(RunningPage))) {
    return fail(Errc::invalid, "--page-fd " + std::to_string(fd), "is no page of an agent",
                "slots are started by slicebus-worker, not by hand");
  }
  SB_TRY(page, map(fd, PROT_READ | PROT_WRITE));
  return PageWriter(page);
}

PageWriter::PageWriter(PageWriter&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
PageWriter& PageWriter::operator=(PageWriter&& other) noexcept {
  std::swap(page_, other.page_);
  return *this;
}
PageWriter::~PageWriter() { unmap(page_); }

void PageWriter::running(const wire::SliceCopy& copy) {
  change(*page_, [&] {
    page_->slicer_id.store(copy.slice.slicer_id, std::memory_order_release);
    page_->order.store(copy.slice.slicer_order, std::memory_order_release);
    page_->epoch.store(copy.fence.epoch, std::memory_order_release);
    page_->number.store(copy.fence.number, std::memory_order_release);
    page_->state.store(1, std::memory_order_release);
  });
}

void PageWriter::idle() {
  change(*page_, [&] { page_->state.store(0, std::memory_order_release); });
}

Result<PageReader> PageReader::create() {
  Descriptor fd(memfd_create("slicebus-slot", MFD_CLOEXEC));
  if (!fd.is_open()) {
    return fail(Errc::unavailable, "page of a slot", std::strerror(errno), "raise the limit of open files (ulimit -n)");
  }
  if (ftruncate(fd.get(), sizeof(RunningPage)) != 0) {
    return fail(Errc::unavailable, "page of a slot", std::strerror(errno));
  }
  SB_TRY(page, map(fd.get(), PROT_READ));
  return PageReader(std::move(fd), page);
}

PageReader::PageReader(PageReader&& other) noexcept
    : fd_(std::move(other.fd_)), page_(std::exchange(other.page_, nullptr)) {}
PageReader& PageReader::operator=(PageReader&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(page_, other.page_);
  return *this;
}
PageReader::~PageReader() { unmap(page_); }

std::optional<wire::SliceCopy> PageReader::running() const {
  // A slot can make its own page shorter, and reading would then kill the agent; it never has a reason to.
  struct stat status {};
  if (fstat(fd_.get(), &status) != 0 || status.st_size < static_cast<off_t>(sizeof(RunningPage))) {
    return std::nullopt;
  }
  const std::uint32_t before = page_->version.load();
  wire::SliceCopy copy;
  copy.slice.slicer_id = static_cast<std::uint32_t>(page_->slicer_id.load());
  copy.slice.slicer_order = page_->order.load();
  copy.fence.epoch = page_->epoch.load();
  copy.fence.number = page_->number.load();
  const bool runs = page_->state.load() == 1;
  const std::uint32_t after = page_->version.load();
  return before == after && before % 2 == 0 && runs ? std::optional(copy) : std::nullopt;
}

}  // namespace slicebus::slot
