// Executions' dynamic settings: what can be changed while one runs.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "master/service/executions.hpp"

namespace slicebus::service {
namespace {

constexpr std::array<std::string_view, 6> log_levels{"trace", "debug", "info", "warn", "error", "fatal"};

}  // namespace

Answer<Document> Executions::set_log_level(const ExecutionId& ex_id, const std::string& level) {
  if (std::find(log_levels.begin(), log_levels.end(), level) == log_levels.end()) {
    return refuse(RefusalKind::invalid,
                  "Invalid log level \"" + level + "\", must be one of: trace, debug, info, warn, error, fatal");
  }
  Living* found = living(ex_id);
  if (found == nullptr || is_terminal(found->status)) {
    return refuse(RefusalKind::not_found, "no active execution context was found for ex_id: " + ex_id.text);
  }
  if (!found->connected) {
    return refuse(RefusalKind::not_found, "Execution " + ex_id.text + " is not available");
  }
  Living before = *found;
  found->document.json()["_log_level_wanted"] = level;
  if (const auto written = write(*found); !written) {
    *found = std::move(before);
    return refuse(written.error());
  }
  outbox_.emplace_back(scheduler::LogLevelChanged{ex_id, level});
  return Document(Json{{"exId", ex_id.text}, {"level", level}});
}

}  // namespace slicebus::service
