#pragma once

namespace slicebus::agent {

/// `slicebus-worker`: the agent of one machine. @return the exit code
int run_program(int argc, char** argv);

}  // namespace slicebus::agent
