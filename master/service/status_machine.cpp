#include "master/service/status_machine.hpp"

#include <algorithm>
#include <array>

namespace slicebus::service {
namespace {

constexpr std::array<std::string_view, status_count> names{
    "pending",  "scheduling", "initializing", "recovering", "running", "failing",   "paused",
    "stopping", "completed",  "stopped",      "rejected",   "failed",  "terminated"};

using enum Status;
using enum Ruling;

// Four letters each, so that a row stays a row.
constexpr Status pend = pending, sche = scheduling, init = initializing, reco = recovering, runn = running;
constexpr Status fail = failing, paus = paused, stpg = stopping;
constexpr Status comp = completed, stop = stopped, reje = rejected, fald = failed, term = terminated;

// One row per status, one column per StatusEvent. A restarted controller does not lead back to the init states
// (R-ex-66), and an execution that is ordered to pause or stop is not moved by what its controller was still doing.
// clang-format off
constexpr std::array<std::array<Status, status_event_count>, status_count> table{{
    // placed, controller_open, slices_recover, _run, _fail, was_paused, was_resumed, stop_ordered,
    // ended_completed, _stopped, _failed
    {sche, init, reco, runn, fail, paus, runn, stpg, comp, stop, fald},  // pending
    {sche, init, reco, runn, fail, paus, runn, stpg, comp, stop, fald},  // scheduling
    {init, init, reco, runn, fail, paus, runn, stpg, comp, stop, fald},  // initializing
    {reco, reco, reco, runn, fail, paus, runn, stpg, comp, stop, fald},  // recovering
    {runn, runn, runn, runn, fail, paus, runn, stpg, comp, stop, fald},  // running
    {fail, fail, reco, runn, fail, paus, runn, stpg, comp, stop, fald},  // failing
    {paus, paus, paus, paus, paus, paus, runn, stpg, comp, stop, fald},  // paused
    {stpg, stpg, stpg, stpg, stpg, stpg, stpg, stpg, comp, stop, fald},  // stopping
    {comp, comp, comp, comp, comp, comp, comp, comp, comp, comp, comp},  // completed
    {stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop},  // stopped
    {reje, reje, reje, reje, reje, reje, reje, reje, reje, reje, reje},  // rejected
    {fald, fald, fald, fald, fald, fald, fald, fald, fald, fald, fald},  // failed
    {term, term, term, term, term, term, term, term, term, term, term},  // terminated
}};

// One row per status, one column per Command.
constexpr std::array<std::array<Ruling, command_count>, status_count> rulings{{
    // start   stop     pause          resume         workers     recover   remove
    {conflict, proceed, not_available, not_available, proceed,    conflict, conflict},  // pending
    {conflict, proceed, not_available, not_available, proceed,    conflict, conflict},  // scheduling
    {conflict, proceed, if_connected,  if_connected,  proceed,    conflict, conflict},  // initializing
    {conflict, proceed, if_connected,  if_connected,  proceed,    conflict, conflict},  // recovering
    {conflict, proceed, if_connected,  if_connected,  proceed,    conflict, conflict},  // running
    {conflict, proceed, if_connected,  if_connected,  proceed,    conflict, conflict},  // failing
    {conflict, proceed, if_connected,  if_connected,  proceed,    conflict, conflict},  // paused
    {conflict, proceed, conflict,      conflict,      proceed,    conflict, conflict},  // stopping
    {proceed,  already, not_active,    not_active,    not_active, proceed,  proceed},   // completed
    {proceed,  already, not_active,    not_active,    not_active, proceed,  proceed},   // stopped
    {proceed,  already, not_active,    not_active,    not_active, proceed,  proceed},   // rejected
    {proceed,  already, not_active,    not_active,    not_active, proceed,  proceed},   // failed
    {proceed,  already, not_active,    not_active,    not_active, proceed,  proceed},   // terminated
}};
// clang-format on

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
