#include "tests/sim/cluster.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "tests/sim/actors.hpp"

namespace slicebus::sim {

namespace {

constexpr Duration limit = 600s;

std::vector<std::uint64_t> lengths_for(Chance& chance) {
  const std::size_t slicers = chance.one_of<std::size_t>({1, 1, 2});
  std::vector<std::uint64_t> lengths;
  for (std::size_t i = 0; i < slicers; ++i) {
    const std::uint64_t most = chance.whole(5, 40 / slicers);
    lengths.push_back(most / chance.one_of<std::uint64_t>({1, 2}) + 1);
  }
  return lengths;
}

std::unique_ptr<Job> job_for(Chance& chance, Mutation mutation, const std::string& name, std::size_t slots) {
  auto job = std::make_unique<Job>(lengths_for(chance), mutation != Mutation::no_epoch_check,
                                   mutation != Mutation::no_fence_in_names);
  job->id = {name};
  const bool has_poison = chance.happens(0.4);
  const bool has_bad = chance.happens(0.4);
  for (std::uint32_t slicer = 0; slicer < job->ledger.lengths().size(); ++slicer) {
    for (std::uint64_t order = 1; order <= job->ledger.lengths()[slicer]; ++order) {
      if (has_poison && chance.happens(0.03)) {
        job->poison.insert({slicer, order});
      } else if (has_bad && chance.happens(0.06)) {
        job->bad.insert({slicer, order});
      }
    }
  }
  job->hold = chance.one_of<std::size_t>({1, 1, 1, 2, 3});
  job->speed_s = chance.one_of({0.0002, 0.02, 0.3, 1.5, 3.0});
  job->persistent = chance.happens(0.2);
  job->workers = static_cast<std::uint32_t>(chance.whole(1, slots));
  job->ready_max = chance.one_of<std::size_t>({4, 6, 30});
  return job;
}

}  // namespace

Cluster::Cluster(const Options& options)
    : mutation(options.mutation),
      world(options.seed * 1'000'003 + 7, options.trace),
      network(world),
      executions(world),
      errors(world, executions) {
  Chance chance{options.seed};  // the jobs; faults have their own, delays and chances on the way are the world's
  nodes = chance.happens(0.7) ? std::vector<std::string>{"n1", "n2"} : std::vector<std::string>{"n1"};
  slots_per_node = static_cast<std::uint32_t>(chance.whole(2, 3));
  const std::size_t slots = nodes.size() * slots_per_node;
  const int job_count = chance.happens(0.25) ? 2 : 1;
  for (int i = 1; i <= job_count; ++i) {
    jobs.push_back(job_for(chance, mutation, "job" + std::to_string(i), slots));
  }
  has_orphans = chance.happens(0.3) || mutation == Mutation::no_epoch_check;
  late_pause_ = chance.happens(0.3);
  const TimePoint end = World::start + seconds(chance.between(4, 30));
  heal_at = end + 1s;
  faults = faults_of(options.seed, end);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (!options.faults || options.faults->contains(i)) {
      world.at(faults[i].at - World::start, nullptr, [this, i] { strike(faults[i]); });
      if (faults[i].kind == "power") {
        for (const auto& job : jobs) {
          job->ledger.keeps_synced = true;
        }
      }
    }
  }
  executions.on_change = [this](const ExecutionId& ex_id, const std::string& status) { status_changed(ex_id, status); };
  world.make<SimBroker>(*this);
  world.make<SimMaster>(*this);
  for (const std::string& node : nodes) {
    world.make<SimAgent>(*this, node);
  }
  tend();
  world.at(heal_at - World::start, nullptr, [this] { heal(); });
}

Cluster::~Cluster() = default;

Job& Cluster::job_of(const LineageId& lineage) {
  const auto found = jobs_by_execution_.find({lineage.text});
  if (found == jobs_by_execution_.end()) {
    throw Violation("there is no lineage " + lineage.text);
  }
  return *found->second;
}

std::uint64_t Cluster::input_there(const Job& job, std::uint64_t length) const {
  if (!job.persistent || world.now >= heal_at) {
    return length;
  }
  return length * static_cast<std::uint64_t>((world.now - World::start) / 1ms) /
         static_cast<std::uint64_t>((heal_at - World::start) / 1ms);
}

void Cluster::run() {
  std::optional<TimePoint> done;
  while (world.run_one()) {
    if (!done && quiet_ && std::all_of(jobs.begin(), jobs.end(), [](const auto& job) { return job->finished; })) {
      done = world.now;
    }
    if (done && world.now > *done + 3s) {
      for (const auto& job : jobs) {
        check_end(*job);
      }
      return;
    }
    if (world.now > World::start + limit) {
      throw Violation("it hangs: " + state());
    }
  }
  throw Violation("nothing happens any more: " + state());
}

