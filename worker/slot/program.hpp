#pragma once

namespace slicebus::slot {

/// `slicebus-worker slot`: a warm spare until its agent binds it, then one slot of one execution. @return the exit code
int run_program(int argc, char** argv);

}  // namespace slicebus::slot
