"""Runs optimizers where their limits decline problems, beside rivals that apply there, and says which limits to lift.

    python tests/benchmarks/limits.py                    # every limit, some 15 minutes of one core
    python tests/benchmarks/limits.py --trial 'D 21-50'  # the trials that have this in their names

The problems are drawn like those of recipe `standard`, but with sizes past the limits, from a seed that no recipe uses.
All run with their first settings. A problem counts for an optimizer where the limit is all that declines it, and where
any run is feasible. A limit is kept where the optimizer loses or its time is out of proportion: it loses where its mean
score is below that of the single best rival and it leads all rivals by more than 0.02 on less than a tenth of the
problems; its time is out of proportion where it takes more than 50 times as much as the median rival. Limits that were
lifted are tried as they were. Bayesian optimization, which costs a thousand times as much, is nobody's rival.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data.confidence import NEAR
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME, OPTIMIZERS, portfolio, render
from llamoco_data.portfolio.limits import Limits
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.sampling import ProblemMixture, sample, sample_size
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.recipes import standard
from llamoco_data.runs import RunRecord, run_program
from llamoco_data.verdicts import contest

SEED = 404
LEAST_LEAD_SHARE = 0.1
MOST_TIMES_SLOWER = 50.0
MOST_DRAWN = 3
"""Most problems drawn for each that counts."""
FLOOR_REPEATS = 3
"""Runs of random search on a problem, whose median is the floor."""

SINGLES = ("slsqp", "bobyqa", "cobyla", "pattern_search", "bipop_cma_es", "epsilon_de", "simulated_annealing")
"""Rivals where budgets are large: the best single solvers of their kinds."""

LIFTED: Mapping[str, Mapping[str, float]] = {
    "slsqp": {"min_evaluations_per_dimension": 3.0},
    "bobyqa": {"min_evaluations_per_dimension": 5.0, "max_dimension": 20},
    "cobyla": {"min_evaluations_per_dimension": 3.0, "max_dimension": 20},
    "sampling_cobyla": {"max_dimension": 20},
    "trust_constr": {"max_dimension": 20},
}
"""Limits that were lifted because of these trials, as they were."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Problems that a limit declines."""

    limit: str
    """The field of `Limits`."""
    name: str
    sizes: Mapping[str, float]
    """Differences from the mixture of recipe `standard`."""
    repeats: int = 1
    rivals: tuple[str, ...] = SINGLES
    """Who runs beside the optimizers on trial, where it applies."""

    @property
    def mixture(self) -> ProblemMixture:
        like = standard().mixture.model_dump()
        return ProblemMixture.model_validate(like | dict(self.sizes))

    def declined(self, spec: ProblemSpec) -> list[str]:
        """The optimizers that this limit alone keeps from a problem."""
        return [o.name for o in OPTIMIZERS if self._alone_declines(o.name, spec)]

    def applying(self, spec: ProblemSpec) -> list[str]:
        """The rivals that do not decline a problem."""
        return [name for name in self.rivals if not considered(name, self.limit).declines(spec)]

    def _alone_declines(self, name: str, spec: ProblemSpec) -> bool:
        limits = considered(name, self.limit)
        without = limits.model_copy(update={self.limit: Limits.model_fields[self.limit].default})
        return bool(limits.declines(spec)) and not without.declines(spec)

    def specs(self) -> Iterator[ProblemSpec]:
        """Problems without end that some optimizer declines for this limit."""
        limits = [considered(o.name, self.limit) for o in OPTIMIZERS]
        for index in count():
            size = sample_size(self.mixture, SEED, index)
            if self.limit == "needs_constraints" or any(
                limit.exceeded(*size, constrained=constrained) for limit in limits for constrained in (False, True)
            ):
                spec = sample(self.mixture, SEED, index)
                if self.declined(spec):
                    yield spec


EVERYBODY = tuple(o.name for o in OPTIMIZERS if o.name not in (BASELINE, "bayesian_optimization"))


def considered(name: str, limit: str) -> Limits:
    """Limits of an optimizer; the one that is tried is as it was before it was lifted."""
    limits = OPTIMIZER_BY_NAME[name].limits
    lifted = LIFTED.get(name, {})
    return limits.model_copy(update={limit: lifted[limit]}) if limit in lifted else limits


def trials() -> Iterator[Trial]:
    for low, high in ((1, 3), (3, 5), (5, 10), (10, 20)):
        budgets = {"min_budget_factor": low, "max_budget_factor": high}
        for share, kind in ((0.0, "without constraints"), (1.0, "with constraints")):
            yield Trial(
                "min_evaluations_per_dimension",
                f"{low}-{high} D evaluations, {kind}",
                {**budgets, "constrained_share": share},
                repeats=2,
                rivals=EVERYBODY,
            )
    large = {"min_dimension": 21, "max_dimension": 50}
    for share, most, kind in ((0.0, 5_000, "without constraints"), (1.0, 2_000, "with constraints")):
        name = f"D 21-50, at most {most:,} evaluations, {kind}"
        limit = "max_dimension" if share else "max_free_dimension"
        yield Trial(limit, name, {**large, "max_evaluations": most, "constrained_share": share})
    yield Trial(
        "needs_constraints",
        "no constraints, at most 2,000 evaluations",
        {"max_evaluations": 2_000, "max_dimension": 20, "constrained_share": 0.0},
    )
    yield Trial(
        "max_evaluations",
        "5,001-6,000 evaluations, with constraints",
        {
            "min_budget_factor": 250,
            "min_dimension": 10,
            "max_dimension": 20,
            "max_evaluations": 6_000,
            "constrained_share": 1.0,
        },
    )
    few = {"min_budget_factor": 6, "max_budget_factor": 14, "max_evaluations": 300, "constrained_share": 0.0}
    yield Trial("max_dimension", "D 21-50, at most 300 evaluations", {**large, **few})
    yield Trial(
        "max_evaluations",
        "301-400 evaluations, without constraints",
        {"max_evaluations": 400, "max_dimension": 20, "min_budget_factor": 20, "constrained_share": 0.0},
    )


