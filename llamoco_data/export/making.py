"""Makes the rows of one judged problem: its split, its prompts, and the columns that its verdict fills."""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from llamoco_data.export.proof import check_same
from llamoco_data.identity import LlamocoError, canonical, digest, stream
from llamoco_data.instruction_set import (
    SCHEMA,
    SCHEMA_VERSION,
    STYLED,
    TOLERANCE,
    CandidateResult,
    Instruction,
    Reading,
    Split,
)
from llamoco_data.ordering import yardstick_from
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.runs import MEASURED, RunRecord
from llamoco_data.selector import reading_of
from llamoco_data.statements import NUM_WORDINGS, Form, code_of, forms_of, python_source, statement, styled_wording
from llamoco_data.verdicts import Standing, Verdict


def wordings_of(problem_id: str, form: Form, count: int, brought: Sequence[int] = ()) -> tuple[int, ...]:
    """The first `count` wordings of a problem: growing the count keeps those that were there.

    Args:
        brought: first numbers of the wordings of plug-ins that take part.
    """
    size = NUM_WORDINGS + len(brought)
    rounds = -(-count // size)
    order = stream("wordings", problem_id, form).permuted(np.tile(np.arange(size), (rounds, 1)), axis=1)
    firsts = (*range(NUM_WORDINGS), *brought)
    steps = (*(NUM_WORDINGS,) * NUM_WORDINGS, *(1,) * len(brought))
    return tuple(firsts[one] + steps[one] * (i // size) for i, one in enumerate(order.ravel()[:count].tolist()))


@dataclass(frozen=True, slots=True)
class LabelledProblem:
    """A problem with everything that its rows are made of."""

    spec: AnySpec
    replay: RunRecord
    """The run of the winner that the rows tell how to repeat."""
    verdict: Verdict
    split: Split
    base_problem_id: str
    """The problem that was measured: this one, or the same with a larger budget."""


@dataclass(frozen=True, slots=True)
class References:
    """The candidates, and the two of them that every row of a set is compared with."""

    candidates: Mapping[str, StoredCandidate]
    """candidate_id -> candidate."""
    single_best: str
    """candidate_id of the single best solver."""
    baseline: str
    """candidate_id of random search."""


def instructions(
    labelled: LabelledProblem, references: References, *, wordings: int, brought: Sequence[int] = ()
) -> list[Instruction]:
    """The rows of one problem: each form in each of its first `wordings` wordings.

    Args:
        brought: first numbers of the wordings of plug-ins that take part.

    Raises:
        LlamocoError: the verdict keeps the problem out.
    """
    shared = _measured_columns(labelled, references)
    return stated_rows(labelled.spec, {**shared, "split": labelled.split}, wordings=wordings, brought=brought)


def styled_instruction(labelled: LabelledProblem, references: References) -> Instruction:
    """The row that states a drawn problem in a style that no other row uses; its text is executed to prove it.

    Raises:
        LlamocoError: the verdict keeps the problem out, or the text states another problem.
    """
    spec, shared = labelled.spec, {**_measured_columns(labelled, references), "split": STYLED}
    assert isinstance(spec, ProblemSpec), "a user's own problem has no other text than the user's"
    row = _stated(spec, "python", styled_wording(spec.problem_id), {**_problem_columns(spec), **shared})
    check_same(code_of(row.prompt), row.problem_source, spec)
    return row


def stated_rows(
    spec: AnySpec, answered: Mapping[str, object], *, wordings: int, brought: Sequence[int] = ()
) -> list[Instruction]:
    """A row for each form and wording of a problem.

    Args:
        answered: the columns that do not follow from the problem.
        brought: first numbers of the wordings of plug-ins that take part.
    """
    shared = {**_problem_columns(spec), **answered}
    return [
        _stated(spec, form, wording, shared)
        for form in forms_of(spec)
        for wording in wordings_of(spec.problem_id, form, wordings, brought)
    ]


def _stated(spec: AnySpec, form: Form, wording: int, shared: Mapping[str, object]) -> Instruction:
    """The row of one statement.

    Args:
        shared: the columns that do not depend on the statement.
    """
    return Instruction.model_validate(
        {
            "instruction_id": digest(["instruction", spec.problem_id, form, wording]),
            "form": form,
            "wording": wording,
            "prompt": statement(spec, form=form, wording=wording),
            **shared,
            "schema_version": SCHEMA_VERSION,
        }
    )


def _measured_columns(labelled: LabelledProblem, references: References) -> dict[str, object]:
    """The columns that follow from the runs, but for the split.

    Raises:
        LlamocoError: the verdict keeps the problem out.
    """
    verdict = labelled.verdict
    if verdict.kept_out is not None:
        raise LlamocoError(f"problem {labelled.spec.problem_id} is kept out of the set: {verdict.kept_out}")
    return {
        **_verdict_columns(labelled, references),
        "label_source": "measured",
        "base_problem_id": labelled.base_problem_id,
        "extra": canonical(_extra(verdict)),
    }


def _problem_columns(spec: AnySpec) -> dict[str, object]:
    return {
        "problem_id": spec.problem_id,
        "kind": spec.kind,
        "functions": spec.functions,
        "dimension": spec.dimension,
        "max_evaluations": spec.max_evaluations,
        "num_inequality": spec.num_inequality,
        "num_equality": spec.num_equality,
        "feasible_share": spec.feasible_share,
        "problem_spec": spec.to_json(),
        "problem_source": python_source(spec),
        "reading": tuple(Reading(name=name, value=value) for name, value in reading_of(spec).items()),
    }


def _verdict_columns(labelled: LabelledProblem, references: References) -> dict[str, object]:
    verdict, candidates = labelled.verdict, references.candidates
    standings = {standing.candidate_id: standing for standing in verdict.standings}
    winner, floor = verdict.standings[0], standings.get(references.baseline)
    single_best = standings.get(references.single_best)
    candidate, replay = candidates[verdict.winner], labelled.replay
    return {
        "answer": candidate.program,
        "optimizer": candidate.optimizer,
        "family": candidate.family,
        "settings": settings_json(candidate),
        "candidate_id": verdict.winner,
        "best_known": verdict.best_known,
        "best_known_proven": verdict.best_known_proven,
        "winner_score": winner.score,
        "winner_error": winner.median_error,
        "winner_feasible_share": winner.feasible_share,
        "confidence": verdict.confidence,
        "optimizer_confidence": optimizer_confidence(verdict, candidates),
        "near_ties": tuple(_result(standings[tie], candidates[tie]) for tie in verdict.near_ties),
        "optimizer_scores": _best_of_each(verdict, candidates),
        "single_best_score": single_best.score if single_best else 0.0,
        "single_best_candidate": references.single_best,
        "random_search_error": floor.median_error if floor else None,
        "replay_seed": replay.seed,
        "replay_best_f": replay.best_f,
        "replay_violation": replay.violation,
        "replay_evaluations": replay.evaluations,
    }


def _extra(verdict: Verdict) -> dict[str, float]:
    """The tolerance of errors, where the best known value alone does not tell it."""
    plain = yardstick_from(verdict.best_known, proven=verdict.best_known_proven)
    return {TOLERANCE: verdict.tolerance} if verdict.tolerance != plain.tolerance else {}


def settings_json(candidate: StoredCandidate) -> str:
    """The settings of a candidate as a JSON object."""
    return json.dumps(candidate.settings)


def to_table(rows: Sequence[Instruction]) -> pa.Table:
    """The rows as a table of the frozen schema."""
    return pa.Table.from_pylist([row.model_dump(mode="json") for row in rows], schema=SCHEMA)


def replay_of(records: Sequence[RunRecord], winner: str) -> RunRecord:
    """The winner's first measured run, by seed."""
    measured = [r for r in records if r.candidate_id == winner and r.status in MEASURED and r.best_f is not None]
    return min(measured, key=lambda record: record.seed)


def optimizer_confidence(verdict: Verdict, candidates: Mapping[str, StoredCandidate]) -> float:
    """Probability that the winning optimizer, with any settings, is the label to give."""
    optimizer = candidates[verdict.winner].optimizer
    same = (s.win_share for s in verdict.standings if candidates[s.candidate_id].optimizer == optimizer)
    return min(1.0, sum(same))


def has_rival(verdict: Verdict, candidates: Mapping[str, StoredCandidate]) -> bool:
    """Whether the winner has a near-tie with another optimizer."""
    own = candidates[verdict.winner].optimizer
    return any(candidates[tie].optimizer != own for tie in verdict.near_ties)


def _best_of_each(verdict: Verdict, candidates: Mapping[str, StoredCandidate]) -> tuple[CandidateResult, ...]:
    best: dict[str, CandidateResult] = {}
    for standing in verdict.standings:
        candidate = candidates[standing.candidate_id]
        best.setdefault(candidate.optimizer, _result(standing, candidate))
    return tuple(best.values())


def _result(standing: Standing, candidate: StoredCandidate) -> CandidateResult:
    return CandidateResult(
        candidate_id=standing.candidate_id,
        optimizer=candidate.optimizer,
        settings=settings_json(candidate),
        score=standing.score,
        feasible_share=standing.feasible_share,
        median_error=standing.median_error,
        runs=standing.runs,
    )
