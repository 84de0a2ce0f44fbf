"""Searches on the problems of a split: asks a server for points, evaluates them, and writes programs of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import Field

from llamoco_tune.endpoint import EndpointConfig, ask
from llamoco_tune.generate.jobs import Job, SelectionConfig, jobs_of, settings_of
from llamoco_tune.generate.pace import Counter, Headway, Show
from llamoco_tune.generate.served import SEED_DIGITS
from llamoco_tune.instructions import columns_of, rows_of
from llamoco_tune.programs import Answer, DecodingConfig, Program, open_programs
from llamoco_tune.records import Record, digest
from llamoco_tune.search.black_box import BlackBox, black_box
from llamoco_tune.search.journal import Call, Journal, open_journal
from llamoco_tune.search.methods import METHODS, Method, MethodName, Step
from llamoco_tune.search.replay import replay
from llamoco_tune.search.trail import Point, Trail, points_in, told
from llamoco_tune.snapshots import set_files

_FACTS = ("problem_id", "problem_source", "max_evaluations")


class SearchConfig(Record):
    """How a model is asked for points."""

    method: MethodName
    calls: int = Field(default=64, ge=1)
    """Most calls of a search, not counting retries of failed requests."""


@dataclass(frozen=True, slots=True)
class SearchReport:
    """Result of the searches on a split."""

    programs: tuple[Program, ...]
    """Programs of the searches that were asked for, whichever call wrote them."""
    last: Headway


def search_at_endpoint(
    data: Path,
    selection: SelectionConfig,
    search: SearchConfig,
    decoding: DecodingConfig,
    endpoint: EndpointConfig,
    out: Path,
    show: Show,
) -> SearchReport:
    """Writes, for each problem, a program that evaluates the points of a search by prompts again.

    Raises:
        TuningError: there is no such export or split, or it lacks the problems' code; the file has other settings; or
            the server does not answer.
    """
    found = set_files(data)
    jobs = jobs_of(rows_of(found, selection.split), selection, decoding)
    facts = {row["problem_id"]: row for row in columns_of(found, selection.split, _FACTS)}
    settings = settings_of(decoding, served=True, method=search.method, calls=search.calls)
    with open_programs(out, endpoint.model, settings) as file:
        done = {key for key, row in file.rows.items() if not (selection.is_retrying_errors and row.ended == "error")}
        missing = [job for job in jobs if job.key not in done]
        counter = Counter(len(jobs), len(missing), show)
        with open_journal(out.with_name(f"{out.name}.calls"), f"{endpoint.model} {settings}") as journal:
            for first in range(0, len(missing), endpoint.num_parallel):
                wave = [
                    _begun(job, facts[job.example.problem_id], search, decoding)
                    for job in missing[first : first + endpoint.num_parallel]
                ]
                for answer in _searched(wave, decoding, endpoint, journal):
                    counter.add(tokens=answer.completion_tokens)
                for each in wave:
                    file.add(each.row(endpoint.model, settings))
                    counter.add(rows=1)
        file.finish()
        return SearchReport(tuple(file.rows[job.key] for job in jobs), counter.headway())


@dataclass(slots=True)
class _Search:
    """One search, as far as it is."""

    job: Job
    method: Method
    trail: Trail
    calls: int
    temperature: float
    answers: list[Answer] = field(default_factory=list[Answer])
    vain_calls: int = 0

    @property
    def step(self) -> Step | None:
        """What is asked for next; None once the calls or the evaluations are used up."""
        if len(self.answers) >= self.calls or self.trail.is_spent:
            return None
        return self.method.next_step(self.trail, self.temperature)

    def called(self, step: Step) -> list[Call]:
        """The calls of a step: as many as it wants, and no more than are left."""
        first = len(self.answers)
        count = min(step.num_answers, self.calls - first)
        return [Call(self.job.stream, number) for number in range(first, first + count)]

    def take(self, step: Step, answers: Iterable[Answer]) -> None:
        """Evaluates the points of a step, in the order of its calls."""
        self.trail.num_steps += 1
        for answer in answers:
            points = points_in(answer.completion, self.trail.box.dimension, step.points_each)
            self.vain_calls += not self.trail.add(points)
            self.answers.append(answer)

    def row(self, model: str, settings: str) -> Program:
        """The row of the file; without a program where the server answered nothing at all."""
        example, answers = self.job.example, self.answers
        failed = [answer for answer in answers if answer.ended == "error"]
        is_error = bool(failed) and len(failed) == len(answers)
        text = replay(self.trail, self.method.title, calls=len(answers), vain_calls=self.vain_calls)
        return Program(
            instruction_id=example.instruction_id,
            problem_id=example.problem_id,
            split=example.split,
            form=example.form,
            sample=self.job.sample,
            program="" if is_error else text,
            completion="\n\n".join(answer.completion for answer in answers),
            ended="error" if is_error else "stop",
            detail=failed[-1].detail if is_error else "",
            prompt_tokens=sum(answer.prompt_tokens for answer in answers),
            completion_tokens=sum(answer.completion_tokens for answer in answers),
            seconds=sum(answer.seconds for answer in answers),
            model=model,
            settings=settings,
            calls=len(answers),
            vain_calls=self.vain_calls,
        )


def _begun(job: Job, facts: Mapping[str, object], search: SearchConfig, decoding: DecodingConfig) -> _Search:
    """A search with its random points evaluated, which are the same for every model and method of that seed."""
    box = black_box(job.example.problem_id, str(facts["problem_source"]), int(str(facts["max_evaluations"])))
    method, trail = METHODS[search.method], Trail(box)
    trail.add(_random_points(box, method.num_first, f"{decoding.seed}/{job.stream}"))
    return _Search(job, method, trail, search.calls, decoding.temperature)


def _random_points(box: BlackBox, count: int, stream: str) -> list[Point]:
    """Random points of the box, in as many digits as a model is told."""
    generator = np.random.default_rng(int(digest(["search", stream]), 16))
    points_ND = generator.uniform(box.lower, box.upper, size=(count, box.dimension))
    return [points_in(told(x_D.tolist()), box.dimension, 1)[0] for x_D in points_ND]


def _searched(
    wave: Sequence[_Search], decoding: DecodingConfig, endpoint: EndpointConfig, journal: Journal
) -> Iterator[Answer]:
    """Goes on with searches, a step of each at a time, until all are done; yields the answers that were asked for."""
    while steps := [(search, step) for search in wave if (step := search.step)]:
        answers: dict[Call, Answer] = dict(journal.answers)
        for temperature in sorted({step.temperature for _, step in steps}):
            wanted = [
                (call, step.prompt)
                for search, step in steps
                for call in search.called(step)
                if step.temperature == temperature and call not in answers
            ]
            seeds = [int(digest([decoding.seed, *call])[:SEED_DIGITS], 16) for call, _ in wanted]
            drawn = decoding.model_copy(update={"temperature": temperature})
            for answer in ask([prompt for _, prompt in wanted], seeds, drawn, endpoint):
                call = wanted[answer.index][0]
                journal.add(call, answer)
                answers[call] = answer
                yield answer
        for search, step in steps:
            search.take(step, [answers[call] for call in search.called(step)])
