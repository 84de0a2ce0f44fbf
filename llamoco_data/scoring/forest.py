# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""The contender `statement forest`: the selector, fitted on the training rows of an export. Nothing is run here.

It chooses the optimizer with the best expected score, and the settings that most often stood best on similar problems.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME, OPTIMIZERS
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.own_spec import AnySpec, read_spec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector import Measured, features, fitted

LEAST_PROBLEMS = 10
"""Least number of training problems that a forest is fitted on."""


@dataclass(frozen=True, slots=True)
class Training:
    """What the training rows of an export tell of its optimizers."""

    measured: Measured
    best_candidates: Sequence[Mapping[str, str]]
    """Of each measured problem: optimizer -> candidate_id of its candidate that stood best."""


def training_of(table: pa.Table) -> Training | None:
    """The training problems of an export that were drawn, at all their budgets; None where they are too few.

    A user's own problem tells nothing of its functions, so no forest can read it.
    """
    first_row: dict[str, int] = {}
    for row, (problem_id, split) in enumerate(
        zip(table["problem_id"].to_pylist(), table["split"].to_pylist(), strict=True)
    ):
        if split == "train":
            first_row.setdefault(problem_id, row)
    columns = table.select(["problem_id", "problem_spec", "optimizer_scores"])
    taught: list[dict[str, Any]] = columns.take(pa.array(first_row.values(), pa.int64())).to_pylist()
    specs = [read_spec(row["problem_spec"]) for row in taught]
    kept = [(spec, row) for spec, row in zip(specs, taught, strict=True) if isinstance(spec, ProblemSpec)]
    if len(kept) < LEAST_PROBLEMS:
        return None
    results = [{result["optimizer"]: result for result in row["optimizer_scores"]} for _, row in kept]
    ran = {name for row in results for name in row if name != BASELINE}
    known = [optimizer.name for optimizer in OPTIMIZERS if optimizer.name in ran]
    optimizers = (*known, *sorted(ran - set(known)))
    return Training(
        measured=Measured(
            problem_ids=tuple(row["problem_id"] for _, row in kept),
            optimizers=optimizers,
            features=np.array([features(spec) for spec, _ in kept]),
            scores=np.array(
                [[row[name]["score"] if name in row else np.nan for name in optimizers] for row in results]
            ),
            whole=np.array(
                [_applying(known, spec) <= row.keys() for (spec, _), row in zip(kept, results, strict=True)]
            ),
        ),
        best_candidates=[{name: result["candidate_id"] for name, result in row.items()} for row in results],
    )


def foreseen(training: Training, specs: Sequence[AnySpec], texts: Mapping[str, str]) -> list[str | None]:
    """The program that the forest chooses for each problem; None for a user's own, and where no text is known.

    Args:
        texts: program text of each candidate_id that may be chosen.
    """
    asked = [position for position, spec in enumerate(specs) if isinstance(spec, ProblemSpec)]
    answers: list[str | None] = [None] * len(specs)
    if not asked:
        return answers
    known = [o.name for o in OPTIMIZERS if o.name in training.measured.optimizers]
    candidates = stored_candidates(tuple(known))
    selector = fitted(training.measured)
    features_MF = np.array([features(spec) for spec in specs if isinstance(spec, ProblemSpec)])
    applying = [_applying(known, specs[position]) for position in asked]
    choices = selector.choices(features_MF, applying)
    for position, choice, alike in zip(asked, choices, selector.precedents(features_MF), strict=True):
        best = [training.best_candidates[row].get(choice, "") for row in alike.rows]
        votes: defaultdict[str, float] = defaultdict(float)
        for candidate_id, weight in zip(best, alike.weights, strict=True):
            votes[candidate_id] += weight if candidate_id in texts else 0.0
        chosen = max(votes, key=votes.__getitem__)
        answers[position] = texts.get(chosen) or _first_of(choice, candidates, specs[position])
    return answers


def _applying(optimizers: Sequence[str], spec: AnySpec) -> set[str]:
    """Those of today's optimizers that apply to a problem."""
    return {name for name in optimizers if not OPTIMIZER_BY_NAME[name].limits.declines(spec)}


def _first_of(optimizer: str, candidates: Sequence[StoredCandidate], spec: AnySpec) -> str | None:
    """The first candidate of an optimizer that applies to a problem."""
    return next((one.program for one in candidates if one.optimizer == optimizer and not one.declines(spec)), None)
