#pragma once

namespace slicebus {

/// `slicebus-master controller`: runs one execution. Before its binding comes over standard input it is a warm spare
/// that holds no socket, and of files only the next ledger's, which has no name yet. @param argv  argv[0] is the
/// program, flags follow (the word `controller` is taken off by the caller)
int controller_main(int argc, char** argv);

}  // namespace slicebus
