#include "master/service/status_machine.hpp"

#include <algorithm>

namespace slicebus::service {
namespace {

constexpr std::array<std::string_view, status_count> names{"pending",  "scheduling", "initializing", "recovering", "running",
                                                           "failing",  "paused",     "stopping",     "completed",  "stopped",
                                                           "rejected", "failed",     "terminated"};

using enum Status;
using enum Ruling;

// One row per status, one column per StatusEvent. A restarted controller does not lead back to the init states (R-ex-66), and an
// execution that is ordered to pause or stop is not moved by what its controller was still doing.
constexpr std::array<std::array<Status, status_event_count>, status_count> table{{
    // placed       controller_open slices_recover slices_run    slices_fail   was_paused    was_resumed   stop_ordered ended_completed ended_stopped ended_failed
    {scheduling,   initializing,   recovering,    running,      failing,      paused,       running,      stopping,    completed,      stopped,      failed},      // pending
    {scheduling,   initializing,   recovering,    running,      failing,      paused,       running,      stopping,    completed,      stopped,      failed},      // scheduling
    {initializing, initializing,   recovering,    running,      failing,      paused,       running,      stopping,    completed,      stopped,      failed},      // initializing
    {recovering,   recovering,     recovering,    running,      failing,      paused,       running,      stopping,    completed,      stopped,      failed},      // recovering
    {running,      running,        running,       running,      failing,      paused,       running,      stopping,    completed,      stopped,      failed},      // running
    {failing,      failing,        recovering,    running,      failing,      paused,       running,      stopping,    completed,      stopped,      failed},      // failing
    {paused,       paused,         paused,        paused,       paused,       paused,       running,      stopping,    completed,      stopped,      failed},      // paused
    {stopping,     stopping,       stopping,      stopping,     stopping,     stopping,     stopping,     stopping,    completed,      stopped,      failed},      // stopping
    {completed,    completed,      completed,     completed,    completed,    completed,    completed,    completed,   completed,      completed,    completed},   // completed
    {stopped,      stopped,        stopped,       stopped,      stopped,      stopped,      stopped,      stopped,     stopped,        stopped,      stopped},     // stopped
    {rejected,     rejected,       rejected,      rejected,     rejected,     rejected,     rejected,     rejected,    rejected,       rejected,     rejected},    // rejected
    {failed,       failed,         failed,        failed,       failed,       failed,       failed,       failed,      failed,         failed,       failed},      // failed
    {terminated,   terminated,     terminated,    terminated,   terminated,   terminated,   terminated,   terminated,  terminated,     terminated,   terminated},  // terminated
}};

// One row per status, one column per Command.
constexpr std::array<std::array<Ruling, command_count>, status_count> rulings{{
    // start     stop      pause          resume         change_workers recover   remove
    {conflict, proceed,  not_available, not_available, proceed,       conflict, conflict},  // pending
    {conflict, proceed,  not_available, not_available, proceed,       conflict, conflict},  // scheduling
    {conflict, proceed,  if_connected,  if_connected,  proceed,       conflict, conflict},  // initializing
    {conflict, proceed,  if_connected,  if_connected,  proceed,       conflict, conflict},  // recovering
    {conflict, proceed,  if_connected,  if_connected,  proceed,       conflict, conflict},  // running
    {conflict, proceed,  if_connected,  if_connected,  proceed,       conflict, conflict},  // failing
    {conflict, proceed,  if_connected,  if_connected,  proceed,       conflict, conflict},  // paused
    {conflict, proceed,  conflict,      conflict,      proceed,       conflict, conflict},  // stopping
    {proceed,  already,  not_active,    not_active,    not_active,    proceed,  proceed},   // completed
    {proceed,  already,  not_active,    not_active,    not_active,    proceed,  proceed},   // stopped
    {proceed,  already,  not_active,    not_active,    not_active,    proceed,  proceed},   // rejected
    {proceed,  already,  not_active,    not_active,    not_active,    proceed,  proceed},   // failed
    {proceed,  already,  not_active,    not_active,    not_active,    proceed,  proceed},   // terminated
}};

template <class Enum>
constexpr std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

}  // namespace

std::string_view name_of(Status status) { return names[index(status)]; }

std::optional<Status> status_named(std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? std::nullopt : std::optional(static_cast<Status>(found - names.begin()));
}

Status after(Status status, StatusEvent event) { return table[index(status)][index(event)]; }

Ruling ruling(Command command, Status status) { return rulings[index(status)][index(command)]; }

}  // namespace slicebus::service
