"""Makes the rows of judged problems, as tables: a pure function of the problems, their verdicts and the best solver."""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from llamoco_data.campaign import CampaignReader
from llamoco_data.export.crew import Crew, chunks_of
from llamoco_data.export.judging import Judgements, shorter_of, unpacked
from llamoco_data.export.making import (
    LabelledProblem,
    References,
    has_rival,
    instructions,
    optimizer_confidence,
    styled_instruction,
    to_table,
)
from llamoco_data.instruction_set import Instruction, Split
from llamoco_data.runs import RunRecord
from llamoco_data.statements import wording_numbers
from llamoco_data.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Measure:
    """What all rows of a set have in common."""

    single_best: str
    """candidate_id of the single best solver."""
    baseline: str
    """candidate_id of random search."""
    shares: tuple[float, ...]
    """Shares of the budget at which problems are exported once more."""
    styled: frozenset[str] = frozenset()
    """problem_ids of the problems that split `test_style` states in another style."""


class Fact(NamedTuple):
    """What the report takes from one verdict."""

    winner: str
    """candidate_id of the winner."""
    has_rival: bool
    """Whether the winner has a near-tie with another optimizer."""
    confidence: float
    """Probability that the winning optimizer, with any settings, is the label to give."""
    single_best_score: float
    """Score of the single best solver on the problem."""
    score: float
    """Score of the winner."""


@dataclass(frozen=True, slots=True)
class ProblemRows:
    """The rows of some problems."""

    tables: Mapping[Split, pa.Table]
    """Split -> rows, in the order of problem, budget, form and wording."""
    shortest: Instruction
    facts: Sequence[Fact]
    """One for each verdict."""


@dataclass(frozen=True, slots=True)
class _Label:
    """The verdict on a problem at one budget, packed."""

    verdict: bytes
    replay: bytes
    split: Split


_Problem = tuple[int, Mapping[str, _Label]]
"""Index of a problem, and its labels by problem_id."""


def all_rows(crew: Crew[CampaignReader], judgements: Judgements, measure: Measure) -> Iterator[ProblemRows]:
    """The rows of all problems that are worth teaching, in the order of problems.

    Raises:
        LlamocoError: the folder is damaged, or a process died.
    """
    chunks = chunks_of(list(judgements.taught.items()), crew.size)
    return crew.results(
        partial(_rows, measure), ([_with_labels(*one, judgements) for one in chunk] for chunk in chunks)
    )


def _with_labels(index: int, problem_ids: Sequence[str], judgements: Judgements) -> _Problem:
    return index, {
        problem_id: _Label(
            verdict=judgements.verdicts.packed[problem_id],
            replay=judgements.replays.packed[problem_id],
            split=judgements.splits[problem_id],
        )
        for problem_id in problem_ids
    }


def _rows(measure: Measure, reader: CampaignReader, problems: Sequence[_Problem]) -> ProblemRows:
    references = References(reader.candidates, measure.single_best, measure.baseline)
    brought = wording_numbers(reader.spec.plugin_wordings)
    rows: list[Instruction] = []
    styled: list[Instruction] = []
    facts: list[Fact] = []
    for index, labels in problems:
        for labelled in _labelled(reader, index, labels, measure.shares):
            rows += instructions(labelled, references, wordings=reader.spec.wordings, brought=brought)
            if labelled.spec.problem_id in measure.styled:
                styled.append(styled_instruction(labelled, references))
            facts.append(_fact(labelled.verdict, references))
    by_split: dict[Split, list[Instruction]] = {}
    for row in (*rows, *styled):
        by_split.setdefault(row.split, []).append(row)
    return ProblemRows(
        tables={split: to_table(rows) for split, rows in by_split.items()},
        shortest=min(rows, key=length),
        facts=facts,
    )


def _labelled(
    reader: CampaignReader, index: int, labels: Mapping[str, _Label], shares: Sequence[float]
) -> Iterator[LabelledProblem]:
    problem = reader.problem(index)
    for spec in (problem, *shorter_of(problem, shares)):
        label = labels.get(spec.problem_id)
        if label is not None:
            yield LabelledProblem(
                spec=spec,
                replay=unpacked(RunRecord, label.replay),
                verdict=unpacked(Verdict, label.verdict),
                split=label.split,
                base_problem_id=problem.problem_id,
            )


def _fact(verdict: Verdict, references: References) -> Fact:
    candidates = references.candidates
    scores = {standing.candidate_id: standing.score for standing in verdict.standings}
    return Fact(
        winner=verdict.winner,
        has_rival=has_rival(verdict, candidates),
        confidence=optimizer_confidence(verdict, candidates),
        single_best_score=scores.get(references.single_best, 0.0),
        score=verdict.standings[0].score,
    )


def length(row: Instruction) -> int:
    """Characters of prompt and answer."""
    return len(row.prompt) + len(row.answer)
