#include "tests/sim/cluster.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

constexpr const char* kinds[] = {
    "kill_slot",         "kill_controller", "kill_master",   "kill_agent",  "kill_broker", "freeze_slot",
    "freeze_controller", "freeze_agent",    "freeze_master", "freeze_node", "reset",       "cut",
    "disk_full",         "output_full",     "pause",         "stop",        "scale",       "term_slot",
    "term_controller",   "term_agent",      "term_master",   "storm"};

std::vector<std::uint64_t> lengths_for(std::uint64_t seed) {
  Chance chance{seed * 3 + 1};
  const std::size_t slicers = chance.one_of<std::size_t>({1, 1, 2});
  std::vector<std::uint64_t> lengths;
  for (std::size_t i = 0; i < slicers; ++i) {
    const std::uint64_t most = chance.whole(5, 40 / slicers);
    lengths.push_back(most / chance.one_of<std::uint64_t>({1, 2}) + 1);
  }
  return lengths;
}

/// A message in one line of a trace: what matters of it.
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
  return text.str();
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, Mutation with, bool trace)
    : mutation(with),
      world(seed * 1'000'003 + 7, trace),
      ledger(lengths_for(seed), with != Mutation::no_epoch_check),
      output(with != Mutation::no_fence_in_names) {
  Chance chance{seed};  // the job and the faults; delays and chances on the way are the world's
  const bool has_poison = chance.happens(0.4);
  const bool has_bad = chance.happens(0.4);
  for (std::uint32_t slicer = 0; slicer < ledger.lengths().size(); ++slicer) {
    for (std::uint64_t order = 1; order <= ledger.lengths()[slicer]; ++order) {
      if (has_poison && chance.happens(0.03)) {
        poison.insert({slicer, order});
      } else if (has_bad && chance.happens(0.06)) {
        bad.insert({slicer, order});
      }
    }
  }
  hold = chance.one_of<std::size_t>({1, 1, 1, 2, 3});
  speed_s = chance.one_of({0.02, 0.3, 1.5, 3.0});
  nodes = chance.happens(0.7) ? std::vector<std::string>{"n1", "n2"} : std::vector<std::string>{"n1"};
  want_slots = static_cast<std::uint32_t>(chance.whole(2, 2 * nodes.size()));
  late_notice = chance.happens(0.5);
  keeps_unsent = chance.happens(0.5);
  locked = chance.happens(0.7) && mutation != Mutation::no_epoch_check;
  slow_s = chance.one_of({0.0, 0.02, 0.3});
  loses = chance.one_of({0.0, 0.0, 0.005, 0.1});
  ready_max = chance.one_of<std::size_t>({4, 6, 30});
  end_s_ = chance.between(4, 30);
  heal_at = TimePoint{} + seconds(end_s_ + 1);
  late_pause_ = chance.happens(0.3);
  snipes_ = chance.happens(0.3);
  records[current] = "running";
  world.make<Master>(*this);
  for (const std::string& node : nodes) {
    world.make<Agent>(*this, node);
  }
  for (const Fault& fault : plan(chance)) {
    world.at(fault.at - TimePoint{}, nullptr, [this, fault] { strike(fault.kind, fault.pick, fault.time); });
  }
  world.at(heal_at - TimePoint{}, nullptr, [this] { heal(); });
}

Cluster::~Cluster() = default;

/// Each run has faults of its own few kinds: swarm testing reaches states that a mix of all of them does not.
std::vector<Cluster::Fault> Cluster::plan(Chance& chance) {
  std::vector<std::string> chosen;
  for (const char* kind : kinds) {
    if (chance.happens(0.25)) {
      chosen.emplace_back(kind);
    }
  }
  std::vector<Fault> faults;
  const double every = chance.one_of({0.15, 0.4, 1.0, 2.5});
  for (double t = 0; !chosen.empty() && faults.size() < 60;) {
    t += chance.exponential(every);
    if (t > end_s_) {
      break;
    }
    const std::string& kind = chosen[chance.whole(0, chosen.size() - 1)];
    const double time = chance.one_of({chance.between(0.05, 1), chance.between(1, 12), chance.between(5, 28)});
    faults.push_back({TimePoint{} + seconds(t), kind, chance.next() >> 16U, seconds(time)});
  }
  return faults;
}

// -- the network ------------------------------------------------------------------------------------------------------

Duration Cluster::delay() {
  const double r = world.chance.unit();
  return seconds(r < 0.9 ? r * 0.003 : world.chance.between(0, 0.02 + (r > 0.97 ? slow_s * 10 : 0)));
}

