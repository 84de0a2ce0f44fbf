"""Writes programs with a model on this machine."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from pydantic import Field

from llamoco_tune.decoding import write
from llamoco_tune.extraction import program_of
from llamoco_tune.generate.jobs import Job, SelectionConfig, jobs_of, program_row, settings_of
from llamoco_tune.generate.openers import UNOPENED, next_opened, opened
from llamoco_tune.generate.pace import GenerationReport, Pace, Show
from llamoco_tune.identity import content_digest
from llamoco_tune.instructions import Example, read_split
from llamoco_tune.model import Precision, computed_in, load, num_tokens_of
from llamoco_tune.openings import Openings, read_openings
from llamoco_tune.programs import Answer, DecodingConfig, Program, open_programs
from llamoco_tune.records import Record, TuningError
from llamoco_tune.sound import slip_in
from llamoco_tune.tokens import Template, check_known, text_of


class LocalConfig(Record):
    """A model on this machine."""

    model: str
    """Folder of the model, or its name on the hub."""
    precision: Precision = "auto"
    device: str | None = None
    """Device; None takes a GPU if there is one, else the CPU."""
    num_slots: int | None = Field(default=None, ge=1)
    """Number of rows written at once."""
    wordings: int = Field(default=1, ge=1)
    """Number of prompts of a problem over which the choice of an optimizer is averaged."""
    spare: int = Field(default=0, ge=0)
    """Number of further choices, in the order of their probability, that are tried in turn where a program has a slip:
    it does not parse, does not define `minimize`, or uses a name that it does not define. Nothing is run."""


def generate_locally(
    data: Path, selection: SelectionConfig, decoding: DecodingConfig, local: LocalConfig, out: Path, show: Show
) -> GenerationReport:
    """Writes the programs that the file lacks, with a model on this machine.

    Raises:
        TuningError: there is no such export, split or model, the file has other settings, or memory ran out.
    """
    examples = read_split(data, selection.split)
    jobs = jobs_of(examples, selection, decoding)
    openings = read_openings(local.model)
    if openings is None and (local.wordings > 1 or local.spare):
        raise TuningError(
            f"{local.model} has no openings, so it does not choose before it writes, and nothing can be averaged or "
            "tried in turn; leave --wordings and --spare out, or give a model that was taught with --choice"
        )
    device = usable_device(local.device)
    precision = computed_in(local.precision, device)
    # A choice is averaged over the prompts of the form that is asked for, or of both.
    of_form = {"form": selection.form} if selection.form else {}
    more = {"wordings": local.wordings, **of_form} if local.wordings > 1 else {}
    more |= {"spare": local.spare} if local.spare else {}
    settings = settings_of(decoding, weights=content_digest(local.model), precision=precision, **more)
    with open_programs(out, local.model, settings) as file:
        pace = Pace(jobs, selection, file, show)
        missing = pace.missing
        if missing:
            config = local.model_copy(update={"precision": precision, "device": device})
            try:
                alike = [each for each in examples if selection.form in (None, each.form)]
                pace.fill(_written(missing, alike, openings, decoding, config, settings, pace))
            except torch.OutOfMemoryError:
                raise TuningError("the device has too little memory; give --batch-size a smaller number") from None
        return pace.finished()


def _written(
    jobs: Sequence[Job],
    examples: Sequence[Example],
    openings: Openings | None,
    decoding: DecodingConfig,
    local: LocalConfig,
    settings: str,
    pace: Pace,
) -> Iterator[Program]:
    loaded = load(local.model, precision=local.precision, device=local.device)
    template = Template.of(loaded.tokenizer)
    prompts_ids = template.prompts_ids([job.example.prompt for job in jobs])
    check_known(prompts_ids, num_tokens_of(loaded.model))
    streams = [job.stream for job in jobs]
    model, tokenizer = loaded.model, loaded.tokenizer
    begun, choosing_s = [UNOPENED] * len(jobs), 0.0
    if openings is not None:
        began = time.perf_counter()
        begun = opened(
            model, openings, jobs, examples, template.prompt_ids, decoding,
            wordings=local.wordings, go_on=lambda: pace.count(0),
        )  # fmt: skip
        choosing_s = (time.perf_counter() - began) / len(jobs)
    held: dict[int, Answer] = {}
    places = list(range(len(jobs)))
    for attempt in range(local.spare + 1):
        given = [[*prompts_ids[place], *begun[place].ids] for place in places]
        drawn = [streams[place] for place in places]
        failed: list[int] = []
        for row in write(
            model, tokenizer, given, decoding, num_slots=local.num_slots, streams=drawn, report=pace.count
        ):
            place = places[row.index]
            opening = begun[place]
            answer = Answer(
                place,
                text_of(tokenizer, [*opening.ids, *row.ids]),
                row.ended,
                row.detail,
                prompt_tokens=len(prompts_ids[place]),
                completion_tokens=len(opening.ids) + row.num_tokens,
                seconds=row.seconds + (0.0 if attempt else choosing_s),
                choices=opening.choices,
            )
            sound = not local.spare or not slip_in(program_of(answer.completion))
            answer = _after(held.get(place), answer, sound=sound)
            if sound or attempt == local.spare:
                yield program_row(jobs[place], answer, local.model, settings)
            else:
                held[place] = answer
                failed.append(place)
        places = sorted(failed)
        if openings is not None:
            begun = [next_opened(openings, each) for each in begun]


def _after(held: Answer | None, answer: Answer, *, sound: bool) -> Answer:
    """The answer of several attempts: the sound one, or else the first; tokens and seconds are those of all."""
    if held is None:
        return answer
    tokens, seconds = held.completion_tokens + answer.completion_tokens, held.seconds + answer.seconds
    return dataclasses.replace(answer if sound else held, completion_tokens=tokens, seconds=seconds)


def usable_device(name: str | None) -> str:
    """The device of that name; without one a GPU if there is any, else the CPU.

    Raises:
        TuningError: this machine has no such device.
    """
    try:
        return str(torch.zeros(1, device=name or ("cuda" if torch.cuda.is_available() else "cpu")).device)
    except (RuntimeError, AssertionError):
        raise TuningError(f"this machine has no device {name!r}; give --device cpu, or leave it out") from None
