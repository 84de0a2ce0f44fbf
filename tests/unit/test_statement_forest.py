"""The contender `statement forest`: what it learns from the training rows of an export, and what it answers."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from llamoco_data import sample_problem
from llamoco_data.instruction_set import SCHEMA
from llamoco_data.portfolio import program_text
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.scoring.forest import foreseen
from llamoco_data.selector import ESTIMATED, NAMES, features, training_of

pytestmark = pytest.mark.unit

CANDIDATES = stored_candidates(("cobyla", "nelder_mead", "random_search"))
OF_COBYLA, OF_NELDER_MEAD = (
    [one for one in CANDIDATES if one.optimizer == optimizer] for optimizer in ("cobyla", "nelder_mead")
)
TEXTS = {one.candidate_id: one.program for one in CANDIDATES}


@pytest.fixture(scope="module")
def specs() -> list[ProblemSpec]:
    return [sample_problem("demo", seed=9, index=index) for index in range(48)]


def result(candidate: StoredCandidate, score: float) -> dict[str, Any]:
    rest = {"settings": "{}", "feasible_share": 1.0, "median_error": 0.0, "runs": 1}
    return {"candidate_id": candidate.candidate_id, "optimizer": candidate.optimizer, "score": score, **rest}


def best(spec: ProblemSpec) -> StoredCandidate:
    """Who won: of problems without constraints the last settings of Nelder-Mead."""
    return OF_COBYLA[0] if spec.constraints else OF_NELDER_MEAD[-1]


def row(spec: ProblemSpec, split: str, *, upside_down: bool = False) -> dict[str, Any]:
    results = [result(best(spec), 0.1 if upside_down else 0.9), result(CANDIDATES[-1], 0.0)]
    if not spec.constraints:
        results.append(result(OF_COBYLA[0], 0.8 if upside_down else 0.2))
    return {
        "problem_id": spec.problem_id,
        "split": split,
        "problem_spec": spec.to_json(),
        "optimizer_scores": results,
    }


def table(rows: list[dict[str, Any]]) -> pa.Table:
    names = ["problem_id", "split", "problem_spec", "optimizer_scores"]
    return pa.Table.from_pylist(rows, schema=pa.schema([SCHEMA.field(name) for name in names]))


def test_forest_answers_with_the_program_that_stood_best_on_similar_training_problems(specs: list[ProblemSpec]):
    others = [row(spec, "test", upside_down=True) for spec in specs[24:]]
    training = training_of(table([row(spec, "train") for spec in specs[:24] for _ in range(2)] + others))
    assert training is not None
    assert len(training.measured.problem_ids) == 24
    assert training.measured.optimizers == ("cobyla", "nelder_mead")
    answers = foreseen(training, specs[24:], TEXTS)
    right = [text == best(spec).program for text, spec in zip(answers, specs[24:], strict=True)]
    assert sum(right) >= 0.9 * len(right)


def test_forest_without_a_known_text_answers_with_first_settings(specs: list[ProblemSpec]):
    training = training_of(table([row(spec, "train") for spec in specs]))
    assert training is not None
    spec = next(spec for spec in specs if spec.constraints)
    assert foreseen(training, [spec], {}) == [program_text("cobyla", OF_COBYLA[0].settings)]


def test_forest_of_too_few_training_problems_is_left_out(specs: list[ProblemSpec]):
    assert training_of(table([row(spec, "train") for spec in specs[:9]])) is None
    assert training_of(table([row(spec, "validation") for spec in specs])) is None


def test_forest_is_not_told_what_only_evaluations_tell(specs: list[ProblemSpec]):
    training = training_of(table([row(spec, "train") for spec in specs]))
    assert training is not None
    constrained = next(spec for spec in specs if spec.constraints)
    shares = [constrained.model_copy(update={"feasible_share": share}) for share in (0.001, 0.5, 0.999)]
    assert len({str(features(spec)) for spec in shares}) == 3
    estimated = NAMES.index(ESTIMATED)
    told = training.measured.features.copy()
    told[:, estimated] = [0.001 if spec.constraints else 1.0 for spec in specs]
    lying = replace(training, measured=replace(training.measured, features=told))
    assert foreseen(lying, [*shares, *specs], TEXTS) == foreseen(training, [shares[0]] * 3 + list(specs), TEXTS)
