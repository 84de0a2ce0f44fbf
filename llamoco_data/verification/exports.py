# pyright: reportUnknownParameterType=false
"""Verifies an export: its files, the ids of every row, no problem in two splits, and a sample of rows, run or drawn."""

import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose

from pydantic import ValidationError

from llamoco_data.export.card import CARD_FILE
from llamoco_data.export.shards import SHARD_NAME
from llamoco_data.files import Files
from llamoco_data.identity import LlamocoError, digest
from llamoco_data.instruction_set import (
    EXTENDED,
    MEASURED_COLUMNS,
    REAL,
    SCHEMA_VERSION,
    STYLED,
    Instruction,
    drawing_of,
    read_shard,
    snapshot_numbers,
)
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec, read_spec
from llamoco_data.problems.suites import is_of_suite
from llamoco_data.runs import program_id
from llamoco_data.selector import reading_of
from llamoco_data.statements import is_styled
from llamoco_data.verification.finding import Finding
from llamoco_data.verification.replays import check_prediction, check_replay
from llamoco_data.verification.reruns import chosen
from llamoco_data.verification.snapshots import verify_snapshots

_AGAIN = "export the campaign again"
_ROWS_AT_ONCE = 1_000


@dataclass(slots=True)
class _Seen:
    """What is collected from all rows, to compare them with each other."""

    sides: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Splits of each base_problem_id; `test_style` counts as `test`, whose problems it states once more."""
    ids: Counter[str] = field(default_factory=Counter)
    """Number of rows of each instruction_id."""
    prompts: Counter[str] = field(default_factory=Counter)
    """Number of rows of each prompt, by digest of the prompt."""


def verify_export(place: Files, sample: int, checked: Counter[str]) -> Iterator[Finding]:
    """See `verify`. Runs the programs of the sampled rows, and the code in their prompts.

    Raises:
        LlamocoError: the folder cannot be read.
    """
    shards, seen = place.names("data"), _Seen()
    named: set[str] = set()
    for finding in (*verify_snapshots(place, checked), *_check_names(place, shards)):
        named.add(finding.where)
        yield finding
    for name in shards:
        checked["files"] += 1
        for finding in _check_shard(place, name, seen, checked):
            if finding.where not in named:
                yield finding
    checked["problems"] += len(seen.sides)
    yield from _check_together(seen)
    yield from _check_sample(place, shards, set(chosen(list(seen.ids), sample)), checked)


def _check_shard(place: Files, name: str, seen: _Seen, checked: Counter[str]) -> Iterator[Finding]:
    try:
        for row in _rows(place, name):
            checked["rows"] += 1
            yield from _check_row(row, name)
            split = str(row["split"])
            seen.sides[str(row["base_problem_id"])].add("test" if split == STYLED else split)
            seen.ids[str(row["instruction_id"])] += 1
            seen.prompts[digest(row["prompt"])] += 1
    except LlamocoError as error:
        where = place.where(f"data/{name}")
        what = str(error).removeprefix(f"{where} ").partition("; ")[0]
        yield Finding(where=where, what=what, advice=_AGAIN)


def _check_together(seen: _Seen) -> Iterator[Finding]:
    for problem_id, splits in seen.sides.items():
        if len(splits) > 1:
            what = f"has statements in {' and '.join(sorted(splits))}: what is tested was taught"
            yield Finding(where=f"problem {problem_id}", what=what, advice=_AGAIN)
    for counts, name in ((seen.ids, "instruction_id"), (seen.prompts, "digest of their prompt")):
        for one, count in counts.items():
            if count > 1:
                yield Finding(where=one, what=f"{count} rows have this {name}", advice=_AGAIN)


def _check_sample(place: Files, shards: Sequence[str], picked: set[str], checked: Counter[str]) -> Iterator[Finding]:
    for name, row in _picked_rows(place, shards, picked):
        predicted = row["label_source"] == "predicted"
        try:
            if predicted:
                findings = tuple(check_prediction(row, drawing_of(place, f"data/{name}")))
            else:
                findings = tuple(check_replay(row))
        except (LlamocoError, TypeError, ValueError) as error:  # its problem does not load here, or is none
            yield _unmade(row, "drawn" if predicted else "run", error)
            continue
        checked[f"rows {'drawn' if predicted else 'run'} again"] += 1
        yield from findings


def _picked_rows(place: Files, shards: Sequence[str], picked: set[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """The picked rows, each once, with the names of their shards."""
    for name in shards:
        # A shard that cannot be read is reported by `_check_shard`.
        with contextlib.suppress(LlamocoError):
            for row in _rows(place, name):
                if row["instruction_id"] in picked:
                    picked.discard(str(row["instruction_id"]))
                    yield name, row


def _unmade(row: Mapping[str, object], how: str, error: Exception) -> Finding:
    """That a row could not be checked by running or drawing it, which its own values or this machine prevent."""
    what, _, advice = " ".join(str(error).split()).partition("; ")
    return Finding(
        where=f"row {row['instruction_id']}", what=f"cannot be {how} again: {what[:250]}", advice=advice or _AGAIN
    )


def _check_names(place: Files, shards: Sequence[str]) -> Iterator[Finding]:
    if CARD_FILE not in place.names():
        what = "is missing: the export was not finished, or not copied whole"
        yield Finding(where=place.where(CARD_FILE), what=what, advice=_AGAIN)
    numbers: dict[tuple[str, str], set[int]] = defaultdict(set)
    for name in shards:
        match = SHARD_NAME.fullmatch(name)
        if match is None:
            what = "is not a file of an export"
            yield Finding(where=place.where(f"data/{name}"), what=what, advice="move it elsewhere")
        else:
            numbers[match[1], match[3]].add(int(match[2]))
    if snapshot_numbers(place):  # their manifests name the missing files
        return
    for (split, count), there in numbers.items():
        for number in sorted(set(range(int(count))) - there):
            name = f"data/{split}-{number:05d}-of-{count}.parquet"
            yield Finding(where=place.where(name), what="is missing", advice=_AGAIN)


def _rows(place: Files, shard: str) -> Iterator[dict[str, object]]:
    for batch in read_shard(place, f"data/{shard}").to_batches(_ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _check_row(row: Mapping[str, object], shard: str) -> Iterator[Finding]:
    for what in _complaints(row, shard):
        yield Finding(where=f"row {row['instruction_id']}", what=what, advice=_AGAIN)


def _complaints(row: Mapping[str, object], shard: str) -> Iterator[str]:
    try:
        instruction = Instruction.model_validate_json(json.dumps(row))
        spec = read_spec(str(row["problem_spec"]))
    except (ValidationError, ValueError) as error:
        yield f"is not an instruction: {' '.join(str(error).split())[:120]}"
        return
    if row["schema_version"] != SCHEMA_VERSION:
        yield f"has schema version {row['schema_version']}"
    if not shard.startswith(f"{row['split']}-"):
        yield f"is of split {row['split']}, but lies in {shard}"
    if spec.problem_id != row["problem_id"]:
        yield f"has problem_id {row['problem_id']}, but the digest of its problem_spec is {spec.problem_id}"
    answer_id = program_id(str(row["answer"]))
    if answer_id != row["candidate_id"]:
        yield f"has candidate_id {row['candidate_id']}, but the digest of its answer is {answer_id}"
    if digest(["instruction", row["problem_id"], row["form"], row["wording"]]) != row["instruction_id"]:
        yield "has an id that is not the digest of its problem, form and wording"
    told = {name: row[name] for name in ("dimension", "max_evaluations", "num_inequality", "num_equality", "kind")}
    wrong = [name for name, value in told.items() if getattr(spec, name) != value]
    if wrong:
        yield f"has {wrong[0]} {told[wrong[0]]}, but its problem has {getattr(spec, wrong[0])}"
    yield from _odd_label(instruction)
    yield from _odd_split(instruction, spec)
    said = reading_of(spec)
    misread = [one.name for one in instruction.reading if not isclose(one.value, said.get(one.name, one.value))]
    if misread:
        yield f"has a reading that its problem does not have, {misread[0]}"


def _odd_split(instruction: Instruction, spec: AnySpec) -> Iterator[str]:
    """Checks that real problems and statements in other styles are in splits of their own."""
    if isinstance(spec, OwnProblemSpec) and is_of_suite(spec.source) and instruction.split != REAL:
        yield f"has a problem of a suite, but is of split {instruction.split}"
    if is_styled(instruction.wording) != (instruction.split == STYLED):
        yield f"has wording {instruction.wording}, but is of split {instruction.split}"


def _odd_label(instruction: Instruction) -> Iterator[str]:
    """Checks that a row is predicted exactly where its split is, and has null exactly what only a run can tell."""
    predicted = instruction.label_source == "predicted"
    if predicted != (instruction.split == EXTENDED):
        yield f"is {instruction.label_source}, but of split {instruction.split}"
    columns: dict[str, object] = {name: getattr(instruction, name) for name in MEASURED_COLUMNS}
    if predicted:
        del columns["best_known"]
        told = [name for name, value in columns.items() if value is not None]
        if told:
            yield f"is predicted, but has a {told[0]}, which only a run can tell"
        expected = instruction.optimizer_scores[:1]
        if [result.candidate_id for result in expected] != [instruction.candidate_id]:
            yield "is predicted, but its answer is not the candidate of the best expected score"
        return
    lacking = [name for name, value in columns.items() if value is None]
    if lacking:
        yield f"is measured, but has no {lacking[0]}"
