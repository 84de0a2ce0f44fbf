"""Runs of a program on a person's own problem, and of others with the same seeds, put in order.

The problem's code runs in this process, as the user; every program is confined.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

import numpy as np

from llamoco_data.box.layers import Tier
from llamoco_data.confined import LEAST, run_confined
from llamoco_data.identity import LlamocoError
from llamoco_data.ordering import Yardstick, keys_of, ranking, results_of, yardstick
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME, OPTIMIZERS, no_optimizer
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.checking import Checked
from llamoco_data.problems.evaluation import Meter, Problem, Vector, build
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.problems.spec import EQUALITY_TOLERANCE
from llamoco_data.report.curves import CurvePoint, median_curve
from llamoco_data.rivals.catalogue import PACKAGE_OF, PROGRAM_OF, RIVALS
from llamoco_data.rivals.texts import text_of
from llamoco_data.runs import MEASURED, RunRecord, run_seed

ALL = "portfolio"
"""Name that stands for every optimizer."""
LIBRARIES: Mapping[str, str] = {rival: file for rival, file in PROGRAM_OF.items() if rival not in PACKAGE_OF}
"""Names of the libraries' own defaults, as `baseline` calls them -> their program files."""


@dataclass(frozen=True, slots=True)
class Point:
    """The best point of all runs of a program."""

    x: tuple[float, ...]
    f: float
    violated: tuple[tuple[str, float], ...]
    """Name and value of each constraint that it violates: `g[1]`, to be at most 0, or `h[0]`, to be 0."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A program and its runs."""

    name: str
    program: str
    records: tuple[RunRecord, ...]
    best: Point | None
    """None where no run evaluated a point of the box that has finite values."""
    said: str
    """Beginning of what it printed in its first run that failed; empty where none did."""

    @property
    def measured(self) -> tuple[RunRecord, ...]:
        """The runs that did not fail."""
        return tuple(run for run in self.records if run.status in MEASURED and run.best_f is not None)

    @property
    def feasible(self) -> tuple[float, ...]:
        """Best objective of each run that found a feasible point, best first."""
        return tuple(sorted(run.best_f for run in self.measured if run.violation == 0 and run.best_f is not None))

    @property
    def median_f(self) -> float | None:
        """Upper median of the best objectives, where an infeasible or failed run counts as the worst."""
        middle = len(self.records) // 2
        return self.feasible[middle] if middle < len(self.feasible) else None


@dataclass(frozen=True)
class Tried:
    """What came out of a trial."""

    checked: Checked
    subject: Trial
    """The program that was tried."""
    trials: tuple[Trial, ...]
    """All programs, the subject among them, best first, in the order of verdicts."""
    tier: Tier

    @property
    def spec(self) -> OwnProblemSpec:
        """The problem."""
        return self.checked.spec

    @cached_property
    def measured_by(self) -> Yardstick:
        """What errors are measured from: the best feasible value of any run."""
        return yardstick([run for trial in self.trials for run in trial.records])

    def curve(self, trial: Trial) -> tuple[CurvePoint, ...]:
        """The median over the runs of a program of the best point so far."""
        return median_curve(trial.records, self.measured_by.best_known)


class Follower(Protocol):
    """Is told of runs while they are made."""

    def __call__(self, program: str, repeat: int, run: Meter | RunRecord) -> None:
        """Takes the state of a run: its meter after each evaluation, and its record when it has ended.

        Args:
            program: name of the program.
            repeat: number of the run, from 0.
        """
        ...


def wanted_names(given: Sequence[str]) -> tuple[str, ...]:
    """The names in texts that hold one or several, with commas between; capitals count as small letters.

    Raises:
        LlamocoError: there is no optimizer of a name, nor a library's default that runs beside a program.
    """
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    return tuple(dict.fromkeys(map(_known, names)))


def _known(name: str) -> str:
    """The spelling of a name in the portfolio, or in `baseline`.

    Raises:
        LlamocoError: see `wanted_names`.
    """
    known = (*OPTIMIZER_BY_NAME, *LIBRARIES, ALL)
    spelt = name.lower()
    if spelt in known:
        return spelt
    if spelt in RIVALS:
        can = ", ".join(LIBRARIES)
        raise LlamocoError(
            f"{spelt} cannot run beside a program; of the names of `baseline`, these can: {can}; "
            "for optimizers, see `llamoco-data portfolio`"
        )
    raise no_optimizer(name, known)


