#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "master/store/slice_ledger.hpp"

/// For people who ask whether a ledger can be trusted; a controller checks what it needs when it opens one.
namespace slicebus::store {

struct LedgerReport {
  std::string first_ex_id;  ///< which names the lineage; empty: no execution opened it yet
  std::uint64_t executions = 0;
  std::uint64_t epoch = 0;
  LedgerCounts counts;
  std::uint64_t unfinished = 0;
  std::vector<std::string> problems;  ///< what is lost, doubled, damaged or contradicts itself; at most problems_max
  std::uint64_t problems_left_out = 0;

  static constexpr std::size_t problems_max = 100;
  bool is_sound() const { return problems.empty(); }
};

/// Reads the whole file, beside its controller if there is one, as it stood at one moment; changes nothing. Memory does
/// not grow with the slices. Errors: unavailable (cannot be opened, another version), internal (no ledger, or too
/// damaged to be read): each names the file and the remedy.
Result<LedgerReport> check_ledger(const std::string& path);

/// Writes the ledger as it stands at one moment to a new file `copy`, beside its controller if there is one. Errors: as
/// above; conflict (`copy` exists), exhausted (no room for it).
Result<void> back_up_ledger(const std::string& path, const std::string& copy);

}  // namespace slicebus::store
