"""How far a generation is: rows go to the file as they are finished, and whoever watches is told."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from llamoco_tune.generate.jobs import Job, SelectionConfig
from llamoco_tune.programs import Program, ProgramsFile


@dataclass(frozen=True, slots=True)
class Headway:
    """How far a generation is."""

    rows: int
    total: int
    new_rows: int
    """Of those, written by this call."""
    new_tokens: int
    seconds: float


Show = Callable[[Headway], None]


@dataclass(frozen=True, slots=True)
class GenerationReport:
    """What a generation gave."""

    programs: tuple[Program, ...]
    """All that were asked for."""
    last: Headway


class Pace:
    """Puts finished rows into the file, and tells whoever watches of the headway."""

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
            self._show(self._headway())

    def count(self, num_tokens: int) -> None:
        self._new_tokens += num_tokens
        self._show(self._headway())

    def finished(self) -> GenerationReport:
        self._file.finish()
        rows = self._file.rows
        return GenerationReport(tuple(rows[job.key] for job in self._jobs), self._headway())

    def _headway(self) -> Headway:
        done = len(self._jobs) - len(self.missing) + self._new_rows
        return Headway(done, len(self._jobs), self._new_rows, self._new_tokens, time.monotonic() - self._began)