bool Cluster::is_cut(const std::string& node) const {
  const auto found = cut_until.find(node);
  return found != cut_until.end() && found->second > world.now;
}

bool Cluster::is_terminal(const ExecutionId& ex) const {
  const std::string& status = records.at(ex);
  return status == "completed" || status == "failed" || status == "stopped";
}

void Cluster::send(Connection& connection, bool up, wire::Message message) {
  if (connection.dead) {
    return;
  }
  if (world.now < heal_at && world.chance.happens(loses)) {
    return;
  }
  TimePoint when = world.now + delay();
  if (is_cut(connection.slot->node())) {
    when = cut_until[connection.slot->node()] + delay();
  }
  TimePoint& last = up ? connection.last_up : connection.last_down;
  last = when = std::max(when, last);
  Process* to = up ? static_cast<Process*>(connection.controller) : connection.slot;
  world.at(when - world.now, to, [this, &connection, up, message = std::move(message)] {
    if (connection.dead) {
      return;
    }
    if (world.traces()) {
      world.log((up ? connection.slot->name() + " -> " + connection.controller->name()
                    : connection.controller->name() + " -> " + connection.slot->name()) +
                " " + describe(message));
    }
    if (up) {
      connection.controller->deliver(connection, message);
    } else {
      connection.slot->deliver(connection, message);
    }
  });
}

void Cluster::reset(Connection& connection) {
  if (!connection.dead) {
    connection.dead = true;
    if (connection.slot->alive() && connection.slot->connection() == &connection) {
      connection.slot->connection_lost();
    }
  }
}

void Cluster::relay(const std::string& node, Process* to, std::function<void()> what) {
  if (to != nullptr && to->alive() && broker_up && !is_cut(node)) {
    world.at(delay() + delay(), to, std::move(what));
  }
}

void Cluster::agent_registers(Agent& agent) {
  if (!broker_up || is_cut(agent.node())) {
    return;
  }
  registered[agent.node()] = world.now;
  std::vector<ProcessId>& known = former[agent.node()];
  if (known.empty() || known.back() != agent.id()) {
    known.push_back(agent.id());
    for (const auto& [ex, controller] : listening) {
      agents_known_to(*controller);
    }
  }
}

/// What the broker tells a controller: which agents of each node are gone.
void Cluster::agents_known_to(SimController& controller) {
  for (const auto& [node, known] : former) {
    if (known.empty()) {
      continue;
    }
    const wire::AgentRestarted news{{node}, known.back(), {known.begin(), known.end() - 1}};
    relay(node, &controller, [to = &controller, news] { to->hear(news); });
  }
}

// -- faults -----------------------------------------------------------------------------------------------------------

void Cluster::strike(const std::string& kind, std::uint64_t pick, Duration time) {
  world.log("FAULT " + kind);
  const std::string verb = kind.substr(0, kind.find('_'));
  const std::string what = kind.find('_') == std::string::npos ? "" : kind.substr(kind.find('_') + 1);
  const std::string& node = nodes[pick % nodes.size()];
  if (kind == "kill_broker") {
    broker_up = false;
    former.clear();
    registered.clear();
    world.at(std::min<Duration>(time, 4s), nullptr, [this] {
      broker_up = true;
      broker_since = world.now;
    });
  } else if (kind == "freeze_node") {
    for (Process* process : world.living_on(node)) {
      process->freeze(time);
    }
  } else if (verb == "kill" || verb == "freeze" || verb == "term") {
    const std::vector<Process*> candidates = world.living(what);
    if (candidates.empty()) {
      return;
    }
    Process* victim = candidates[pick % candidates.size()];
    if (verb == "kill") {
      victim->die("outside");
    } else if (verb == "freeze") {
      victim->freeze(time);
    } else {
      victim->after(Duration{}, [victim] {
        if (auto* slot = dynamic_cast<SimSlot*>(victim)) {
          slot->drain();
        } else if (auto* controller = dynamic_cast<SimController*>(victim)) {
          controller->sigterm();
        } else if (auto* agent = dynamic_cast<Agent*>(victim)) {
          agent->sigterm();
        } else if (auto* master_process = dynamic_cast<Master*>(victim)) {
          master_process->sigterm();
        }
      });
    }
  } else if (kind == "storm") {
    for (int i = 0; i < 6; ++i) {
      world.at(80ms * i, nullptr, [this, pick, time] { strike("kill_controller", pick, time); });
    }
  } else if (kind == "reset") {
    const std::vector<Process*> slots = world.living("slot");
    if (!slots.empty()) {
      if (Connection* connection = dynamic_cast<SimSlot*>(slots[pick % slots.size()])->connection()) {
        reset(*connection);
      }
    }
  } else if (kind == "cut") {
    const Duration cut = std::min(time, std::max<Duration>(heal_at - world.now, 10ms));
    cut_until[node] = world.now + cut;
    for (Process* process : world.living_on(node)) {
      auto* slot = dynamic_cast<SimSlot*>(process);
      if (slot != nullptr && slot->connection() != nullptr && world.chance.happens(0.6)) {
        world.at(seconds(world.chance.between(0, std::chrono::duration<double>(cut).count())), nullptr,
                 [this, connection = slot->connection()] { reset(*connection); });
      }
    }
  } else if (kind == "disk_full") {
    disk_full_until = world.now + time;
  } else if (kind == "output_full") {
    output_full_until = world.now + time;
  } else if (kind == "pause") {
    want_pause = true;
    world.at(time, nullptr, [this, mine = ++pauses_] { want_pause = want_pause && mine != pauses_; });
  } else if (kind == "scale") {
    want_slots = static_cast<std::uint32_t>(1 + pick % (2 * nodes.size()));
  } else if (kind == "stop" && records[current] == "running" && generation_ < 5) {
    records[current] = "stopping";
    recover(time);
  }
}