@dataclass(slots=True)
class Tally:
    """What an optimizer did in a trial."""

    scores: dict[int, float] = field(default_factory=dict)
    """Number of the problem -> mean score."""
    cpu_s: float = 0.0
    evaluations: int = 0

    @property
    def cost_us(self) -> float:
        return 1e6 * self.cpu_s / max(self.evaluations, 1)


def run_trial(trial: Trial, problems: int) -> tuple[dict[str, Tally], dict[str, Tally]]:
    """Tallies of the optimizers on trial, which end after so many problems, and of their rivals."""
    tried: dict[str, Tally] = {}
    rivals: dict[str, Tally] = {}
    for number, spec in enumerate(islice(trial.specs(), MOST_DRAWN * problems)):
        on_trial = [name for name in trial.declined(spec) if len(tried.setdefault(name, Tally()).scores) < problems]
        if not on_trial:
            if all(len(tally.scores) >= problems for tally in tried.values()):
                break
            continue
        records = {name: run_all(name, spec, trial.repeats) for name in [*on_trial, *trial.applying(spec)]}
        scores = scores_of(records, run_all(BASELINE, spec, FLOOR_REPEATS))
        for name, score in scores.items():
            tally = (tried if name in on_trial else rivals).setdefault(name, Tally())
            tally.scores[number] = score
            tally.cpu_s += sum(record.cpu_s for record in records[name])
            tally.evaluations += sum(record.evaluations for record in records[name])
    return {name: tally for name, tally in tried.items() if tally.scores}, rivals


def run_all(name: str, spec: ProblemSpec, repeats: int) -> list[RunRecord]:
    text, problem = render(portfolio((name,))[0], spec), build(spec)
    return [run_program(text, spec, seed, problem=problem) for seed in range(repeats)]


def scores_of(records: Mapping[str, list[RunRecord]], baseline: list[RunRecord]) -> dict[str, float]:
    """Mean scores by name; empty where no run was feasible."""
    compared = contest([*baseline, *(run for runs in records.values() for run in runs)])
    if compared.measured_by.best_known is None:
        return {}
    positions = {name: compared.candidates.index(runs[0].candidate_id) for name, runs in records.items()}
    return {name: float(compared.scores[position].mean()) for name, position in positions.items()}


@dataclass(frozen=True, slots=True)
class Judged:
    """An optimizer past its limit, compared on the problems that it was tried on."""

    name: str
    problems: int
    score: float
    single: str
    """The rival with the best mean on these problems."""
    single_score: float
    near_share: float
    """Share of the problems on which it is within 0.02 of the best of all, or the best."""
    lead_share: float
    """Share of the problems on which it leads all rivals by more than 0.02."""
    cost_us: float
    times_slower: float
    """Its cost divided by the median rival's."""

    @property
    def lifted(self) -> bool:
        loses = self.lead_share < LEAST_LEAD_SHARE and self.score < self.single_score
        return not loses and self.times_slower <= MOST_TIMES_SLOWER


def judged(name: str, tried: Mapping[str, Tally], rivals: Mapping[str, Tally]) -> Judged:
    mine = tried[name]
    numbers = sorted(mine.scores)
    means = {r: statistics.mean(t.scores.get(number, 0.0) for number in numbers) for r, t in rivals.items()}
    single = max(means, key=means.__getitem__)
    scores = np.array([mine.scores[number] for number in numbers])
    best_rival = best_of(rivals, numbers)
    best = np.maximum(best_rival, best_of(tried, numbers))
    return Judged(
        name=name,
        problems=len(numbers),
        score=float(scores.mean()),
        single=single,
        single_score=means[single],
        near_share=float(np.mean(scores >= best - NEAR)),
        lead_share=float(np.mean(scores > best_rival + NEAR)),
        cost_us=mine.cost_us,
        times_slower=mine.cost_us / statistics.median(tally.cost_us for tally in rivals.values()),
    )


def best_of(tallies: Mapping[str, Tally], numbers: Sequence[int]) -> NDArray[np.float64]:
    """The best score on each of the problems."""
    return np.array([max(tally.scores.get(number, 0.0) for tally in tallies.values()) for number in numbers])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=40, help="problems of a trial")
    parser.add_argument("--trial", default="", help="part of the names of the trials to run; default: all")
    arguments = parser.parse_args()
    console = Console(width=130)
    for trial in trials():
        if arguments.trial not in trial.name:
            continue
        tried, rivals = run_trial(trial, arguments.problems)
        columns = (
            "optimizer",
            "today's limit",
            "problems",
            "score",
            "best single",
            "near",
            "leads",
            "us",
            "times",
            "limit",
        )
        table = Table(*columns, title=f"{trial.limit}: {trial.name}")
        for row in sorted((judged(name, tried, rivals) for name in tried), key=lambda row: -row.score):
            limit = getattr(OPTIMIZER_BY_NAME[row.name].limits, trial.limit)
            table.add_row(
                row.name,
                "none" if not limit else "yes" if limit is True else f"{limit:g}",
                str(row.problems),
                f"{row.score:.3f}",
                f"{row.single_score:.3f} {row.single}",
                f"{row.near_share:.0%}",
                f"{row.lead_share:.0%}",
                f"{row.cost_us:,.0f}",
                f"{row.times_slower:.1f}",
                "lift" if row.lifted else "keep",
            )
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
