"""Programs for the prompts of a split, by a local model or a server: what is missing in the file is written to it."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field

from llamoco_tune.decoding import write
from llamoco_tune.endpoint import EndpointConfig, ask
from llamoco_tune.instructions import Example, read_split
from llamoco_tune.model import Precision, computed_in, digest_of, load
from llamoco_tune.programs import Answer, DecodingConfig, Key, Program, ProgramsFile, open_programs, program_of
from llamoco_tune.records import Record, TuningError, digest
from llamoco_tune.tokens import Template

SEED_DIGITS = 7
"""Hexadecimal digits of a seed that is sent to a server: some take 31 bits."""


class SelectionConfig(Record):
    """Which prompts of an export are answered, and how often."""

    split: str = "test"
    form: Literal["python", "latex"] | None = None
    num_problems: int | None = Field(default=None, ge=1)
    """As many, in the order of their ids, which is as good as drawn; all where None."""
    prompts_per_problem: int | None = Field(default=None, ge=1)
    num_samples: int = Field(default=1, ge=1)
    """Programs for each prompt."""
    is_retrying_errors: bool = False
    """Whether prompts whose row is an error are tried again."""


class LocalConfig(Record):
    """A model on this machine."""

    model: str
    """A folder, or a name on the hub."""
    precision: Precision = "auto"
    device: str | None = None
    """A GPU where there is one, else the CPU, where None."""
    num_slots: int | None = Field(default=None, ge=1)
    """Rows written at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """A prompt, and which of its programs is wanted."""

    example: Example
    sample: int

    @property
    def key(self) -> Key:
        """By which the file of programs knows it."""
        return (self.example.split, self.example.instruction_id, self.sample)

    @property
    def stream(self) -> str:
        """The name of its random numbers: what is drawn does not depend on what else is."""
        return f"{self.example.instruction_id}/{self.sample}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time of a generation."""

    rows: int
    total: int
    new_rows: int
    """Of those, written by this call."""
    new_tokens: int
    seconds: float


Show = Callable[[Moment], None]


@dataclass(frozen=True, slots=True)
class GenerationReport:
    """What a generation gave."""

    programs: tuple[Program, ...]
    """All that were asked for."""
    last: Moment


def generate_locally(
    data: Path, selection: SelectionConfig, decoding: DecodingConfig, local: LocalConfig, out: Path, show: Show
) -> GenerationReport:
    """Writes what is missing with a model on this machine.

    Raises:
        TuningError: there is no such export, split or model, the file was written otherwise, or memory is short.
    """
    jobs = jobs_of(read_split(data, selection.split), selection, decoding)
    precision = computed_in(local.precision, local.device)
    settings = settings_of(decoding, weights=digest_of(local.model), precision=precision)
    with open_programs(out, local.model, settings) as file:
        pace = _Pace(jobs, selection, file, show)
        missing = pace.missing
        if missing:
            config = local.model_copy(update={"precision": precision})
            try:
                pace.fill(_written(missing, decoding, config, settings, pace))
            except torch.OutOfMemoryError:
                raise TuningError("the device has too little memory; give --batch-size a smaller number") from None
        return pace.finished()


def generate_at_endpoint(
    data: Path, selection: SelectionConfig, decoding: DecodingConfig, endpoint: EndpointConfig, out: Path, show: Show
) -> GenerationReport:
    """Writes what is missing with the model of a server.

    Raises:
        TuningError: there is no such export or split, the file was written otherwise, or the server does not answer.
    """
    jobs = jobs_of(read_split(data, selection.split), selection, decoding)
    settings = settings_of(decoding, served=True)
    with open_programs(out, endpoint.model, settings) as file:
        pace = _Pace(jobs, selection, file, show)
        pace.fill(_replied(pace.missing, decoding, endpoint, settings, pace))
        return pace.finished()


def jobs_of(examples: Iterable[Example], selection: SelectionConfig, decoding: DecodingConfig) -> list[Job]:
    """What is wanted of a split. A larger selection holds every smaller one.

    Raises:
        TuningError: no prompt has the form, or several programs are wanted where all would be the same.
    """
    if selection.num_samples > 1 and decoding.is_greedy:
        raise TuningError("greedy decoding writes one program however often; give --temperature with --samples")
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


def settings_of(decoding: DecodingConfig, **more: str | bool) -> str:
    """How programs are decoded, as the file says it: what has no effect is not in it."""
    facts: dict[str, object] = {"decoding": "greedy"}
    if not decoding.is_greedy:
        facts = {"decoding": "sampling", **decoding.model_dump(include={"temperature", "top_p", "seed"})}
    return json.dumps({**facts, "max_new_tokens": decoding.max_new_tokens, **more}, sort_keys=True)


class _Pace:
    """How far a generation is."""

    def __init__(self, jobs: Sequence[Job], selection: SelectionConfig, file: ProgramsFile, show: Show) -> None:
        self._jobs = jobs
        self._file = file
        self._show = show
        self._began = time.monotonic()
        self._new_rows = self._new_tokens = 0
        retried = {"error"} if selection.is_retrying_errors else set[str]()
        done = {key for key, row in file.rows.items() if row.ended not in retried}
        self.missing = [job for job in jobs if job.key not in done]

    def fill(self, programs: Iterator[Program]) -> None:
        for program in programs:
            self._file.add(program)
            self._new_rows += 1
            self._show(self._moment())

    def count(self, num_tokens: int) -> None:
        self._new_tokens += num_tokens
        self._show(self._moment())

    def finished(self) -> GenerationReport:
        self._file.finish()
        rows = self._file.rows
        return GenerationReport(tuple(rows[job.key] for job in self._jobs), self._moment())

    def _moment(self) -> Moment:
        done = len(self._jobs) - len(self.missing) + self._new_rows
        return Moment(done, len(self._jobs), self._new_rows, self._new_tokens, time.monotonic() - self._began)


def _written(
    jobs: Sequence[Job], decoding: DecodingConfig, local: LocalConfig, settings: str, pace: _Pace
) -> Iterator[Program]:
    device = local.device or ("cuda" if torch.cuda.is_available() else "cpu")
    loaded = load(local.model, precision=local.precision, device=device)
    template = Template.of(loaded.tokenizer)
    prompts_ids = [template.prompt_ids(job.example.prompt) for job in jobs]
    streams = [job.stream for job in jobs]
    model, tokenizer = loaded.model, loaded.tokenizer
    for row in write(
        model, tokenizer, prompts_ids, decoding, num_slots=local.num_slots, streams=streams, report=pace.count
    ):
        completion = str(tokenizer.decode(row.ids, clean_up_tokenization_spaces=False))
        num_prompt = len(prompts_ids[row.index])
        answer = Answer(row.index, completion, row.ended, row.detail, num_prompt, row.num_tokens, row.seconds)
        yield _program(jobs[row.index], answer, local.model, settings)


def _replied(
    jobs: Sequence[Job], decoding: DecodingConfig, endpoint: EndpointConfig, settings: str, pace: _Pace
) -> Iterator[Program]:
    prompts = [job.example.prompt for job in jobs]
    seeds = [int(digest([decoding.seed, job.stream])[:SEED_DIGITS], 16) for job in jobs]
    for answer in ask(prompts, seeds, decoding, endpoint):
        pace.count(answer.completion_tokens)
        yield _program(jobs[answer.index], answer, endpoint.model, settings)


def _program(job: Job, answer: Answer, model: str, settings: str) -> Program:
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
    )


def _id_of(example: Example) -> str:
    return example.instruction_id
