"""Chooses the prompts of a split and the number of programs for each, and makes the rows of finished programs."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from llamoco_tune.extraction import program_of
from llamoco_tune.instructions import Example
from llamoco_tune.programs import Answer, DecodingConfig, Key, Program
from llamoco_tune.records import Record, TuningError


class SelectionConfig(Record):
    """Choice of the prompts of an export that are answered, and how often."""

    split: str = "test"
    form: Literal["python", "latex"] | None = None
    num_problems: int | None = Field(default=None, ge=1)
    """Number of problems, in the order of their ids, which is as good as random; None means all."""
    prompts_per_problem: int | None = Field(default=None, ge=1)
    """Number of prompts for each problem; None means all."""
    num_samples: int = Field(default=1, ge=1)
    """Number of programs for each prompt."""
    is_retrying_errors: bool = False
    """Whether prompts whose row is an error are tried again."""


@dataclass(frozen=True, slots=True)
class Job:
    """One program that is wanted: a prompt, and the number of the sample."""

    example: Example
    sample: int

    @property
    def key(self) -> Key:
        """Key of the program in the file."""
        return (self.example.split, self.example.instruction_id, self.sample)

    @property
    def stream(self) -> str:
        """Name of the random stream, which is independent of all other programs."""
        return f"{self.example.instruction_id}/{self.sample}"


def jobs_of(examples: Iterable[Example], selection: SelectionConfig, decoding: DecodingConfig) -> list[Job]:
    """The programs that are wanted. A larger selection holds every smaller one.

    Raises:
        TuningError: no prompt has the form, or several programs are wanted where all would be the same.
    """
    if selection.num_samples > 1 and decoding.is_greedy:
        raise TuningError("greedy decoding writes the same program each time; give --temperature with --samples")
    by_problem: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if selection.form in (None, example.form):
            by_problem[example.problem_id].append(example)
    if not by_problem:
        raise TuningError(f"the split {selection.split!r} has no prompt of the form {selection.form!r}")
    chosen = [
        example
        for problem_id in sorted(by_problem)[: selection.num_problems]
        for example in sorted(by_problem[problem_id], key=_id_of)[: selection.prompts_per_problem]
    ]
    return [Job(example, sample) for example in chosen for sample in range(selection.num_samples)]


def settings_of(decoding: DecodingConfig, **more: str | bool | int) -> str:
    """Settings of decoding as JSON, as they are stored in the file; settings without effect are left out."""
    facts: dict[str, object] = {"decoding": "greedy"}
    if not decoding.is_greedy:
        facts = {"decoding": "sampling", **decoding.model_dump(include={"temperature", "top_p", "seed"})}
    return json.dumps({**facts, "max_new_tokens": decoding.max_new_tokens, **more}, sort_keys=True)


def program_row(job: Job, answer: Answer, model: str, settings: str) -> Program:
    example = job.example
    return Program(
        instruction_id=example.instruction_id,
        problem_id=example.problem_id,
        split=example.split,
        form=example.form,
        sample=job.sample,
        program=program_of(answer.completion),
        completion=answer.completion,
        ended=answer.ended,
        detail=answer.detail,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        seconds=answer.seconds,
        model=model,
        settings=settings,
        choices=answer.choices,
    )


def _id_of(example: Example) -> str:
    return example.instruction_id
