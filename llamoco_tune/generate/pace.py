"""Puts finished programs into the file, and reports the headway of a generation."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from llamoco_tune.generate.jobs import Job, SelectionConfig
from llamoco_tune.programs import Program, ProgramsFile


@dataclass(frozen=True, slots=True)
class Headway:
    """Progress of a generation."""

    rows: int
    total: int
    new_rows: int
    """Number of rows that this call has written."""
    new_tokens: int
    seconds: float


Show = Callable[[Headway], None]


@dataclass(frozen=True, slots=True)
class GenerationReport:
    """Result of a generation."""

    programs: tuple[Program, ...]
    """Programs that were asked for, whichever call wrote them."""
    last: Headway


class Counter:
    """Counts the rows and tokens of one call, and shows the headway after each count."""

    def __init__(self, total: int, missing: int, show: Show) -> None:
        self._total, self._missing, self._show = total, missing, show
        self._began = time.monotonic()
        self._new_rows = self._new_tokens = 0

    def add(self, *, rows: int = 0, tokens: int = 0) -> None:
        """Counts rows that were written, and tokens."""
        self._new_rows += rows
        self._new_tokens += tokens
        self._show(self.headway())

    def headway(self) -> Headway:
        """How far the call is."""
        done = self._total - self._missing + self._new_rows
        return Headway(done, self._total, self._new_rows, self._new_tokens, time.monotonic() - self._began)


class Pace:
    """The programs that are still wanted, and the headway of writing them."""

    def __init__(self, jobs: Sequence[Job], selection: SelectionConfig, file: ProgramsFile, show: Show) -> None:
        self._jobs = jobs
        self._file = file
        retried = {"error"} if selection.is_retrying_errors else set[str]()
        done = {key for key, row in file.rows.items() if row.ended not in retried}
        self.missing = [job for job in jobs if job.key not in done]
        self._counter = Counter(len(jobs), len(self.missing), show)

    def fill(self, programs: Iterator[Program]) -> None:
        for program in programs:
            self._file.add(program)
            self._counter.add(rows=1)

    def count(self, num_tokens: int) -> None:
        self._counter.add(tokens=num_tokens)

    def finished(self) -> GenerationReport:
        self._file.finish()
        rows = self._file.rows
        return GenerationReport(tuple(rows[job.key] for job in self._jobs), self._counter.headway())
