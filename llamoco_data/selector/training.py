# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""What the training rows of an instruction set tell of its optimizers, as a selector is fitted on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME
from llamoco_data.problems.own_spec import AnySpec, read_spec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector.features import features
from llamoco_data.selector.measured import Measured

LEAST_PROBLEMS = 10
"""Least number of training problems that a forest is fitted on."""


@dataclass(frozen=True, slots=True)
class Training:
    """What the training rows of an export tell of its optimizers."""

    specs: Sequence[ProblemSpec]
    """The measured problems."""
    measured: Measured
    best_candidates: Sequence[Mapping[str, str]]
    """Of each measured problem: optimizer -> candidate_id of its candidate that stood best."""

    @property
    def optimizers_left(self) -> tuple[str, ...]:
        """The optimizers that are still in the portfolio, in its order."""
        return tuple(name for name in OPTIMIZER_BY_NAME if name in self.measured.optimizers)


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
    known = [name for name in OPTIMIZER_BY_NAME if name in ran]
    optimizers = (*known, *sorted(ran - set(known)))
    return Training(
        specs=[spec for spec, _ in kept],
        measured=Measured(
            problem_ids=tuple(row["problem_id"] for _, row in kept),
            optimizers=optimizers,
            features=np.array([features(spec) for spec, _ in kept]),
            scores=np.array(
                [[row[name]["score"] if name in row else np.nan for name in optimizers] for row in results]
            ),
            whole=np.array(
                [applying_to(known, spec) <= row.keys() for (spec, _), row in zip(kept, results, strict=True)]
            ),
        ),
        best_candidates=[{name: result["candidate_id"] for name, result in row.items()} for row in results],
    )


def applying_to(optimizers: Sequence[str], spec: AnySpec) -> set[str]:
    """Those of today's optimizers that apply to a problem."""
    return {name for name in optimizers if not OPTIMIZER_BY_NAME[name].limits.declines(spec)}
