#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/wire/messages.hpp"

namespace slicebus::execution {

/// How the lineage's journal of errors gets into the master's records: one page at a time is read from the ledger and
/// said until the master's orders show that it is recorded. It remembers nothing beyond that page: a controller begins
/// at the start of the journal and is told where to go on.
class ErrorFeed {
 public:
  /// The journal has grown, or may have.
  void grown() { may_have_more_ = true; }
  /// The master has recorded the journal up to `number`.
  void recorded(std::uint64_t number) {
    if (number == recorded_) {
      return;
    }
    recorded_ = number;
    page_.clear();
    may_have_more_ = true;
  }
  /// After which number to read now, if at all; asked once.
  std::optional<std::uint64_t> to_read() {
    if (reading_ || !page_.empty() || !std::exchange(may_have_more_, false)) {
      return std::nullopt;
    }
    reading_ = true;
    return recorded_;
  }
  /// Answers to_read().
  void read(std::uint64_t after, std::vector<wire::FailedSlice> page) {
    reading_ = false;
    if (after != recorded_) {
      may_have_more_ = true;  // the master was ahead meanwhile
      return;
    }
    page_ = std::move(page);
  }
  /// Answers to_read(). `again`: it is tried again at the next retry(); else it can never be read.
  void not_read(bool again) {
    reading_ = false;
    failed_ = again;
  }
  void retry() { may_have_more_ = may_have_more_ || std::exchange(failed_, false); }

  /// What the master has to be told; empty: nothing.
  const std::vector<wire::FailedSlice>& page() const { return page_; }
  std::uint64_t after() const { return recorded_; }
  /// Everything that is in the ledger is in the records, or can never be read.
  bool drained() const { return !reading_ && page_.empty() && !may_have_more_ && !failed_; }

 private:
  std::uint64_t recorded_ = 0;
  std::vector<wire::FailedSlice> page_;  ///< what follows recorded_
  bool reading_ = false;
  bool failed_ = false;
  bool may_have_more_ = true;
};

}  // namespace slicebus::execution
