"""W6: what one controller bears: the rate while so many slots are connected, each with a socket of its own, and the memory
that each costs it. The slots are `bench-fake-slots`: cores of real ones, a thousand in a process, whose slices are at their end
when they begin. Beside it the same messages between bare sockets: what ZeroMQ takes."""
import statistics
import time

from cluster import LocalCluster, resident_kb, slices_job
from measuring import Contestant, program, take_turns

NAME = "W6 fan-out"
SIZES = (1, 10, 100, 1000, 5000)
SLOTS_IN_A_PROCESS = 1000
SLICES_IN_FLIGHT = 10_000  # of the bare sockets, about as many as the controller has under way
ENDLESS = 10**12
PATIENCE = 60  # seconds until as many slots as were asked for are connected
LIMIT_RATE, LIMIT_KB, LIMIT_OUR_KB = 0.7, 100, 4


def change_of_count(cluster, ex_id, seconds):
    """Waits for the controller's next word. @return the moment, and the slices done"""
    before = cluster.processed(ex_id)
    after = cluster.wait("a count of the controller", seconds,
                         lambda: (lambda now: now if now != before else None)(cluster.processed(ex_id)), 0.005)
    return time.monotonic(), after


def wait_for_slots(cluster, ex_id, slots):
    """Until all are connected, or no more of them within the patience. @return how many are"""
    end, connected = time.monotonic() + PATIENCE, 0
    while connected < slots and time.monotonic() < end:
        time.sleep(0.1)
        said = (cluster.answers(f"/ex/{ex_id}/controller", 5) or [{}])[0]
        connected = said.get("workers_available", 0) + said.get("workers_active", 0)
    return connected


def slicebus(context, slots, seconds):
    """The slots connect while the execution is paused, so that their memory is known before slices are under way."""
    with LocalCluster(1) as cluster:
        # Its own slot has a delay of an hour; all others are fakes.
        busy = cluster.submit({"name": "busy", "lifecycle": "once", "workers": 1, "operations": [
            {"_op": "data_generator", "size": 10, "slice_size": 10}, {"_op": "delay", "ms": 3_600_000}, {"_op": "noop"}]})
        cluster.wait("the busy slot", 30, lambda: cluster.serving(busy)[0])
        cluster.add_machine("fakes-0", context.references / "bench-fake-slots", cluster.broker(), "fakes-0", min(SLOTS_IN_A_PROCESS, slots))
        ex_id = cluster.submit(slices_job(ENDLESS, slots))
        cluster.wait("the execution's beginning", 30, lambda: cluster.status(ex_id) == "running")
        cluster.request(f"/ex/{ex_id}/_pause", {})
        for number, first in enumerate(range(SLOTS_IN_A_PROCESS, slots, SLOTS_IN_A_PROCESS), 1):
            cluster.add_machine(f"fakes-{number}", context.references / "bench-fake-slots", cluster.broker(), f"fakes-{number}",
                                min(SLOTS_IN_A_PROCESS, slots - first))
        connected = wait_for_slots(cluster, ex_id, slots)
        controller = cluster.serving(ex_id)[1][0]
        kb_connected = resident_kb(controller)
        cluster.request(f"/ex/{ex_id}/_resume", {})
        time.sleep(1)
        began, first = change_of_count(cluster, ex_id, 60)
        time.sleep(seconds)
        ended, last = change_of_count(cluster, ex_id, 60)
        kb = resident_kb(controller)
        cluster.request(f"/ex/{ex_id}/_stop?blocking=false", {})
        return {"slices_per_second": (last - first) / (ended - began), "connected": connected, "kb_connected": kb_connected, "kb": kb}


def bare(context, slots, slices):
    batch = max(1, min(256, SLICES_IN_FLIGHT // 2 // slots))
    result = program(context.references / "bench-dispatch-limit", slices, batch, slots, SLOTS_IN_A_PROCESS)
    return {"slices_per_second": result["slices"] / result["seconds"], "connected": result["connected"], "kb_connected": result["kb_connected"], "kb": result["kb_grown"]}


def a_slot(many, alone, key):
    """kB for each connected slot beyond the first."""
    return (middle(many, key) - middle(alone, key)) / (middle(many, "connected") - 1)


def middle(contestant, key):
    return statistics.median(result[key] for result in contestant.results)


def measure(context):
    seconds, slices = max(3, context.scaled(8)), context.scaled(1_000_000)
    ours = {slots: Contestant(f"Slicebus, {slots} slots", lambda slots=slots: slicebus(context, slots, seconds)) for slots in SIZES}
    bares = {slots: Contestant(f"bare sockets, {slots}", lambda slots=slots: bare(context, slots, slices if slots <= 100 else slices // 10))
             for slots in SIZES}
    contestants = [contestant for slots in SIZES for contestant in (ours[slots], bares[slots])]
    take_turns(contestants, context.rounds)

    def rates(contestant):
        return sorted(result["slices_per_second"] for result in contestant.results)
    lines = ["| slots | of them connected | slices/s | of the rate at 10 | bare sockets, slices/s | kB a slot, connected | of a bare ROUTER | "
             "ours | kB a slot, with slices under way |", "|---" * 9 + "|"]
    at_ten = statistics.median(rates(ours[10]))
    for slots in SIZES:
        own, other = rates(ours[slots]), rates(bares[slots])
        memory = "– | – | – | –"
        if slots >= 100:  # of fewer the difference is chance
            of_ours, of_zeromq = (a_slot(of[slots], of[1], "kb_connected") for of in (ours, bares))
            memory = f"{of_ours:.1f} | {of_zeromq:.1f} | {of_ours - of_zeromq:.1f} | {a_slot(ours[slots], ours[1], 'kb'):.1f}"
        lines.append(f"| {slots:,} | {middle(ours[slots], 'connected'):,.0f} | {statistics.median(own):,.0f} ({own[0]:,.0f}–{own[-1]:,.0f}) | "
                     f"{statistics.median(own) / at_ten:.0%} | {statistics.median(other):,.0f} ({other[0]:,.0f}–{other[-1]:,.0f}) | {memory} |")
    lines.append(f"\nLimits (M5): {LIMIT_RATE:.0%} of the rate at 10; {LIMIT_KB} kB a slot, of which ours {LIMIT_OUR_KB}.")
    return contestants, "\n".join(lines)
