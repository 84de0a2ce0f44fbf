# pyright: reportExplicitAny=false
"""Shows that driver, store and export grow linearly, with simulated campaigns of up to 100,000 problems.

    python tests/benchmarks/scale.py                      # 1,000 and 5,000 problems: half a minute
    python tests/benchmarks/scale.py 1000 10000 100000    # minutes, and a gigabyte of disk

The real driver, store and export, each size in a process of its own; only the work is simulated. A run takes no time
and gives a made-up record with a trace of ordinary length. Each problem is a drawn one with another offset, so that its
id is new: 5 candidates run on it twice, and it is exported in two rows. Exits with 1 where a size takes more than 2 GB
or 10 minutes, or more than 1.5 times as long a problem as the smallest size.
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import CampaignSpec
from llamoco_data.campaign.driver import run_candidates
from llamoco_data.execution import Program, Progress, Slice, Task, applicable
from llamoco_data.export import export
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.sampling import sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.racing import Exhaustive
from llamoco_data.recipes import standard
from llamoco_data.runs import RunRecord, run_seed

OPTIMIZERS = ("slsqp", "pattern_search", "pso", "de", "random_search")
REPEATS = 2
DRAWN = 100
TRACE_POINTS = 25
MAX_GB, MAX_MINUTES, MAX_GROWTH = 2.0, 10.0, 1.5


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of the way from nothing to an instruction set."""

    wall_s: float
    cpu_s: float
    """Of all processes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One size."""

    problems: int
    run: Phase
    simulating: Phase
    """The part of `run` that the simulation itself takes."""
    resume: Phase
    """`run` once more, with nothing missing."""
    export: Phase
    peak_gb: float
    """Of all processes together, what they share counted once."""
    files: int
    size_mb: float
    num_runs: int
    rows: int

    @property
    def wall_s(self) -> float:
        return self.run.wall_s + self.resume.wall_s + self.export.wall_s

    @property
    def cpu_s(self) -> float:
        return self.run.cpu_s + self.resume.cpu_s + self.export.cpu_s


