# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""The problems of an export as programs are scored on them: prompts, yardsticks and labels. It runs nothing."""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from llamoco_data.files import Files, Place, files_at
from llamoco_data.identity import LlamocoError, digest
from llamoco_data.instruction_set import (
    EXTENDED,
    TOLERANCE,
    measured_instructions,
    shard_names,
    snapshot_manifest,
    snapshot_numbers,
)
from llamoco_data.ordering import Yardstick, yardstick_from
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec, function_of, read_spec
from llamoco_data.scoring.programs import Generated
from llamoco_data.selector import Training, training_of


@dataclass(frozen=True, slots=True)
class Case:
    """A problem that programs are scored on."""

    spec: AnySpec
    base_problem_id: str
    """The problem that was run: this one, or the larger-budget one whose traces supplied the row."""
    measured_by: Yardstick
    """Best known value and tolerance, which turn objectives into errors."""
    floor: float | None
    """Error of random search, which scores 0; None where it found nothing feasible or was not run."""
    answer: str
    """The label: the text of the program that won."""
    optimizer: str
    """Name of the optimizer of the label."""
    tied: frozenset[str]
    """Names of the optimizers of the winner and of its near-ties."""
    winner_score: float
    """Score of the winner, as the export has it."""
    single_best_score: float
    """Score of the single best solver, as the export has it."""

    @property
    def problem_id(self) -> str:
        return self.spec.problem_id

    @property
    def function(self) -> str:
        """What the problem has in common with the same function at other budgets."""
        return function_of(self.spec) if isinstance(self.spec, OwnProblemSpec) else self.base_problem_id


@dataclass(frozen=True, slots=True)
class Prompt:
    """The columns of a row of an export that retrieval and the majority use."""

    instruction_id: str
    problem_id: str
    base_problem_id: str
    split: str
    form: str
    prompt: str
    answer: str
    optimizer: str


@dataclass(frozen=True, slots=True)
class Export:
    """The parts of an export that scoring uses."""

    export_id: str
    """Digest of its files."""
    prompts: Mapping[str, Prompt]
    """The rows of all splits, by instruction_id."""
    cases: Mapping[str, Case]
    """The problems that the programs answer, by problem_id."""
    optimizers: frozenset[str]
    """Names of the optimizers that ran in the campaign."""
    single_best: str
    """candidate_id of the single best solver."""
    training: Training | None
    """What the training rows tell of the optimizers; None where they are too few."""


def read_export(folder: Place, programs: Sequence[Generated]) -> Export:
    """An export, with the cases that the given programs answer.

    Raises:
        LlamocoError: there is no export; or a program answers no instruction of it, or names another problem or split
            than its instruction has; or it answers one whose problem was never measured.
    """
    if any(program.split == EXTENDED for program in programs):
        raise LlamocoError(
            f"the programs answer instructions of split {EXTENDED}, whose problems were never measured, so there is "
            "nothing to score them against; generate programs for another split, such as test"
        )
    table = measured_instructions(folder)
    prompts = _prompts(table)
    for program in programs:
        _check_answers(folder, program, prompts.get(program.instruction_id))
    return _export(folder, table, prompts, {program.problem_id for program in programs})


def read_split(folder: Place, split: str) -> Export:
    """An export, with the problems of a split as its cases.

    Raises:
        LlamocoError: there is no export, or it has no measured problems of the split.
    """
    table = measured_instructions(folder)
    prompts = _prompts(table)
    wanted = {prompt.problem_id for prompt in prompts.values() if prompt.split == split}
    if not wanted:
        there = dict.fromkeys(prompt.split for prompt in prompts.values())
        raise LlamocoError(f"{folder} has no measured problems of split {split!r}; it has {', '.join(there)}")
    return _export(folder, table, prompts, wanted)


def _prompts(table: pa.Table) -> dict[str, Prompt]:
    return {row["instruction_id"]: Prompt(**row) for row in table.select(_PROMPT).to_pylist()}


def _export(folder: Place, table: pa.Table, prompts: Mapping[str, Prompt], wanted: Set[str]) -> Export:
    """An export, with the problems of the given ids as its cases."""
    first_row = {problem_id: row for row, problem_id in reversed(list(enumerate(table["problem_id"].to_pylist())))}
    rows: list[dict[str, Any]] = table.take(sorted(first_row[problem_id] for problem_id in wanted)).to_pylist()
    cases = {row["problem_id"]: _case(row) for row in rows}
    ran = table["optimizer_scores"].combine_chunks().flatten().field("optimizer").unique().to_pylist()
    return Export(
        export_id=_export_id(files_at(folder)),
        prompts=prompts,
        cases=dict(sorted(cases.items())),
        optimizers=frozenset(ran),
        single_best=rows[0]["single_best_candidate"],
        training=training_of(table),
    )


def _check_answers(folder: Place, program: Generated, asked: Prompt | None) -> None:
    mend = "score against the export and snapshot that the programs were generated for"
    if asked is None:
        raise LlamocoError(f"{folder} has no instruction {program.instruction_id}, which a program answers; {mend}")
    if (asked.problem_id, asked.split) != (program.problem_id, program.split):
        raise LlamocoError(
            f"instruction {program.instruction_id} of {folder} belongs to problem {asked.problem_id} of split "
            f"{asked.split}, but its program names {program.problem_id} of {program.split}; {mend}"
        )


_PROMPT = ["instruction_id", "problem_id", "base_problem_id", "split", "form", "prompt", "answer", "optimizer"]


def _case(row: Mapping[str, Any]) -> Case:
    return Case(
        spec=read_spec(row["problem_spec"]),
        base_problem_id=row["base_problem_id"],
        measured_by=_yardstick(row),
        floor=row["random_search_error"],
        answer=row["answer"],
        optimizer=row["optimizer"],
        tied=frozenset([row["optimizer"], *(tie["optimizer"] for tie in row["near_ties"])]),
        winner_score=row["winner_score"],
        single_best_score=row["single_best_score"],
    )


def _yardstick(row: Mapping[str, Any]) -> Yardstick:
    plain = yardstick_from(row["best_known"], proven=row["best_known_proven"])
    return replace(plain, tolerance=json.loads(row["extra"]).get(TOLERANCE, plain.tolerance))


def _export_id(place: Files) -> str:
    """Digest of the contents of the newest snapshot's files; the same for copies of an export."""
    numbers = snapshot_numbers(place)
    if numbers:
        return digest(sorted(shard.sha256 for shard in snapshot_manifest(place, numbers[-1]).shards))
    return digest(sorted(place.sha256(name) for name in shard_names(place)))
