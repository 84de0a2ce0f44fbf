# pyright: reportUnknownParameterType=false
"""Makes the rows of problems that nobody measured: drawn, stated, and answered as similar measured problems suggest.

No program is run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from llamoco_data.export.making import settings_json, stated_rows, to_table
from llamoco_data.identity import canonical
from llamoco_data.instruction_set import EXTENDED, INDEX, CandidateResult, Drawing, Instruction, split_of
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.evaluation import proven_optimum
from llamoco_data.problems.sampling import sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector import Precedents, Selector, Training, applying_to, features, fitted
from llamoco_data.statements import wording_numbers

DIGITS = 6
"""Decimals of an expected score: beyond them machines may differ."""


@dataclass(frozen=True)
class Teacher:
    """All that predicted rows are made of. Axes: M new problems, N measured ones, O optimizers."""

    drawing: Drawing
    training: Training
    selector: Selector
    single_best: str
    """candidate_id of the single best solver of the set."""
    measured_ids: frozenset[str]
    """problem_ids of all measured problems, whatever their split."""

    @cached_property
    def candidates(self) -> Mapping[str, StoredCandidate]:
        """Today's candidates of the measured optimizers that are still in the portfolio, by candidate_id."""
        return {candidate.candidate_id: candidate for candidate in stored_candidates(self.training.optimizers_left)}


class Predicted(NamedTuple):
    """The rows of the problems of some indices."""

    table: pa.Table
    num_problems: int


def teacher_of(training: Training, drawing: Drawing, single_best: str, measured_ids: frozenset[str]) -> Teacher:
    """A teacher; its forest takes seconds, and a minute with thousands of problems."""
    return Teacher(drawing, training, fitted(training.measured), single_best, measured_ids)


def predicted(teacher: Teacher, indices: Sequence[int]) -> Predicted:
    """The rows of the problems with these indices, in their order.

    Left out are problems of held-out families, those that were measured, and those to which no optimizer applies.
    """
    drawing, left = teacher.drawing, teacher.training.optimizers_left
    brought = wording_numbers(drawing.plugin_wordings)
    drawn: dict[int, ProblemSpec] = {}
    for index in indices:
        spec = sample(drawing.mixture, drawing.seed, index)
        held_out = split_of(spec, drawing.held_out_families) == "test_families"
        if not held_out and spec.problem_id not in teacher.measured_ids and applying_to(left, spec):
            drawn[index] = spec
    rows: list[Instruction] = []
    if drawn:
        features_MF = np.array([features(spec) for spec in drawn.values()])
        means_MO, _ = teacher.selector.expected(features_MF)
        precedents = teacher.selector.precedents(features_MF)
        for (index, spec), means_O, alike in zip(drawn.items(), means_MO, precedents, strict=True):
            answered = _answered(teacher, index, spec, _results(teacher, spec, means_O, alike))
            rows += stated_rows(spec, answered, wordings=drawing.wordings, brought=brought)
    return Predicted(to_table(rows), len(drawn))


def _results(
    teacher: Teacher, spec: ProblemSpec, means_O: NDArray[np.float64], alike: Precedents
) -> list[CandidateResult]:
    """The best candidate of every optimizer that applies, by expected score, best first."""
    applying = applying_to(teacher.training.optimizers_left, spec)
    results: list[CandidateResult] = []
    for column, name in enumerate(teacher.selector.optimizers):
        if name in applying:
            candidate = teacher.candidates[_settled(teacher, column, alike)]
            results.append(
                CandidateResult(
                    candidate_id=candidate.candidate_id,
                    optimizer=name,
                    settings=settings_json(candidate),
                    score=round(float(means_O[column]), DIGITS),
                    feasible_share=None,
                    median_error=None,
                    runs=0,
                )
            )
    return sorted(results, key=lambda result: -result.score)


def _settled(teacher: Teacher, column: int, alike: Precedents) -> str:
    """The candidate of an optimizer that stood best on similar problems, weighted by likeness and score.

    It is the optimizer's first one where none of those that stood best is in the portfolio any more.
    """
    name, training = teacher.selector.optimizers[column], teacher.training
    votes: defaultdict[str, float] = defaultdict(float)
    for row, weight in zip(alike.rows, alike.weights, strict=True):
        candidate_id = training.best_candidates[row].get(name, "")
        if candidate_id in teacher.candidates:
            votes[candidate_id] += weight * float(training.measured.scores[row, column])
    if votes:
        return max(votes, key=votes.__getitem__)
    return next(one.candidate_id for one in teacher.candidates.values() if one.optimizer == name)


def _answered(teacher: Teacher, index: int, spec: ProblemSpec, results: Sequence[CandidateResult]) -> dict[str, object]:
    """The columns that do not follow from the problem; null where only a run could tell them."""
    best = results[0]
    candidate = teacher.candidates[best.candidate_id]
    optimum = proven_optimum(spec)
    return {
        "base_problem_id": spec.problem_id,
        "answer": candidate.program,
        "optimizer": candidate.optimizer,
        "family": candidate.family,
        "settings": best.settings,
        "candidate_id": best.candidate_id,
        "label_source": "predicted",
        "best_known": optimum,
        "best_known_proven": optimum is not None,
        "winner_score": best.score,
        "winner_error": None,
        "winner_feasible_share": None,
        "confidence": None,
        "optimizer_confidence": None,
        "near_ties": (),
        "optimizer_scores": tuple(results),
        "single_best_score": None,
        "single_best_candidate": teacher.single_best,
        "random_search_error": None,
        "replay_seed": None,
        "replay_best_f": None,
        "replay_violation": None,
        "replay_evaluations": None,
        "split": EXTENDED,
        "extra": canonical({INDEX: index}),
    }
