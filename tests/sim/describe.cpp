#include <sstream>

#include "tests/sim/network.hpp"

namespace slicebus::sim {

std::string describe(const wire::Message& message) {
  std::ostringstream text;
  text << wire::message_name(message);
  const auto list = [&](const char* name, const auto& copies) {
    text << ' ' << name << '[';
    for (const auto& copy : copies) {
      text << ' ' << copy.slice << '@' << copy.fence;
    }
    text << " ]";
  };
  if (const auto* hello = std::get_if<wire::SlotHello>(&message)) {
    text << ' ' << hello->number << " window " << hello->window;
    list("running", hello->running);
    list("prefetched", hello->prefetched);
    list("held", hello->held);
    text << " reports " << hello->reports.size();
  } else if (const auto* welcome = std::get_if<wire::SlotWelcome>(&message)) {
    text << ' ' << welcome->hello << " epoch " << welcome->epoch << " batch " << welcome->batch;
    list("drop", welcome->drop);
  } else if (const auto* assign = std::get_if<wire::SliceAssign>(&message)) {
    text << ' ' << assign->number;
    list("slices", assign->slices);
  } else if (const auto* beat = std::get_if<wire::SlotBeat>(&message)) {
    text << " last " << beat->last_batch << " held " << beat->held;
    list("holds", beat->holds);
    list("finished", beat->finished);
  } else if (const auto* answer = std::get_if<wire::SlotBeatAck>(&message)) {
    list("drop", answer->drop);
  } else if (const auto* returned = std::get_if<wire::SliceReturned>(&message)) {
    list("slices", returned->slices);
    text << (returned->recall_answered ? " recall answered" : "") << ' ' << returned->reason;
  } else if (const auto* recall = std::get_if<wire::SliceRecall>(&message)) {
    text << ' ' << recall->number;
  } else if (const auto* flush = std::get_if<wire::SliceFlush>(&message)) {
    text << ' ' << flush->number;
  } else if (const auto* publish = std::get_if<wire::SlicePublish>(&message)) {
    list("copies", publish->copies);
  } else if (const auto* published = std::get_if<wire::SlicePublished>(&message)) {
    list("copies", published->copies);
  } else if (const auto* report = std::get_if<wire::SliceReport>(&message)) {
    for (const wire::SliceOutcome& outcome : report->outcomes) {
      text << (outcome.kind == wire::OutcomeKind::held     ? " held"
               : outcome.kind == wire::OutcomeKind::failed ? " failed"
                                                           : " completed");
      list("", std::vector<wire::SliceCopy>{outcome.copy});
      list("members", outcome.members);
    }
  } else if (const auto* ack = std::get_if<wire::SliceAck>(&message)) {
    for (const wire::Acknowledgement& each : ack->acknowledgements) {
      text << ' ' << each.copy.slice << '@' << each.copy.fence
           << (each.verdict == wire::Verdict::publish ? " publish"
               : each.verdict == wire::Verdict::drop  ? " drop"
                                                      : " recorded");
    }
  }
  if (const auto* beat = std::get_if<wire::ControllerBeat>(&message)) {
    text << ' ' << beat->ex_id << " epoch " << beat->epoch << " seen " << beat->order_seen << " planned "
         << beat->slices_planned << " processed " << beat->slices_processed << " queued " << beat->slices_queued
         << (beat->paused ? " paused" : "") << ' ' << beat->final_status << ' ' << beat->waiting;
  } else if (const auto* order = std::get_if<wire::ControllerOrder>(&message)) {
    text << ' ' << order->ex_id << " no. " << order->number << (order->paused ? " pause" : "")
         << (order->stopping ? " stop" : "") << (order->final_recorded ? " recorded" : "");
  } else if (const auto* node = std::get_if<wire::NodeBeat>(&message)) {
    text << ' ' << node->agent << " slots";
    for (const wire::SlotState& slot : node->slots) {
      text << ' ' << slot.ex_id << (slot.draining ? " draining" : "");
    }
  } else if (const auto* wanted = std::get_if<wire::SlotsWanted>(&message)) {
    text << ' ' << wanted->node << " no. " << wanted->number;
    for (const wire::WantedSlots& each : wanted->executions) {
      text << ' ' << each.ex_id << " x " << each.slots << " at " << each.endpoint;
    }
    text << " settled " << wanted->settled.size();
  } else if (const auto* death = std::get_if<wire::SlotDied>(&message)) {
    text << ' ' << death->process;
    list("running", death->running);
  }
  return text.str();
}

std::string text(const wire::SliceCopy& copy) {
  std::ostringstream out;
  out << copy.slice << '@' << copy.fence;
  return out.str();
}

}  // namespace slicebus::sim