def others(names: Sequence[str], spec: AnySpec) -> dict[str, str]:
    """Random search and the named programs: name -> text, each optimizer with its first settings that apply.

    Args:
        names: see `wanted_names`; `portfolio` stands for all optimizers that apply.

    Raises:
        LlamocoError: there is no program of a name, or it does not apply to the problem.
    """
    names = wanted_names(names)
    for name in names:
        if name in OPTIMIZER_BY_NAME and (why := OPTIMIZER_BY_NAME[name].limits.declines(spec)):
            raise LlamocoError(f"{name} does not take this problem: {why}; leave it out")
    every = [optimizer.name for optimizer in OPTIMIZERS] if ALL in names else []
    wanted = [name for name in OPTIMIZER_BY_NAME if name in (*every, *names, BASELINE)]
    first: dict[str, str] = {}
    for candidate in stored_candidates(tuple(wanted)):
        if not candidate.declines(spec):
            first.setdefault(candidate.optimizer, candidate.program)
    return first | {name: text_of(LIBRARIES[name]) for name in names if name in LIBRARIES}


def tried(
    checked: Checked,
    name: str,
    program: str,
    against: Mapping[str, str],
    *,
    seeds: int,
    time_limit_s: float,
    least: Tier = LEAST,
    report: Callable[[int, int], None] = lambda *_: None,
    follow: Follower | None = None,
) -> Tried:
    """Runs a program on a checked problem, and others beside it, with the same seeds: all with one, then with the next.

    Args:
        name: what the program is called.
        against: names and texts of the others.
        seeds: number of runs of each program.
        report: called with the number of runs that are made and of all.

    Raises:
        ConfinementError: programs cannot be confined as well as is asked.
        LlamocoError: the problem does not load here.
    """
    problem = build(checked.spec)
    programs = {name: program, **against}
    made = {each: _Runs(problem) for each in programs}
    done, total, tier = 0, seeds * len(programs), least
    for repeat in range(seeds):
        seed = run_seed(checked.spec.problem_id, repeat)
        for each, text in programs.items():
            report(done, total)
            run = run_confined(
                text,
                checked.spec,
                seed,
                problem=problem,
                time_limit_s=time_limit_s,
                least=least,
                follow=partial(follow, each, repeat) if follow else None,
            )
            if follow:
                follow(each, repeat, run.record)
            made[each].add(run.record, run.meter.best_x, run.said)
            tier = run.record.tier or tier
            done += 1
    trials = [Trial(each, programs[each], tuple(runs.records), runs.best(), runs.said) for each, runs in made.items()]
    report(done, total)
    measured_by = yardstick([run for trial in trials for run in trial.records])
    order = ranking(keys_of(results_of([trial.records for trial in trials], measured_by)))
    return Tried(checked, trials[0], tuple(trials[position] for position in order), tier)


class _Runs:
    """The runs of one program, as they are made."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.records: list[RunRecord] = []
        self.said = ""
        self._best: tuple[float, float, Vector] | None = None
        """Violation, objective and point."""

    def add(self, record: RunRecord, x: Vector | None, said: str) -> None:
        self.records.append(record)
        if record.status not in MEASURED:
            self.said = self.said or said
        elif x is not None and record.best_f is not None and record.violation is not None:
            found = record.violation, record.best_f, x
            if self._best is None or found[:2] < self._best[:2]:
                self._best = found

    def best(self) -> Point | None:
        if self._best is None:
            return None
        _, f, x = self._best
        return Point(tuple(x.tolist()), f, _violated(self._problem, x))


def _violated(problem: Problem, x: Vector) -> tuple[tuple[str, float], ...]:
    if not problem.spec.num_constraints:
        return ()
    g, h = problem.constraints(x)
    too_high = [(f"g[{at}]", float(g[at])) for at in np.flatnonzero(g > 0)]
    return (*too_high, *((f"h[{at}]", float(h[at])) for at in np.flatnonzero(np.abs(h) > EQUALITY_TOLERANCE)))