std::string Cluster::state() const {
  std::ostringstream text;
  for (const auto& [ex, status] : executions.statuses()) {
    text << ex << ' ' << status << ", ";
  }
  for (const auto& job : jobs) {
    text << job->id << ": " << job->ledger.entries().size() << " planned, " << job->ledger.pending() << " pending, "
         << job->ledger.unpublished() << " not published";
    if (const auto beat = job->last_beats.find(job->current); beat != job->last_beats.end()) {
      text << "; the controller says: " << beat->second.slots_connected << " slots, queued "
           << beat->second.slices_queued << ", waits for \"" << beat->second.waiting << "\"; ";
    }
  }
  return text.str();
}

void Cluster::check_end(Job& job) {
  std::ostringstream wrong;
  for (std::uint32_t slicer = 0; slicer < job.ledger.lengths().size(); ++slicer) {
    if (job.ledger.planned(slicer) != job.ledger.lengths()[slicer]) {
      wrong << "slicer " << slicer << " ends at " << job.ledger.planned(slicer) << " of "
            << job.ledger.lengths()[slicer] << "; ";
    }
  }
  std::map<SlicePosition, std::vector<std::uint64_t>> seen;
  for (const auto& [name, pieces] : job.output.visible) {
    for (const Piece& piece : pieces) {
      seen[piece.slice].push_back(piece.nonce);
    }
  }
  for (const auto& [slice, entry] : job.ledger.entries()) {
    const bool spoilt = job.poison.contains(slice) || job.bad.contains(slice);
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
          const auto made = job.made.find({entry.name, entry.accepted});
          const bool accepted =
              made != job.made.end() && std::any_of(made->second.begin(), made->second.end(), [&](const Piece& piece) {
                return piece.slice == slice && piece.nonce == seen[slice][0];
              });
          wrong << (accepted ? "" : "P2: an attempt that was not accepted is visible; ");
        }
      }
    }
  }
  for (const auto& [slice, nonces_seen] : seen) {
    if (!job.ledger.entries().contains(slice)) {
      wrong << "published " << slice << ", never planned; ";
    }
  }
  std::set<std::uint64_t> working = excused;
  for (const Process* slot : world.living("slot")) {
    working.insert(slot->uid());
  }
  for (const wire::SliceCopy& name : job.output.hidden()) {
    const auto by = job.prepared_by.find(name);
    if (by != job.prepared_by.end() && !working.contains(by->second)) {
      wrong << "slot#" << by->second << " left the temporary file of " << name.slice << "; ";
    }
  }
  std::string more = wrong.str();
  check_sums(job, more);
  check_errors(job, more);
  if (!more.empty()) {
    throw Violation(job.id.text + ": " + more);
  }
}

/// P4: the sums are those of the accepted attempts, of each execution.
void Cluster::check_sums(const Job& job, std::string& wrong) {
  const auto last = job.last_beats.find(job.current);
  if (last == job.last_beats.end()) {
    return;
  }
  const wire::ControllerBeat& beat = last->second;
  std::uint64_t records_expected = 0;
  std::uint64_t rejected_expected = 0;
  const auto& accepted = job.ledger.accepted_in(job.current);
  for (const auto& [name, fence] : accepted) {
    if (const auto made = job.made.find({name, fence}); made != job.made.end()) {
      for (const Piece& piece : made->second) {
        records_expected += records_of(piece.slice);
        rejected_expected += rejected_by(piece);
      }
    }
  }
  if (!accepted.empty() &&
      (beat.counts.size() != 2 || beat.counts[0].records_out != records_expected ||
       beat.counts[1].records_in != records_expected || beat.counts[1].records_rejected != rejected_expected)) {
    wrong += "P4: the sums of " + job.current.text + " are not those of its accepted attempts; ";
  }
  if (beat.slices_planned != beat.slices_processed) {
    wrong += "P4: " + std::to_string(beat.slices_planned) + " slices planned, " +
             std::to_string(beat.slices_processed) + " processed; ";
  }
}

/// The records have the errors as the ledger's journal has them.
void Cluster::check_errors(Job& job, std::string& wrong) {
  const std::vector<wire::FailedSlice> journal =
      job.ledger.errors(0, job.ledger.entries().size() * executions.statuses().size());
  for (const wire::FailedSlice& failed : journal) {
    const auto record = errors.get(failed.ex_id, slice_uuid(job.lineage, failed.slice));
    if (!record || !*record || (*record)->number != failed.number) {
      wrong += "the records do not have an error in " + failed.ex_id.text + " as the ledger; ";
    }
  }
  const auto listed = errors.list(std::nullopt, {.size = 1'000});
  const auto ours = listed ? std::count_if(listed->begin(), listed->end(),
                                           [&](const store::ErrorRecord& each) { return each.lineage == job.lineage; })
                           : -1;
  if (ours != static_cast<std::ptrdiff_t>(journal.size())) {
    wrong += std::to_string(ours) + " errors in the records, " + std::to_string(journal.size()) + " in the ledger; ";
  }
}

}  // namespace slicebus::sim
