#include <string_view>

#include "worker/agent/program.hpp"
#include "worker/slot/program.hpp"

/// `slicebus-worker` is the agent, `slicebus-worker slot` one slot.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "slot") {
    return slicebus::slot::run_program(argc - 1, argv + 1);
  }
  return slicebus::agent::run_program(argc, argv);
}
