#pragma once

namespace slicebus {

/// `slicebus-master ledger check FILE` and `… ledger backup FILE COPY`, for people. @param argv  argv[0] is the
/// program, the command follows (the word `ledger` is taken off by the caller). @return 0, 1 (a problem was found, or
/// the copy failed), 2 (usage)
int ledger_main(int argc, char** argv);

}  // namespace slicebus
