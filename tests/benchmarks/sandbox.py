"""Measures what confinement costs: the start of a run, runs per second, an evaluation, and each layer.

    python -m tests.benchmarks.sandbox               # on the highest tier that this machine gives
    python -m tests.benchmarks.sandbox --runs 300    # more runs, where the machine is noisy

Bars: a run starts in 15 ms; 60 runs of a trivial program a second and core; 25 us an evaluation. A run has started once
its program's first question is answered. Runs follow each other without a pause, so a start also waits for what the
last run leaves to be done. Both sides of a run share one core, as they do where `score` has a worker for each; only in
the last row they have all cores, where each question wakes a core that sleeps. Times are medians of the wall clock; on
a machine with other work, the column of processor time tells more. It exits with 1 if a bar is missed.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from llamoco_data import sample_problem
from llamoco_data.apart import run_text
from llamoco_data.box.layers import FILTER, LANDLOCK, NAMESPACES, OWN_USER
from llamoco_data.confined import close_zygote, run_confined, zygote
from llamoco_data.problems.evaluation import Meter, build
from llamoco_data.runs import run_program

MOST_START_MS = 15.0
LEAST_RUNS_PER_S = 60.0
MOST_EVALUATION_US = 25.0
NUM_EVALUATIONS = 10_000

HEAD = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n"
TRIVIAL = f"{HEAD}    return lower\n"
ASKING_ONCE = f"{HEAD}    objective(lower)\n    return lower\n"
ASKING = f"{HEAD}    for _ in range(max_evaluations):\n        objective(lower)\n    return lower\n"

WITHOUT = {
    "all layers": (),
    "no own user": (OWN_USER,),
    "no Landlock": (LANDLOCK,),
    "no filter": (FILTER,),
    "no namespaces": (NAMESPACES,),
    "limits alone": (NAMESPACES, LANDLOCK, FILTER),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What runs of one kind cost."""

    start_ms: float | None
    """Median wall time until the first question of a program is answered; None where nobody can look."""
    run_ms: float
    """Median wall time of a run of the trivial program."""
    cpu_ms: float
    """Processor time of a run, of this process and of its zygote's side together."""
    evaluation_us: float
    """Wall time of an evaluation, beyond that of a run."""


def main() -> int:
    """Prints the tables; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60, help="Runs of each kind.")
    num_runs: int = parser.parse_args().runs
    table = Table("", "tier", "start, ms", "run, ms", "processor, ms", "evaluation, us")
    costs: dict[str, Cost] = {}
    every_core = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(every_core)})
    for name, without in WITHOUT.items():
        tier = zygote(without).tier
        costs[name] = confined(without, num_runs)
        table.add_row(name, tier, *cells(costs[name]))
        close_zygote(without)
    table.add_row("apart, trusted", "trusted", *cells(apart(num_runs)))
    table.add_row("in this process", "", *cells(in_process(num_runs)))
    os.sched_setaffinity(0, every_core)
    beside = confined((), num_runs)
    table.add_row("all layers, all cores", zygote().tier, *cells(beside))
    console = Console()
    console.print(table)
    best = costs["all layers"]
    start_ms = best.start_ms or 0.0
    per_s = 1000.0 / best.run_ms
    bars = {
        f"a run starts in {start_ms:.1f} ms (bar {MOST_START_MS:.0f})": start_ms <= MOST_START_MS,
        f"{per_s:.0f} runs a second and core (bar {LEAST_RUNS_PER_S:.0f})": per_s >= LEAST_RUNS_PER_S,
        f"{best.evaluation_us:.1f} us an evaluation (bar {MOST_EVALUATION_US:.0f})": best.evaluation_us
        <= MOST_EVALUATION_US,
    }
    for text, met in bars.items():
        console.print(f"{'met   ' if met else 'missed'} {text}")
    return 0 if all(bars.values()) else 1


def cells(cost: Cost) -> tuple[str, str, str, str]:
    start = "" if cost.start_ms is None else f"{cost.start_ms:.1f}"
    return start, f"{cost.run_ms:.1f}", f"{cost.cpu_ms:.1f}", f"{cost.evaluation_us:.1f}"


SPEC = sample_problem("demo", seed=7, index=1).with_budget(NUM_EVALUATIONS)
PROBLEM = build(SPEC)


def confined(without: tuple[str, ...], num_runs: int) -> Cost:
    def run(program: str, follow: Callable[[Meter], None] | None = None) -> None:
        made = run_confined(program, SPEC, 5, problem=PROBLEM, least="limited", without=without, follow=follow)
        assert made.record.status == "completed", made.record

    def start_s() -> float:
        asked: list[float] = []
        began = time.perf_counter()
        run(ASKING_ONCE, lambda _: asked.append(time.perf_counter()))
        return asked[0] - began

    cost = cost_of(run, num_runs)
    return replace(cost, start_ms=1e3 * statistics.median(start_s() for _ in range(num_runs)))


def apart(num_runs: int) -> Cost:
    return cost_of(lambda program: run_text(program, SPEC, 5, problem=PROBLEM), num_runs)


def in_process(num_runs: int) -> Cost:
    return cost_of(lambda program: run_program(program, SPEC, 5, problem=PROBLEM), num_runs)


def cost_of(run: Callable[[str], object], num_runs: int) -> Cost:
    run(TRIVIAL)
    began, times = processor_s(), [timed(run, TRIVIAL) for _ in range(num_runs)]
    cpu_s = (processor_s() - began) / num_runs
    run_s = statistics.median(times)
    asking_s = statistics.median(timed(run, ASKING) for _ in range(5))
    return Cost(None, 1e3 * run_s, 1e3 * cpu_s, 1e6 * (asking_s - run_s) / NUM_EVALUATIONS)


def timed(run: Callable[[str], object], program: str) -> float:
    began = time.perf_counter()
    run(program)
    return time.perf_counter() - began


def processor_s() -> float:
    """Processor time of this process and of all below it that have not ended, with what those have waited for."""
    ticks, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
        waiting += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