void Cluster::recover(Duration patience) {
  if (records[current] == "stopped") {
    world.at(std::min<Duration>(patience, 6s), nullptr, [this] {
      current = {"ex" + std::to_string(++generation_)};
      records[current] = "running";
      want_pause = false;
      world.log("RECOVER " + current.text);
    });
  } else if (records[current] == "stopping") {
    world.at(200ms, nullptr, [this, patience] { recover(patience); });
  }
}

void Cluster::freeze_at_the_worst_moment(SimSlot& slot) {
  if (!snipes_ || world.now >= heal_at || !world.chance.happens(0.05)) {
    return;
  }
  const Duration time = world.chance.time(0.5, 20);
  if (world.chance.happens(0.5)) {
    for (Process* process : world.living_on(slot.node())) {
      process->freeze(time);
    }
  } else {
    slot.freeze(time);
  }
}

void Cluster::heal() {
  world.log("HEAL");
  want_pause = false;
  disk_full_until = output_full_until = TimePoint{};
  want_slots = std::max(want_slots, 2U);
  for (auto& [node, until] : cut_until) {
    until = std::min(until, world.now);
  }
  for (const char* kind : {"slot", "controller", "agent", "master"}) {
    for (Process* process : world.living(kind)) {
      process->thaw();
    }
  }
  if (!locked) {
    // What the lock is for: somebody ends the controller that was replaced, or it serves its slots for ever with
    // nothing to give.
    world.at(5s, nullptr, [this] {
      for (Process* process : world.living("controller")) {
        const auto* controller = dynamic_cast<SimController*>(process);
        const auto heir = listening.find(controller->ex());
        if (heir != listening.end() && heir->second != controller) {
          process->die("ended at last");
        }
      }
    });
  }
  if (late_pause_) {
    world.at(2s, nullptr, [this] { pause_when_quiet(); });
  }
  world.at(35s, nullptr, [this] { quiet_ = true; });
}

void Cluster::pause_when_quiet() {
  pause_seen = false;
  want_pause = true;
  ++pauses_;
  world.at(20s, nullptr, [this, ex = current] {
    const auto found = listening.find(ex);
    if (ex == current && !pause_seen && records[ex] == "running" && found != listening.end() &&
        found->second->alive() && last_beats[ex].final_status.empty()) {
      throw Violation("a pause was not answered within 20 s");
    }
    want_pause = false;
  });
}

// -- the end ----------------------------------------------------------------------------------------------------------

bool Cluster::finished() const {
  const std::string& status = records.at(current);
  return status == "completed" || status == "failed";
}

void Cluster::run() {
  std::optional<TimePoint> done;
  const TimePoint limit = TimePoint{} + 600s;
  while (world.run_one()) {
    if (!done && quiet_ && finished()) {
      done = world.now;
    }
    if (done && world.now > *done + 3s) {
      check_end();
      return;
    }
    if (world.now > limit) {
      throw Violation("it hangs: " + state());
    }
  }
  throw Violation("nothing happens any more: " + state());
}

