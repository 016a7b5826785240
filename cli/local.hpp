#pragma once
#include <cstdint>
#include <string>

namespace slicebus::local {

struct LocalConfig {
  std::int64_t rest_port = 5678;       ///< 0: a free one
  std::int64_t broker_port = 0;        ///< 0: a free one, kept over restarts of the broker
  std::string data = "slicebus-data";  ///< everything it stores; made when absent
  std::int64_t slots = 4;
  std::string log_level = "info";  ///< of the three programs, into data/logs
  std::int64_t ready_fd = -1;      ///< gets "port <REST port>\n" once all serve; -1: none
};

/// Runs a whole cluster as child processes until SIGINT or SIGTERM. @return the process's exit code
int run_local(const LocalConfig& config);

}  // namespace slicebus::local
