"""Reads the runs of a block once: running times to targets, the fastest on each problem, curves of chosen problems."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llamoco_data.comparison.blocks import Block, Entrant
from llamoco_data.comparison.reading import unfinished
from llamoco_data.ordering import Yardstick
from llamoco_data.report.curves import CurvePoint, median_curve
from llamoco_data.runs import RunRecord
from llamoco_data.scoring.metrics import ATTAINMENT_TARGETS, Convergence, attained, first_hit, performance_profile
from llamoco_data.scoring.performance import curves
from llamoco_data.scoring.plan import score_seed
from llamoco_data.scoring.scored import ProblemScore, ScoredProblem

SHARES: NDArray[np.float64] = np.logspace(-3, 0, 91)
"""Shares of the budget at which the attainment curve is drawn."""
FACTORS: NDArray[np.float64] = np.logspace(0, 2, 61)
"""Factors of the fastest contender's time at which the performance profile is drawn."""


@dataclass(frozen=True, slots=True)
class ProblemCurves:
    """One problem, and the median run of each contender on it."""

    problem: ScoredProblem
    curves: Mapping[str, tuple[CurvePoint, ...]]
    """By the name of the contender."""
    scores: Mapping[str, float]
    """By the name of the contender."""
    optimizers: Mapping[str, str]
    """Optimizers that each contender ran, by its name."""


@dataclass(frozen=True, slots=True)
class Anytime:
    """What the traces of a block's runs tell, by the name of the contender."""

    attained: Mapping[str, NDArray[np.float64]]
    """Share of the pairs of run and target that are hit by each of `SHARES`."""
    profile: Mapping[str, NDArray[np.float64]]
    """Share of the problems on which the contender is within each of `FACTORS` of the fastest."""
    curves: tuple[ProblemCurves, ...]
    """Curves of the chosen problems."""


def anytime(block: Block, chosen: Collection[tuple[str, str]]) -> Anytime | None:
    """What the runs of a block tell; None where a folder of an earlier release does not say whose they are.

    Args:
        chosen: splits and problem_ids whose curves are wanted.
    """
    if not all(score.candidate_ids for entrant in block.entrants for score in entrant.scores):
        return None
    hits: dict[str, list[list[float]]] = {entrant.name: [] for entrant in block.entrants}
    times: list[list[float]] = []
    drawn: list[ProblemCurves] = []
    for position, problem_id in enumerate(block.problem_ids):
        problem = _problem(block, problem_id)
        measured_by = Yardstick(problem.best_known, proven=problem.best_known_proven, tolerance=problem.tolerance)
        made = _made(block, problem_id)
        runs = {e.name: _runs(e.folder.name, made[e.folder.name], e.scores[position]) for e in block.entrants}
        found = {name: curves(each, measured_by, problem.max_evaluations) for name, each in runs.items()}
        for name, each in found.items():
            hits[name] += [[first_hit(c, target) / c.budget for target in ATTAINMENT_TARGETS] for c in each]
        times.append(_times(list(found.values())))
        if (block.split, problem_id) in chosen:
            drawn.append(_drawn(block, position, problem, runs))
    profile_SX = performance_profile(np.array(times), FACTORS)
    return Anytime(
        attained={name: attained(np.array(each), SHARES) for name, each in hits.items()},
        profile={entrant.name: profile_SX[s] for s, entrant in enumerate(block.entrants)},
        curves=tuple(drawn),
    )


def _problem(block: Block, problem_id: str) -> ScoredProblem:
    key = block.split, problem_id
    return next(e.folder.problems[key] for e in block.entrants if key in e.folder.problems)


def _made(block: Block, problem_id: str) -> Mapping[str, Mapping[tuple[str, int], RunRecord]]:
    """The runs of all folders on a problem, by the name of the folder, the program and the seed."""
    folders = {entrant.folder.name: entrant.folder for entrant in block.entrants}
    return {
        name: {(run.candidate_id, run.seed): run for run in folder.runs.records(problem_id)}
        for name, folder in folders.items()
    }


def _runs(folder: str, made: Mapping[tuple[str, int], RunRecord], score: ProblemScore) -> list[RunRecord | None]:
    """The runs of a contender on a problem, of a folder's; None for a run without a program."""
    repeats = len(score.candidate_ids) // score.num_answers
    seeds = [score_seed(score.problem_id, repeat) for repeat in range(repeats)] * score.num_answers
    try:
        return [made[key, seed] if key else None for key, seed in zip(score.candidate_ids, seeds, strict=True)]
    except KeyError:
        raise unfinished(folder, lacks=f"a run on problem {score.problem_id}") from None


def _times(found: Sequence[Sequence[Convergence]]) -> list[float]:
    """Median evaluations of each contender until the least error that a contender's median run ends with."""
    ends = [_upper_median([float(c.errors[-1]) if len(c.errors) else np.inf for c in each]) for each in found]
    if min(ends) == np.inf:
        return [np.inf] * len(found)
    return [_upper_median([first_hit(curve, min(ends)) for curve in each]) for each in found]


def _upper_median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _drawn(
    block: Block, position: int, problem: ScoredProblem, runs: Mapping[str, Sequence[RunRecord | None]]
) -> ProblemCurves:
    return ProblemCurves(
        problem=problem,
        curves={
            name: median_curve(made, problem.best_known)
            for name, each in runs.items()
            if (made := [run for run in each if run is not None])
        },
        scores={entrant.name: entrant.scores[position].score for entrant in block.entrants},
        optimizers={entrant.name: _optimizers(entrant, entrant.scores[position]) for entrant in block.entrants},
    )


def _optimizers(entrant: Entrant, score: ProblemScore) -> str:
    ran = [entrant.folder.texts[key].optimizer or "unnamed" if key else "no program" for key in score.candidate_ids]
    return ", ".join(dict.fromkeys(ran))