std::string Cluster::state() const {
  std::ostringstream text;
  for (const auto& [ex, status] : records) {
    text << ex << ' ' << status << ", ";
  }
  std::map<WatchedLedger::Mark, int> marks;
  for (const auto& [slice, entry] : ledger.entries()) {
    ++marks[entry.mark];
  }
  text << marks[WatchedLedger::Mark::pending] << " pending, " << marks[WatchedLedger::Mark::completed] << " completed, "
       << marks[WatchedLedger::Mark::in_error] << " in error, " << ledger.unpublished() << " not published";
  if (const auto beat = last_beats.find(current); beat != last_beats.end()) {
    text << "; the controller says: " << beat->second.slots_connected << " slots, queued " << beat->second.slices_queued
         << ", waits for \"" << beat->second.waiting << "\"";
  }
  return text.str();
}

void Cluster::check_end() {
  std::ostringstream wrong;
  for (std::uint32_t slicer = 0; slicer < ledger.lengths().size(); ++slicer) {
    if (ledger.planned(slicer) != ledger.lengths()[slicer]) {
      wrong << "slicer " << slicer << " ends at " << ledger.planned(slicer) << " of " << ledger.lengths()[slicer]
            << "; ";
    }
  }
  std::map<SlicePosition, std::vector<std::uint64_t>> seen;
  for (const auto& [name, pieces] : output.visible) {
    for (const Piece& piece : pieces) {
      seen[piece.slice].push_back(piece.nonce);
    }
  }
  for (const auto& [slice, entry] : ledger.entries()) {
    const bool spoilt = poison.contains(slice) || bad.contains(slice);
    const std::size_t times = seen.contains(slice) ? seen[slice].size() : 0;
    switch (entry.mark) {
      case WatchedLedger::Mark::pending:
        wrong << "P1: " << slice << " is unfinished; ";
        break;
      case WatchedLedger::Mark::in_error:
        wrong << (spoilt ? "" : "an innocent slice is in error; ") << (times > 0 ? "published though in error; " : "");
        break;
      case WatchedLedger::Mark::completed: {
        if (spoilt) {
          wrong << slice << " cannot complete; ";
        }
        if (times == 0) {
          wrong << "P2: " << slice << " is completed and lost; ";
        } else if (times > 1) {
          wrong << "P2: " << slice << " is doubled; ";
        } else {
          bool accepted = false;
          for (const Piece& piece : made[{entry.name, entry.accepted}]) {
            accepted = accepted || (piece.slice == slice && piece.nonce == seen[slice][0]);
          }
          wrong << (accepted ? "" : "P2: an attempt that was not accepted is visible; ");
        }
      }
    }
  }
  std::set<std::uint64_t> working = excused;
  for (const Process* slot : world.living("slot")) {
    working.insert(slot->uid());
  }
  for (const wire::SliceCopy& name : output.hidden()) {
    const auto by = prepared_by.find(name);
    if (by != prepared_by.end() && !working.contains(by->second)) {
      wrong << "slot#" << by->second << " left the temporary file of " << name.slice << "; ";
    }
  }
  for (const auto& [slice, nonces_seen] : seen) {
    if (!ledger.entries().contains(slice)) {
      wrong << "published " << slice << ", never planned; ";
    }
  }
  // P4: the sums are those of the accepted attempts, of each execution.
  const wire::ControllerBeat& beat = last_beats[current];
  std::uint64_t records_expected = 0;
  std::uint64_t rejected_expected = 0;
  for (const auto& [name, fence] : ledger.accepted_in[current]) {
    for (const Piece& piece : made[{name, fence}]) {
      records_expected += records_of(piece.slice);
      rejected_expected += rejected_by(piece);
    }
  }
  if (!ledger.accepted_in[current].empty() &&
      (beat.counts.size() != 2 || beat.counts[0].records_out != records_expected ||
       beat.counts[1].records_in != records_expected || beat.counts[1].records_rejected != rejected_expected)) {
    wrong << "P4: the sums of " << current << " are not those of its accepted attempts; ";
  }
  if (beat.slices_planned != beat.slices_processed) {
    wrong << "P4: " << beat.slices_planned << " slices planned, " << beat.slices_processed << " processed; ";
  }
  const std::vector<wire::FailedSlice> journal = ledger.errors(0, ledger.entries().size() * records.size());
  for (const wire::FailedSlice& failed : journal) {
    const auto recorded = errors.find({failed.ex_id, failed.slice});
    if (recorded == errors.end() || recorded->second != failed) {
      wrong << "the records do not have the error of " << failed.slice << " in " << failed.ex_id << " as the ledger; ";
    }
  }
  if (errors.size() != journal.size()) {
    wrong << errors.size() << " errors in the records, " << journal.size() << " in the ledger; ";
  }
  if (!wrong.str().empty()) {
    throw Violation(wrong.str());
  }
}

}  // namespace slicebus::sim