@dataclass(slots=True)
class Simulated:
    """An executor whose runs take no time."""

    spec: CampaignSpec
    wall_s: float = 0.0
    cpu_s: float = 0.0
    bases: list[tuple[ProblemSpec, float]] = field(default_factory=list)

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return nullcontext()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`."""
        del width
        for index in range(DRAWN):
            base = sample(self.spec.mixture, self.spec.seed, index)
            self.bases.append((base, build(base).optimum or 0.0))
        while (task := pending()) is not None:
            wall, cpu = time.perf_counter(), time.process_time()
            progress = self._progress(task, programs)
            self.wall_s += time.perf_counter() - wall
            self.cpu_s += time.process_time() - cpu
            yield Slice(task, progress)

    def _progress(self, task: Task, programs: Sequence[Program]) -> Progress:
        base, optimum = self.bases[task.index % len(self.bases)]
        problem = base.model_copy(update={"offset": base.offset + task.index})
        texts = applicable(programs, problem)
        records = tuple(
            _record(problem, optimum + task.index, candidate_id, (task.index + 3 * rank) % len(texts), seed)
            for rank, candidate_id in enumerate(texts)
            for seed in (run_seed(problem.problem_id, repeat) for repeat in range(REPEATS))
        )
        return Progress(problem=problem, records=records, finished=True)


def _record(problem: ProblemSpec, optimum: float, candidate_id: str, rank: int, seed: int) -> RunRecord:
    """A run that ends nearer to the optimum the lower its rank is."""
    reached = 1e3 * 0.1 ** (2 * (len(OPTIMIZERS) - rank))
    steps = [round(problem.max_evaluations ** ((step + 1) / TRACE_POINTS)) for step in range(TRACE_POINTS)]
    return RunRecord(
        problem_id=problem.problem_id,
        candidate_id=candidate_id,
        seed=seed,
        max_evaluations=problem.max_evaluations,
        status="completed",
        optimum=optimum,
        best_f=optimum + reached,
        violation=0.0,
        evaluations=problem.max_evaluations,
        trace=tuple((n, optimum + reached * TRACE_POINTS / (step + 1), 0.0) for step, n in enumerate(steps)),
    )


def campaign(num_problems: int) -> CampaignSpec:
    """Recipe `standard` with ten optimizers, one run each, and one wording."""
    changes = {
        "recipe": "simulated",
        "num_problems": num_problems,
        "optimizers": OPTIMIZERS,
        "policy": Exhaustive(repeats=REPEATS),
        "wordings": 1,
    }
    return standard().model_copy(update=changes)


def first_settings(spec: CampaignSpec) -> tuple[StoredCandidate, ...]:
    """One candidate of every optimizer."""
    return tuple(
        {candidate.optimizer: candidate for candidate in reversed(stored_candidates(spec.optimizers))}.values()
    )[::-1]


def measure(num_problems: int, folder: Path) -> Measured:
    """One size, in this process."""
    spec = campaign(num_problems)
    candidates, simulated = first_settings(spec), Simulated(spec)
    sample(spec.mixture, spec.seed, 0)  # compiles the evaluator
    with watched() as memory:
        outcome, run = timed(lambda: run_candidates(folder / "c", spec, candidates, simulated))
        _, resume = timed(lambda: run_candidates(folder / "c", spec, candidates, simulated))
        exported, exporting = timed(lambda: export(folder / "c", folder / "e"))
    sizes = [path.stat().st_size for path in (folder / "c").rglob("*") if path.is_file()]
    return Measured(
        problems=num_problems,
        run=run,
        simulating=Phase(simulated.wall_s, simulated.cpu_s),
        resume=resume,
        export=exporting,
        peak_gb=memory.peak_gb,
        files=len(sizes),
        size_mb=sum(sizes) / 1e6,
        num_runs=outcome.progress.new_runs,
        rows=exported.report.num_rows,
    )


@dataclass(slots=True)
class Memory:
    """Of this process and of those that it has begun, together."""

    peak_gb: float = 0.0


@contextlib.contextmanager
def watched() -> Generator[Memory]:
    """Looks four times a second."""
    memory, over = Memory(), threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            memory.peak_gb = max(memory.peak_gb, sum(map(_memory_gb, ["self", *_children()])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()


def _children() -> list[str]:
    found: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended
            found += (task / "children").read_text().split()
    return found


def _memory_gb(process: str) -> float:
    """Proportional: a page that several processes have is counted once."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e6


T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, Phase]:
    """What a piece of work gives, and what it takes."""
    wall, cpu = time.perf_counter(), _cpu_s()
    result = work()
    return result, Phase(time.perf_counter() - wall, _cpu_s() - cpu)


def _cpu_s() -> float:
    """Of this process and of those that it has begun and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def in_its_own_process(num_problems: int) -> Measured:
    """One size, with a peak of memory that is its own."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, __file__, "--one", str(num_problems), scratch]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    fields: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    phases: dict[str, Any] = {name: Phase(**fields[name]) for name in ("run", "simulating", "resume", "export")}
    return Measured(**fields | phases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000, 5_000])
    parser.add_argument("--one", nargs=2, metavar=("SIZE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(asdict(measure(int(arguments.one[0]), Path(arguments.one[1])))))
        return
    table = Table(
        "problems", "runs", "rows", "wall, s", "cpu, s", "ms/problem: run", "simulating", "resume", "export",
        "peak, GB", "files", "MB",
    )  # fmt: skip
    every: list[Measured] = []
    for size in arguments.sizes:
        every.append(one := in_its_own_process(size))
        table.add_row(
            f"{one.problems:,}",
            f"{one.num_runs:,}",
            f"{one.rows:,}",
            f"{one.wall_s:,.0f}",
            f"{one.cpu_s:,.0f}",
            *(f"{1e3 * phase.cpu_s / size:.2f}" for phase in (one.run, one.simulating, one.resume, one.export)),
            f"{one.peak_gb:.2f}",
            f"{one.files:,}",
            f"{one.size_mb:,.0f}",
        )
    Console(width=140).print(table)
    first, last = every[0], every[-1]
    growth = (last.cpu_s / last.problems) / (first.cpu_s / first.problems)
    print(f"processor time a problem, {last.problems:,} against {first.problems:,}: {growth:.2f}")
    sys.exit(growth > MAX_GROWTH or last.peak_gb > MAX_GB or last.wall_s > 60 * MAX_MINUTES)


if __name__ == "__main__":
    main()
