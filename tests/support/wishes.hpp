#pragma once

/// What whoever runs a test may ask of it by the environment.
namespace slicebus::support {

/// The number in that variable; `otherwise`: it is not set. Not a number: 0.
long asked_for(const char* variable, long otherwise);
/// $SLICEBUS_SEED or one that is drawn; the log of the test has it either way.
unsigned drawn_seed();
/// $SLICEBUS_TEST_RECORDS: how large the jobs are that every user runs; ./run-tests --long asks for a million.
long records_of_job();

}  // namespace slicebus::support
