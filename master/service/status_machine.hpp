#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The status machine of an execution as two tables: what becomes of `_status`, and what a command may do in it. The
/// records actor is its only user and so the one writer of `_status`.
namespace slicebus::service {

/// R-ex-50…52, in the order of the groups init, running, terminal.
enum class Status : std::uint8_t {
  pending,
  scheduling,
  initializing,
  recovering,
  running,
  failing,
  paused,
  stopping,
  completed,
  stopped,
  rejected,
  failed,
  terminated
};
inline constexpr std::size_t status_count = 13;

std::string_view name_of(Status status);
std::optional<Status> status_named(std::string_view name);
constexpr bool is_terminal(Status status) { return status >= Status::completed; }
/// R-ex-50: it has not given out a slice yet.
constexpr bool is_init(Status status) { return status <= Status::initializing; }

/// What happens to an execution.
enum class StatusEvent : std::uint8_t {
  placed,           ///< a slot is reserved, its controller is being started
  controller_open,  ///< the controller listens
  slices_recover,   ///< the controller gives out slices of earlier executions
  slices_run,       ///< the controller gives out slices
  slices_fail,      ///< a slice is in error
  was_paused,       ///< nothing is given out any more, by order
  was_resumed,      ///< given out again, by order
  stop_ordered,
  ended_completed,
  ended_stopped,
  ended_failed
};
inline constexpr std::size_t status_event_count = 11;

/// The status after the event; the same one where the event changes nothing. Terminal states are final.
Status after(Status status, StatusEvent event);

enum class Command : std::uint8_t { start, stop, pause, resume, change_workers, recover, remove };
inline constexpr std::size_t command_count = 7;

/// What a command finds, by the state of the (latest) execution: R-api-104.
enum class Ruling : std::uint8_t {
  proceed,
  already,        ///< nothing to do: answer with the status that it has
  conflict,       ///< 409
  not_active,     ///< 404: terminal
  not_available,  ///< 500: no controller to ask
  if_connected    ///< proceed with a connected controller, else not_available
};
Ruling ruling(Command command, Status status);

}  // namespace slicebus::service
